"""Showing the statistics of the platform."""

from typing import Any

from sqlalchemy.ext.asyncio import AsyncSession

from analytics.freshness import service as freshness
from analytics.platform_statistics import queries


async def show(session: AsyncSession) -> dict[str, Any]:
    """The platform's numbers; before the first fact, only how fresh that is."""
    fresh = await freshness.freshness(session)
    found = await queries.statistics(session)
    row = {column.key: getattr(found, column.key) for column in found.__table__.columns} if found else {}
    return {**row, "as_of": fresh.as_of, "lag_seconds": fresh.lag_seconds}
