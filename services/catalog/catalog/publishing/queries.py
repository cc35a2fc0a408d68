"""Every statement on publications."""

from typing import Any

from sqlalchemy import func, update
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncSession

from catalog.publishing.models import CoursePublication


async def publication(session: AsyncSession, course_id: int) -> CoursePublication | None:
    return await session.get(CoursePublication, course_id, populate_existing=True)


async def keep_publication(session: AsyncSession, values: dict[str, Any]) -> None:
    statement = insert(CoursePublication).values(values)
    changed = {name: statement.excluded[name] for name in values if name != "course_id"}
    await session.execute(
        statement.on_conflict_do_update(index_elements=[CoursePublication.course_id], set_=changed)
    )


async def count_as_unchanged(session: AsyncSession, course_id: int, state_version: int) -> None:
    """Have the course count as not changed since it was published."""
    await session.execute(
        update(CoursePublication)
        .where(CoursePublication.course_id == course_id)
        .values(course_state_version=state_version)
        .execution_options(synchronize_session=False)
    )


async def replace_author(session: AsyncSession, user_id: int, tombstone_id: int) -> None:
    told = CoursePublication.payload
    await session.execute(
        update(CoursePublication)
        .where(told.contains({"created_by_id": user_id}))
        .values(payload=told.concat(func.jsonb_build_object("created_by_id", tombstone_id)))
        .execution_options(synchronize_session=False)
    )
