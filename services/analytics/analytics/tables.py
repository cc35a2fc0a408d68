"""The tables of analytics: `metadata` is whole once this module is imported."""

import chassis.tables  # noqa: F401 - outbox, dead letters and the like join the metadata
from chassis.db import Base

from analytics.course_statistics.models import (
    CourseStats,
    FoldAssessment,
    FoldCourse,
    FoldMonth,
    FoldParticipant,
    FoldQuestion,
)
from analytics.entities.models import (
    FoldAttempt,
    FoldCertificate,
    FoldEnrollment,
    FoldLesson,
    FoldPurchase,
    FoldWriting,
)
from analytics.facts.models import OtherFact, UserActivity
from analytics.folding.models import Rebuild
from analytics.freshness.models import FoldWatermark
from analytics.instructor_statistics.models import (
    FoldProfile,
    FoldRevenue,
    FoldShare,
    FoldTeacher,
    FoldTeacherStudent,
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
from analytics.teaching.models import FoldTeaching
from analytics.user_statistics.models import FoldUser, FoldUserDay, UserLearningStatistics, UserStats

metadata = Base.metadata

__all__ = [
    "ClockedSchedule",
    "CourseStats",
    "CrontabSchedule",
    "FoldAssessment",
    "FoldAttempt",
    "FoldCertificate",
    "FoldCourse",
    "FoldEnrollment",
    "FoldLesson",
    "FoldMonth",
    "FoldParticipant",
    "FoldProfile",
    "FoldPurchase",
    "FoldQuestion",
    "FoldRevenue",
    "FoldShare",
    "FoldTeacher",
    "FoldTeacherStudent",
    "FoldTeaching",
    "FoldUser",
    "FoldUserDay",
    "FoldWatermark",
    "FoldWriting",
    "InstructorAnalytics",
    "InstructorAnalyticsHistory",
    "InstructorStatistics",
    "IntervalSchedule",
    "OtherFact",
    "PeriodicTask",
    "PeriodicTasks",
    "PlatformStatistics",
    "Rebuild",
    "SolarSchedule",
    "UserActivity",
    "UserLearningStatistics",
    "UserStats",
    "metadata",
]
