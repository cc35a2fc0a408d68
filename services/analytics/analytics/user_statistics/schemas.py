"""The statistics of a user as a client sees them."""

from chassis.schemas import Identifier, Instant, OutputModel
from pydantic import ConfigDict, Field, JsonValue

from analytics.freshness.schemas import FreshOut

_BY_HOUR: list[JsonValue] = [0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 9, 0, 0, 0]
_BY_WEEKDAY: list[JsonValue] = [3, 0, 0, 0, 0, 2, 4]


class LearningHabits(OutputModel):
    """When a user is active, in UTC."""

    by_hour: list[int] = Field(default_factory=lambda: [0] * 24, description="24 counts, from midnight on.")
    by_weekday: list[int] = Field(default_factory=lambda: [0] * 7, description="7 counts, Monday first.")
    active_days: int = Field(0, description="On how many days there was anything at all.")


class UserStatisticsOut(FreshOut):
    """What a user did and learned. The times are null while there is nothing."""

    model_config = ConfigDict(
        json_schema_extra={
            "examples": [
                {
                    "as_of": "2026-11-22T20:12:00.250000Z",
                    "lag_seconds": 0.041,
                    "user_id": 7,
                    "courses_enrolled": 2,
                    "courses_completed": 1,
                    "total_time_spent_seconds": 5400,
                    "assessment_avg_score": 87.5,
                    "last_activity": "2026-11-22T20:12:00Z",
                    "activity_streak": 3,
                    "learning_habits": {
                        "by_hour": _BY_HOUR,
                        "by_weekday": _BY_WEEKDAY,
                        "active_days": 3,
                    },
                    "hours_spent": 1,
                    "average_score": 87.5,
                    "created_date": "2026-11-20T20:00:00.040000Z",
                    "updated_date": "2026-11-22T20:12:00.291000Z",
                    "last_updated": "2026-11-22T20:12:00.250000Z",
                }
            ]
        }
    )

    user_id: Identifier
    courses_enrolled: int = 0
    courses_completed: int = 0
    total_time_spent_seconds: int = 0
    assessment_avg_score: float = 0.0
    last_activity: Instant | None = None
    activity_streak: int = 0
    learning_habits: LearningHabits = LearningHabits()
    hours_spent: int = 0
    average_score: float = 0.0
    created_date: Instant | None = None
    updated_date: Instant | None = None
    last_updated: Instant | None = None
