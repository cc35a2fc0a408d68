"""Every statement on the statistics of instructors."""

from collections.abc import Collection, Iterable, Sequence
from datetime import date
from typing import Any, cast

import orjson
from sqlalchemy import Table, select, text
from sqlalchemy.ext.asyncio import AsyncSession

from analytics.instructor_statistics import models, rules
from analytics.rows import Rows

PROFILES = Rows(rules.Profile, cast(Table, models.FoldProfile.__table__))
SHARES = Rows(rules.Share, cast(Table, models.FoldShare.__table__))
TEACHERS = Rows(rules.Teacher, cast(Table, models.FoldTeacher.__table__))
REVENUES = Rows(rules.Revenue, cast(Table, models.FoldRevenue.__table__))

TABLES = (
    "fold_profile",
    "fold_share",
    "fold_teacher",
    "fold_teacher_student",
    "fold_revenue",
    "content_instructorstatistics",
    "instructor_portal_instructoranalytics",
)
"""Everything that is folded here, to be made again by a rebuild."""

NOTHING_EARNED = rules.Earnings()

_SHARE = "SELECT course_id, user_id, effective_from, version, percentage FROM fold_share"

# Counts and finds in one go who became, and who ceased to be, a student of the instructor at all.
_COUNT_STUDENTS = text("""
    WITH turned AS (
        SELECT teacher_id, student_id, CAST(sum(sign) AS integer) AS sign
          FROM unnest(CAST(:teachers AS bigint[]), CAST(:students AS bigint[]), CAST(:signs AS integer[]))
            AS turn (teacher_id, student_id, sign)
         GROUP BY teacher_id, student_id HAVING sum(sign) <> 0 ORDER BY teacher_id, student_id),
    counted AS (
        INSERT INTO fold_teacher_student AS known (teacher_id, student_id, courses)
        SELECT teacher_id, student_id, sign FROM turned
            ON CONFLICT (teacher_id, student_id) DO UPDATE SET courses = known.courses + excluded.courses
        RETURNING new.teacher_id AS teacher_id, coalesce(old.courses, 0) AS before, new.courses AS after)
    SELECT teacher_id,
           count(*) FILTER (WHERE before = 0 AND after > 0) - count(*) FILTER (WHERE before > 0 AND after = 0)
      FROM counted GROUP BY teacher_id
""")

_FORGET_NONE = text(
    "DELETE FROM fold_teacher_student WHERE courses = 0 AND teacher_id = ANY(CAST(:teachers AS bigint[]))"
)

_EARNINGS = text("""
    SELECT user_id, sum(amount), coalesce(sum(amount) FILTER (WHERE month = CAST(:month AS date)), 0)
      FROM fold_revenue WHERE user_id = ANY(CAST(:users AS bigint[])) GROUP BY user_id
""")

_UPSERT_STATISTICS = text("""
    INSERT INTO content_instructorstatistics
        (user_id, courses_created, total_students, average_rating, last_updated)
    SELECT user_id, courses_created, total_students, average_rating, coalesce(last_updated, now())
      FROM json_populate_recordset(NULL::content_instructorstatistics, CAST(CAST(:rows AS text) AS json))
        ON CONFLICT (user_id) DO UPDATE SET
           courses_created = excluded.courses_created, total_students = excluded.total_students,
           average_rating = excluded.average_rating, last_updated = excluded.last_updated
""")

_UPSERT_ANALYTICS = text("""
    INSERT INTO instructor_portal_instructoranalytics
        (instructor_id, total_students, total_courses, average_rating, total_reviews, total_revenue,
         completion_rate, student_satisfaction_rate, monthly_revenue, last_updated)
    SELECT p.profile_id, r.total_students, r.total_courses, r.average_rating, r.total_reviews, r.total_revenue,
           r.completion_rate, r.student_satisfaction_rate, r.monthly_revenue, coalesce(r.last_updated, now())
      FROM json_to_recordset(CAST(CAST(:rows AS text) AS json)) AS r (
           user_id bigint, total_students integer, total_courses integer, average_rating numeric,
           total_reviews integer, total_revenue numeric, completion_rate numeric,
           student_satisfaction_rate numeric, monthly_revenue numeric, last_updated timestamptz)
      JOIN fold_profile p ON p.user_id = r.user_id
        ON CONFLICT (instructor_id) DO UPDATE SET
           total_students = excluded.total_students, total_courses = excluded.total_courses,
           average_rating = excluded.average_rating, total_reviews = excluded.total_reviews,
           total_revenue = excluded.total_revenue, completion_rate = excluded.completion_rate,
           student_satisfaction_rate = excluded.student_satisfaction_rate,
           monthly_revenue = excluded.monthly_revenue, last_updated = excluded.last_updated
""")

_DECAY = text("""
    UPDATE instructor_portal_instructoranalytics a SET monthly_revenue = due.amount
      FROM (SELECT p.profile_id, coalesce(round(sum(r.amount), 2), 0) AS amount
              FROM fold_profile p
              LEFT JOIN fold_revenue r ON r.user_id = p.user_id AND r.month = CAST(:month AS date)
             GROUP BY p.profile_id) AS due
     WHERE due.profile_id = a.instructor_id AND a.monthly_revenue <> due.amount
""")


