"""Pictures that everybody's pages show: under a name of chance, which stands for the same bytes for ever."""

from typing import Annotated, Any

from fastapi import Depends, Header, Path, Request, Response

from chassis import pictures
from chassis.storage import Storage
from chassis.web.etag import etag, is_fresh

HEADERS = {
    # For ever under this name; a week, so that a picture taken away is not kept by others for much longer.
    "Cache-Control": "public, max-age=604800, immutable",
    "Content-Disposition": "inline",
    "Content-Security-Policy": "default-src 'none'; sandbox",
    "Cross-Origin-Resource-Policy": "cross-origin",
    "X-Content-Type-Options": "nosniff",
}
SHOWN: dict[int | str, dict[str, Any]] = {
    200: {"content": {pictures.MADE_TYPE: {"schema": {"type": "string", "format": "binary"}}}},
    304: {"description": "It is what If-None-Match says."},
}
"""`responses` of a route that answers with `shown`."""


async def _storage(request: Request) -> Storage:
    found: Storage = request.app.state.storage
    return found


async def _darkroom(request: Request) -> pictures.Darkroom:
    found: pictures.Darkroom = request.app.state.darkroom
    return found


Files = Annotated[Storage, Depends(_storage)]
Darkroom = Annotated[pictures.Darkroom, Depends(_darkroom)]
PictureName = Annotated[str, Path(max_length=100, examples=["1f0c54b3a1e94d2d8f0a6f3c2b1e9d80.webp"])]
IfNoneMatch = Annotated[str | None, Header(max_length=1000)]


async def shown(storage: Storage, key: str, if_none_match: str | None) -> Response:
    """The answer with a stored picture, or 304. Raises NotFound, StorageAway."""
    tag = etag(key.rpartition("/")[2].removesuffix(pictures.MADE_SUFFIX))
    headers = {**HEADERS, "ETag": tag}
    if is_fresh(if_none_match, tag):
        return Response(status_code=304, headers=headers)
    return Response(await pictures.read(storage, key), media_type=pictures.MADE_TYPE, headers=headers)
