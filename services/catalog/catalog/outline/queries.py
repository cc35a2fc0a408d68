"""Every statement on modules and lessons."""

import typing
from collections.abc import Sequence
from datetime import datetime
from functools import cache, partial
from typing import Any

from chassis.db import rows_of
from chassis.pagination import Key, PageParams, beside, page_beside
from sqlalchemy import (
    BigInteger,
    ColumnElement,
    Row,
    Select,
    SQLColumnExpression,
    Subquery,
    Text,
    and_,
    bindparam,
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


# --- what a reader sees ---------------------------------------------------------------------------------------

# `standing` is how the reader stands to each course: courses.reading.standings().
_IN_ORDER: Key = [(Module.order, "asc"), (Module.id, "asc")]
_LESSONS_IN_ORDER: Key = [(Lesson.order, "asc"), (Lesson.id, "asc")]
_WANTED = bindparam("wanted", type_=BigInteger())


@cache
def _modules(standing: Subquery, is_first: bool) -> Select[Any]:
    listed = select(*(column for column in Module.__table__.c)).where(
        Module.course_id == standing.c.read_course_id, or_(seen_by_learners(), standing.c.reader_sees_all)
    )
    owner = select(*standing.c).where(standing.c.read_course_id == _WANTED)
    return beside(owner, listed, _IN_ORDER, is_first=is_first)


async def modules(
    session: AsyncSession, standing: Subquery, course_id: int, params: PageParams, reader: dict[str, Any]
) -> tuple[Row[Any] | None, Sequence[Row[Any]], str | None]:
    """How the reader stands to a course, and a page of the modules of it that they see."""
    made = partial(_modules, standing)
    given = {_WANTED.key: course_id, **reader}
    return await page_beside(session, made, params, key=_IN_ORDER, **given)


@cache
def _lessons(standing: Subquery, is_first: bool) -> Select[Any]:
    owner = (
        select(seen_by_learners().label("module_is_shown"), *standing.c)
        .join(standing, standing.c.read_course_id == Module.course_id)
        .where(Module.id == _WANTED)
    )
    listed: Any = select(*OUTLINED).where(
        Lesson.module_id == Module.id, or_(Lesson.published_at.is_not(None), standing.c.reader_sees_all)
    )
    return beside(owner, listed, _LESSONS_IN_ORDER, is_first=is_first)


async def lessons(
    session: AsyncSession, standing: Subquery, module_id: int, params: PageParams, reader: dict[str, Any]
) -> tuple[Row[Any] | None, Sequence[Row[Any]], str | None]:
    """How the reader stands to a module's course, whether learners see the module, and a page of the lessons in it that
    the reader sees."""
    made = partial(_lessons, standing)
    given = {_WANTED.key: module_id, **reader}
    return await page_beside(session, made, params, key=_LESSONS_IN_ORDER, **given)


@cache
def lesson_standing(standing: Subquery) -> Select[Any]:
    statement = select(
        Lesson.id.label("read_lesson_id"),
        func.coalesce(Lesson.origin_id, Lesson.id).label("lesson_known_as"),
        Lesson.access_level.label("lesson_access"),
        Lesson.is_free_preview.label("lesson_is_open"),
        and_(seen_by_learners(), Lesson.published_at.is_not(None)).label("lesson_is_shown"),
        *standing.c,
    )
    joined = statement.join(Module, Module.id == Lesson.module_id).join(
        standing, standing.c.read_course_id == Module.course_id
    )
    return typing.cast("Select[Any]", joined.where(Lesson.id == LESSON))


LESSON = bindparam("lesson", type_=BigInteger())


@cache
def _whole_lesson(standing: Subquery) -> Select[Any]:
    return lesson_standing(standing).add_columns(*(column for column in Lesson.__table__.c))


async def lesson_read(
    session: AsyncSession, standing: Subquery, lesson_id: int, reader: dict[str, Any], *, whole: bool
) -> Row[Any] | None:
    """How the reader stands to a lesson, and the lesson itself where `whole`."""
    statement = _whole_lesson(standing) if whole else lesson_standing(standing)
    found = await rows_of(session, statement, {LESSON.key: lesson_id, **reader})
    return found[0] if found else None


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
