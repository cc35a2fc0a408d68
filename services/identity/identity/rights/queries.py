"""Every select on groups and permissions."""

from sqlalchemy import or_, select
from sqlalchemy.ext.asyncio import AsyncSession

from identity.rights.models import CustomUserGroup, CustomUserPermission, GroupPermission, Permission


async def codenames(session: AsyncSession) -> list[str]:
    return list(await session.scalars(select(Permission.codename).order_by(Permission.codename)))


async def codenames_of(session: AsyncSession, user_id: int) -> list[str]:
    """What an account may do by itself or through its groups."""
    own = select(CustomUserPermission.permission_id).where(CustomUserPermission.customuser_id == user_id)
    through_groups = (
        select(GroupPermission.permission_id)
        .join(CustomUserGroup, CustomUserGroup.group_id == GroupPermission.group_id)
        .where(CustomUserGroup.customuser_id == user_id)
    )
    statement = select(Permission.codename).where(
        or_(Permission.id.in_(own), Permission.id.in_(through_groups))
    )
    return list(await session.scalars(statement.order_by(Permission.codename)))
