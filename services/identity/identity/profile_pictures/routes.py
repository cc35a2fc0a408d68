"""My picture, put and taken away; and everybody's, as pages show them."""

from typing import Annotated

from chassis.errors import NotFound
from chassis.pictures import MADE_TYPE, MEDIA_TYPES
from chassis.schemas import Identifier
from chassis.web import CurrentUser, Router, Session
from chassis.web.body_limit import takes_up_to
from chassis.web.uploads import file_body, small_upload
from fastapi import Header, Path, Request, Response

from identity.dependencies import Transactions
from identity.profile_pictures import service
from identity.profile_pictures.dependencies import Darkroom, Files
from identity.profile_pictures.rules import MAX_BYTES, entity_tag, is_known, key_of
from identity.profile_pictures.schemas import PictureOut

router = Router(prefix="/api/v1/users/me/profile/picture", tags=["profiles"])
media_router = Router(prefix="/media/profiles", tags=["media"])

HEADERS = {
    # For ever under this name; a week, so that a picture taken away is not kept by others for much longer.
    "Cache-Control": "public, max-age=604800, immutable",
    "Content-Disposition": "inline",
    "Content-Security-Policy": "default-src 'none'; sandbox",
    "Cross-Origin-Resource-Policy": "cross-origin",
    "X-Content-Type-Options": "nosniff",
}


@router.put("", openapi_extra=file_body(*MEDIA_TYPES))
@takes_up_to(MAX_BYTES)
async def put_my_picture(
    request: Request,
    session: Session,
    user: CurrentUser,
    database: Transactions,
    darkroom: Darkroom,
    files: Files,
) -> PictureOut:
    """Show this picture with my name. The body is the file itself: JPEG, PNG, WebP or GIF, at most 10 MiB and 25
    megapixels. The middle of it is kept as a square of 512 pixels, without what the camera wrote into it.
    """
    # All of it before the first query: no connection is held while somebody sends, or a picture is worked on.
    async with small_upload(request, MEDIA_TYPES, MAX_BYTES) as content:
        picture = await darkroom.make_over(content, service.FRAME)
    key = await service.store(database, files, user.user_id, picture)
    return PictureOut(picture_url=await service.give(session, user.user_id, key))


@router.delete("", status_code=204)
async def delete_my_picture(session: Session, user: CurrentUser) -> Response:
    """Show no picture with my name; having none is no error."""
    await service.take_away(session, user.user_id)
    return Response(status_code=204)


@media_router.head("/{user_id}/{name}", include_in_schema=False)
@media_router.get(
    "/{user_id}/{name}",
    response_class=Response,
    responses={
        200: {"content": {MADE_TYPE: {"schema": {"type": "string", "format": "binary"}}}},
        304: {"description": "It is what If-None-Match says."},
    },
)
async def read_profile_picture(
    session: Session,
    files: Files,
    user_id: Annotated[Identifier, Path()],
    name: Annotated[str, Path(max_length=100, examples=["1f0c54b3a1e94d2d8f0a6f3c2b1e9d80.webp"])],
    if_none_match: Annotated[str | None, Header(max_length=1000)] = None,
) -> Response:
    """The picture of an account, for everybody; 404 for one that it has no more, or that is deactivated."""
    key = key_of(user_id, name)
    if key is None or not await service.is_shown(session, user_id, key):
        raise NotFound("There is no such picture.")
    headers = {**HEADERS, "ETag": entity_tag(name)}
    if is_known(if_none_match, entity_tag(name)):
        return Response(status_code=304, headers=headers)
    return Response(await service.content_of(files, key), media_type=MADE_TYPE, headers=headers)
