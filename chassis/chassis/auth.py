"""Who is calling: access tokens of people, and service tokens of the other services.

Both are ES256 JWTs (RFC 7519). A person's token is signed by identity and verified against its JWKS; a service's
token is signed with that service's own key and verified against the JWKS the operator deployed. Exactly one
algorithm is allowed, keys are found by `kid` in those sets alone, and every refusal is the same Unauthenticated.
"""

import asyncio
import json
import time
from collections import OrderedDict
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import structlog

from chassis.errors import Forbidden, Unauthenticated, Unavailable

log = structlog.get_logger()

ALGORITHM = "ES256"
ROLES = ("student", "instructor", "admin")
TIERS = ("free", "basic", "premium")
LEEWAY_SECONDS = 5
ACCESS_TOKEN_SECONDS = 600
"""How long an access token lives, unless ACCESS_TOKEN_SECONDS in the settings says otherwise."""
MAX_TOKEN_BYTES = 8192
_REQUIRED = {f"require_{claim}": True for claim in ("exp", "iat", "aud", "iss", "sub")}


class InvalidToken(Unauthenticated):
    """A token was given and does not verify. One answer for every reason: a forger learns nothing."""

    slug = "invalid-token"
    title = "The access token is not valid"

    @property
    def headers(self) -> dict[str, str]:
        return {"WWW-Authenticate": 'Bearer realm="lyceum", error="invalid_token"'}


class PermissionMissing(Forbidden):
    """The caller is known and lacks a right of the staff; `permission` in the answer names it."""

    slug = "permission-missing"
    title = "This takes a permission you do not have"

    def __init__(self, permission: str) -> None:
        super().__init__(f"This takes the permission {permission}.", permission=permission)


EVERY_PERMISSION = "*"
"""In a token's `permissions`: all there are. A list of them all would only make the token long."""


@dataclass(frozen=True, slots=True)
class Principal:
    """The person behind a request, as their access token says. Times are seconds since the epoch; `issued` is
    exact to the microsecond where the token says so, else the second it was issued in."""

    user_id: int
    role: str
    tier: str
    permissions: frozenset[str]
    sid: str
    jti: str
    issued: float
    expires: int

    @property
    def is_admin(self) -> bool:
        return self.role == "admin"

    def may(self, permission: str) -> bool:
        """Whether the staff's right of this codename is theirs (contracts.permissions); every one is an admin's."""
        return self.is_admin or permission in self.permissions or EVERY_PERMISSION in self.permissions


# jose and httpx are imported where they are used: a worker that verifies nothing would carry 10 MB of them.

JwksSource = Callable[[], Awaitable[dict[str, Any]]]


def jwks_over_http(url: str) -> JwksSource:
    """Fetch a JWKS by HTTP, each wait bounded."""

    async def fetch() -> dict[str, Any]:
        import httpx

        timeout = httpx.Timeout(3.0, connect=1.0)
        try:
            async with httpx.AsyncClient(timeout=timeout, follow_redirects=False, trust_env=False) as client:
                answer = await client.get(url)
                answer.raise_for_status()
                found: dict[str, Any] = answer.json()
                return found
        except httpx.HTTPError as error:
            raise OSError(f"{url}: {error!r}") from error

    return fetch


