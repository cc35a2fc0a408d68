"""Every select on the audit log."""

from datetime import datetime
from typing import Any

from sqlalchemy import Select, or_, select, text
from sqlalchemy.ext.asyncio import AsyncSession

from identity.audit.models import AdminAuditEntry

USER = "user"


def listed(
    *,
    actor_id: int | None,
    action: str | None,
    target_type: str | None,
    target_id: str | None,
    since: datetime | None,
    until: datetime | None,
) -> Select[Any]:
    """The entries that fit; `since` counts, `until` does not."""
    statement = select(AdminAuditEntry)
    for column, value in (
        (AdminAuditEntry.actor_id, actor_id),
        (AdminAuditEntry.action, action),
        (AdminAuditEntry.target_type, target_type),
        (AdminAuditEntry.target_id, target_id),
    ):
        if value is not None:
            statement = statement.where(column == value)
    if since is not None:
        statement = statement.where(AdminAuditEntry.at >= since)
    if until is not None:
        statement = statement.where(AdminAuditEntry.at < until)
    return statement


async def naming(session: AsyncSession, user_id: int) -> list[AdminAuditEntry]:
    """What a person did as staff, and what was done to their account, oldest first."""
    theirs = or_(
        AdminAuditEntry.actor_id == user_id,
        (AdminAuditEntry.target_type == USER) & (AdminAuditEntry.target_id == str(user_id)),
    )
    return list(await session.scalars(select(AdminAuditEntry).where(theirs).order_by(AdminAuditEntry.id)))


async def forget(session: AsyncSession, user_id: int, tombstone_id: int) -> int:
    """Have the database write the tombstone over a person's id; in how many entries."""
    found = await session.scalar(
        text("SELECT forget_in_admin_audit_log(:user_id, :tombstone_id)"),
        {"user_id": user_id, "tombstone_id": tombstone_id},
    )
    return int(found or 0)