async def shares_of(session: AsyncSession, courses: Collection[int]) -> list[rules.Share]:
    """The history of the shares of these courses."""
    if not courses:
        return []
    found = await session.execute(
        text(f"{_SHARE} WHERE course_id = ANY(CAST(:courses AS bigint[]))"), {"courses": sorted(courses)}
    )
    return [rules.Share(*row) for row in found]


async def shares_by(session: AsyncSession, user_id: int) -> list[rules.Share]:
    """The history of a user's shares."""
    found = await session.execute(text(f"{_SHARE} WHERE user_id = :user_id"), {"user_id": user_id})
    return [rules.Share(*row) for row in found]


async def count_students(session: AsyncSession, turns: Sequence[tuple[int, int, int]]) -> dict[int, int]:
    """Count (teacher, student, +1 or -1) turns; by how many distinct students each teacher now has more."""
    if not turns:
        return {}
    given = {name: [turn[at] for turn in turns] for at, name in enumerate(("teachers", "students", "signs"))}
    more = {row[0]: row[1] for row in await session.execute(_COUNT_STUDENTS, given)}
    await session.execute(_FORGET_NONE, {"teachers": sorted(more)})
    return more


async def replace_revenue(
    session: AsyncSession, pairs: Collection[tuple[int, int]], rows: Iterable[rules.Revenue]
) -> None:
    """Write all the revenue of these (course, user) anew."""
    if not pairs:
        return
    await session.execute(
        text(
            "DELETE FROM fold_revenue WHERE (course_id, user_id) IN "
            "(SELECT * FROM unnest(CAST(:courses AS bigint[]), CAST(:users AS bigint[])))"
        ),
        {"courses": [pair[0] for pair in pairs], "users": [pair[1] for pair in pairs]},
    )
    await REVENUES.save(session, rows)


async def earnings(session: AsyncSession, users: Collection[int], month: date) -> dict[int, rules.Earnings]:
    """What each of these users earned in all, and in the month that begins with this day."""
    found = await session.execute(_EARNINGS, {"users": sorted(users), "month": month})
    return {row[0]: rules.Earnings(row[1], row[2]) for row in found}


async def write_statistics(session: AsyncSession, rows: Sequence[dict[str, Any]]) -> None:
    """Write the rows of both tables; who has no profile has none in the second."""
    if rows:
        document = orjson.dumps(rows, default=str).decode()
        await session.execute(_UPSERT_STATISTICS, {"rows": document})
        await session.execute(_UPSERT_ANALYTICS, {"rows": document})


async def refresh_monthly_revenue(session: AsyncSession, month: date) -> None:
    """Bring every monthly revenue to that of the month that begins with this day."""
    await session.execute(_DECAY, {"month": month})


async def note_recalculated(session: AsyncSession) -> None:
    """Every row was computed from the beginning just now."""
    await session.execute(text("UPDATE instructor_portal_instructoranalytics SET last_calculated = now()"))


async def give_to_tombstone(session: AsyncSession, user_id: int, tombstone_id: int) -> None:
    """Write the tombstone over the user whose profile it was, and remove their own rows."""
    await session.execute(
        text("UPDATE fold_profile SET user_id = :tombstone_id WHERE user_id = :user_id"),
        {"user_id": user_id, "tombstone_id": tombstone_id},
    )
    for table in (
        "fold_share",
        "fold_revenue",
        "fold_teacher",
        "content_instructorstatistics",
    ):
        await session.execute(
            text(f"DELETE FROM {table} WHERE user_id = :user_id"),  # noqa: S608 - our own names
            {"user_id": user_id},
        )


async def profile_of(session: AsyncSession, user_id: int) -> int | None:
    """The user's instructor profile."""
    statement = select(models.FoldProfile.profile_id).where(models.FoldProfile.user_id == user_id)
    return (await session.scalars(statement.order_by(models.FoldProfile.profile_id).limit(1))).one_or_none()


async def user_of(session: AsyncSession, profile_id: int) -> int | None:
    """Whose profile it is."""
    statement = select(models.FoldProfile.user_id).where(models.FoldProfile.profile_id == profile_id)
    return (await session.scalars(statement)).one_or_none()


async def statistics(
    session: AsyncSession, user_id: int | None, profile_id: int | None
) -> tuple[models.InstructorStatistics | None, models.InstructorAnalytics | None]:
    """An instructor's row in either table, where there is one."""
    mine = select(models.InstructorStatistics).where(models.InstructorStatistics.user_id == user_id)
    analytics = select(models.InstructorAnalytics).where(
        models.InstructorAnalytics.instructor_id == profile_id
    )
    return (
        (await session.scalars(mine)).one_or_none() if user_id is not None else None,
        (await session.scalars(analytics)).one_or_none() if profile_id is not None else None,
    )
