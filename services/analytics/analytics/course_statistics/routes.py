"""The statistics of courses over HTTP."""

from typing import Annotated

from chassis.schemas import Identifier
from chassis.web import Calls, CurrentUser, Router, Session
from fastapi import Path, Query

from analytics.course_statistics import service
from analytics.course_statistics.schemas import CourseStatisticsOut
from analytics.freshness.schemas import StatisticsParams

router = Router(prefix="/api/v1/stats/courses", tags=["statistics"])


@router.get("/{course_id}")
async def get_course_statistics(
    session: Session,
    calls: Calls,
    user: CurrentUser,
    course_id: Annotated[Identifier, Path()],
    _params: Annotated[StatisticsParams, Query()],
) -> CourseStatisticsOut:
    """How a course does: for its lead, its instructors who may see analytics, and admins."""
    await service.require_insight(session, calls, user, course_id)
    return CourseStatisticsOut.model_validate(await service.show(session, course_id))
