"""Every statement on modules and lessons."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from chassis.pagination import PageParams, page
from sqlalchemy import (
    ColumnElement,
    Select,
    SQLColumnExpression,
    Text,
    cast,
    func,
    literal_column,
    or_,
    select,
    text,
    update,
)
from sqlalchemy.dialects.postgresql import aggregate_order_by
from sqlalchemy.ext.asyncio import AsyncSession
from sqlalchemy.orm import defer

from catalog.outline.models import Lesson, Module
from catalog.outline.rules import Places

WITHOUT_BODIES = tuple(
    defer(column, raiseload=True)
    for column in (Lesson.content, Lesson.guest_content, Lesson.registered_content, Lesson.transcript)
)


OUTLINED = (
    Lesson.id,
    Lesson.module_id,
    Lesson.title,
    Lesson.order,
    Lesson.duration_minutes,
    Lesson.access_level,
    Lesson.activity_type,
    Lesson.has_assessment,
    Lesson.has_lab,
    Lesson.is_free_preview,
)
"""What an outline shows of a lesson."""


async def module(session: AsyncSession, module_id: int) -> Module | None:
    return await session.get(Module, module_id, populate_existing=True)


async def lesson(session: AsyncSession, lesson_id: int) -> Lesson | None:
    return await session.get(Lesson, lesson_id, populate_existing=True)


async def rows(session: AsyncSession, course_id: int) -> Sequence[tuple[Module, Lesson | None]]:
    """The whole outline in order, without the lessons' bodies; a module without lessons is one row."""
    statement = (
        select(Module, Lesson)
        .outerjoin(Lesson, Lesson.module_id == Module.id)
        .where(Module.course_id == course_id)
        .order_by(Module.order, Module.id, Lesson.order, Lesson.id)
        .options(*WITHOUT_BODIES)
        .execution_options(populate_existing=True)
    )
    return [(row[0], row[1]) for row in await session.execute(statement)]


def _as_array(rows: Select[Any], name: str, *order: str) -> ColumnElement[str]:
    """JSON of these rows, without a space between."""
    each = rows.subquery(name)
    whole = func.row_to_json(each.table_valued())
    array = func.array_to_json(func.array_agg(aggregate_order_by(whole, *(each.c[one] for one in order))))
    return func.coalesce(select(array).select_from(each).scalar_subquery(), literal_column("'[]'::json"))


def as_json(course_id: SQLColumnExpression[int], everything: ColumnElement[bool]) -> ColumnElement[str]:
    lessons: Any = select(*OUTLINED).where(
        Lesson.module_id == Module.id, or_(Lesson.published_at.is_not(None), everything)
    )
    modules: Any = select(
        Module.id,
        Module.title,
        Module.description,
        Module.order,
        Module.duration_minutes,
        Module.is_published,
        _as_array(lessons.correlate_except(Lesson), "lesson", "order", "id").label("lessons"),
    ).where(Module.course_id == course_id, or_(seen_by_learners(), everything))
    return cast(_as_array(modules.correlate_except(Module), "module", "order", "id"), Text)


async def skeleton(session: AsyncSession, course_id: int) -> list[tuple[int, list[int]]]:
    """Each module's id with the ids of its lessons, all in order."""
    ids = func.array_agg(aggregate_order_by(Lesson.id, Lesson.order, Lesson.id))
    statement = (
        select(Module.id, ids.filter(Lesson.id.is_not(None)))
        .outerjoin(Lesson, Lesson.module_id == Module.id)
        .where(Module.course_id == course_id)
        .group_by(Module.id)
        .order_by(Module.order, Module.id)
    )
    return [(module_id, list(lessons or ())) for module_id, lessons in await session.execute(statement)]


def seen_by_learners() -> ColumnElement[bool]:
    return Module.is_published & Module.published_date.is_not(None)


async def modules(
    session: AsyncSession, course_id: int, params: PageParams, *, everything: bool
) -> tuple[Sequence[Module], str | None]:
    statement = select(Module).where(Module.course_id == course_id)
    if not everything:
        statement = statement.where(seen_by_learners())
    return await page(session, statement, params, key=[(Module.order, "asc"), (Module.id, "asc")])


async def lessons(
    session: AsyncSession, module_id: int, params: PageParams, *, everything: bool
) -> tuple[Sequence[Lesson], str | None]:
    statement = select(Lesson).where(Lesson.module_id == module_id).options(*WITHOUT_BODIES)
    if not everything:
        statement = statement.where(Lesson.published_at.is_not(None))
    return await page(session, statement, params, key=[(Lesson.order, "asc"), (Lesson.id, "asc")])


