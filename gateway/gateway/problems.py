"""What the gateway itself refuses, as RFC 9457 problem documents."""

from collections.abc import Sequence
from typing import Any

import orjson
from chassis.auth import InvalidToken
from chassis.errors import LyceumError, NotFound, PayloadTooLarge, TooManyRequests, Unavailable

Header = tuple[bytes, bytes]

CONTENT_TYPE = b"application/problem+json"


class Problem(Exception):
    """An answer that the gateway gives in a service's place. `headers` go out with it, `members` into the body."""

    def __init__(
        self,
        status: int,
        slug: str,
        title: str,
        detail: str | None = None,
        headers: Sequence[Header] = (),
        **members: Any,
    ) -> None:
        super().__init__(title)
        self.status = status
        self.slug = slug
        self.title = title
        self.detail = detail
        self.headers = tuple(headers)
        self.members = members

    def body(self, *, instance: str, request_id: str) -> bytes:
        document = {
            "type": f"/problems/{self.slug}",
            "title": self.title,
            "status": self.status,
            "detail": self.detail or self.title,
            "instance": instance,
            "request_id": request_id,
            **self.members,
        }
        return orjson.dumps(document)


def of(error: LyceumError) -> Problem:
    """One of the platform's own situations, told as the services tell it."""
    headers = [(name.lower().encode(), value.encode()) for name, value in error.headers.items()]
    return Problem(error.status, error.slug, error.title, error.detail, headers, **error.members)


def not_found() -> Problem:
    return of(NotFound())


def method_not_allowed(allow: str) -> Problem:
    return Problem(
        405, "method-not-allowed", "This path does not take this method", headers=[(b"allow", allow.encode())]
    )


def invalid_token() -> Problem:
    """One answer for every way in which a token fails: which check it was is nobody's business."""
    return of(InvalidToken())


def too_many(wait: int, detail: str = "You may ask again later.") -> Problem:
    return of(TooManyRequests(detail, retry_after=wait))


def unavailable(detail: str, wait: int = 1) -> Problem:
    return of(Unavailable(detail, retry_after=wait))


def bad_gateway(detail: str) -> Problem:
    return Problem(502, "bad-gateway", "A part of the platform did not answer properly", detail)


def gateway_timeout(detail: str) -> Problem:
    return Problem(504, "gateway-timeout", "A part of the platform did not answer in time", detail)


def too_large(limit: int) -> Problem:
    return of(PayloadTooLarge(f"At most {limit} bytes are taken here."))
