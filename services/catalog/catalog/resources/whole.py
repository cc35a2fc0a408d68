"""The resources of many lessons at once: read, and written in a few statements however many they are."""

from collections import Counter
from collections.abc import Mapping, Sequence
from itertools import groupby
from typing import Any

from sqlalchemy import func, insert, select
from sqlalchemy.ext.asyncio import AsyncSession

from catalog.resources.errors import TooManyResources
from catalog.resources.models import Resource
from catalog.settings import Settings, settings_of

AT_ONCE = 250
"""Rows that are read or written between two looks at what else there is to do: a course may have 200,000."""


async def load(session: AsyncSession, lesson_ids: Sequence[int]) -> dict[int, list[Resource]]:
    """Each lesson's resources in order, by the lesson's own id."""
    statement = (
        select(Resource)
        .where(Resource.lesson_id.in_(lesson_ids))
        .order_by(Resource.lesson_id, Resource.order, Resource.id)
        .execution_options(populate_existing=True, yield_per=AT_ONCE)
    )
    rows = [row async for row in await session.stream_scalars(statement)]
    return {lesson_id: list(group) for lesson_id, group in groupby(rows, key=lambda row: row.lesson_id)}


def check_fits(settings: Settings, per_lesson: int) -> None:
    """Raise TooManyResources for more than a lesson can have."""
    if per_lesson > settings.max_resources_per_lesson:
        raise TooManyResources(f"A lesson takes {settings.max_resources_per_lesson}; one has {per_lesson}.")


async def reserve_ids(session: AsyncSession, how_many: int) -> list[int]:
    """The ids of resources that are still to be added: lessons may have links to them."""
    sequence = func.pg_get_serial_sequence(Resource.__tablename__, "id")
    places = func.generate_series(1, how_many).table_valued("place")
    return list(await session.scalars(select(func.nextval(sequence)).select_from(places)))


async def add(session: AsyncSession, rows: Sequence[Mapping[str, Any]]) -> None:
    """Add resources to lessons that have none yet; every row has its `lesson_id` and `order`. The caller holds the
    course's row, and keeps the files. Raises TooManyResources."""
    if not rows:
        return
    check_fits(settings_of(session), max(Counter(row["lesson_id"] for row in rows).values()))
    for start in range(0, len(rows), AT_ONCE):
        await session.execute(insert(Resource), [dict(row) for row in rows[start : start + AT_ONCE]])
