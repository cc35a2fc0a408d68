"""The rows of the entities, and the few questions asked of them as sets."""

from collections.abc import Collection, Sequence
from datetime import date, datetime
from decimal import Decimal
from typing import cast

from sqlalchemy import Table, text
from sqlalchemy.ext.asyncio import AsyncSession

from analytics.entities import models, rules
from analytics.rows import Rows

ENROLLMENTS = Rows(rules.Enrollment, cast(Table, models.FoldEnrollment.__table__))
LESSONS = Rows(rules.Lesson, cast(Table, models.FoldLesson.__table__))
ATTEMPTS = Rows(rules.Attempt, cast(Table, models.FoldAttempt.__table__))
WRITINGS = Rows(rules.Writing, cast(Table, models.FoldWriting.__table__))
PURCHASES = Rows(rules.Purchase, cast(Table, models.FoldPurchase.__table__))
CERTIFICATES = Rows(rules.Certificate, cast(Table, models.FoldCertificate.__table__))

TABLES = tuple(rows.name for rows in (ENROLLMENTS, LESSONS, ATTEMPTS, WRITINGS, PURCHASES, CERTIFICATES))
"""Everything that is folded here, to be made again by a rebuild."""

_LATEST_OF_USERS = text("""
    SELECT wanted.user_id, latest.created_at
      FROM unnest(CAST(:users AS bigint[])) AS wanted (user_id),
   LATERAL (SELECT created_at FROM fold_writing w
             WHERE w.user_id = wanted.user_id AND NOT w.removed AND w.created_at IS NOT NULL
             ORDER BY created_at DESC LIMIT 1) AS latest
""")

_LATEST_IN_COURSES = text("""
    SELECT wanted.course_id, wanted.user_id, latest.created_at
      FROM unnest(CAST(:courses AS bigint[]), CAST(:users AS bigint[])) AS wanted (course_id, user_id),
   LATERAL (SELECT created_at FROM fold_writing w
             WHERE w.course_id = wanted.course_id AND w.user_id = wanted.user_id
               AND NOT w.removed AND w.created_at IS NOT NULL
             ORDER BY created_at DESC LIMIT 1) AS latest
""")


_NET_BY_MONTH = text("""
    SELECT CAST(i.number AS integer) - 1, CAST(date_trunc('month', p.purchased_at, 'UTC') AS date),
           sum(greatest(p.price - p.refunded, 0))
      FROM unnest(CAST(:starts AS timestamptz[]), CAST(:ends AS timestamptz[]))
           WITH ORDINALITY AS i (since, until, number)
      JOIN fold_purchase p ON p.course_id = :course_id AND p.purchased_at >= i.since
       AND (i.until IS NULL OR p.purchased_at < i.until)
     GROUP BY 1, 2
""")


async def latest_writings(session: AsyncSession, users: Collection[int]) -> dict[int, datetime]:
    """When each of these users wrote the latest of the notes, bookmarks and reviews that still exist."""
    if not users:
        return {}
    found = await session.execute(_LATEST_OF_USERS, {"users": sorted(users)})
    return {row[0]: row[1] for row in found}


async def latest_writings_in_courses(
    session: AsyncSession, pairs: Collection[tuple[int, int]]
) -> dict[tuple[int, int], datetime]:
    """The same by (course, user)."""
    if not pairs:
        return {}
    ordered = sorted(pairs)
    given = {"courses": [pair[0] for pair in ordered], "users": [pair[1] for pair in ordered]}
    return {(row[0], row[1]): row[2] for row in await session.execute(_LATEST_IN_COURSES, given)}


async def give_to_tombstone(session: AsyncSession, user_id: int, tombstone_id: int) -> None:
    """Write the tombstone over a user in every entity."""
    for table in ("fold_enrollment", "fold_attempt", "fold_writing"):
        await session.execute(
            text(f"UPDATE {table} SET user_id = :tombstone_id WHERE user_id = :user_id"),  # noqa: S608 - our own names
            {"user_id": user_id, "tombstone_id": tombstone_id},
        )


async def net_by_month(
    session: AsyncSession, course_id: int, intervals: Sequence[tuple[datetime, datetime | None]]
) -> list[tuple[int, date, Decimal]]:
    """What is left of the course's purchases: the number of the half-open interval, the month, the sum."""
    given = {
        "course_id": course_id,
        "starts": [start for start, _ in intervals],
        "ends": [end for _, end in intervals],
    }
    return [(row[0], row[1], row[2]) for row in await session.execute(_NET_BY_MONTH, given)]
