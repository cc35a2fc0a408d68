"""What the staff may do: the permissions there are, the groups, and who holds what.

Every change of rights happens in the turn of `accounts.begin_role_change`, so that what was decided by looking is
still so when it is written.
"""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import structlog
from chassis.pagination import PageParams, page
from contracts.permissions import PERMISSIONS
from sqlalchemy import text
from sqlalchemy.exc import IntegrityError
from sqlalchemy.ext.asyncio import AsyncSession

from identity.rights import queries
from identity.rights.errors import GroupNameTaken, GroupNotFound, UnknownGroup, UnknownPermission
from identity.rights.models import Group, Permission
from identity.rights.rules import EVERYTHING

log = structlog.get_logger()

CHANNEL = "lyceum_rights_withdrawals"
WITHDRAWALS = queries.WITHDRAWALS


@dataclass(frozen=True, slots=True)
class GroupWithPermissions:
    """A group and the codenames it gives its members, in order."""

    id: int
    name: str
    permissions: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Held:
    """What an account was given: its groups, what it holds by itself, and what that comes to."""

    groups: tuple[GroupWithPermissions, ...]
    permissions: tuple[str, ...]
    effective: tuple[str, ...]


# --- permissions --------------------------------------------------------------------------------------------


async def sync_permissions(session: AsyncSession, declared: Mapping[str, str] = PERMISSIONS) -> int:
    """Bring the table to what the services declare; how many rows changed. Replicas that start together agree.

    What is not declared any more is kept, and gives nothing: a release taken back, or an older one that starts beside
    a newer, must not cost anybody what they were given.
    """
    await queries.serialize_sync(session)
    known = {row.codename: row for row in await queries.all_permissions(session)}
    fresh = [
        codename
        for codename, name in declared.items()
        if codename not in known or not known[codename].is_declared or known[codename].name != name
    ]
    for codename in fresh:
        await queries.declare(session, codename, declared[codename])
    gone = [codename for codename, row in known.items() if row.is_declared and codename not in declared]
    if gone:
        await queries.retire(session, gone)
        log.info("permissions that no service declares any more give nothing", permissions=sorted(gone))
    return len(fresh) + len(gone)


async def list_permissions(
    session: AsyncSession, params: PageParams, service: str | None
) -> tuple[Sequence[Permission], str | None]:
    """A page of the permissions there are, by codename, and the cursor of the next."""
    return await page(session, queries.declared(service), params, key=[(Permission.codename, "asc")])


async def effective_permissions(
    session: AsyncSession, user_id: int, *, is_superuser: bool
) -> tuple[str, ...]:
    """The codenames that ride in the account's access tokens; a superuser's say `*`, which is all there are."""
    if is_superuser:
        return (EVERYTHING,)
    return tuple(await queries.codenames_of(session, user_id))


async def held_by(session: AsyncSession, user_id: int) -> Held:
    """What an account was given."""
    groups = await queries.groups_of(session, user_id)
    return Held(
        groups=tuple(await _with_permissions(session, groups)),
        permissions=tuple(await queries.own_codenames_of(session, user_id)),
        effective=tuple(await queries.codenames_of(session, user_id)),
    )


async def set_permissions(session: AsyncSession, user_id: int, codenames: Collection[str]) -> None:
    """Let an account hold these by itself, and no others. Raises UnknownPermission.

    What it holds that is not declared today stays as it is: nobody was shown it, so nobody took it away.
    """
    wanted = await _ids_of(session, codenames)
    has = await queries.permission_ids(session, await queries.own_codenames_of(session, user_id))
    await queries.take(session, user_id, set(has.values()) - set(wanted.values()))
    await queries.give(session, user_id, set(wanted.values()) - set(has.values()))


async def set_groups(session: AsyncSession, user_id: int, group_ids: Collection[int]) -> None:
    """Let an account belong to these groups, and to no others. Raises UnknownGroup."""
    there = set(await queries.hold_groups(session, group_ids))
    unknown = sorted(set(group_ids) - there)
    if unknown:
        raise UnknownGroup(unknown=unknown)
    has = {group.id for group in await queries.groups_of(session, user_id)}
    await queries.leave(session, user_id, has - there)
    await queries.join(session, user_id, there - has)


async def _ids_of(session: AsyncSession, codenames: Collection[str]) -> dict[str, int]:
    found = await queries.permission_ids(session, codenames)
    unknown = sorted(set(codenames) - set(found))
    if unknown:
        raise UnknownPermission(unknown=unknown)
    return found


