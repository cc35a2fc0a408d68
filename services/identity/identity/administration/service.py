"""Roles, activity, rights and bans of accounts, by the hand of the staff.

Whatever is done here is done in one turn (`accounts.begin_role_change`), by rights read afresh from the database and
not from a token, and is written into the audit log in the same transaction.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from chassis.auth import PermissionMissing, Principal
from chassis.db import now
from chassis.errors import NotFound
from sqlalchemy.ext.asyncio import AsyncSession

from identity.accounts import service as accounts
from identity.accounts.rules import ADMIN
from identity.accounts.service import Account
from identity.administration.errors import BanOutOfRange, LastAdmin
from identity.administration.rules import is_sensible_ban, may_become, must_log_in_again
from identity.audit import service as audit
from identity.rights import service as rights
from identity.rights.errors import BeyondOwnRights, OwnAccount
from identity.rights.rules import Standing
from identity.rights.service import Held
from identity.sessions import service as sessions

WITHDRAWAL_BATCH = 50


@dataclass(frozen=True, slots=True)
class Changes:
    """What is to change of an account; None stays as it is, lists replace what there was."""

    role: str | None = None
    is_active: bool | None = None
    groups: Sequence[int] | None = None
    permissions: Sequence[str] | None = None


@dataclass(frozen=True, slots=True)
class Administered:
    """An account and what it was given of rights."""

    account: Account
    held: Held


# --- who may ------------------------------------------------------------------------------------------------


async def begin_act(session: AsyncSession, principal: Principal, permission: str) -> Standing:
    """Begin what changes somebody's rights or keeps them out: wait for the turn, and see what the actor may now.

    Raises SessionEnded, or PermissionMissing for who lost the right since their token was made.
    """
    await accounts.begin_role_change(session)
    await sessions.require_live(session, principal.user_id, principal.sid)
    actor = await _standing(session, await accounts.find(session, principal.user_id))
    if not actor.holds({permission}):
        raise PermissionMissing(permission)
    return actor


async def lock_within_reach(session: AsyncSession, actor: Standing, user_id: int) -> Account:
    """Somebody's account, its row locked, for who may touch it: who is no admin touches nobody who holds more than
    they do. Raises NotFound, BeyondOwnRights."""
    account = await accounts.lock(session, user_id)
    if (await _standing(session, account)).is_out_of_reach_of(actor):
        raise BeyondOwnRights
    return account


async def _standing(session: AsyncSession, account: Account) -> Standing:
    held = await rights.effective_permissions(session, account.id, is_superuser=False)
    return Standing(account.id, account.role == ADMIN or account.is_superuser, frozenset(held))


# --- looking ------------------------------------------------------------------------------------------------


async def find_user(session: AsyncSession, user_id: int) -> Administered:
    """An account with its rights; NotFound when there is none."""
    return await _administered(session, await accounts.find(session, user_id))


async def _administered(session: AsyncSession, account: Account) -> Administered:
    return Administered(account, await rights.held_by(session, account.id))


# --- role, activity, rights ---------------------------------------------------------------------------------


async def change_user(
    session: AsyncSession,
    principal: Principal,
    user_id: int,
    changes: Changes,
    unchanged: Callable[[Administered], None],
) -> Administered:
    """Change role, activity, groups and permissions. `unchanged` raises if the actor's copy is stale.

    Who is deactivated, or may do less than before, is logged out everywhere: their tokens end with their sessions.
    Raises BeyondOwnRights, OwnAccount, LastAdmin, UnknownGroup, UnknownPermission, NotFound, SessionEnded.
    """
    actor = await begin_act(session, principal, "identity.change_user")
    account = await lock_within_reach(session, actor, user_id)
    found = await _administered(session, account)
    unchanged(found)
    before, old_role, old_state = await _standing(session, account), account.role, _state(found)
    deactivated = changes.is_active is False and account.is_active
    demoted = account.role == ADMIN and changes.role not in (None, ADMIN)
    if (deactivated or demoted) and await accounts.is_last_admin(session, account):
        raise OwnAccount if account.id == actor.user_id else LastAdmin
    await _apply(session, account, changes)
    after = await _standing(session, account)
    if not may_become(actor, after):
        raise BeyondOwnRights
    poorer = must_log_in_again(before, after, old_role=old_role, new_role=account.role)
    if account.id == actor.user_id and (poorer or deactivated):
        raise OwnAccount
    if deactivated:
        await sessions.end_all(session, account.id, "deactivated")
    elif poorer:
        await sessions.end_all(session, account.id, "role_changed")
    changed = await _administered(session, account)
    differences = audit.differences(old_state, _state(changed))
    if differences:
        await audit.record(session, principal, "user.changed", "user", account.id, differences)
    return changed


async def _apply(session: AsyncSession, account: Account, changes: Changes) -> None:
    if changes.role is not None:
        await accounts.set_role(session, account, changes.role)
    if changes.is_active is not None:
        await accounts.set_active(session, account, changes.is_active)
    if changes.groups is not None:
        await rights.set_groups(session, account.id, set(changes.groups))
    if changes.permissions is not None:
        await rights.set_permissions(session, account.id, set(changes.permissions))


def _state(found: Administered) -> dict[str, Any]:
    """What the audit log keeps of an account."""
    return {
        "role": found.account.role,
        "is_active": found.account.is_active,
        "is_superuser": found.account.is_superuser,
        "groups": sorted(group.id for group in found.held.groups),
        "permissions": list(found.held.permissions),
    }


# --- bans ---------------------------------------------------------------------------------------------------


async def ban(
    session: AsyncSession, principal: Principal, user_id: int, until: datetime, reason: str
) -> Administered:
    """Keep an account out until then: its sessions end, and no login succeeds before.

    Raises BanOutOfRange, BeyondOwnRights, OwnAccount, LastAdmin, NotFound, SessionEnded.
    """
    actor = await begin_act(session, principal, "identity.ban_user")
    account = await lock_within_reach(session, actor, user_id)
    instant = now()
    if not is_sensible_ban(until, instant):
        raise BanOutOfRange
    if account.id == actor.user_id:
        raise OwnAccount
    if await accounts.is_last_admin(session, account):
        raise LastAdmin
    old = account.temporary_ban_until if accounts.is_banned(account, instant) else None
    if old != until:
        await accounts.ban(session, account, until)
        await _record_ban(session, principal, account.id, "user.banned", old, until, reason)
    # Also where the ban is no new one: nobody is in who is kept out.
    await sessions.end_all(session, account.id, "banned")
    return await _administered(session, account)


async def lift_ban(session: AsyncSession, principal: Principal, user_id: int, reason: str) -> Administered:
    """Let an account in again, which was banned or locked out by wrong passwords; nothing where it was not.

    Raises BeyondOwnRights, NotFound, SessionEnded.
    """
    actor = await begin_act(session, principal, "identity.ban_user")
    account = await lock_within_reach(session, actor, user_id)
    instant, old = now(), account.temporary_ban_until
    if old is not None and instant < old:
        action = "user.unbanned" if accounts.is_banned(account, instant) else "user.unlocked"
        await accounts.lift_ban(session, account)
        await _record_ban(session, principal, account.id, action, old, None, reason)
    return await _administered(session, account)


async def _record_ban(
    session: AsyncSession,
    principal: Principal,
    user_id: int,
    action: str,
    old: datetime | None,
    new: datetime | None,
    reason: str,
) -> None:
    changes: dict[str, list[Any]] = {
        "banned_until": [None if moment is None else moment.isoformat() for moment in (old, new)]
    }
    if reason:
        changes["reason"] = [None, reason]
    await audit.record(session, principal, action, "user", user_id, changes)


# --- rights lost through a group ----------------------------------------------------------------------------


async def end_sessions_of_withdrawn(session: AsyncSession) -> int:
    """End the sessions of a batch of those who lost rights through a group; how many were on the list."""
    user_ids = await rights.next_withdrawn(session, WITHDRAWAL_BATCH)
    for user_id in user_ids:
        try:
            account = await accounts.lock(session, user_id)
        except NotFound:
            continue
        # What a group gives is nothing to who may everything.
        if account.role != ADMIN and not account.is_superuser:
            await sessions.end_all(session, user_id, "role_changed")
    return len(user_ids)
