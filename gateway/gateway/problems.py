"""Errors as RFC 9457 problem documents, where there is no request whose context would tell its id."""

import orjson
from chassis.errors import LyceumError
from chassis.problems import MEDIA_TYPE

Header = tuple[bytes, bytes]


def document(error: LyceumError, *, instance: str, request_id: str) -> bytes:
    """The document as JSON; `instance` is the path that was asked for."""
    return orjson.dumps(
        {
            **error.members,
            "type": f"/problems/{error.slug}",
            "title": error.title,
            "status": error.status,
            "detail": error.detail or error.title,
            "instance": instance,
            "request_id": request_id,
        }
    )


def headers(error: LyceumError) -> list[Header]:
    """The headers that make an answer of it, its length left out."""
    own = [(name.lower().encode(), value.encode("latin-1")) for name, value in error.headers.items()]
    return [(b"content-type", MEDIA_TYPE.encode()), (b"cache-control", b"no-store"), *own]
