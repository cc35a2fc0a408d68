"""Bringing the statistics of the platform up to date with a batch."""

from datetime import datetime

from sqlalchemy.ext.asyncio import AsyncSession

from analytics.platform_statistics import queries
from analytics.platform_statistics.rules import PlatformTallies

TABLES = queries.TABLES
"""Everything that is folded here, to be made again by a rebuild."""


async def settle(session: AsyncSession, tallies: PlatformTallies, told_at: datetime | None) -> None:
    """Add a batch to the platform's row; `told_at` is the time of its newest fact, None where no fact says more."""
    await queries.add(session, tallies, told_at)
