"""The facts of users over HTTP: what people did, the latest first."""

from typing import Annotated

from chassis.auth import Principal
from chassis.pagination import Page, PageParams
from chassis.web import CurrentUser, Router, Session, Staff
from fastapi import Query

from analytics.facts import service
from analytics.facts.schemas import ActivityOut, ActivityParams

router = Router(prefix="/api/v1/activity", tags=["activity"])


@router.get("/me", response_model=Page[ActivityOut])
async def list_my_activity(
    session: Session, user: CurrentUser, params: Annotated[PageParams, Query()]
) -> Page[ActivityOut]:
    """What you did, the latest first."""
    rows, next_cursor = await service.activity(session, params, user_id=user.user_id)
    return Page(items=[ActivityOut.model_validate(row) for row in rows], next_cursor=next_cursor)


@router.get("", response_model=Page[ActivityOut])
async def list_activity(
    session: Session,
    _staff: Annotated[Principal, Staff("analytics.view_activity")],
    params: Annotated[ActivityParams, Query()],
) -> Page[ActivityOut]:
    """What people did, the latest first: for the staff."""
    rows, next_cursor = await service.activity(
        session, params, user_id=params.user_id, course_id=params.course_id
    )
    return Page(items=[ActivityOut.model_validate(row) for row in rows], next_cursor=next_cursor)
