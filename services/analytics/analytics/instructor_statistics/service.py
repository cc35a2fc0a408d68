"""Showing the statistics of an instructor."""

from typing import Any

from sqlalchemy.ext.asyncio import AsyncSession

from analytics.freshness import service as freshness
from analytics.instructor_statistics import queries


async def show_mine(session: AsyncSession, user_id: int) -> dict[str, Any]:
    """The numbers of the instructor who this user is."""
    return await _show(session, user_id, await queries.profile_of(session, user_id))


async def show(session: AsyncSession, profile_id: int) -> dict[str, Any]:
    """The numbers of the instructor whose profile this is."""
    return await _show(session, await queries.user_of(session, profile_id), profile_id)


async def _show(session: AsyncSession, user_id: int | None, profile_id: int | None) -> dict[str, Any]:
    fresh = await freshness.freshness(session)
    shown: dict[str, Any] = {}
    # The columns that both tables have mean the same in both.
    for row in await queries.statistics(session, user_id, profile_id):
        if row is not None:
            shown |= {column.key: getattr(row, column.key) for column in row.__table__.columns}
    ids = {"user_id": user_id, "instructor_id": profile_id}
    return {**shown, **ids, "as_of": fresh.as_of, "lag_seconds": fresh.lag_seconds}
