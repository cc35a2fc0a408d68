"""Every statement on resources."""

from collections.abc import Collection, Sequence
from functools import cache, partial
from typing import Any

from chassis.pagination import Key, PageParams, beside, page_beside
from sqlalchemy import Row, Select, func, select, update
from sqlalchemy.ext.asyncio import AsyncSession

from catalog.resources.models import Resource


async def by_id(session: AsyncSession, resource_id: int) -> Resource | None:
    return await session.get(Resource, resource_id, populate_existing=True)


_IN_ORDER: Key = [(Resource.order, "asc"), (Resource.id, "asc")]


@cache
def _listed(lesson: Select[Any], is_first: bool) -> Select[Any]:
    # The owner's column, as the page beside it may refer to it.
    known_as = lesson.selected_columns["lesson_known_as"]
    listed = select(*(column for column in Resource.__table__.c)).where(Resource.lesson_id == known_as)
    return beside(lesson, listed, _IN_ORDER, is_first=is_first)


async def listed(
    session: AsyncSession, lesson: Select[Any], params: PageParams, given: dict[str, Any]
) -> tuple[Row[Any] | None, Sequence[Row[Any]], str | None]:
    """`lesson`, the statement that says how the reader stands to it, and beside it a page of its resources."""
    return await page_beside(session, partial(_listed, lesson), params, key=_IN_ORDER, **given)


async def count(session: AsyncSession, lesson_id: int) -> int:
    return int(await session.scalar(select(func.count()).where(Resource.lesson_id == lesson_id)) or 0)


async def next_order(session: AsyncSession, lesson_id: int) -> int:
    last = await session.scalar(select(func.max(Resource.order)).where(Resource.lesson_id == lesson_id))
    return 0 if last is None else int(last) + 1


async def order_is_taken(session: AsyncSession, lesson_id: int, order: int) -> bool:
    statement = select(Resource.id).where(Resource.lesson_id == lesson_id, Resource.order == order)
    return await session.scalar(statement) is not None


async def add(session: AsyncSession, resource: Resource) -> None:
    session.add(resource)
    await session.flush()
    await session.refresh(resource)


async def remove(session: AsyncSession, resource: Resource) -> None:
    await session.delete(resource)
    await session.flush()


async def count_download(session: AsyncSession, resource_id: int, storage_key: str) -> bool:
    """One more of this file; False when it is another by now, or gone. `updated_date` is the authors' and stays."""
    statement = (
        update(Resource)
        .where(Resource.id == resource_id, Resource.storage_key == storage_key)
        .values(download_count=Resource.download_count + 1, updated_date=Resource.updated_date)
        .returning(Resource.id)
        .execution_options(synchronize_session=False)
    )
    return await session.scalar(statement) is not None


async def keys_in_use(session: AsyncSession, keys: Collection[str]) -> set[str]:
    statement = select(Resource.storage_key).where(Resource.storage_key.in_(keys))
    return {key for key in await session.scalars(statement) if key is not None}
