"""Verify an id_token (OpenID Connect Core 3.1.3.7): signature, issuer, audience, times, nonce, at_hash.

Which algorithms are taken is decided here and nowhere else: signatures by a private key. `none` and the HMACs are not
among them, so that neither the client secret nor a public key can be used as a key by whoever writes the header.
"""

import base64
import binascii
import hashlib
import hmac
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

import orjson

from identity.social.errors import ProviderAnswerRefused
from identity.social.identities import UID_AT_MOST

RSA_ALGORITHMS = ("RS256", "RS384", "RS512", "PS256", "PS384", "PS512")
ALGORITHMS = (*RSA_ALGORITHMS, "ES256", "ES384", "ES512")
RSA = "RSA"
_CURVES = {"P-256": "ES256", "P-384": "ES384", "P-521": "ES512"}
RSA_BITS_AT_LEAST = 2048

TOKEN_AT_MOST = 16_384
CLOCKS_OFF = timedelta(seconds=60)
JUST_ISSUED = timedelta(minutes=10)
"""How old a token may be that a provider has just answered with."""
AGE_AT_MOST = timedelta(days=1)
"""How old a token may be that a client brings; for so long it is remembered that it was used."""

# Google's tokens may name it without the scheme, as its documentation says.
_ALIASES = {"https://accounts.google.com": "accounts.google.com"}
_PUBLIC_MEMBERS = {"RSA": ("n", "e"), "EC": ("crv", "x", "y")}


@dataclass(frozen=True, slots=True)
class Header:
    """What a token says about its signature: not believed, but needed to find the key."""

    algorithm: str
    kid: str | None


@dataclass(frozen=True, slots=True)
class Expected:
    """What a token must say. `nonce` None: it need not have one. `access_token` is what its at_hash is about."""

    issuer: str
    audiences: frozenset[str]
    max_age: timedelta
    nonce: str | None = None
    access_token: str | None = None


def header_of(token: str) -> Header:
    """The header of a token that may be verified at all. Raises ProviderAnswerRefused."""
    if len(token) > TOKEN_AT_MOST or token.count(".") != 2 or not token.isascii():
        raise ProviderAnswerRefused
    try:
        encoded = token.partition(".")[0]
        header = orjson.loads(base64.urlsafe_b64decode(encoded + "=" * (-len(encoded) % 4)))
    except (binascii.Error, ValueError) as error:
        raise ProviderAnswerRefused from error
    if not isinstance(header, dict) or header.get("alg") not in ALGORITHMS or "crit" in header:
        raise ProviderAnswerRefused
    kid = header.get("kid")
    if kid is not None and (not isinstance(kid, str) or not 1 <= len(kid) <= UID_AT_MOST):
        raise ProviderAnswerRefused
    # Another kind of token of the same issuer (an access token, a logout token) proves nothing here.
    if str(header.get("typ", "JWT")).upper() != "JWT":
        raise ProviderAnswerRefused
    return Header(header["alg"], kid)


def usable_key(jwk: Any) -> tuple[dict[str, str], str, str] | None:
    """The public half of a published key, the algorithm it is for, and its id; None for one that verifies nothing here.

    An RSA key whose provider names no algorithm is for "RSA": all that are RSA's. A key without an id gets its
    thumbprint (RFC 7638).
    """
    if not isinstance(jwk, dict) or jwk.get("use", "sig") != "sig":
        return None
    members = _PUBLIC_MEMBERS.get(str(jwk.get("kty")))
    if members is None or not all(isinstance(jwk.get(name), str) for name in members):
        return None
    public = {"kty": str(jwk["kty"]), **{name: str(jwk[name]) for name in members}}
    if public["kty"] == "EC":
        own = _CURVES.get(public["crv"])
        algorithm = own if jwk.get("alg", own) == own else None
    else:
        algorithm = str(jwk.get("alg", RSA))
        if algorithm not in (RSA, *RSA_ALGORITHMS) or _bits(public["n"]) < RSA_BITS_AT_LEAST:
            algorithm = None
    kid = jwk.get("kid", _thumbprint(public))
    if algorithm is None or not isinstance(kid, str) or not 1 <= len(kid) <= UID_AT_MOST:
        return None
    return public, algorithm, kid


