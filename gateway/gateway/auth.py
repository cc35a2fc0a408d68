"""The token check at the edge. It saves the services the forged tokens; they verify the others again themselves."""

from chassis.auth import MAX_TOKEN_BYTES, InvalidToken, Principal, TokenVerifier
from chassis.errors import Unauthenticated

_SCHEME = b"bearer "


async def principal_of(authorization: list[bytes], verifier: TokenVerifier) -> Principal | None:
    """Who the Authorization headers speak for; None without any: then the service decides.

    Raises the one InvalidToken that every token gets which does not verify: which check it failed is nobody's
    business. Raises Unavailable while there are no keys to verify with.
    """
    if not authorization:
        return None
    given = authorization[0]
    if len(authorization) > 1 or given[:7].lower() != _SCHEME or len(given) - 7 > MAX_TOKEN_BYTES:
        raise InvalidToken
    try:
        return await verifier.verify(given[7:].strip().decode("ascii"))
    except (Unauthenticated, UnicodeDecodeError):
        raise InvalidToken from None
