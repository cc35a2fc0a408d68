"""The structure of a course: its modules and their lessons.

Nothing here asks who is calling: the slices that do hold the course's lock, which makes every count and every
order below safe from races.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from itertools import groupby
from typing import Any

from chassis.pagination import PageParams
from sqlalchemy import ColumnElement, Row, Select, SQLColumnExpression, Subquery
from sqlalchemy.ext.asyncio import AsyncSession

from catalog.outline import queries, rules
from catalog.outline.errors import LessonNotFound, ModuleNotFound, OrderTaken, TooManyLessons, TooManyModules
from catalog.outline.models import Lesson, Module
from catalog.settings import settings_of


@dataclass(frozen=True, slots=True)
class Part:
    """A module and its lessons, in order; the lessons' bodies are not loaded."""

    module: Module
    lessons: list[Lesson]


async def load(session: AsyncSession, course_id: int) -> list[Part]:
    """The whole outline of a course, in one query."""
    rows = await queries.rows(session, course_id)
    return [
        Part(module, [lesson for _, lesson in group if lesson is not None])
        for module, group in groupby(rows, key=lambda row: row[0])
    ]


def as_json(course_id: SQLColumnExpression[int], everything: ColumnElement[bool]) -> ColumnElement[str]:
    """The outline of the course, everything or what learners see, as JSON that PostgreSQL writes: to be selected with
    the course."""
    return queries.as_json(course_id, everything)


async def skeleton(session: AsyncSession, course_id: int) -> list[tuple[int, list[int]]]:
    """Each module's id with the ids of its lessons, all in order: enough to count and to name them."""
    return await queries.skeleton(session, course_id)


def as_learners_see_it(outline: Sequence[Part]) -> list[Part]:
    """What was published, of the modules that are not hidden."""
    return [
        Part(part.module, [lesson for lesson in part.lessons if lesson.published_at is not None])
        for part in outline
        if is_shown(part.module)
    ]


def is_shown(module: Module) -> bool:
    """Whether learners see the module."""
    return module.is_published and module.published_date is not None


async def find_module(session: AsyncSession, module_id: int) -> Module:
    module = await queries.module(session, module_id)
    if module is None:
        raise ModuleNotFound
    return module


async def find_lesson(session: AsyncSession, lesson_id: int) -> tuple[Lesson, Module]:
    """A lesson with its bodies, and its module."""
    lesson = await queries.lesson(session, lesson_id)
    module = None if lesson is None else await queries.module(session, lesson.module_id)
    if lesson is None or module is None:
        raise LessonNotFound
    return lesson, module


async def list_modules(
    session: AsyncSession, standing: Subquery, course_id: int, params: PageParams, reader: dict[str, Any]
) -> tuple[Row[Any] | None, Sequence[Row[Any]], str | None]:
    """How the reader stands to a course, None without one, and a page of its modules as they see it, in one statement.

    `standing` and `reader` are what courses.reading tells them with.
    """
    return await queries.modules(session, standing, course_id, params, reader)


async def list_lessons(
    session: AsyncSession, standing: Subquery, module_id: int, params: PageParams, reader: dict[str, Any]
) -> tuple[Row[Any] | None, Sequence[Row[Any]], str | None]:
    """As `list_modules`, of a module's lessons without their bodies; `module_is_shown` beside says whether to
    learners."""
    return await queries.lessons(session, standing, module_id, params, reader)


async def read_lesson(
    session: AsyncSession, standing: Subquery, lesson_id: int, reader: dict[str, Any], *, whole: bool = True
) -> Row[Any] | None:
    """A lesson with its bodies, or nothing of it but how the reader stands to it; None without one."""
    return await queries.lesson_read(session, standing, lesson_id, reader, whole=whole)


def lesson_standing(standing: Subquery) -> Select[Any]:
    """How the reader stands to the lesson of the parameter `lesson`, for what hangs on it: `lesson_known_as` is the id
    it is known by, whichever version it stands in."""
    return queries.lesson_standing(standing)


async def add_module(session: AsyncSession, course_id: int, given: Mapping[str, Any]) -> Module:
    """Add a module, last unless an order is given. Raises TooManyModules, OrderTaken."""
    if await queries.count_modules(session, course_id) >= settings_of(session).max_modules_per_course:
        raise TooManyModules
    order = given.get("order")
    if order is None:
        order = await queries.next_module_order(session, course_id)
    elif await queries.module_order_is_taken(session, course_id, order):
        raise OrderTaken
    module = Module(**{**given, "order": order, "course_id": course_id})
    await queries.add(session, module)
    return module


async def add_lesson(session: AsyncSession, module: Module, given: Mapping[str, Any]) -> Lesson:
    """Add a lesson, last in its module unless an order is given. Raises TooManyLessons, OrderTaken."""
    if await queries.count_lessons(session, module.course_id) >= settings_of(session).max_lessons_per_course:
        raise TooManyLessons
    order = given.get("order")
    if order is None:
        order = await queries.next_lesson_order(session, module.id)
    elif await queries.lesson_order_is_taken(session, module.id, order):
        raise OrderTaken
    lesson = Lesson(**{**given, "order": order, "module_id": module.id})
    await queries.add(session, lesson)
    return lesson


async def change_module(session: AsyncSession, module: Module, changes: Mapping[str, Any]) -> bool:
    """Change a module; whether anything changed. Raises OrderTaken."""
    order = changes.get("order", module.order)
    if order != module.order and await queries.module_order_is_taken(session, module.course_id, order):
        raise OrderTaken
    return await _change(session, module, changes)


async def change_lesson(session: AsyncSession, lesson: Lesson, changes: Mapping[str, Any]) -> bool:
    """Change a lesson; whether anything changed. Raises OrderTaken."""
    order = changes.get("order", lesson.order)
    if order != lesson.order and await queries.lesson_order_is_taken(session, lesson.module_id, order):
        raise OrderTaken
    return await _change(session, lesson, changes)


async def _change(session: AsyncSession, row: Module | Lesson, changes: Mapping[str, Any]) -> bool:
    different = {name: value for name, value in changes.items() if getattr(row, name) != value}
    for name, value in different.items():
        setattr(row, name, value)
    if different:
        row.revision += 1
        await session.flush()
    return bool(different)


async def remove_module(session: AsyncSession, module: Module) -> None:
    """Remove a module and every lesson in it."""
    await queries.remove(session, module)


async def remove_lesson(session: AsyncSession, lesson: Lesson) -> None:
    await queries.remove(session, lesson)


async def reorder(session: AsyncSession, course_id: int, places: rules.Places) -> None:
    """Put every module and lesson of a course in its place, all or none. Raises NotItsOutline."""
    own = await queries.skeleton(session, course_id)
    rules.check_order(
        places, (module_id for module_id, _ in own), (lesson for _, lessons in own for lesson in lessons)
    )
    await queries.place(session, course_id, places)


async def mark_published(session: AsyncSession, course_id: int, at: datetime) -> None:
    """What the course has now is shown to learners from `at` on, hidden modules aside."""
    await queries.mark_published(session, course_id, at)
