"""Every statement on the statistics of users."""

from collections.abc import Collection
from datetime import date
from typing import Any, cast

import orjson
from sqlalchemy import Table, select, text
from sqlalchemy.ext.asyncio import AsyncSession

from analytics.rows import Rows
from analytics.user_statistics import models, rules

USERS = Rows(rules.User, cast(Table, models.FoldUser.__table__))
DAYS = Rows(rules.UserDay, cast(Table, models.FoldUserDay.__table__))

TABLES = ("fold_user", "fold_user_day", "courses_userstats", "content_userlearningstatistics")
"""Everything that is folded here, to be made again by a rebuild."""

_UPSERT_STATS = text("""
    INSERT INTO courses_userstats
        (user_id, courses_enrolled, courses_completed, total_time_spent_seconds, assessment_avg_score,
         last_activity, activity_streak, learning_habits)
    SELECT user_id, courses_enrolled, courses_completed, total_time_spent_seconds, assessment_avg_score,
           last_activity, activity_streak, learning_habits
      FROM json_populate_recordset(NULL::courses_userstats, CAST(CAST(:rows AS text) AS json))
        ON CONFLICT (user_id) DO UPDATE SET
           courses_enrolled = excluded.courses_enrolled, courses_completed = excluded.courses_completed,
           total_time_spent_seconds = excluded.total_time_spent_seconds,
           assessment_avg_score = excluded.assessment_avg_score, last_activity = excluded.last_activity,
           activity_streak = excluded.activity_streak, learning_habits = excluded.learning_habits,
           updated_date = now()
""")

_UPSERT_LEARNING = text("""
    INSERT INTO content_userlearningstatistics
        (user_id, courses_completed, hours_spent, average_score, last_updated)
    SELECT user_id, courses_completed, hours_spent, average_score, coalesce(last_updated, now())
      FROM json_populate_recordset(NULL::content_userlearningstatistics, CAST(CAST(:rows AS text) AS json))
        ON CONFLICT (user_id) DO UPDATE SET
           courses_completed = excluded.courses_completed, hours_spent = excluded.hours_spent,
           average_score = excluded.average_score, last_updated = excluded.last_updated
""")

# Counted backwards from the last day, day + number stays the same for as long as no day is missing.
_RUNS = text("""
    SELECT user_id, max(day), count(*) FILTER (WHERE day + number = last_day + 1)
      FROM (SELECT user_id, day, max(day) OVER (PARTITION BY user_id) AS last_day,
                   CAST(row_number() OVER (PARTITION BY user_id ORDER BY day DESC) AS integer) AS number
              FROM fold_user_day WHERE user_id = ANY(CAST(:users AS bigint[]))) AS numbered
     GROUP BY user_id
""")

_DECAY = text("""
    UPDATE courses_userstats s SET activity_streak = due.streak, updated_date = now()
      FROM (SELECT user_id, CASE WHEN last_day >= CAST(:today AS date) - 1 THEN run ELSE 0 END AS streak
              FROM fold_user) AS due
     WHERE due.user_id = s.user_id AND s.activity_streak <> due.streak
""")


async def write_statistics(session: AsyncSession, users: Collection[rules.User], today: date) -> None:
    """Write the statistic rows of these users."""
    if not users:
        return
    ordered = sorted(users, key=lambda user: user.user_id)
    stats = [rules.statistics_of(user, today) for user in ordered]
    learning = [rules.learning_statistics_of(user) for user in ordered]
    await session.execute(_UPSERT_STATS, {"rows": orjson.dumps(stats, default=str).decode()})
    await session.execute(_UPSERT_LEARNING, {"rows": orjson.dumps(learning, default=str).decode()})


async def runs(session: AsyncSession, users: Collection[int]) -> dict[int, tuple[date, int]]:
    """The last active day of each user who has one, and how many days in a row end with it."""
    if not users:
        return {}
    found = await session.execute(_RUNS, {"users": sorted(users)})
    return {row[0]: (row[1], row[2]) for row in found}


async def days_of(session: AsyncSession, user_id: int) -> list[rules.UserDay]:
    """All active days of a user."""
    found = await session.execute(
        text("SELECT user_id, day, moments FROM fold_user_day WHERE user_id = :user_id"), {"user_id": user_id}
    )
    return [rules.UserDay(*row) for row in found]


async def forget(session: AsyncSession, user_id: int) -> None:
    """Remove an erased user's rows; what they counted is counted for the tombstone by now."""
    for table in TABLES:
        await session.execute(
            text(f"DELETE FROM {table} WHERE user_id = :user_id"),  # noqa: S608 - our own names
            {"user_id": user_id},
        )


async def refresh_streaks(session: AsyncSession, today: date) -> None:
    """Bring every streak to what it is on `today`."""
    await session.execute(_DECAY, {"today": today})


async def statistics(session: AsyncSession, user_id: int) -> dict[str, Any] | None:
    """Both of the user's rows as one; None where there are none yet."""
    statement = (
        select(models.UserStats, models.UserLearningStatistics)
        .join(
            models.UserLearningStatistics,
            models.UserLearningStatistics.user_id == models.UserStats.user_id,
            isouter=True,
        )
        .where(models.UserStats.user_id == user_id)
    )
    found = (await session.execute(statement)).one_or_none()
    if found is None:
        return None
    stats, learning = found
    return {
        **{column.key: getattr(stats, column.key) for column in stats.__table__.columns},
        "hours_spent": learning.hours_spent if learning else 0,
        "average_score": learning.average_score if learning else 0.0,
        "last_updated": learning.last_updated if learning else None,
    }
