"""A whole outline at once: measured, read with its bodies, and written in a few statements however long it is."""

from collections.abc import Mapping, Sequence
from itertools import groupby
from typing import Any

from sqlalchemy import func, insert, select
from sqlalchemy.ext.asyncio import AsyncSession

from catalog.outline.errors import TooManyLessons, TooManyModules
from catalog.outline.models import Lesson, Module
from catalog.outline.service import Part
from catalog.settings import Settings, settings_of

_BODIES = (Lesson.content, Lesson.guest_content, Lesson.registered_content, Lesson.transcript)

AT_ONCE = 200
"""Rows that are read or written between two looks at what else there is to do: each may have half a megabyte of texts."""

Given = Sequence[tuple[Mapping[str, Any], Sequence[Mapping[str, Any]]]]
"""Modules in order, each with its lessons in order, by their fields."""


async def text_bytes(session: AsyncSession, course_id: int) -> int:
    """What the bodies of all lessons come to."""
    sizes = [func.coalesce(func.octet_length(body), 0) for body in _BODIES]
    statement = select(func.sum(sum(sizes[1:], sizes[0]))).join(Module, Module.id == Lesson.module_id)
    return int(await session.scalar(statement.where(Module.course_id == course_id)) or 0)


async def load(session: AsyncSession, course_id: int) -> list[Part]:
    """The whole outline in order, bodies included, in one query."""
    statement = (
        select(Module, Lesson)
        .outerjoin(Lesson, Lesson.module_id == Module.id)
        .where(Module.course_id == course_id)
        .order_by(Module.order, Module.id, Lesson.order, Lesson.id)
        .execution_options(populate_existing=True, yield_per=AT_ONCE)
    )
    rows = [row async for row in await session.stream(statement)]
    return [
        Part(module, [lesson for _, lesson in group if lesson is not None])
        for module, group in groupby(rows, key=lambda row: row[0])
    ]


def check_fits(settings: Settings, lessons_per_module: Sequence[int]) -> None:
    """Raise TooManyModules or TooManyLessons for an outline that no course could have."""
    if len(lessons_per_module) > settings.max_modules_per_course:
        raise TooManyModules(
            f"It has {len(lessons_per_module)}; a course takes {settings.max_modules_per_course}."
        )
    if sum(lessons_per_module) > settings.max_lessons_per_course:
        raise TooManyLessons(
            f"It has {sum(lessons_per_module)}; a course takes {settings.max_lessons_per_course}."
        )


async def reserve_ids(session: AsyncSession, how_many: int) -> list[int]:
    """The ids of lessons that are still to be added: the texts of others may name them."""
    sequence = func.pg_get_serial_sequence(Lesson.__tablename__, "id")
    places = func.generate_series(1, how_many).table_valued("place")
    return list(await session.scalars(select(func.nextval(sequence)).select_from(places)))


async def add(session: AsyncSession, course_id: int, modules: Given) -> list[list[int]]:
    """Give a course that has none yet its outline, counted from 0; the ids of its lessons, module by module.

    Raises TooManyModules, TooManyLessons. The caller holds the course's row.
    """
    check_fits(settings_of(session), [len(lessons) for _, lessons in modules])
    module_ids = await _insert(
        session,
        Module,
        [{**fields, "course_id": course_id, "order": order} for order, (fields, _) in enumerate(modules)],
    )
    lesson_ids = iter(
        await _insert(
            session,
            Lesson,
            [
                {**fields, "module_id": module_id, "order": order}
                for module_id, (_, lessons) in zip(module_ids, modules, strict=True)
                for order, fields in enumerate(lessons)
            ],
        )
    )
    return [[next(lesson_ids) for _ in lessons] for _, lessons in modules]


async def _insert(
    session: AsyncSession, table: type[Module] | type[Lesson], rows: list[dict[str, Any]]
) -> list[int]:
    statement = insert(table).returning(table.id, sort_by_parameter_order=True)
    made: list[int] = []
    for start in range(0, len(rows), AT_ONCE):
        made.extend(await session.scalars(statement, rows[start : start + AT_ONCE]))
    return made
