"""Refresh, log out, and see where one is logged in."""

from typing import Annotated

from chassis.pagination import Page, PageParams
from chassis.schemas import Identifier
from chassis.web import CurrentUser, Router, Session
from fastapi import Path, Query, Response

from identity.accounts import service as accounts
from identity.dependencies import Transactions
from identity.sessions import service
from identity.sessions.models import UserSession
from identity.sessions.schemas import RefreshGiven, SessionOut, SessionsEnded, TokenPairOut
from identity.tokens.dependencies import Tokens

auth_router = Router(prefix="/api/v1/auth", tags=["sessions"])
router = Router(prefix="/api/v1/users/me/sessions", tags=["sessions"])

NO_STORE = "no-store"


@auth_router.post("/refresh")
async def refresh(
    given: RefreshGiven, database: Transactions, issuer: Tokens, response: Response
) -> TokenPairOut:
    """Exchange a refresh token for a new pair; the old one is used up. Used again, it ends the whole session."""
    response.headers["Cache-Control"] = NO_STORE
    return TokenPairOut.model_validate(await service.refresh(database, issuer, given.refresh))


@auth_router.post("/logout")
async def log_out(given: RefreshGiven, session: Session) -> SessionsEnded:
    """End the session of a refresh token. To log out twice is no error."""
    return SessionsEnded(sessions_ended=await service.log_out(session, given.refresh))


@auth_router.post("/logout-all")
async def log_out_everywhere(session: Session, user: CurrentUser) -> SessionsEnded:
    """End every session of mine, this one too."""
    await service.require_live(session, user.user_id, user.sid)
    await accounts.lock(session, user.user_id)
    ended = await service.end_all(session, user.user_id, "logout_all")
    return SessionsEnded(sessions_ended=ended)


@router.get("", response_model=Page[SessionOut])
async def list_sessions(
    session: Session, user: CurrentUser, params: Annotated[PageParams, Query()]
) -> Page[SessionOut]:
    """Where I am logged in, newest first."""
    rows, next_cursor = await service.list_live(session, user.user_id, params)
    return Page(items=[_out(row, user.sid) for row in rows], next_cursor=next_cursor)


@router.delete("/{session_id}", status_code=204)
async def end_session(session: Session, user: CurrentUser, session_id: Annotated[Identifier, Path()]) -> None:
    """Log out there."""
    await service.end_one(session, user.user_id, session_id)


def _out(row: UserSession, sid: str) -> SessionOut:
    return SessionOut(
        id=row.id,
        ip_address=str(row.ip_address),
        user_agent=row.user_agent,
        device_type=row.device_type,
        location=row.location,
        login_method=row.login_method,
        created_at=row.created_at,
        last_activity=row.last_activity,
        expires_at=row.expires_at,
        current=str(row.id) == sid,
    )
