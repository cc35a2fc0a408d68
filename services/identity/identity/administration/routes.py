"""Accounts, for the staff."""

from typing import Annotated

from chassis.auth import Principal
from chassis.pagination import Page
from chassis.schemas import Identifier
from chassis.web import IfMatch, Router, Session, Staff, require_match
from fastapi import Path, Query, Response

from identity.accounts import service as accounts
from identity.administration import service
from identity.administration.schemas import Ban, UserForAdmins, UserListParams, UserPatch, UserWithRights
from identity.administration.service import Administered, Changes
from identity.representations import tag_of

router = Router(prefix="/api/v1/users", tags=["administration"])

Viewer = Annotated[Principal, Staff("identity.view_user")]
Changer = Annotated[Principal, Staff("identity.change_user")]
Banner = Annotated[Principal, Staff("identity.ban_user")]


@router.get("", response_model=Page[UserForAdmins])
async def list_users(
    session: Session, _staff: Viewer, params: Annotated[UserListParams, Query()]
) -> Page[UserForAdmins]:
    """Every account, newest first."""
    rows, next_cursor = await accounts.list_accounts(
        session, params, q=params.q, role=params.role, is_active=params.is_active
    )
    return Page(items=[UserForAdmins.of(row) for row in rows], next_cursor=next_cursor)


@router.get("/{user_id}")
async def read_user(
    session: Session, _staff: Viewer, user_id: Annotated[Identifier, Path()], response: Response
) -> UserWithRights:
    """One account."""
    return _answer(await service.find_user(session, user_id), response)


@router.patch("/{user_id}")
async def change_user(
    changes: UserPatch,
    session: Session,
    staff: Changer,
    user_id: Annotated[Identifier, Path()],
    response: Response,
    if_match: IfMatch = None,
) -> UserWithRights:
    """Give a role, groups and permissions, deactivate, reactivate. Who is deactivated, or may do less than before, is
    logged out everywhere. Nobody gives or takes more than they hold, and only admins make admins."""

    def unchanged(found: Administered) -> None:
        require_match(if_match, tag_of(UserWithRights.of_administered(found)))

    given = {name: getattr(changes, name) for name in changes.model_fields_set}
    changed = await service.change_user(session, staff, user_id, Changes(**given), unchanged)
    return _answer(changed, response)


@router.post("/{user_id}/ban")
async def ban_user(
    given: Ban,
    session: Session,
    staff: Banner,
    user_id: Annotated[Identifier, Path()],
    response: Response,
) -> UserWithRights:
    """Keep an account out until a moment, whoever tries and however they log in; null lifts a ban, or a lockout."""
    if given.until is None:
        found = await service.lift_ban(session, staff, user_id, given.reason)
    else:
        found = await service.ban(session, staff, user_id, given.until, given.reason)
    return _answer(found, response)


def _answer(found: Administered, response: Response) -> UserWithRights:
    user = UserWithRights.of_administered(found)
    response.headers["ETag"] = tag_of(user)
    return user
