"""Every event there is, listed by hand: what is not in this list is published by nobody.

Listed and not collected, so that importing a module never changes what a process understands.
"""

from types import MappingProxyType
from typing import Final

from contracts.assessment import (
    AssessmentChanged,
    AssessmentRemoved,
    AttemptGraded,
    AttemptStarted,
    AttemptSubmitted,
)
from contracts.catalog import (
    CategoryChanged,
    CourseChanged,
    CourseDeleted,
    CoursePublished,
    CourseUnpublished,
    CourseViewed,
    ResourceDownloaded,
    ReviewChanged,
    ReviewRemoved,
)
from contracts.envelope import Event
from contracts.identity import (
    SessionRevoked,
    SubscriptionChanged,
    UserChanged,
    UserDeactivated,
    UserEmailVerified,
    UserErased,
    UserLoggedIn,
    UserRegistered,
)
from contracts.instructor import (
    CoInstructorChanged,
    CoInstructorRemoved,
    CourseSessionPublished,
    InstructorApplied,
    InstructorChanged,
    TemplateUsed,
)
from contracts.learning import (
    BookmarkCreated,
    BookmarkRemoved,
    CertificateIssued,
    CertificateRevoked,
    CourseCompleted,
    EnrollmentCreated,
    EnrollmentDropped,
    EnrollmentProgressChanged,
    EnrollmentRefunded,
    LessonCompleted,
    LessonProgressed,
    NoteCreated,
    NoteRemoved,
)
from contracts.platform import ErasureCompleted, TaskDeclared, TaskFinished
from contracts.schedule import TaskDue

EVENTS: Final[tuple[type[Event], ...]] = (
    # identity.events
    UserRegistered,
    UserEmailVerified,
    UserChanged,
    UserDeactivated,
    UserErased,
    UserLoggedIn,
    SessionRevoked,
    SubscriptionChanged,
    # catalog.events
    CategoryChanged,
    CourseChanged,
    CoursePublished,
    CourseUnpublished,
    CourseDeleted,
    CourseViewed,
    ResourceDownloaded,
    ReviewChanged,
    ReviewRemoved,
    # learning.events
    EnrollmentCreated,
    EnrollmentDropped,
    EnrollmentRefunded,
    LessonProgressed,
    LessonCompleted,
    CourseCompleted,
    EnrollmentProgressChanged,
    CertificateIssued,
    CertificateRevoked,
    NoteCreated,
    NoteRemoved,
    BookmarkCreated,
    BookmarkRemoved,
    # assessment.events
    AssessmentChanged,
    AssessmentRemoved,
    AttemptStarted,
    AttemptSubmitted,
    AttemptGraded,
    # instructor.events
    InstructorApplied,
    InstructorChanged,
    CoInstructorChanged,
    CoInstructorRemoved,
    TemplateUsed,
    CourseSessionPublished,
    # schedule.events
    TaskDue,
    # platform.events
    TaskDeclared,
    TaskFinished,
    ErasureCompleted,
)

_BY_TYPE: Final = MappingProxyType({event.event_type: event for event in EVENTS})
if len(_BY_TYPE) != len(EVENTS):
    raise TypeError("two events of the registry claim the same type")

_TOPICS: Final = tuple(dict.fromkeys(event.topic for event in EVENTS))


def lookup(event_type: str) -> type[Event] | None:
    """The class of a CloudEvents type; None for one this release does not know."""
    return _BY_TYPE.get(event_type)


def topics() -> tuple[str, ...]:
    """Every topic of the platform, one per publishing context."""
    return _TOPICS
