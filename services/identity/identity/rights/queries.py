"""Every select on groups and permissions."""

from collections import defaultdict
from collections.abc import Collection, Sequence
from typing import Any

from sqlalchemy import Select, delete, literal, or_, select, text, update
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncSession
from sqlalchemy.orm import aliased

from identity.rights.models import (
    CustomUserGroup,
    CustomUserPermission,
    Group,
    GroupPermission,
    Permission,
    RightsWithdrawal,
)

# --- permissions --------------------------------------------------------------------------------------------


async def serialize_sync(session: AsyncSession) -> None:
    """Wait until no other replica is writing the declared permissions."""
    await session.execute(text("SELECT pg_advisory_xact_lock(hashtext('identity permissions'))"))


async def all_permissions(session: AsyncSession) -> Sequence[Permission]:
    return (await session.scalars(select(Permission))).all()


async def declare(session: AsyncSession, codename: str, name: str) -> None:
    await session.execute(
        insert(Permission)
        .values(codename=codename, name=name, is_declared=True)
        .on_conflict_do_update(index_elements=[Permission.codename], set_={"name": name, "is_declared": True})
    )


async def retire(session: AsyncSession, codenames: Collection[str]) -> None:
    await session.execute(
        update(Permission).where(Permission.codename.in_(codenames)).values(is_declared=False)
    )


def declared(service: str | None) -> Select[Any]:
    """The permissions there are, of one service or of all."""
    statement = select(Permission).where(Permission.is_declared)
    if service is not None:
        statement = statement.where(Permission.codename.startswith(f"{service}.", autoescape=True))
    return statement


async def permission_ids(session: AsyncSession, codenames: Collection[str]) -> dict[str, int]:
    """The ids of those that are declared."""
    rows = await session.execute(
        select(Permission.codename, Permission.id).where(
            Permission.codename.in_(codenames), Permission.is_declared
        )
    )
    return {codename: found for codename, found in rows}  # noqa: C416 - a Row is no pair to mypy


async def codenames_of(session: AsyncSession, user_id: int) -> list[str]:
    """What an account may do by itself or through its groups, in order."""
    own = select(CustomUserPermission.permission_id).where(CustomUserPermission.customuser_id == user_id)
    through_groups = (
        select(GroupPermission.permission_id)
        .join(CustomUserGroup, CustomUserGroup.group_id == GroupPermission.group_id)
        .where(CustomUserGroup.customuser_id == user_id)
    )
    statement = select(Permission.codename).where(
        Permission.is_declared, or_(Permission.id.in_(own), Permission.id.in_(through_groups))
    )
    return list(await session.scalars(statement.order_by(Permission.codename)))


async def own_codenames_of(session: AsyncSession, user_id: int) -> list[str]:
    """What an account was given directly, in order."""
    statement = (
        select(Permission.codename)
        .join(CustomUserPermission, CustomUserPermission.permission_id == Permission.id)
        .where(CustomUserPermission.customuser_id == user_id, Permission.is_declared)
    )
    return list(await session.scalars(statement.order_by(Permission.codename)))


async def give(session: AsyncSession, user_id: int, ids: Collection[int]) -> None:
    for permission_id in sorted(ids):
        await session.execute(
            insert(CustomUserPermission)
            .values(customuser_id=user_id, permission_id=permission_id)
            .on_conflict_do_nothing()
        )


async def take(session: AsyncSession, user_id: int, ids: Collection[int]) -> None:
    await session.execute(
        delete(CustomUserPermission).where(
            CustomUserPermission.customuser_id == user_id, CustomUserPermission.permission_id.in_(ids)
        )
    )


# --- groups -------------------------------------------------------------------------------------------------


def groups() -> Select[Any]:
    return select(Group)


async def group(session: AsyncSession, group_id: int, *, lock: bool = False) -> Group | None:
    """The group; locked against members joining too, who refer to its row."""
    statement: Select[Any] = select(Group).where(Group.id == group_id)
    if lock:
        statement = statement.with_for_update().execution_options(populate_existing=True)
    found: Group | None = await session.scalar(statement)
    return found


async def is_name_taken(session: AsyncSession, name: str, but: int | None) -> bool:
    others = select(Group.id).where(Group.name == name)
    if but is not None:
        others = others.where(Group.id != but)
    return (await session.scalar(others)) is not None