class KeySet:
    """Public keys by kid. An unknown kid makes it look again, at most every few seconds; old keys stay meanwhile."""

    def __init__(self, source: JwksSource, *, refresh_after: float = 60.0, retry_after: float = 5.0) -> None:
        self._source = source
        self._refresh_after = refresh_after
        self._retry_after = retry_after
        self._keys: dict[str, Any] = {}
        self._published: dict[str, dict[str, Any]] = {}
        self._fetched = float("-inf")
        self._tried = float("-inf")
        self._ended = float("-inf")
        self._lock = asyncio.Lock()
        self.generation = 0
        """Grows when a key that was there is gone: what was verified with it is to be looked at again."""

    async def freshen(self) -> None:
        """Fetch the key set anew when it is time to: a key that was taken out must not live on in here."""
        instant = time.monotonic()
        due = instant - self._fetched > self._refresh_after and instant - self._tried > self._retry_after
        # Who comes while somebody fetches does not wait for it.
        if due and self._keys and not self._lock.locked():
            await self._refresh(asked=instant)

    async def key(self, kid: str) -> Any:
        """The key, or None when nobody published it. Raises Unavailable when there is no key set to ask at all."""
        instant = time.monotonic()
        known = kid in self._keys
        stale = instant - self._fetched > self._refresh_after
        # Whose key is known does not wait for what somebody else is fetching.
        wanted = stale and not self._lock.locked() if known else True
        if wanted and instant - self._tried > self._retry_after:
            await self._refresh(asked=instant)
        if not self._keys:
            raise Unavailable("The keys that tokens are verified with cannot be had just now.")
        return self._keys.get(kid)

    async def _refresh(self, asked: float) -> None:
        async with self._lock:
            # Who queued here is answered by the try that ended meanwhile, well or badly: were each to make its
            # own, a hundred callers would wait a hundred time-outs for a key set that is away.
            if self._ended >= asked or time.monotonic() - self._tried <= self._retry_after:
                return
            from jose import jwk
            from jose.exceptions import JOSEError

            try:
                published = await self._source()
                usable = {entry["kid"]: entry for entry in _usable(published)}
                keys = {kid: jwk.construct(entry, ALGORITHM) for kid, entry in usable.items()}
                if any(usable.get(kid) != entry for kid, entry in self._published.items()):
                    self.generation += 1
                self._keys, self._published = keys, usable
                self._fetched = time.monotonic()
            except (OSError, ValueError, KeyError, TypeError, JOSEError) as error:
                log.warning("the key set could not be fetched", error=repr(error))
            self._ended = time.monotonic()
            if self._keys:
                self._tried = self._ended


def _usable(published: dict[str, Any]) -> list[dict[str, Any]]:
    return [k for k in published["keys"] if k.get("kty") == "EC" and k.get("crv") == "P-256" and k.get("kid")]


async def _verified_claims(token: str, keys: KeySet, *, audience: str, issuer: str | None) -> dict[str, Any]:
    """The claims of a token that verifies in every respect; InvalidToken for any other."""
    from jose import jwt
    from jose.exceptions import JOSEError

    if len(token) > MAX_TOKEN_BYTES:
        raise InvalidToken
    try:
        header = jwt.get_unverified_header(token)
        kid = header.get("kid")
        if header.get("alg") != ALGORITHM or not isinstance(kid, str):
            raise InvalidToken
        key = await keys.key(kid)
        if key is None:
            raise InvalidToken
        claims: dict[str, Any] = jwt.decode(
            token,
            key,
            algorithms=[ALGORITHM],
            audience=audience,
            issuer=issuer,
            options={**_REQUIRED, "leeway": LEEWAY_SECONDS},
        )
    except (JOSEError, ValueError, TypeError, KeyError, AttributeError) as error:
        raise InvalidToken from error
    # python-jose takes an issuer of None as "any"; ours is never None for people.
    return {**claims, "kid": kid}


