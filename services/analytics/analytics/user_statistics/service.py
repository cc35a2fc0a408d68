"""Showing the statistics of a user."""

from typing import Any

from sqlalchemy.ext.asyncio import AsyncSession

from analytics.freshness import service as freshness
from analytics.user_statistics import queries


async def show(session: AsyncSession, user_id: int) -> dict[str, Any]:
    """A user's numbers; where there are none yet, only whose they are and how fresh that is."""
    fresh = await freshness.freshness(session)
    row = await queries.statistics(session, user_id) or {}
    return {**row, "user_id": user_id, "as_of": fresh.as_of, "lag_seconds": fresh.lag_seconds}