async def codenames_of_groups(session: AsyncSession, group_ids: Collection[int]) -> dict[int, list[str]]:
    """What each group lets its members do, in order."""
    rows = await session.execute(
        select(GroupPermission.group_id, Permission.codename)
        .join(Permission, Permission.id == GroupPermission.permission_id)
        .where(GroupPermission.group_id.in_(group_ids), Permission.is_declared)
        .order_by(Permission.codename)
    )
    found: dict[int, list[str]] = defaultdict(list)
    for group_id, codename in rows:
        found[group_id].append(codename)
    return {group_id: found[group_id] for group_id in group_ids}


async def allow(session: AsyncSession, group_id: int, ids: Collection[int]) -> None:
    for permission_id in sorted(ids):
        await session.execute(
            insert(GroupPermission)
            .values(group_id=group_id, permission_id=permission_id)
            .on_conflict_do_nothing()
        )


async def disallow(session: AsyncSession, group_id: int, ids: Collection[int]) -> None:
    await session.execute(
        delete(GroupPermission).where(
            GroupPermission.group_id == group_id, GroupPermission.permission_id.in_(ids)
        )
    )


async def remove_group(session: AsyncSession, group_id: int) -> None:
    await session.execute(delete(Group).where(Group.id == group_id))


# --- members ------------------------------------------------------------------------------------------------


async def groups_of(session: AsyncSession, user_id: int) -> list[Group]:
    """The groups an account belongs to, by name."""
    statement = (
        select(Group)
        .join(CustomUserGroup, CustomUserGroup.group_id == Group.id)
        .where(CustomUserGroup.customuser_id == user_id)
        .order_by(Group.name)
    )
    return list(await session.scalars(statement))


async def hold_groups(session: AsyncSession, group_ids: Collection[int]) -> list[int]:
    """Those of the groups that are there, kept from being changed or deleted meanwhile."""
    statement = select(Group.id).where(Group.id.in_(group_ids)).order_by(Group.id)
    return list(await session.scalars(statement.with_for_update(read=True)))


async def join(session: AsyncSession, user_id: int, group_ids: Collection[int]) -> None:
    for group_id in sorted(group_ids):
        await session.execute(
            insert(CustomUserGroup).values(customuser_id=user_id, group_id=group_id).on_conflict_do_nothing()
        )


async def leave(session: AsyncSession, user_id: int, group_ids: Collection[int]) -> None:
    await session.execute(
        delete(CustomUserGroup).where(
            CustomUserGroup.customuser_id == user_id, CustomUserGroup.group_id.in_(group_ids)
        )
    )


async def is_member(session: AsyncSession, user_id: int, group_id: int) -> bool:
    statement = select(literal(True)).where(
        CustomUserGroup.customuser_id == user_id, CustomUserGroup.group_id == group_id
    )
    return bool(await session.scalar(statement))


# --- withdrawals --------------------------------------------------------------------------------------------


async def withdraw_from_members(
    session: AsyncSession, group_id: int, permission_ids: Collection[int]
) -> None:
    """Put those members of a group on the list of those whose sessions have to end, who hold one of these permissions
    through nothing else."""
    member = aliased(CustomUserGroup)
    other = aliased(CustomUserGroup)
    by_themselves = select(CustomUserPermission.id).where(
        CustomUserPermission.customuser_id == member.customuser_id,
        CustomUserPermission.permission_id == Permission.id,
    )
    by_another_group = (
        select(GroupPermission.id)
        .join(other, other.group_id == GroupPermission.group_id)
        .where(
            other.customuser_id == member.customuser_id,
            other.group_id != group_id,
            GroupPermission.permission_id == Permission.id,
        )
    )
    lost = (
        select(Permission.id)
        .where(
            Permission.id.in_(permission_ids),
            ~by_themselves.correlate(member, Permission).exists(),
            ~by_another_group.correlate(member, Permission).exists(),
        )
        .correlate(member)
    )
    losers = select(member.customuser_id).where(member.group_id == group_id, lost.exists())
    await session.execute(insert(RightsWithdrawal).from_select(["user_id"], losers))


WITHDRAWALS = select(RightsWithdrawal)


async def next_withdrawals(session: AsyncSession, limit: int) -> list[RightsWithdrawal]:
    """The oldest of that list, at most `limit`, that no other worker has in hand."""
    statement = WITHDRAWALS.order_by(RightsWithdrawal.id).limit(limit).with_for_update(skip_locked=True)
    return list(await session.scalars(statement))


async def remove_withdrawals_of(session: AsyncSession, user_id: int) -> None:
    await session.execute(delete(RightsWithdrawal).where(RightsWithdrawal.user_id == user_id))


async def remove_withdrawals(session: AsyncSession, ids: Collection[int]) -> None:
    await session.execute(delete(RightsWithdrawal).where(RightsWithdrawal.id.in_(ids)))
