"""What a page of the gateway's own is."""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from hashlib import sha256

from gateway.problems import Header
from gateway.request import Request

JSON: Header = (b"content-type", b"application/json")
NO_STORE: Header = (b"cache-control", b"no-store")


@dataclass(frozen=True, slots=True)
class Answer:
    """A whole answer; its Content-Length is added where it is sent."""

    status: int
    headers: list[Header]
    body: bytes


@dataclass(frozen=True, slots=True)
class Page:
    """`name` stands for the path in metrics; `limited` pages count against the reader's rate; the others
    are asked by machines all day long, and not logged either."""

    name: str
    render: Callable[[Request], Awaitable[Answer]]
    limited: bool = True


def tagged(request: Request, body: bytes, headers: list[Header]) -> Answer:
    """The body with its ETag, or 304 to who has it already."""
    etag = b'"' + sha256(body).hexdigest()[:32].encode() + b'"'
    headers = [*headers, (b"etag", etag)]
    if any(name == b"if-none-match" and etag in value for name, value in request.scope["headers"]):
        return Answer(304, headers, b"")
    return Answer(200, headers, body)
