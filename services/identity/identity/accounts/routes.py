"""One's own account, what others see of it, and what other services may ask."""

from typing import Annotated

from chassis.errors import NotFound
from chassis.schemas import Identifier
from chassis.web import CurrentUser, IfMatch, Router, ServiceCaller, Session, require_match
from fastapi import Path, Response

from identity.accounts import service
from identity.accounts.models import CustomUser
from identity.accounts.rules import display_name
from identity.accounts.schemas import Me, MePatch, PublicUser, UserForServices
from identity.profiles import service as profiles
from identity.representations import tag_of

router = Router(prefix="/api/v1/users", tags=["accounts"])
internal_router = Router(prefix="/internal/users", tags=["internal"])


@router.get("/me")
async def read_me(session: Session, user: CurrentUser, response: Response) -> Me:
    """My account."""
    me = Me.model_validate(await service.find(session, user.user_id))
    response.headers["ETag"] = tag_of(me)
    return me


@router.patch("/me")
async def edit_me(
    changes: MePatch, session: Session, user: CurrentUser, response: Response, if_match: IfMatch = None
) -> Me:
    """Change my names."""

    def unchanged(row: CustomUser) -> None:
        require_match(if_match, tag_of(Me.model_validate(row)))

    edited = await service.edit(session, user.user_id, changes.model_dump(exclude_unset=True), unchanged)
    me = Me.model_validate(edited)
    response.headers["ETag"] = tag_of(me)
    return me


@router.get("/{user_id}/public")
async def read_public(session: Session, user_id: Annotated[Identifier, Path()]) -> PublicUser:
    """What anybody may know of a person; 404 for an account that is not there or deactivated."""
    account = await service.find(session, user_id)
    if not account.is_active:
        raise NotFound("There is no such account.")
    return PublicUser(
        id=account.id,
        display_name=display_name(account.first_name, account.last_name, account.username),
        picture_url=await profiles.picture_url(session, account.id),
    )


@internal_router.get("/{user_id}")
async def read_for_service(
    session: Session, _caller: ServiceCaller, user_id: Annotated[Identifier, Path()]
) -> UserForServices:
    """An account as another service may need it."""
    account = await service.find(session, user_id)
    return UserForServices.model_validate(
        {
            "user_id": account.id,
            "username": account.username,
            "display_name": display_name(account.first_name, account.last_name, account.username),
            "email": account.email,
            "is_active": account.is_active,
            "role": account.role,
        }
    )
