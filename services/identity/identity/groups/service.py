"""Make, change and delete groups: by rights read afresh, written into the audit log, and felt by every member."""

from collections.abc import Callable, Sequence
from typing import Any

from chassis.auth import Principal
from sqlalchemy.ext.asyncio import AsyncSession

from identity.administration.service import begin_act
from identity.audit import service as audit
from identity.rights import service as rights
from identity.rights.errors import BeyondOwnRights, OwnAccount
from identity.rights.rules import Standing, may_change_group
from identity.rights.service import GroupWithPermissions

CHANGE = "identity.change_group"


async def create(
    session: AsyncSession, principal: Principal, name: str, permissions: Sequence[str]
) -> GroupWithPermissions:
    """Make a group. Raises GroupNameTaken, UnknownPermission, BeyondOwnRights, SessionEnded."""
    actor = await begin_act(session, principal, CHANGE)
    made = await rights.create_group(session, name, set(permissions))
    _require_reach(actor, before=(), after=made.permissions)
    await audit.record(
        session, principal, "group.created", "group", made.id, audit.differences({}, _state(made))
    )
    return made


async def change(
    session: AsyncSession,
    principal: Principal,
    group_id: int,
    *,
    name: str | None,
    permissions: Sequence[str] | None,
    unchanged: Callable[[GroupWithPermissions], None],
) -> GroupWithPermissions:
    """Rename a group, or give and take permissions; None stays as it is. `unchanged` raises if the actor's copy is
    stale. Members who lose something are logged out by the worker, at once.

    Raises GroupNotFound, GroupNameTaken, UnknownPermission, BeyondOwnRights, OwnAccount, SessionEnded.
    """
    actor = await begin_act(session, principal, CHANGE)
    before = await rights.find_group(session, group_id, lock=True)
    unchanged(before)
    after = await rights.change_group(
        session, group_id, name=name, codenames=None if permissions is None else set(permissions)
    )
    _require_reach(actor, before=before.permissions, after=after.permissions)
    if set(before.permissions) - set(after.permissions):
        await _refuse_own_loss(session, actor, group_id)
    differences = audit.differences(_state(before), _state(after))
    if differences:
        await audit.record(session, principal, "group.changed", "group", group_id, differences)
    return after


async def delete(
    session: AsyncSession,
    principal: Principal,
    group_id: int,
    unchanged: Callable[[GroupWithPermissions], None],
) -> None:
    """Delete a group; nobody belongs to it any more. Raises what `change` does."""
    actor = await begin_act(session, principal, CHANGE)
    group = await rights.find_group(session, group_id, lock=True)
    unchanged(group)
    _require_reach(actor, before=group.permissions, after=())
    await _refuse_own_loss(session, actor, group_id)
    await rights.delete_group(session, group_id)
    await audit.record(
        session, principal, "group.deleted", "group", group_id, audit.differences(_state(group), {})
    )


def _require_reach(actor: Standing, *, before: Sequence[str], after: Sequence[str]) -> None:
    if not may_change_group(actor, before=frozenset(before), after=frozenset(after)):
        raise BeyondOwnRights


async def _refuse_own_loss(session: AsyncSession, actor: Standing, group_id: int) -> None:
    """Nobody takes their own rights; an admin has none from a group."""
    if not actor.is_admin and await rights.is_member(session, actor.user_id, group_id):
        raise OwnAccount


def _state(group: GroupWithPermissions) -> dict[str, Any]:
    return {"name": group.name, "permissions": list(group.permissions)}
