"""Every statement on resources."""

from collections.abc import Collection, Sequence

from chassis.pagination import PageParams, page
from sqlalchemy import func, select, update
from sqlalchemy.ext.asyncio import AsyncSession

from catalog.resources.models import Resource


async def by_id(session: AsyncSession, resource_id: int) -> Resource | None:
    return await session.get(Resource, resource_id, populate_existing=True)


async def listed(
    session: AsyncSession, lesson_id: int, params: PageParams
) -> tuple[Sequence[Resource], str | None]:
    statement = select(Resource).where(Resource.lesson_id == lesson_id)
    return await page(session, statement, params, key=[(Resource.order, "asc"), (Resource.id, "asc")])


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
