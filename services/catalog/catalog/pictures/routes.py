"""Pictures of courses and testimonials, put and taken away; and everybody's view of them."""

from typing import Annotated

from chassis.auth import Principal
from chassis.errors import LyceumError, NotFound
from chassis.pictures import MEDIA_TYPES
from chassis.schemas import Identifier
from chassis.storage import Storage
from chassis.web import (
    Calls,
    CurrentUser,
    IfMatch,
    Router,
    Session,
    Staff,
    etag,
    require_match,
)
from chassis.web.body_limit import takes_up_to
from chassis.web.media import SHOWN, Darkroom, Files, IfNoneMatch, PictureName, shown
from chassis.web.uploads import file_body, small_upload
from fastapi import Path, Request, Response
from sqlalchemy.ext.asyncio import AsyncSession

from catalog.courses.schemas import CourseOut
from catalog.files import service as files_service
from catalog.files.dependencies import Transactions
from catalog.pictures import rules, service
from catalog.testimonials import service as testimonials
from catalog.testimonials.schemas import TestimonialOut

router = Router(prefix="/api/v1")
media_router = Router(prefix="/media", tags=["media"])
CourseId = Annotated[Identifier, Path()]
TestimonialId = Annotated[Identifier, Path()]
Keeper = Annotated[Principal, Staff("catalog.change_testimonial")]


@router.put("/courses/{course_id}/thumbnail", tags=["courses"], openapi_extra=file_body(*MEDIA_TYPES))
@takes_up_to(rules.MAX_BYTES)
async def put_course_thumbnail(
    request: Request,
    course_id: CourseId,
    session: Session,
    calls: Calls,
    user: CurrentUser,
    database: Transactions,
    darkroom: Darkroom,
    files: Files,
    response: Response,
    if_match: IfMatch = None,
) -> CourseOut:
    """Show this picture with the course. The body is the file itself: JPEG, PNG, WebP or GIF, at most 10 MiB and 25
    megapixels. It is kept at 1280 by 720 pixels at most, without what the camera wrote into it."""
    async with database.transaction() as asking:
        await service.check_takes_thumbnail(asking, calls, user, course_id)
    async with small_upload(request, MEDIA_TYPES, rules.MAX_BYTES) as content:
        picture = await darkroom.make_over(content, rules.FRAMES[rules.COURSES])
    key = await service.store(database, files, rules.COURSES, course_id, picture)
    await service.hurry(database, key)
    try:
        view = await service.set_thumbnail(
            session,
            calls,
            user,
            course_id,
            key,
            lambda course: require_match(if_match, etag(course.state_version)),
        )
    except LyceumError:
        await files_service.discard(database, key)
        raise
    response.headers["ETag"] = etag(view.course.state_version)
    return CourseOut.of_view(view)


@router.delete("/courses/{course_id}/thumbnail", tags=["courses"], status_code=204)
async def delete_course_thumbnail(
    course_id: CourseId, session: Session, calls: Calls, user: CurrentUser, if_match: IfMatch = None
) -> None:
    """Show no picture with the course; having none is no error."""
    await service.set_thumbnail(
        session,
        calls,
        user,
        course_id,
        None,
        lambda course: require_match(if_match, etag(course.state_version)),
    )


@router.put(
    "/testimonials/{testimonial_id}/avatar", tags=["testimonials"], openapi_extra=file_body(*MEDIA_TYPES)
)
@takes_up_to(rules.MAX_BYTES)
async def put_testimonial_avatar(
    request: Request,
    testimonial_id: TestimonialId,
    session: Session,
    _keeper: Keeper,
    database: Transactions,
    darkroom: Darkroom,
    files: Files,
    response: Response,
) -> TestimonialOut:
    """Show this picture of who said it; the middle of it is kept as a square of 512 pixels."""
    async with database.transaction() as asking:
        await testimonials.find(asking, testimonial_id)
    async with small_upload(request, MEDIA_TYPES, rules.MAX_BYTES) as content:
        picture = await darkroom.make_over(content, rules.FRAMES[rules.TESTIMONIALS])
    key = await service.store(database, files, rules.TESTIMONIALS, testimonial_id, picture)
    await service.hurry(database, key)
    try:
        testimonial = await service.set_avatar(session, testimonial_id, key)
    except LyceumError:
        await files_service.discard(database, key)
        raise
    response.headers["ETag"] = etag(testimonial.state_version)
    return TestimonialOut.model_validate(testimonial)


@router.delete("/testimonials/{testimonial_id}/avatar", tags=["testimonials"], status_code=204)
async def delete_testimonial_avatar(testimonial_id: TestimonialId, session: Session, _keeper: Keeper) -> None:
    """Show no picture with it; having none is no error."""
    await service.set_avatar(session, testimonial_id, None)


@media_router.head("/courses/{course_id}/{name}", include_in_schema=False)
@media_router.get("/courses/{course_id}/{name}", response_class=Response, responses=SHOWN)
async def read_course_thumbnail(
    session: Session, files: Files, course_id: CourseId, name: PictureName, if_none_match: IfNoneMatch = None
) -> Response:
    """The picture of a course, for everybody; 404 for one that it has no more."""
    return await _shown(session, files, rules.COURSES, course_id, name, if_none_match)


@media_router.head("/testimonials/{testimonial_id}/{name}", include_in_schema=False)
@media_router.get("/testimonials/{testimonial_id}/{name}", response_class=Response, responses=SHOWN)
async def read_testimonial_avatar(
    session: Session,
    files: Files,
    testimonial_id: TestimonialId,
    name: PictureName,
    if_none_match: IfNoneMatch = None,
) -> Response:
    """The picture with a testimonial, for everybody; 404 for one that it has no more."""
    return await _shown(session, files, rules.TESTIMONIALS, testimonial_id, name, if_none_match)


async def _shown(
    session: AsyncSession, files: Storage, folder: str, owner_id: int, name: str, if_none_match: str | None
) -> Response:
    key = rules.key_of(folder, owner_id, name)
    if key is None or not await service.is_shown(session, folder, owner_id, key):
        raise NotFound("There is no such picture.")
    return await shown(files, key, if_none_match)
