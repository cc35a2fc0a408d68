"""Files that come as the body of a request, raw: the body is the file, and Content-Type says what it claims to be.

Not as a form: a form is read whole, to a disk or to memory, before the endpoint sees any of it, and its parser is one
more that strangers may try. `curl --upload-file`, `fetch(url, {method: "PUT", body: file})` send a file so.
"""

from collections.abc import AsyncIterator, Sequence
from typing import Any

from fastapi import Request
from starlette.requests import ClientDisconnect

from chassis.errors import Invalid, PayloadTooLarge, UnsupportedMediaType

ANY = "application/octet-stream"


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


async def small_upload_of(request: Request, media_types: Sequence[str], at_most: int) -> bytes:
    """The body whole. Raises what `upload_of` does, and PayloadTooLarge past `at_most` bytes."""
    content = bytearray()
    async for chunk in upload_of(request, media_types):
        content += chunk
        if len(content) > at_most:
            raise PayloadTooLarge(f"At most {at_most} bytes are taken here.")
    return bytes(content)
