"""The tables of learning: `metadata` is whole once this module is imported."""

import chassis.tables  # noqa: F401 - outbox, dead letters and the like join the metadata
from chassis.db import Base

from learning.activity.models import Activity
from learning.bookmarks.models import Bookmark
from learning.certificates.models import Certificate
from learning.course_mirror.models import CourseRecount, MirrorCourse, MirrorLesson, Removal
from learning.enrollments.models import Enrollment
from learning.notes.models import Note
from learning.notifications.models import Notification
from learning.payments.models import Purchase, SandboxCharge
from learning.people.models import MirrorSubscription, MirrorUser
from learning.preferences.models import UserPreference
from learning.progress.models import CourseProgress, Progress
from learning.teaching.models import MirrorInstructor, MirrorTeaching

metadata = Base.metadata

__all__ = [
    "Activity",
    "Bookmark",
    "Certificate",
    "CourseProgress",
    "CourseRecount",
    "Enrollment",
    "MirrorCourse",
    "MirrorInstructor",
    "MirrorLesson",
    "MirrorSubscription",
    "MirrorTeaching",
    "MirrorUser",
    "Note",
    "Notification",
    "Progress",
    "Purchase",
    "Removal",
    "SandboxCharge",
    "UserPreference",
    "metadata",
]
