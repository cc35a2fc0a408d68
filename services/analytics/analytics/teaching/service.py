"""Who teaches which course now, and may see its numbers."""

from collections.abc import Collection, Iterable

from sqlalchemy.ext.asyncio import AsyncSession

from analytics.teaching import queries
from analytics.teaching.rules import Teaching

TABLES = queries.TABLES
"""Everything that is folded here, to be made again by a rebuild."""


async def of_courses(session: AsyncSession, courses: Collection[int]) -> list[Teaching]:
    """Who teaches, or taught, these courses."""
    return await queries.teachings_of(session, courses)


async def by_users(session: AsyncSession, users: Collection[int]) -> list[Teaching]:
    """What these users teach, or taught."""
    return await queries.teachings_by(session, users)


async def save(session: AsyncSession, teachings: Iterable[Teaching]) -> None:
    """Keep what was learned. The caller holds the locks of the courses."""
    await queries.TEACHINGS.save(session, teachings)


async def forget(session: AsyncSession, user_id: int) -> None:
    """Remove what a user taught; by now somebody else is said to."""
    await queries.forget(session, user_id)


async def may_see(session: AsyncSession, user_id: int, course_id: int) -> bool:
    """Whether the user teaches the course now, with the right to see its analytics."""
    pair = (course_id, user_id)
    teaching = (await queries.TEACHINGS.load(session, [pair])).get(pair)
    return teaching is not None and teaching.teaches and teaching.can_view_analytics
