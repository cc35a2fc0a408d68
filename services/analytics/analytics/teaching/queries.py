"""Every statement on who teaches what."""

from collections.abc import Collection
from typing import cast

from sqlalchemy import Table, text
from sqlalchemy.ext.asyncio import AsyncSession

from analytics.rows import Rows
from analytics.teaching import models, rules

TEACHINGS = Rows(rules.Teaching, cast(Table, models.FoldTeaching.__table__))

TABLES = ("fold_teaching",)
"""Everything that is folded here, to be made again by a rebuild."""

_TEACHING = "SELECT course_id, user_id, version, teaches, can_view_analytics FROM fold_teaching"


async def teachings_of(session: AsyncSession, courses: Collection[int]) -> list[rules.Teaching]:
    """Who teaches, or taught, these courses."""
    if not courses:
        return []
    found = await session.execute(
        text(f"{_TEACHING} WHERE course_id = ANY(CAST(:courses AS bigint[]))"), {"courses": sorted(courses)}
    )
    return [rules.Teaching(*row) for row in found]


async def teachings_by(session: AsyncSession, users: Collection[int]) -> list[rules.Teaching]:
    """What these users teach, or taught."""
    if not users:
        return []
    found = await session.execute(
        text(f"{_TEACHING} WHERE user_id = ANY(CAST(:users AS bigint[]))"), {"users": sorted(users)}
    )
    return [rules.Teaching(*row) for row in found]


async def forget(session: AsyncSession, user_id: int) -> None:
    """Remove what a user taught; by now somebody else is said to."""
    await session.execute(text("DELETE FROM fold_teaching WHERE user_id = :user_id"), {"user_id": user_id})
