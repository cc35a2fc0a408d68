"""Preview links: made by those who may edit a course, followed by whoever was given one."""

from typing import Annotated

from chassis.schemas import Identifier
from chassis.web import Calls, CurrentUser, Router, Session
from fastapi import Body, Path, Response

from catalog.courses.schemas import CourseOut
from catalog.lessons.schemas import LessonOut
from catalog.markdown import to_html
from catalog.previews import service
from catalog.previews.schemas import PreviewIn, PreviewOut
from catalog.settings import settings_of

router = Router(prefix="/api/v1", tags=["previews"])
CourseId = Annotated[Identifier, Path()]
Token = Annotated[str, Path(min_length=1, max_length=100, pattern=r"^[A-Za-z0-9_-]+$")]


def hide(response: Response) -> None:
    """The address is the secret: it is to be kept by nobody on the way, nor sent along to where a link leads."""
    response.headers["Cache-Control"] = "no-store"
    response.headers["Referrer-Policy"] = "no-referrer"
    response.headers["X-Robots-Tag"] = "noindex"


@router.post("/courses/{course_id}/preview-token", status_code=201)
async def make_preview_token(
    course_id: CourseId,
    session: Session,
    calls: Calls,
    user: CurrentUser,
    response: Response,
    body: Annotated[PreviewIn | None, Body()] = None,
) -> PreviewOut:
    """A link that opens the course, draft or not, to whoever has it; it takes the place of the one before."""
    hide(response)
    link = await service.make_link(session, calls, user, course_id, (body or PreviewIn()).hours)
    url = f"{settings_of(session).public_url.rstrip('/')}/api/v1/preview/{link.token}"
    return PreviewOut(course_id=link.course_id, token=link.token, url=url, expires_at=link.expires_at)


@router.delete("/courses/{course_id}/preview-token", status_code=204)
async def take_preview_token_back(
    course_id: CourseId, session: Session, calls: Calls, user: CurrentUser
) -> None:
    await service.take_back(session, calls, user, course_id)


@router.get("/preview/{token}")
async def preview_course(token: Token, session: Session, response: Response) -> CourseOut:
    """The course a link leads to, with all of its outline."""
    hide(response)
    return CourseOut.of_view(await service.look(session, token))


@router.get("/preview/{token}/lessons/{lesson_id}")
async def preview_lesson(
    token: Token, lesson_id: Annotated[Identifier, Path()], session: Session, response: Response
) -> LessonOut:
    """A lesson of the previewed course, whole."""
    hide(response)
    view = await service.look_at_lesson(session, token, lesson_id)
    return LessonOut.of(view, await to_html(view.body))
