"""Lessons: read as far as the caller's access goes, edited by those who may edit the course."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from chassis.pagination import PageParams
from sqlalchemy import Row
from sqlalchemy.ext.asyncio import AsyncSession

from catalog.courses import reading
from catalog.courses import service as courses
from catalog.courses.errors import CourseNotFound
from catalog.lessons import rules
from catalog.modules import service as modules
from catalog.outline import service as outlines
from catalog.outline.errors import LessonNotFound, ModuleNotFound

if TYPE_CHECKING:
    from chassis.auth import Principal
    from chassis.internal import InternalCalls

    from catalog.courses.models import Course
    from catalog.outline.models import Lesson


@dataclass(frozen=True, slots=True)
class LessonView:
    """A lesson as one reader sees it."""

    lesson: "Lesson | Row[Any]"
    course_id: int
    reading: rules.Reading
    is_teaching: bool

    @property
    def body(self) -> str:
        return rules.body(
            self.reading.access,
            content=self.lesson.content,
            registered_content=self.lesson.registered_content,
            guest_content=self.lesson.guest_content,
        )


async def list_lessons(
    session: AsyncSession,
    calls: "InternalCalls",
    principal: "Principal | None",
    module_id: int,
    params: PageParams,
) -> tuple[Sequence[Row[Any]], str | None]:
    """A page of a module's lessons that the caller may see, without their bodies. Raises ModuleNotFound."""
    found, lessons, next_cursor = await outlines.list_lessons(
        session, reading.standings(), module_id, params, reading.asking(principal)
    )
    try:
        found = await reading.check(calls, principal, found)
    except CourseNotFound as error:
        raise ModuleNotFound from error
    if not (found.reader_sees_all or found.module_is_shown):
        raise ModuleNotFound
    return lessons, next_cursor


async def read(
    session: AsyncSession, calls: "InternalCalls", principal: "Principal | None", lesson_id: int
) -> LessonView:
    """A lesson, its body as far as the caller's access goes; LessonNotFound where they may not know of it."""
    found = await outlines.read_lesson(session, reading.standings(), lesson_id, reading.asking(principal))
    row = await check_readable(calls, principal, found)
    return LessonView(row, row.read_course_id, await judge(calls, principal, row), row.reader_sees_all)


async def check_readable(
    calls: "InternalCalls", principal: "Principal | None", found: Row[Any] | None
) -> Row[Any]:
    """The row that says how the reader stands to a lesson, as `outlines.lesson_standing` tells it; LessonNotFound where
    there is none, or they may not know of the lesson."""
    try:
        row = await reading.check(calls, principal, found)
    except CourseNotFound as error:
        raise LessonNotFound from error
    if not (row.reader_sees_all or row.lesson_is_shown):
        raise LessonNotFound
    return row


async def judge(calls: "InternalCalls", principal: "Principal | None", row: Row[Any]) -> rules.Reading:
    """How far the reader's access to the lesson goes."""
    has_everything = (
        row.reader_sees_all
        or row.lesson_is_open
        or (principal is not None and await is_entitled(calls, principal, row))
    )
    return rules.reading(is_known=principal is not None, has_everything=has_everything)


async def is_entitled(calls: "InternalCalls", principal: "Principal", row: Row[Any]) -> bool:
    """Whether somebody who does not teach the course may have all of it: as a premium subscriber, or enrolled."""
    return principal.tier == "premium" or await reading.is_enrolled(calls, principal, row)


async def create(
    session: AsyncSession,
    calls: "InternalCalls",
    principal: "Principal",
    module_id: int,
    given: Mapping[str, Any],
) -> LessonView:
    """Add a lesson. Raises OrderTaken, TooManyLessons, and what `modules.open_for_editing` does."""
    module, course = await modules.open_for_editing(session, calls, principal, module_id)
    lesson = await outlines.add_lesson(session, module, given)
    await courses.record_change(session, course)
    return _whole(lesson, course)


async def edit(
    session: AsyncSession,
    calls: "InternalCalls",
    principal: "Principal",
    lesson_id: int,
    changes: Mapping[str, Any],
    unchanged: "Callable[[Lesson], None]",
) -> LessonView:
    """Change a lesson; `unchanged` raises when somebody else changed it meanwhile. Raises OrderTaken."""
    lesson, course = await _open_for_editing(session, calls, principal, lesson_id)
    unchanged(lesson)
    if await outlines.change_lesson(session, lesson, changes):
        await courses.record_change(session, course)
    return _whole(lesson, course)


async def delete(
    session: AsyncSession, calls: "InternalCalls", principal: "Principal", lesson_id: int
) -> None:
    """Remove a lesson; that it is gone is told by the course's next list of lessons."""
    lesson, course = await _open_for_editing(session, calls, principal, lesson_id)
    await outlines.remove_lesson(session, lesson)
    await courses.record_change(session, course)


async def _open_for_editing(
    session: AsyncSession, calls: "InternalCalls", principal: "Principal", lesson_id: int
) -> "tuple[Lesson, Course]":
    _, module = await outlines.find_lesson(session, lesson_id)
    try:
        course = await courses.open_content(session, calls, principal, module.course_id)
    except CourseNotFound as error:
        raise LessonNotFound from error
    # Again, under the course's lock: it may have been edited or removed meanwhile, or come into another version.
    lesson, module = await outlines.find_lesson(session, lesson_id)
    if module.course_id != course.id:
        raise LessonNotFound
    return lesson, course


def in_preview(lesson: "Lesson", course: "Course") -> LessonView:
    """A lesson whole, without what is the authors' alone."""
    return LessonView(lesson, course.id, rules.Reading("premium"), is_teaching=False)


def _whole(lesson: "Lesson", course: "Course") -> LessonView:
    return LessonView(lesson, course.id, rules.Reading("premium"), is_teaching=True)
