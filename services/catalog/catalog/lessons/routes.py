"""Lessons: listed and read by everyone as far as their access goes, edited by those who teach."""

from typing import Annotated

from chassis.pagination import Page, PageParams
from chassis.schemas import Identifier
from chassis.web import (
    Calls,
    CurrentUser,
    IfMatch,
    OptionalUser,
    Reading,
    Router,
    Session,
    etag,
    require_match,
    told,
)
from fastapi import Path, Query, Response

from catalog.courses.schemas import LessonOutline
from catalog.lessons import service
from catalog.lessons.schemas import OUTLINED, LessonIn, LessonOut, LessonPatch, lesson_as_told
from catalog.markdown import to_html

router = Router(prefix="/api/v1", tags=["outline"])
ModuleId = Annotated[Identifier, Path()]
LessonId = Annotated[Identifier, Path()]


async def answer(view: service.LessonView, response: Response) -> LessonOut:
    response.headers["ETag"] = etag(view.lesson.revision)
    return LessonOut.of(view, await to_html(view.body))


@router.get("/modules/{module_id}/lessons", response_model=Page[LessonOutline])
async def list_lessons(
    module_id: ModuleId,
    session: Reading,
    calls: Calls,
    user: OptionalUser,
    params: Annotated[PageParams, Query()],
) -> Response:
    lessons, next_cursor = await service.list_lessons(session, calls, user, module_id, params)
    return told({"items": OUTLINED.fill(lessons), "next_cursor": next_cursor})


@router.post("/modules/{module_id}/lessons", status_code=201)
async def create_lesson(
    module_id: ModuleId,
    body: LessonIn,
    session: Session,
    calls: Calls,
    user: CurrentUser,
    response: Response,
) -> LessonOut:
    return await answer(await service.create(session, calls, user, module_id, body.model_dump()), response)


@router.get("/lessons/{lesson_id}", response_model=LessonOut)
async def read_lesson(lesson_id: LessonId, session: Reading, calls: Calls, user: OptionalUser) -> Response:
    """A lesson with the body the caller's access allows; `locked` with what would unlock more."""
    view = await service.read(session, calls, user, lesson_id)
    return told(lesson_as_told(view, await to_html(view.body)), ETag=etag(view.lesson.revision))


@router.patch("/lessons/{lesson_id}")
async def edit_lesson(
    lesson_id: LessonId,
    body: LessonPatch,
    session: Session,
    calls: Calls,
    user: CurrentUser,
    response: Response,
    if_match: IfMatch = None,
) -> LessonOut:
    view = await service.edit(
        session,
        calls,
        user,
        lesson_id,
        body.model_dump(exclude_unset=True),
        lambda lesson: require_match(if_match, etag(lesson.revision)),
    )
    return await answer(view, response)


@router.delete("/lessons/{lesson_id}", status_code=204)
async def delete_lesson(lesson_id: LessonId, session: Session, calls: Calls, user: CurrentUser) -> None:
    await service.delete(session, calls, user, lesson_id)
