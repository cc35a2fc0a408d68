"""See who tried to log in to one's account."""

from typing import Annotated

from chassis.pagination import Page, PageParams
from chassis.web import CurrentUser, Router, Session
from fastapi import Query

from identity.login_attempts import service
from identity.login_attempts.schemas import AttemptOut
from identity.login_attempts.service import Attempt

router = Router(prefix="/api/v1/users/me/logins", tags=["logins"])


@router.get("", response_model=Page[AttemptOut])
async def list_logins(
    session: Session, user: CurrentUser, params: Annotated[PageParams, Query()]
) -> Page[AttemptOut]:
    """Every attempt to log in to my account, newest first, those that failed too."""
    rows, next_cursor = await service.list_of(session, user.user_id, params)
    return Page(items=[_out(row) for row in rows], next_cursor=next_cursor)


def _out(row: Attempt) -> AttemptOut:
    return AttemptOut(
        id=row.id,
        timestamp=row.timestamp,
        ip_address=str(row.ip_address),
        user_agent=row.user_agent,
        successful=row.successful,
        outcome=row.outcome,
        login_method=row.login_method,
    )