# --- groups -------------------------------------------------------------------------------------------------


async def _with_permissions(session: AsyncSession, groups: Sequence[Group]) -> list[GroupWithPermissions]:
    given = await queries.codenames_of_groups(session, [group.id for group in groups])
    return [GroupWithPermissions(group.id, group.name, tuple(given[group.id])) for group in groups]


async def list_groups(
    session: AsyncSession, params: PageParams
) -> tuple[list[GroupWithPermissions], str | None]:
    """A page of the groups, by name, and the cursor of the next."""
    rows, next_cursor = await page(session, queries.groups(), params, key=[(Group.name, "asc")])
    return await _with_permissions(session, rows), next_cursor


async def find_group(session: AsyncSession, group_id: int, *, lock: bool = False) -> GroupWithPermissions:
    """A group, held until the transaction ends if so asked. Raises GroupNotFound."""
    row = await queries.group(session, group_id, lock=lock)
    if row is None:
        raise GroupNotFound
    (found,) = await _with_permissions(session, [row])
    return found


async def create_group(session: AsyncSession, name: str, codenames: Collection[str]) -> GroupWithPermissions:
    """Make a group. Raises GroupNameTaken, UnknownPermission."""
    ids = await _ids_of(session, codenames)
    row = Group(name=name)
    await _insert_named(session, row, name)
    await queries.allow(session, row.id, ids.values())
    return await find_group(session, row.id)


async def _insert_named(session: AsyncSession, row: Group, name: str) -> None:
    """Flush a group with its new name; GroupNameTaken where a rival was quicker."""
    if await queries.is_name_taken(session, name, row.id):
        raise GroupNameTaken
    session.add(row)
    row.name = name
    try:
        await session.flush()
    except IntegrityError as error:
        raise GroupNameTaken from error


async def change_group(
    session: AsyncSession, group_id: int, *, name: str | None, codenames: Collection[str] | None
) -> GroupWithPermissions:
    """Rename a group, or let it give these permissions and no others; None leaves as it is.

    Members who lose something by it are put on the list for `next_withdrawn`. Raises GroupNotFound, GroupNameTaken,
    UnknownPermission.
    """
    row = await queries.group(session, group_id, lock=True)
    if row is None:
        raise GroupNotFound
    if name is not None and name != row.name:
        await _insert_named(session, row, name)
    if codenames is not None:
        wanted = await _ids_of(session, codenames)
        given = await queries.codenames_of_groups(session, [group_id])
        has = await queries.permission_ids(session, given[group_id])
        taken = set(has.values()) - set(wanted.values())
        await queries.disallow(session, group_id, taken)
        await queries.allow(session, group_id, set(wanted.values()) - set(has.values()))
        await _withdraw(session, group_id, taken)
    return await find_group(session, group_id)


async def delete_group(session: AsyncSession, group_id: int) -> None:
    """Delete a group: nobody belongs to it any more, and who loses something by it is put on the list."""
    group = await find_group(session, group_id, lock=True)
    given = await queries.permission_ids(session, group.permissions)
    await _withdraw(session, group_id, given.values())
    await queries.remove_group(session, group_id)


async def is_member(session: AsyncSession, user_id: int, group_id: int) -> bool:
    return await queries.is_member(session, user_id, group_id)


# --- withdrawals --------------------------------------------------------------------------------------------


async def _withdraw(session: AsyncSession, group_id: int, permission_ids: Collection[int]) -> None:
    if not permission_ids:
        return
    await queries.withdraw_from_members(session, group_id, permission_ids)
    await session.execute(text(f"SELECT pg_notify('{CHANNEL}', '')"))


async def next_withdrawn(session: AsyncSession, limit: int) -> list[int]:
    """Take up to `limit` entries off the list of those who lost rights through a group; whom they name, in order."""
    rows = await queries.next_withdrawals(session, limit)
    await queries.remove_withdrawals(session, [row.id for row in rows])
    return sorted({row.user_id for row in rows})


# --- of one person ------------------------------------------------------------------------------------------


async def export_of(session: AsyncSession, user_id: int) -> dict[str, Any]:
    """What rights an account was given, as JSON."""
    held = await held_by(session, user_id)
    return {
        "groups": [group.name for group in held.groups],
        "permissions": list(held.permissions),
        "effective_permissions": list(held.effective),
    }


async def forget(session: AsyncSession, user_id: int) -> None:
    """Take an account off the list of those who lost rights; what it was given goes with it."""
    await queries.remove_withdrawals_of(session, user_id)
