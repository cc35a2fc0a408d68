"""Hold several courses at once, in one order whoever asks: two who need the same ones wait, and never for each other."""

from collections.abc import Iterable

from sqlalchemy import ARRAY, BigInteger, any_, literal, select
from sqlalchemy.ext.asyncio import AsyncSession

from catalog.courses.models import Course


async def lock_many(session: AsyncSession, course_ids: Iterable[int]) -> list[int]:
    """Those of the courses that exist, by id, locked until the transaction ends."""
    # An array: a list would be another statement to prepare for each length it comes in.
    wanted = any_(literal(list(course_ids), ARRAY(BigInteger)))
    statement = select(Course.id).where(Course.id == wanted).order_by(Course.id)
    # Nothing here changes an id, so rows that refer to these need not wait.
    return list(await session.scalars(statement.with_for_update(key_share=True)))
