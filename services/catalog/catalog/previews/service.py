"""Let somebody without an account look at a course before it is published: a link, for a while, to one course."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import TYPE_CHECKING

from chassis.db import now
from sqlalchemy.ext.asyncio import AsyncSession

from catalog.courses import service as courses
from catalog.lessons import service as lessons
from catalog.lessons.service import LessonView
from catalog.outline import service as outlines
from catalog.outline.errors import LessonNotFound
from catalog.previews import rules
from catalog.previews.errors import PreviewNotFound

if TYPE_CHECKING:
    from chassis.auth import Principal
    from chassis.internal import InternalCalls

    from catalog.courses.models import Course


@dataclass(frozen=True, slots=True)
class Link:
    """What opens a course until `expires_at` (exclusive)."""

    course_id: int
    token: str
    expires_at: datetime


async def make_link(
    session: AsyncSession, calls: "InternalCalls", principal: "Principal", course_id: int, hours: int
) -> Link:
    """A new link to a course, for someone who may edit it; the one before it leads nowhere from now on."""
    course = await courses.open_for_editing(session, calls, principal, course_id)
    token, expires_at = rules.new_token(), now() + timedelta(hours=hours)
    await courses.set_preview(session, course.id, rules.stored(token), expires_at)
    return Link(course.id, token, expires_at)


async def take_back(
    session: AsyncSession, calls: "InternalCalls", principal: "Principal", course_id: int
) -> None:
    """End the course's link; without one, nothing changes."""
    course = await courses.open_for_editing(session, calls, principal, course_id)
    await courses.set_preview(session, course.id, None, None)


async def look(session: AsyncSession, token: str) -> courses.View:
    """The course a link leads to, as those who teach it see it. Raises PreviewNotFound."""
    return await courses.view(session, await _course(session, token))


async def look_at_lesson(session: AsyncSession, token: str, lesson_id: int) -> LessonView:
    """A lesson of that course, whole. Raises PreviewNotFound, and LessonNotFound for another course's."""
    course = await _course(session, token)
    lesson, module = await outlines.find_lesson(session, lesson_id)
    if module.course_id != course.id:
        raise LessonNotFound
    return lessons.in_preview(lesson, course)


async def _course(session: AsyncSession, token: str) -> "Course":
    course = await courses.find_by_preview(session, rules.stored(token), now())
    if course is None:
        raise PreviewNotFound
    return course
