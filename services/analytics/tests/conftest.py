"""What the tests of analytics share: databases to fold into, and the statistics as tables of plain values."""

import sys
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from datetime import datetime
from pathlib import Path
from typing import Any

import pytest
from analytics.facts.rules import Fact
from analytics.folding import service as folding
from chassis.db import Database
from chassis.settings import ServiceSettings
from chassis.testing import ServiceUnderTest, with_driver
from sqlalchemy import text

# The simulator and the oracle are a package beside the tests; tests themselves are no package.
sys.path.insert(0, str(Path(__file__).parent))


@pytest.fixture(scope="session")
def service() -> ServiceUnderTest:
    return ServiceUnderTest("analytics")


NewDatabase = Callable[[], Awaitable[Database]]


@pytest.fixture
async def new_database(
    database_of: Callable[[str], Awaitable[str]], settings: ServiceSettings
) -> AsyncIterator[NewDatabase]:
    """`await new_database()`: one more migrated and empty database, for tests that fold the same story twice."""
    made = []

    async def make() -> Database:
        url = with_driver(await database_of("analytics"))
        made.append(Database(settings.model_copy(update={"database_url": url}), process="test"))
        return made[-1]

    yield make
    for database in made:
        await database.close()


async def take_in(database: Database, facts: Sequence[Fact], now: datetime) -> None:
    """One batch, in one transaction."""
    async with database.transaction() as session:
        await folding.take_in(session, facts, now)


@pytest.fixture(scope="session")
def fold_in() -> Callable[[Database, Sequence[Fact], datetime], Awaitable[None]]:
    return take_in


STATISTICS = {
    "users": (
        "SELECT s.user_id AS key, courses_enrolled, s.courses_completed, total_time_spent_seconds, "
        "assessment_avg_score, last_activity, activity_streak, learning_habits::text, hours_spent, average_score, "
        "last_updated, l.courses_completed = s.courses_completed AS agree "
        "FROM courses_userstats s FULL JOIN content_userlearningstatistics l ON l.user_id = s.user_id"
    ),
    "courses": (
        "SELECT course_id AS key, total_students, active_students, completion_count, average_completion_days, "
        "engagement_score, assessment_stats::text, revenue_data::text FROM courses_coursestats"
    ),
    "platform": (
        "SELECT id AS key, total_courses, total_students, total_instructors, total_lessons_completed, "
        "total_certificates_issued, last_updated FROM content_platformstatistics"
    ),
    "instructors": (
        "SELECT user_id AS key, courses_created, total_students, average_rating, last_updated "
        "FROM content_instructorstatistics"
    ),
    "profiles": (
        "SELECT instructor_id AS key, total_students, total_courses, average_rating, total_reviews, total_revenue, "
        "completion_rate, student_satisfaction_rate, monthly_revenue, last_updated "
        "FROM instructor_portal_instructoranalytics"
    ),
}
"""Every column of every statistic, but for row ids and the times at which rows were written."""

FOLD_TABLES = (
    *("fold_enrollment", "fold_lesson", "fold_attempt", "fold_writing", "fold_purchase", "fold_certificate"),
    *("fold_user", "fold_user_day", "fold_course", "fold_participant", "fold_assessment", "fold_question"),
    *("fold_month", "fold_profile", "fold_teaching", "fold_share", "fold_teacher", "fold_teacher_student"),
    "fold_revenue",
)

Tables = dict[str, dict[Any, dict[str, Any]]]


async def read_tables(database: Database) -> Tables:
    """All statistics, by table and key."""
    tables: Tables = {}
    async with database.transaction() as session:
        for name, statement in STATISTICS.items():
            rows = (await session.execute(text(statement))).mappings()
            tables[name] = {row["key"]: {k: v for k, v in row.items() if k != "key"} for row in rows}
    return tables


async def read_state(database: Database) -> dict[str, list[str]]:
    """Every row of every fold table, as text, sorted."""
    async with database.transaction() as session:
        return {
            table: sorted(await session.scalars(text(f"SELECT t::text FROM {table} t")))
            for table in FOLD_TABLES
        }


@pytest.fixture(scope="session")
def tables_of() -> Callable[[Database], Awaitable[Tables]]:
    return read_tables


@pytest.fixture(scope="session")
def state_of() -> Callable[[Database], Awaitable[dict[str, list[str]]]]:
    return read_state
