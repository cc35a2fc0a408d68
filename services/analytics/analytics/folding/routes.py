"""Rebuilds and freshness over HTTP, for the staff."""

from typing import Annotated

from chassis.auth import Principal
from chassis.web import Router, Session, Staff

from analytics.folding import queries
from analytics.folding.schemas import FreshnessOut, RebuildOut
from analytics.freshness import service as freshness

router = Router(prefix="/api/v1/analytics", tags=["analytics"])


@router.post("/rebuild", status_code=202)
async def rebuild(
    session: Session, staff: Annotated[Principal, Staff("analytics.rebuild_statistics")]
) -> RebuildOut:
    """Have every statistic folded again from the beginning. The worker does it; follow it at
    `/analytics/freshness`. Asked for again before it has begun, it is the same rebuild."""
    return RebuildOut.model_validate(await queries.request_rebuild(session, staff.user_id))


@router.get("/freshness")
async def get_freshness(
    session: Session, _staff: Annotated[Principal, Staff("analytics.view_statistics")]
) -> FreshnessOut:
    """How fresh the statistics are."""
    fresh = await freshness.freshness(session)
    latest = await queries.latest_rebuild(session)
    return FreshnessOut(
        as_of=fresh.as_of,
        lag_seconds=fresh.lag_seconds,
        folded_at=fresh.folded_at,
        facts=fresh.facts,
        rebuild=RebuildOut.model_validate(latest) if latest is not None else None,
    )
