"""The tables of analytics: `metadata` is whole once this module is imported."""

import chassis.tables  # noqa: F401 - outbox, dead letters and the like join the metadata
from chassis.db import Base

from analytics.course_statistics.models import CourseStats
from analytics.facts.models import OtherFact, UserActivity
from analytics.instructor_statistics.models import (
    InstructorAnalytics,
    InstructorAnalyticsHistory,
    InstructorStatistics,
)
from analytics.platform_statistics.models import PlatformStatistics
from analytics.schedules.models import (
    ClockedSchedule,
    CrontabSchedule,
    IntervalSchedule,
    PeriodicTask,
    PeriodicTasks,
    SolarSchedule,
)
from analytics.user_statistics.models import UserLearningStatistics, UserStats

metadata = Base.metadata

__all__ = [
    "ClockedSchedule",
    "CourseStats",
    "CrontabSchedule",
    "InstructorAnalytics",
    "InstructorAnalyticsHistory",
    "InstructorStatistics",
    "IntervalSchedule",
    "OtherFact",
    "PeriodicTask",
    "PeriodicTasks",
    "PlatformStatistics",
    "SolarSchedule",
    "UserActivity",
    "UserLearningStatistics",
    "UserStats",
    "metadata",
]