class TokenVerifier:
    """Verifies people's access tokens; remembers those it has seen until they expire.

    A token that claims to live longer than `lives` seconds is refused: what was ended early is remembered for only
    so long.
    """

    def __init__(
        self,
        *,
        issuer: str,
        audience: str,
        jwks_url: str | None = None,
        source: JwksSource | None = None,
        remember: int = 10_000,
        lives: float = ACCESS_TOKEN_SECONDS,
    ) -> None:
        if source is None and jwks_url is None:
            raise ValueError("a TokenVerifier needs a jwks_url or a source")
        self._keys = KeySet(source or jwks_over_http(jwks_url or ""))
        self._issuer = issuer
        self._audience = audience
        self._seen: OrderedDict[str, Principal] = OrderedDict()
        self._seen_with = 0
        self._remember = remember
        self._lives = lives
        self.freshen: Callable[[], Awaitable[None]] | None = None
        """Awaited before `revoked` is asked, by whoever has to look up what was ended; raises Unavailable when it
        cannot be known."""
        self.revoked: Callable[[Principal], bool] | None = None
        """Set by whoever follows identity's events: whether a token that still verifies was ended early."""

    async def verify(self, token: str) -> Principal:
        """The person a token speaks for; InvalidToken when it does not verify, is expired or was revoked.

        Raises Unavailable when that cannot be told just now. A token seen before costs no I/O, but for one caller
        a minute who fetches the keys, and one a second who freshens what was revoked.
        """
        await self._keys.freshen()
        if self._seen_with != self._keys.generation:
            self._seen.clear()
            self._seen_with = self._keys.generation
        principal = self._seen.get(token)
        if principal is None:
            principal = await self._verify(token)
            self._seen[token] = principal
            if len(self._seen) > self._remember:
                self._seen.popitem(last=False)
        elif principal.expires + LEEWAY_SECONDS < time.time():
            del self._seen[token]
            raise InvalidToken
        if self.freshen is not None:
            await self.freshen()
        if self.revoked is not None and self.revoked(principal):
            raise InvalidToken
        return principal

    async def _verify(self, token: str) -> Principal:
        claims = await _verified_claims(token, self._keys, audience=self._audience, issuer=self._issuer)
        try:
            # A refresh token is signed with the same key; only the type tells them apart.
            if claims["typ"] != "access" or claims["role"] not in ROLES or claims["tier"] not in TIERS:
                raise InvalidToken
            issued, expires = int(claims["iat"]), int(claims["exp"])
            if expires - issued > self._lives:
                log.warning("a token lives longer than ACCESS_TOKEN_SECONDS here", lives=expires - issued)
                raise InvalidToken
            return Principal(
                user_id=int(claims["sub"]),
                role=claims["role"],
                tier=claims["tier"],
                permissions=frozenset(claims["permissions"]),
                sid=str(claims["sid"]),
                jti=str(claims["jti"]),
                issued=_exact(issued, claims.get("iat_us")),
                expires=expires,
            )
        except (KeyError, ValueError, TypeError) as error:
            raise InvalidToken from error


def _exact(issued: int, microseconds: object) -> float:
    """When a token was issued: `iat` is whole seconds, and our own `iat_us` tells apart what one second holds."""
    if isinstance(microseconds, int) and microseconds // 1_000_000 == issued:
        return microseconds / 1_000_000
    return float(issued)


# --- services among themselves ------------------------------------------------------------------------------

SERVICE_TOKEN_SECONDS = 60


class ServiceSigner:
    """Signs this service's calls to others: ES256, 60 s, audience the callee."""

    def __init__(self, service: str, key_file: Path, *, kid: str | None = None) -> None:
        self._service = service
        self._kid = kid or f"{service}.1"
        from jose import jwk

        self._key = jwk.construct(key_file.read_text(), ALGORITHM)
        self._tokens: dict[str, tuple[float, str]] = {}

    def token(self, callee: str) -> str:
        """A token for `callee`, good for at least 20 more seconds."""
        from jose import jwt

        instant = time.time()
        kept = self._tokens.get(callee)
        if kept is not None and kept[0] - instant > 20:
            return kept[1]
        expires = instant + SERVICE_TOKEN_SECONDS
        claims = {"iss": self._service, "sub": self._service, "aud": callee, "typ": "service"}
        token: str = jwt.encode(
            {**claims, "iat": int(instant), "exp": int(expires)},
            self._key,
            algorithm=ALGORITHM,
            headers={"kid": self._kid},
        )
        self._tokens[callee] = (expires, token)
        return token


class ServiceTokenVerifier:
    """Verifies the tokens other services call with."""

    def __init__(self, service: str, jwks_file: Path) -> None:
        async def read() -> dict[str, Any]:
            found: dict[str, Any] = json.loads(await asyncio.to_thread(jwks_file.read_text))
            return found

        self._keys = KeySet(read)
        self._service = service

    async def verify(self, token: str) -> str:
        """The name of the calling service; InvalidToken unless the key that signed is that very service's."""
        claims = await _verified_claims(token, self._keys, audience=self._service, issuer=None)
        caller = claims["sub"]
        if claims.get("typ") != "service" or claims["iss"] != caller or claims["kid"].split(".")[0] != caller:
            raise InvalidToken
        return str(caller)
