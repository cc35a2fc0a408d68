"""The statistics of instructors over HTTP."""

from typing import Annotated

from chassis.auth import Principal
from chassis.schemas import Identifier
from chassis.web import CurrentUser, Router, Session, Staff
from fastapi import Path, Query

from analytics.freshness.schemas import StatisticsParams
from analytics.instructor_statistics import service
from analytics.instructor_statistics.schemas import InstructorStatisticsOut

router = Router(prefix="/api/v1/stats/instructors", tags=["statistics"])


@router.get("/me")
async def get_my_instructor_statistics(
    session: Session, user: CurrentUser, _params: Annotated[StatisticsParams, Query()]
) -> InstructorStatisticsOut:
    """What you reached as an instructor; zeros for who teaches nothing."""
    return InstructorStatisticsOut.model_validate(await service.show_mine(session, user.user_id))


@router.get("/{instructor_id}")
async def get_instructor_statistics(
    session: Session,
    _staff: Annotated[Principal, Staff("analytics.view_statistics")],
    instructor_id: Annotated[Identifier, Path(description="The instructor profile's id.")],
    _params: Annotated[StatisticsParams, Query()],
) -> InstructorStatisticsOut:
    """What an instructor reached: for the staff."""
    return InstructorStatisticsOut.model_validate(await service.show(session, instructor_id))
