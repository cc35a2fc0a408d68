"""Accounts, for admins."""

from typing import Annotated

from chassis.pagination import Page
from chassis.schemas import Identifier
from chassis.web import AdminUser, IfMatch, Router, Session, require_match
from fastapi import Path, Query, Response

from identity.accounts import service as accounts
from identity.accounts.service import Account
from identity.administration import service
from identity.administration.schemas import UserForAdmins, UserListParams, UserPatch
from identity.representations import tag_of

router = Router(prefix="/api/v1/users", tags=["administration"])


@router.get("", response_model=Page[UserForAdmins])
async def list_users(
    session: Session, _admin: AdminUser, params: Annotated[UserListParams, Query()]
) -> Page[UserForAdmins]:
    """Every account, newest first."""
    rows, next_cursor = await accounts.list_accounts(
        session, params, q=params.q, role=params.role, is_active=params.is_active
    )
    return Page(items=[UserForAdmins.model_validate(row) for row in rows], next_cursor=next_cursor)


@router.get("/{user_id}")
async def read_user(
    session: Session, _admin: AdminUser, user_id: Annotated[Identifier, Path()], response: Response
) -> UserForAdmins:
    """One account."""
    user = UserForAdmins.model_validate(await accounts.find(session, user_id))
    response.headers["ETag"] = tag_of(user)
    return user


@router.patch("/{user_id}")
async def change_user(
    changes: UserPatch,
    session: Session,
    admin: AdminUser,
    user_id: Annotated[Identifier, Path()],
    response: Response,
    if_match: IfMatch = None,
) -> UserForAdmins:
    """Give a role, deactivate, reactivate. Who is deactivated, or is no admin any more, is logged out everywhere."""

    def unchanged(row: Account) -> None:
        require_match(if_match, tag_of(UserForAdmins.model_validate(row)))

    given = changes.model_fields_set
    changed = await service.change_user(
        session,
        admin,
        user_id,
        role=changes.role if "role" in given else None,
        is_active=changes.is_active if "is_active" in given else None,
        unchanged=unchanged,
    )
    user = UserForAdmins.model_validate(changed)
    response.headers["ETag"] = tag_of(user)
    return user