def _thumbprint(public: Mapping[str, str]) -> str:
    content = orjson.dumps(dict(public), option=orjson.OPT_SORT_KEYS)
    return base64.urlsafe_b64encode(hashlib.sha256(content).digest()).rstrip(b"=").decode()


def is_for(key_algorithm: str, algorithm: str) -> bool:
    """Whether a key for the first may verify a token of the second."""
    return algorithm == key_algorithm or (key_algorithm == RSA and algorithm in RSA_ALGORITHMS)


def _bits(encoded: str) -> int:
    try:
        return int.from_bytes(base64.urlsafe_b64decode(encoded + "=" * (-len(encoded) % 4))).bit_length()
    except (binascii.Error, ValueError):
        return 0


def signed_claims(token: str, header: Header, jwk: Mapping[str, str], algorithm: str) -> dict[str, Any]:
    """The claims of a token that this key has signed. Raises ProviderAnswerRefused."""
    from joserfc import jwk as keys
    from joserfc import jwt
    from joserfc.errors import JoseError

    if not is_for(algorithm, header.algorithm):
        raise ProviderAnswerRefused
    try:
        key = keys.import_key(dict(jwk))
        return dict(jwt.decode(token, key, algorithms=[header.algorithm]).claims)
    except (JoseError, ValueError, TypeError) as error:
        raise ProviderAnswerRefused from error


def check_claims(claims: Mapping[str, Any], algorithm: str, expected: Expected, instant: datetime) -> None:
    """Raise ProviderAnswerRefused unless the claims are meant for us, now, for this login."""
    right = (
        claims.get("iss") in (expected.issuer, _ALIASES.get(expected.issuer, expected.issuer))
        and _is_for_us(claims, expected.audiences)
        and _is_timely(claims, expected.max_age, instant)
        and (expected.nonce is None or _equal(claims.get("nonce"), expected.nonce))
        and _is_about(claims.get("at_hash"), expected.access_token, algorithm)
    )
    if not right:
        raise ProviderAnswerRefused


def _is_for_us(claims: Mapping[str, Any], audiences: frozenset[str]) -> bool:
    """Whether every audience is a client of ours; who is authorized (azp) must be one, and be named among several."""
    given = claims.get("aud")
    named = [given] if isinstance(given, str) else given
    if not isinstance(named, list) or not named or not all(isinstance(one, str) for one in named):
        return False
    if not set(named) <= audiences:
        return False
    if "azp" not in claims:
        return len(named) == 1
    return isinstance(claims["azp"], str) and claims["azp"] in audiences


def _is_timely(claims: Mapping[str, Any], max_age: timedelta, instant: datetime) -> bool:
    now, slack = instant.timestamp(), CLOCKS_OFF.total_seconds()
    issued, ends = _seconds(claims.get("iat")), _seconds(claims.get("exp"))
    begins = _seconds(claims.get("nbf", issued))
    if issued is None or ends is None or begins is None:
        return False
    return (
        now < ends + slack
        and now - max_age.total_seconds() <= issued <= now + slack
        and begins <= now + slack
    )


def _seconds(given: Any) -> float | None:
    return given if isinstance(given, int | float) and not isinstance(given, bool) else None


def _is_about(at_hash: Any, access_token: str | None, algorithm: str) -> bool:
    """Whether the token's at_hash, if it has one, is that of the access token that came with it, if one did."""
    if at_hash is None or access_token is None:
        return True
    digest = hashlib.new(f"sha{algorithm[2:]}", access_token.encode()).digest()
    half = base64.urlsafe_b64encode(digest[: len(digest) // 2]).rstrip(b"=").decode()
    return _equal(at_hash, half)


def _equal(given: Any, expected: str) -> bool:
    return isinstance(given, str) and hmac.compare_digest(given.encode(), expected.encode())


def once(claims: Mapping[str, Any], token: str) -> str:
    """What must not come twice: the nonce, or else the token's id, or else what was signed (not the signature, of
    which some algorithms know several for one content)."""
    for name in ("nonce", "jti"):
        value = claims.get(name)
        if isinstance(value, str) and value:
            return f"{name}\0{value}"
    return f"token\0{token.rpartition('.')[0]}"
