"""How fresh the numbers are: kept with every batch, told with every answer, measured after every commit."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from chassis.db import now
from prometheus_client import Histogram
from sqlalchemy import event, select, text
from sqlalchemy.ext.asyncio import AsyncSession

from analytics.freshness.models import FoldWatermark

FRESHNESS = Histogram(
    "lyceum_statistics_freshness_seconds",
    "From an event's time to its being visible in the statistics",
    buckets=(0.02, 0.05, 0.1, 0.2, 0.5, 1, 2, 5, 30, 300, 3600),
)

_ADVANCE = text("""
    INSERT INTO fold_watermark AS known (id, newest_fact_at, folded_at, lag_seconds, facts)
    VALUES (1, :newest, :at, :lag, :facts)
        ON CONFLICT (id) DO UPDATE SET
           newest_fact_at = greatest(known.newest_fact_at, excluded.newest_fact_at),
           folded_at = excluded.folded_at, lag_seconds = excluded.lag_seconds,
           facts = known.facts + excluded.facts
""")


@dataclass(frozen=True, slots=True)
class Freshness:
    """`as_of` is the time of the newest fact folded in, None before the first. `lag_seconds` is how late the last
    batch's newest fact became visible."""

    as_of: datetime | None
    lag_seconds: float
    folded_at: datetime | None
    facts: int


async def advance(session: AsyncSession, times: Sequence[datetime]) -> None:
    """Keep that facts of these times are in the statistics, and measure it once they are to be seen."""
    instant = now()
    newest = max(times)
    lag = max(0.0, (instant - newest).total_seconds())
    await session.execute(_ADVANCE, {"newest": newest, "at": instant, "lag": lag, "facts": len(times)})

    def measure(_session: Any) -> None:
        visible = now()
        for time in times:
            FRESHNESS.observe(max(0.0, (visible - time).total_seconds()))

    event.listen(session.sync_session, "after_commit", measure, once=True)


async def freshness(session: AsyncSession) -> Freshness:
    """How fresh the numbers of this transaction are."""
    found = (await session.execute(select(FoldWatermark))).scalar_one_or_none()
    if found is None:
        return Freshness(None, 0.0, None, 0)
    return Freshness(found.newest_fact_at, found.lag_seconds, found.folded_at, found.facts)
