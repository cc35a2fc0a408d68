"""The tables of learning: `metadata` is whole once this module is imported."""

import chassis.tables  # noqa: F401 - outbox, dead letters and the like join the metadata
from chassis.db import Base

from learning.bookmarks.models import Bookmark
from learning.certificates.models import Certificate
from learning.enrollments.models import Enrollment
from learning.notes.models import Note
from learning.notifications.models import Notification
from learning.preferences.models import UserPreference
from learning.progress.models import CourseProgress, Progress

metadata = Base.metadata

__all__ = [
    "Bookmark",
    "Certificate",
    "CourseProgress",
    "Enrollment",
    "Note",
    "Notification",
    "Progress",
    "UserPreference",
    "metadata",
]
