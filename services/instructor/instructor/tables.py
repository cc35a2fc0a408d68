"""The tables of instructor: `metadata` is whole once this module is imported."""

import chassis.tables  # noqa: F401 - outbox, dead letters and the like join the metadata
from chassis.db import Base

from instructor.ai_drafts.models import AICourseBuilderDraft
from instructor.co_teaching.models import CourseInstructor, TaughtCourse
from instructor.course_sessions.models import CourseContentDraft, CourseCreationSession, DraftCourseContent
from instructor.course_templates.models import CourseTemplate
from instructor.dashboards.models import InstructorDashboard
from instructor.notifications.models import InstructorNotification
from instructor.people.models import Person
from instructor.profiles.models import InstructorExpertiseArea, InstructorProfile
from instructor.sessions.models import InstructorSession

metadata = Base.metadata

__all__ = [
    "AICourseBuilderDraft",
    "CourseContentDraft",
    "CourseCreationSession",
    "CourseInstructor",
    "CourseTemplate",
    "DraftCourseContent",
    "InstructorDashboard",
    "InstructorExpertiseArea",
    "InstructorNotification",
    "InstructorProfile",
    "InstructorSession",
    "Person",
    "TaughtCourse",
    "metadata",
]
