"""Cross-origin requests: off unless an origin is on the list, and never with cookies (there are none)."""

from gateway.problems import Header

_EXPOSED = b"ETag, Location, Retry-After, RateLimit, RateLimit-Policy, Idempotency-Replayed, X-Request-Id, traceparent"
_ACCEPTED = (
    b"Authorization, Content-Type, Idempotency-Key, If-Match, If-None-Match, X-Request-Id, traceparent"
)
_MAX_AGE = b"600"


class Cors:
    """Says to browsers which origins' scripts may read our answers (Fetch standard, 3.2)."""

    def __init__(self, origins: tuple[str, ...]) -> None:
        self._origins = frozenset(origin.encode() for origin in origins)

    def allow(self, origin: bytes | None, headers: list[Header]) -> None:
        """Add to an answer's headers what its browser has to know."""
        if not self._origins:
            return
        headers.append((b"vary", b"Origin"))
        if origin in self._origins:
            assert origin is not None
            headers.append((b"access-control-allow-origin", origin))
            headers.append((b"access-control-expose-headers", _EXPOSED))

    def preflight(self, origin: bytes | None, allow: str) -> list[Header]:
        """The further headers of an answer to OPTIONS."""
        if origin is None or origin not in self._origins:
            return []
        return [
            (b"access-control-allow-methods", allow.encode()),
            (b"access-control-allow-headers", _ACCEPTED),
            (b"access-control-max-age", _MAX_AGE),
        ]