async def count_modules(session: AsyncSession, course_id: int) -> int:
    return int(await session.scalar(select(func.count()).where(Module.course_id == course_id)) or 0)


async def count_lessons(session: AsyncSession, course_id: int) -> int:
    statement = select(func.count(Lesson.id)).join(Module, Module.id == Lesson.module_id)
    return int(await session.scalar(statement.where(Module.course_id == course_id)) or 0)


async def next_module_order(session: AsyncSession, course_id: int) -> int:
    last = await session.scalar(select(func.max(Module.order)).where(Module.course_id == course_id))
    return 0 if last is None else int(last) + 1


async def next_lesson_order(session: AsyncSession, module_id: int) -> int:
    last = await session.scalar(select(func.max(Lesson.order)).where(Lesson.module_id == module_id))
    return 0 if last is None else int(last) + 1


async def module_order_is_taken(session: AsyncSession, course_id: int, order: int) -> bool:
    statement = select(Module.id).where(Module.course_id == course_id, Module.order == order)
    return await session.scalar(statement) is not None


async def lesson_order_is_taken(session: AsyncSession, module_id: int, order: int) -> bool:
    statement = select(Lesson.id).where(Lesson.module_id == module_id, Lesson.order == order)
    return await session.scalar(statement) is not None


async def add(session: AsyncSession, row: Module | Lesson) -> None:
    session.add(row)
    await session.flush()
    await session.refresh(row)


async def remove(session: AsyncSession, row: Module | Lesson) -> None:
    # Lessons and resources below go by the database's own cascade.
    await session.delete(row)
    await session.flush()


# The unique constraints are checked row by row: rows that change places would meet on the way. So they first step
# aside, below zero, where nobody stands, and then all turn round into their new places.
_STEP_ASIDE = {
    "modules": text(
        'UPDATE courses_module AS m SET "order" = -1 - place.position, revision = m.revision + 1, '
        "updated_date = now() "
        "FROM unnest(CAST(:ids AS bigint[]), CAST(:positions AS integer[])) AS place (id, position) "
        'WHERE m.id = place.id AND m."order" <> place.position'
    ),
    "lessons": text(
        'UPDATE courses_lesson AS l SET module_id = place.module_id, "order" = -1 - place.position, '
        "revision = l.revision + 1, updated_date = now() "
        "FROM unnest(CAST(:ids AS bigint[]), CAST(:parents AS bigint[]), CAST(:positions AS integer[])) "
        "AS place (id, module_id, position) "
        'WHERE l.id = place.id AND (l.module_id, l."order") <> (place.module_id, place.position)'
    ),
}
_TURN_ROUND = {
    "modules": text(
        'UPDATE courses_module SET "order" = -1 - "order" WHERE course_id = :course_id AND "order" < 0'
    ),
    "lessons": text(
        'UPDATE courses_lesson SET "order" = -1 - "order" WHERE "order" < 0 '
        "AND module_id IN (SELECT id FROM courses_module WHERE course_id = :course_id)"
    ),
}


async def place(session: AsyncSession, course_id: int, places: Places) -> None:
    """Put all modules and lessons of a course where `places` has them, counted from 0."""
    lessons = [
        (lesson_id, module_id, position)
        for module_id, lesson_ids in places
        for position, lesson_id in enumerate(lesson_ids)
    ]
    await session.execute(
        _STEP_ASIDE["modules"],
        {"ids": [module_id for module_id, _ in places], "positions": list(range(len(places)))},
    )
    await session.execute(
        _STEP_ASIDE["lessons"],
        {
            "ids": [lesson_id for lesson_id, _, _ in lessons],
            "parents": [module_id for _, module_id, _ in lessons],
            "positions": [position for _, _, position in lessons],
        },
    )
    for statement in _TURN_ROUND.values():
        await session.execute(statement, {"course_id": course_id})


async def mark_published(session: AsyncSession, course_id: int, at: datetime) -> None:
    """Show learners what is published for the first time; `updated_date` is the authors' and stays."""
    await session.execute(
        update(Module)
        .where(Module.course_id == course_id, Module.is_published, Module.published_date.is_(None))
        .values(published_date=at, updated_date=Module.updated_date)
        .execution_options(synchronize_session=False)
    )
    own = select(Module.id).where(Module.course_id == course_id)
    await session.execute(
        update(Lesson)
        .where(Lesson.module_id.in_(own), Lesson.published_at.is_(None))
        .values(published_at=at, updated_date=Lesson.updated_date)
        .execution_options(synchronize_session=False)
    )
