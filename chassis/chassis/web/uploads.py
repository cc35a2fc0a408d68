"""Files that come as the body of a request, raw: the body is the file, and Content-Type says what it claims to be.

Not as a form: a form is read whole, to a disk or to memory, before the endpoint sees any of it, and its parser is one
more that strangers may try. `curl --upload-file`, `fetch(url, {method: "PUT", body: file})` send a file so.
"""

import hashlib
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from typing import Any

from fastapi import Request
from starlette.requests import ClientDisconnect

from chassis.errors import Invalid, PayloadTooLarge, Unavailable, UnsupportedMediaType
from chassis.idempotency import hash_request

ANY = "application/octet-stream"
HELD_AT_MOST = 96 * 2**20
"""Bytes of small uploads that a process holds at a time, all together."""


class UploadCutOff(Invalid):
    """Told to nobody, for whoever sent it is gone; but it is no defect of ours either."""

    slug = "upload-cut-off"
    title = "The upload broke off"


def file_body(*media_types: str) -> dict[str, Any]:
    """`openapi_extra` of a route whose body is a file of these kinds."""
    binary = {"schema": {"type": "string", "format": "binary"}}
    return {"requestBody": {"required": True, "content": dict.fromkeys(media_types, binary)}}


async def upload_of(request: Request, media_types: Sequence[str]) -> AsyncIterator[bytes]:
    """The body as it comes. Raises UnsupportedMediaType for what claims to be of another kind, UploadCutOff."""
    given = request.headers.get("content-type", "").partition(";")[0].strip().lower()
    if given not in (*media_types, ANY):
        raise UnsupportedMediaType(
            f"Send the file itself as the body, with one of these as Content-Type: {', '.join(media_types)}."
        )
    try:
        async for chunk in request.stream():
            yield chunk
    except ClientDisconnect as error:
        raise UploadCutOff from error


class HashedBody:
    """The body of a request, hashed while whoever is given `request` in its place reads it. Nothing of it is held."""

    def __init__(self, request: Request) -> None:
        self.request = Request(request.scope, self._receive)
        self.is_whole = False
        self._given = request.receive
        self._digest = hashlib.sha256()

    @property
    def request_hash(self) -> str:
        """What makes two requests the same request, once the body `is_whole`."""
        scope, path = self.request.scope, self.request.url.path
        return hash_request(scope["method"], path, scope["query_string"], self._digest.digest())

    async def read_whole(self) -> None:
        """Read what nobody has read, to the end. Raises UploadCutOff."""
        while not self.is_whole:
            if (await self._receive())["type"] == "http.disconnect":
                raise UploadCutOff

    async def _receive(self) -> Any:
        message = await self._given()
        if message["type"] == "http.request":
            self._digest.update(message.get("body", b""))
            self.is_whole = not message.get("more_body", False)
        return message


@asynccontextmanager
async def small_upload(request: Request, media_types: Sequence[str], at_most: int) -> AsyncIterator[bytes]:
    """The body whole, for as long as it is worked on. Raises what `upload_of` does, PayloadTooLarge past `at_most`
    bytes, and Unavailable when the process holds as much of others' as it can: what counts is what has come, so
    that who sends slowly keeps nobody out."""
    global _held
    chunks: list[bytes] = []
    size = 0
    try:
        async for chunk in upload_of(request, media_types):
            if size + len(chunk) > at_most:
                raise PayloadTooLarge(f"At most {at_most} bytes are taken here.")
            if _held + len(chunk) > HELD_AT_MOST:
                raise Unavailable("Too many files are coming in just now.", retry_after=5)
            chunks.append(chunk)
            size += len(chunk)
            _held += len(chunk)
        content = b"".join(chunks)
        chunks.clear()
        yield content
    finally:
        _held -= size


_held = 0
