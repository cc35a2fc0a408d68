"""My e-mail addresses over HTTP."""

from typing import Annotated

from chassis.pagination import Page, PageParams
from chassis.schemas import Identifier
from chassis.web import CurrentUser, Router, Session
from fastapi import Path, Query, Response

from identity.dependencies import Config
from identity.email_addresses import service
from identity.email_addresses.schemas import Confirmation, EmailAdded, EmailOut
from identity.sessions import service as sessions

router = Router(prefix="/api/v1/users/me/emails", tags=["e-mail addresses"])
auth_router = Router(prefix="/api/v1/auth/emails", tags=["e-mail addresses"])


@router.get("", response_model=Page[EmailOut])
async def list_my_emails(
    session: Session, user: CurrentUser, params: Annotated[PageParams, Query()]
) -> Page[EmailOut]:
    """My addresses, oldest first."""
    rows, next_cursor = await service.list_of(session, user.user_id, params)
    return Page(items=[EmailOut.model_validate(row) for row in rows], next_cursor=next_cursor)


@router.post("", status_code=201, responses={200: {"description": "It was on the list; mailed again."}})
async def add_email(
    wanted: EmailAdded, session: Session, user: CurrentUser, settings: Config, response: Response
) -> EmailOut:
    """Put an address on my list. It counts once it was confirmed by the link mailed to it; asked again, another one
    is mailed.

    The answer is the same when another account has confirmed the address; then its owner is mailed instead.
    """
    await sessions.require_live(session, user.user_id, user.sid)
    address, is_new = await service.add(session, user.user_id, wanted.email, settings)
    if not is_new:
        response.status_code = 200
    return EmailOut.model_validate(address)


@router.post("/{email_id}/primary")
async def make_email_primary(
    session: Session, user: CurrentUser, email_id: Annotated[Identifier, Path()]
) -> EmailOut:
    """Log in with this confirmed address from now on, and be written to by it. The old one is told."""
    await sessions.require_live(session, user.user_id, user.sid)
    return EmailOut.model_validate(await service.make_primary(session, user.user_id, email_id))


@router.delete("/{email_id}", status_code=204)
async def remove_email(
    session: Session, user: CurrentUser, email_id: Annotated[Identifier, Path()]
) -> Response:
    """Take an address off my list; the primary one stays."""
    await sessions.require_live(session, user.user_id, user.sid)
    await service.remove(session, user.user_id, email_id)
    return Response(status_code=204)


@auth_router.post("/confirm")
async def confirm_email(given: Confirmation, session: Session, settings: Config) -> EmailOut:
    """Confirm an address with the key of the mailed link; needs no login, for the mail may be read elsewhere."""
    return EmailOut.model_validate(await service.confirm(session, given.key, settings))
