"""Delete a passkey."""

from typing import Annotated

from chassis.schemas import Identifier
from chassis.web import CurrentUser, Router, Session
from fastapi import Path

from identity.dependencies import Config, Transactions
from identity.passwords.dependencies import Passwords
from identity.reauthentication import service as reauthentication
from identity.reauthentication.schemas import MaybePassword
from identity.ways_in import service

router = Router(prefix="/api/v1/users/me/passkeys", tags=["passkeys"])


@router.delete("/{passkey_id}", status_code=204)
async def delete_passkey(
    session: Session,
    user: CurrentUser,
    database: Transactions,
    passwords: Passwords,
    settings: Config,
    passkey_id: Annotated[Identifier, Path()],
    given: MaybePassword | None = None,
) -> None:
    """Delete one of my passkeys, unless nothing else lets me in. Needs the password, or a login of a few minutes ago.

    The device keeps its half; it is worth nothing any more."""
    password = given.password.get_secret_value() if given and given.password else None
    await reauthentication.require_password_or_fresh_login(database, passwords, settings, user, password)
    await service.remove_passkey(session, user.user_id, passkey_id)
