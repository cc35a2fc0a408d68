"""How often courses were looked at. What changes is no part of a course's state: neither its version nor its date."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime

from chassis.db import now
from chassis.outbox import emit
from contracts.catalog import CourseViewed
from sqlalchemy import ARRAY, BigInteger, DateTime, cast, column, func, literal, update
from sqlalchemy.ext.asyncio import AsyncSession

from catalog.courses import locks
from catalog.courses.models import Course

MOST = 2**31 - 1
"""The column is an integer: a course seen more often keeps this count, rather than fail all that are counted with it."""


@dataclass(frozen=True, slots=True)
class Seen:
    """So many views, the latest at `last_at`."""

    count: int
    last_at: datetime


async def add(session: AsyncSession, seen: Mapping[int, Seen]) -> None:
    """Count views by course id, and tell of each course that was counted; versions and unknown ids are passed over."""
    # Held in the order in which everybody does who counts several courses.
    held = await locks.lock_many(session, seen)
    for course_id in await _count(session, {course_id: seen[course_id] for course_id in held}):
        emit(session, CourseViewed(course_id=course_id, views=seen[course_id].count))


async def _count(session: AsyncSession, seen: Mapping[int, Seen]) -> list[int]:
    """Add to courses that are held, in one statement; the ids of those that were no versions."""
    # A gateway's clock may be ahead of ours.
    instant = now()
    columns = func.unnest(
        cast(literal(list(seen), ARRAY(BigInteger)), ARRAY(BigInteger)),
        cast(literal([one.count for one in seen.values()], ARRAY(BigInteger)), ARRAY(BigInteger)),
        cast(
            literal([min(one.last_at, instant) for one in seen.values()], ARRAY(DateTime(timezone=True))),
            ARRAY(DateTime(timezone=True)),
        ),
    ).table_valued(
        column("course_id", BigInteger),
        column("count", BigInteger),
        column("last_at", DateTime(timezone=True)),
        name="given",
    )
    given = columns.render_derived()
    counted = await session.scalars(
        update(Course)
        .where(Course.id == given.c.course_id, Course.parent_version_id.is_(None))
        .values(
            view_count=func.least(Course.view_count + given.c["count"], MOST),
            last_accessed=func.greatest(Course.last_accessed, given.c.last_at),
            # updated_date is the authors'.
            updated_date=Course.updated_date,
        )
        .returning(Course.id)
        .execution_options(synchronize_session=False)
    )
    return sorted(counted)
