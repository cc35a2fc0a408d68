"""Give roles, deactivate and reactivate accounts."""

from collections.abc import Callable

from chassis.auth import Principal
from sqlalchemy.ext.asyncio import AsyncSession

from identity.accounts import service as accounts
from identity.accounts.rules import ADMIN
from identity.accounts.service import Account
from identity.administration.errors import LastAdmin, OwnAccount
from identity.sessions import service as sessions


async def change_user(
    session: AsyncSession,
    admin: Principal,
    user_id: int,
    *,
    role: str | None,
    is_active: bool | None,
    unchanged: Callable[[Account], None],
) -> Account:
    """Change role and activity; None leaves as it is. `unchanged` raises if the admin's copy is stale.

    Who loses the role admin, or is deactivated, is logged out everywhere. Raises OwnAccount, LastAdmin, NotFound.
    """
    await accounts.begin_role_change(session)
    await sessions.require_live(session, admin.user_id, admin.sid)
    account = await accounts.lock(session, user_id)
    unchanged(account)
    loses_admin = account.role == ADMIN and role not in (None, ADMIN)
    deactivated = is_active is False and account.is_active
    if (loses_admin or deactivated) and account.id == admin.user_id:
        raise OwnAccount
    if (loses_admin or deactivated) and await accounts.is_last_admin(session, account):
        raise LastAdmin
    if role is not None:
        await accounts.set_role(session, account, role)
    if is_active is not None:
        await accounts.set_active(session, account, is_active)
    if deactivated:
        await sessions.end_all(session, account.id, "deactivated")
    elif loses_admin:
        await sessions.end_all(session, account.id, "role_changed")
    return account
