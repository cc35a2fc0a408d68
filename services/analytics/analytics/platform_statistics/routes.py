"""The statistics of the platform over HTTP."""

from typing import Annotated

from chassis.web import OptionalUser, Router, Session
from fastapi import Query

from analytics.freshness.schemas import StatisticsParams
from analytics.platform_statistics import service
from analytics.platform_statistics.schemas import PlatformStatisticsOut

router = Router(prefix="/api/v1/stats/platform", tags=["statistics"])


@router.get("")
async def get_platform_statistics(
    session: Session, _user: OptionalUser, _params: Annotated[StatisticsParams, Query()]
) -> PlatformStatisticsOut:
    """How the platform does: for everybody, guests too."""
    return PlatformStatisticsOut.model_validate(await service.show(session))
