"""The statistics of users over HTTP."""

from typing import Annotated

from chassis.auth import Principal
from chassis.schemas import Identifier
from chassis.web import CurrentUser, Router, Session, Staff
from fastapi import Path, Query

from analytics.freshness.schemas import StatisticsParams
from analytics.user_statistics import service
from analytics.user_statistics.schemas import UserStatisticsOut

router = Router(prefix="/api/v1/stats/users", tags=["statistics"])


@router.get("/me")
async def get_my_statistics(
    session: Session, user: CurrentUser, _params: Annotated[StatisticsParams, Query()]
) -> UserStatisticsOut:
    """What you did and learned."""
    return UserStatisticsOut.model_validate(await service.show(session, user.user_id))


@router.get("/{user_id}")
async def get_user_statistics(
    session: Session,
    _staff: Annotated[Principal, Staff("analytics.view_statistics")],
    user_id: Annotated[Identifier, Path()],
    _params: Annotated[StatisticsParams, Query()],
) -> UserStatisticsOut:
    """What a user did and learned: for the staff. Somebody of whom there are no facts reads as zeros."""
    return UserStatisticsOut.model_validate(await service.show(session, user_id))
