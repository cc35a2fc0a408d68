"""Every statement on the statistics of courses."""

from collections.abc import Collection, Iterable
from datetime import date, datetime
from typing import cast

import orjson
from sqlalchemy import Table, select, text
from sqlalchemy.ext.asyncio import AsyncSession

from analytics.course_statistics import models, rules
from analytics.rows import Rows

COURSES = Rows(rules.Course, cast(Table, models.FoldCourse.__table__))
PARTICIPANTS = Rows(rules.Participant, cast(Table, models.FoldParticipant.__table__))
ASSESSMENTS = Rows(rules.Assessment, cast(Table, models.FoldAssessment.__table__))
QUESTIONS = Rows(rules.Question, cast(Table, models.FoldQuestion.__table__))
MONTHS = Rows(rules.Month, cast(Table, models.FoldMonth.__table__))

TABLES = (
    "fold_course",
    "fold_participant",
    "fold_assessment",
    "fold_question",
    "fold_month",
    "courses_coursestats",
)
"""Everything that is folded here, to be made again by a rebuild."""

_UPSERT_STATS = text("""
    INSERT INTO courses_coursestats
        (course_id, total_students, active_students, completion_count, average_completion_days,
         engagement_score, revenue_data)
    SELECT course_id, total_students, active_students, completion_count, average_completion_days,
           engagement_score, jsonb_build_object('total', '0.00', 'by_month', '{}'::jsonb, 'purchases', 0, 'refunds', 0)
      FROM json_populate_recordset(NULL::courses_coursestats, CAST(CAST(:rows AS text) AS json))
        ON CONFLICT (course_id) DO UPDATE SET
           total_students = excluded.total_students, active_students = excluded.active_students,
           completion_count = excluded.completion_count,
           average_completion_days = excluded.average_completion_days,
           engagement_score = excluded.engagement_score, updated_date = now()
""")

_WRITE_ASSESSMENTS = text("""
    UPDATE courses_coursestats s SET assessment_stats = told.stats, updated_date = now()
      FROM (SELECT a.course_id, jsonb_object_agg(a.assessment_id, jsonb_build_object(
                   'attempts', a.attempts, 'graded', a.graded, 'passed', a.passed,
                   'average_percent',
                   CASE WHEN a.scored = 0 THEN 0 ELSE round(round(a.percents / a.scored, 9), 2) END,
                   'questions', coalesce(q.questions, '{}'))) AS stats
              FROM fold_assessment a
              LEFT JOIN LATERAL (SELECT jsonb_object_agg(question_id, jsonb_build_object(
                                        'answered', answered, 'correct', correct)) AS questions
                                   FROM fold_question WHERE assessment_id = a.assessment_id) AS q ON true
             WHERE a.course_id = ANY(CAST(:courses AS bigint[])) AND a.attempts > 0
             GROUP BY a.course_id) AS told
     WHERE told.course_id = s.course_id
""")

_WRITE_REVENUE = text("""
    UPDATE courses_coursestats s SET revenue_data = told.revenue, updated_date = now()
      FROM (SELECT course_id, jsonb_build_object(
                   'total', CAST(sum(net) AS numeric(14, 2))::text,
                   'by_month', jsonb_object_agg(to_char(month, 'YYYY-MM'), net::text),
                   'purchases', sum(purchases), 'refunds', sum(refunds)) AS revenue
              FROM fold_month WHERE course_id = ANY(CAST(:courses AS bigint[])) AND purchases > 0
             GROUP BY course_id) AS told
     WHERE told.course_id = s.course_id
""")

_FALL_STILL = text("""
    UPDATE fold_participant SET is_active = false
     WHERE is_active AND last_on <= CAST(:day AS date) AND greatest(steady_at, written_at) < :before
    RETURNING course_id
""")

_LED = text("""
    SELECT lead_id, count(*) FROM fold_course
     WHERE lead_id = ANY(CAST(:users AS bigint[])) AND first_published_at IS NOT NULL AND NOT is_deleted
     GROUP BY lead_id
""")


async def write_statistics(session: AsyncSession, courses: Collection[rules.Course]) -> None:
    """Write the statistic rows of these courses; those of a deleted course are removed."""
    gone = [course.course_id for course in courses if course.is_deleted]
    ordered = sorted((c for c in courses if not c.is_deleted), key=lambda course: course.course_id)
    if gone:
        await session.execute(
            text("DELETE FROM courses_coursestats WHERE course_id = ANY(CAST(:gone AS bigint[]))"),
            {"gone": gone},
        )
    if ordered:
        rows = orjson.dumps([rules.statistics_of(course) for course in ordered], default=str)
        await session.execute(_UPSERT_STATS, {"rows": rows.decode()})


async def write_assessments(session: AsyncSession, courses: Collection[int]) -> None:
    """Write `assessment_stats` of these courses, which have their rows."""
    if courses:
        await session.execute(_WRITE_ASSESSMENTS, {"courses": sorted(courses)})


async def write_revenue(session: AsyncSession, courses: Collection[int]) -> None:
    """Write `revenue_data` of these courses, which have their rows."""
    if courses:
        await session.execute(_WRITE_REVENUE, {"courses": sorted(courses)})


async def courses_of(session: AsyncSession, user_id: int) -> list[int]:
    """The courses in which a user takes part, or which they lead."""
    found = await session.execute(
        text(
            "SELECT course_id FROM fold_participant WHERE user_id = :user_id "
            "UNION SELECT course_id FROM fold_course WHERE lead_id = :user_id"
        ),
        {"user_id": user_id},
    )
    return [row[0] for row in found]


async def participations(session: AsyncSession, user_id: int) -> list[rules.Participant]:
    """All that a user is in courses."""
    found = await session.execute(
        select(models.FoldParticipant.course_id).where(models.FoldParticipant.user_id == user_id)
    )
    states = await PARTICIPANTS.load(session, [(row[0], user_id) for row in found])
    return list(states.values())


async def students_of(session: AsyncSession, courses: Iterable[int]) -> list[tuple[int, int]]:
    """(course, user) for all students of these courses."""
    found = await session.execute(
        text(
            "SELECT course_id, user_id FROM fold_participant "
            "WHERE course_id = ANY(CAST(:courses AS bigint[])) AND enrolled > 0"
        ),
        {"courses": sorted(courses)},
    )
    return [(row[0], row[1]) for row in found]


async def courses_led(session: AsyncSession, users: Collection[int]) -> dict[int, int]:
    """How many courses ever published each of these users leads."""
    return {row[0]: row[1] for row in await session.execute(_LED, {"users": sorted(users)})}


async def give_lead(session: AsyncSession, user_id: int, tombstone_id: int) -> None:
    """Write the tombstone over a user who led courses."""
    await session.execute(
        text("UPDATE fold_course SET lead_id = :tombstone_id WHERE lead_id = :user_id"),
        {"user_id": user_id, "tombstone_id": tombstone_id},
    )


async def fall_still(session: AsyncSession, before: datetime, day: date) -> list[int]:
    """Take those whose last moment lies before this instant (of this day) as no longer active; their courses, one
    entry each."""
    return [row[0] for row in await session.execute(_FALL_STILL, {"before": before, "day": day})]


async def statistics(session: AsyncSession, course_id: int) -> models.CourseStats | None:
    """The course's row; None where there is none yet."""
    return (
        await session.scalars(select(models.CourseStats).where(models.CourseStats.course_id == course_id))
    ).one_or_none()
