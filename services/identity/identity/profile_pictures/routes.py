"""My picture, put and taken away; and everybody's, as pages show them."""

from typing import Annotated

from chassis.errors import NotFound
from chassis.pictures import MEDIA_TYPES
from chassis.schemas import Identifier
from chassis.web import CurrentUser, Router, Session
from chassis.web.body_limit import takes_up_to
from chassis.web.media import SHOWN, Darkroom, Files, IfNoneMatch, PictureName, shown
from chassis.web.uploads import file_body, small_upload
from fastapi import Path, Request, Response

from identity.dependencies import Transactions
from identity.profile_pictures import service
from identity.profile_pictures.rules import MAX_BYTES, key_of
from identity.profile_pictures.schemas import PictureOut

router = Router(prefix="/api/v1/users/me/profile/picture", tags=["profiles"])
media_router = Router(prefix="/media/profiles", tags=["media"])


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
    responses=SHOWN,
)
async def read_profile_picture(
    session: Session,
    files: Files,
    user_id: Annotated[Identifier, Path()],
    name: PictureName,
    if_none_match: IfNoneMatch = None,
) -> Response:
    """The picture of an account, for everybody; 404 for one that it has no more, or that is deactivated."""
    key = key_of(user_id, name)
    if key is None or not await service.is_shown(session, user_id, key):
        raise NotFound("There is no such picture.")
    return await shown(files, key, if_none_match)
