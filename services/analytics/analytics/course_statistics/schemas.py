"""The statistics of a course as those who teach it see them."""

from decimal import Decimal

from chassis.schemas import Identifier, Instant, Money, OutputModel
from pydantic import ConfigDict, Field

from analytics.freshness.schemas import FreshOut


class QuestionStatistics(OutputModel):
    """How often a question was answered, and rightly, in graded attempts."""

    answered: int
    correct: int


class AssessmentStatistics(OutputModel):
    """What the attempts at an assessment came to; `questions` by their ids."""

    attempts: int
    graded: int
    passed: int
    average_percent: float
    questions: dict[str, QuestionStatistics]


class RevenueStatistics(OutputModel):
    """What purchases brought, refunds taken off in the month of their purchase; `by_month` by `2026-11`."""

    total: Money = Decimal(0)
    by_month: dict[str, Money] = Field(default_factory=dict)
    purchases: int = 0
    refunds: int = 0


class CourseStatisticsOut(FreshOut):
    """How a course does. `engagement_score` is between 0 and 100; `assessment_stats` goes by assessment ids."""

    model_config = ConfigDict(
        json_schema_extra={
            "examples": [
                {
                    "as_of": "2026-11-22T20:12:00.250000Z",
                    "lag_seconds": 0.041,
                    "course_id": 12,
                    "total_students": 2,
                    "active_students": 2,
                    "completion_count": 1,
                    "average_completion_days": 7,
                    "engagement_score": 72.5,
                    "assessment_stats": {
                        "21": {
                            "attempts": 2,
                            "graded": 1,
                            "passed": 1,
                            "average_percent": 80.0,
                            "questions": {"900": {"answered": 1, "correct": 1}},
                        }
                    },
                    "revenue_data": {
                        "total": "39.00",
                        "by_month": {"2026-11": "39.00"},
                        "purchases": 2,
                        "refunds": 1,
                    },
                    "created_date": "2026-11-20T20:00:00.040000Z",
                    "updated_date": "2026-11-22T20:12:00.291000Z",
                }
            ]
        }
    )

    course_id: Identifier
    total_students: int = 0
    active_students: int = 0
    completion_count: int = 0
    average_completion_days: int = 0
    engagement_score: float = 0.0
    assessment_stats: dict[str, AssessmentStatistics] = Field(default_factory=dict)
    revenue_data: RevenueStatistics = RevenueStatistics()
    created_date: Instant | None = None
    updated_date: Instant | None = None
