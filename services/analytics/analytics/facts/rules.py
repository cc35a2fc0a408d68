"""What a fact is, whose it is, and what of it is kept."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from types import MappingProxyType
from typing import Any, Final
from uuid import UUID

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


@dataclass(frozen=True, slots=True)
class Fact:
    """One event: its id, when it happened, and what it tells. Who it tells of may be a tombstone by now."""

    id: UUID
    time: datetime
    event: Event


OF_USERS: Final[tuple[type[Event], ...]] = (
    UserRegistered,
    UserEmailVerified,
    UserChanged,
    UserDeactivated,
    UserErased,
    UserLoggedIn,
    SessionRevoked,
    SubscriptionChanged,
    ResourceDownloaded,
    ReviewChanged,
    ReviewRemoved,
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
    AttemptStarted,
    AttemptSubmitted,
    AttemptGraded,
)
"""Facts of a user, kept in courses_useractivity. A guest's download is nobody's and goes to the others."""

OF_OTHERS: Final[tuple[type[Event], ...]] = (
    CategoryChanged,
    CourseChanged,
    CoursePublished,
    CourseUnpublished,
    CourseDeleted,
    CourseViewed,
    AssessmentChanged,
    AssessmentRemoved,
    InstructorApplied,
    InstructorChanged,
    CoInstructorChanged,
    CoInstructorRemoved,
    TemplateUsed,
    CourseSessionPublished,
)
"""All other facts, kept in other_facts."""

EVENTS: Final = (*OF_USERS, *OF_OTHERS)

# A person's name, face and whereabouts count for nothing in a statistic, so a fact never holds them: what is not
# kept need not be erased. Blanked and not left out, so that what is kept still reads as its event.
_BLANKS: Final[Mapping[type[Event], Mapping[str, Any]]] = MappingProxyType(
    {
        UserRegistered: {"username": ""},
        UserChanged: {"username": "", "display_name": "", "picture_url": None},
        UserLoggedIn: {"country": None, "city": None},
        InstructorChanged: {
            "display_name": "",
            "title": "",
            "bio": "",
            "organization": "",
            "website": "",
            "linkedin_profile": "",
            "twitter_handle": "",
            "profile_image_url": None,
            "cover_image_url": None,
        },
    }
)

PEOPLE: Final = ("user_id", "created_by_id")
"""The fields of events in which a user's id may stand."""


def type_of(event: Event | type[Event]) -> str:
    """The event's type without its version: `learning.lesson.completed`."""
    return event.event_type.rpartition(".")[0]


BY_TYPE: Final[Mapping[str, type[Event]]] = MappingProxyType({type_of(event): event for event in EVENTS})


def people_in(event: Event) -> set[int]:
    """The users this event names."""
    return {found for name in PEOPLE if (found := getattr(event, name, None)) is not None}


def under_tombstones(event: Event, tombstones: Mapping[int, int]) -> Event:
    """The event with the ids of erased users replaced. UserErased itself keeps nothing but the tombstone."""
    changed = {
        name: tombstones[found]
        for name in PEOPLE
        if (found := getattr(event, name, None)) is not None and found in tombstones
    }
    return event.model_copy(update=changed) if changed else event


def owner_of(event: Event) -> int | None:
    """The user whose activity this is; None for what goes to other_facts."""
    if not isinstance(event, OF_USERS):
        return None
    owner: int | None = getattr(event, "user_id", None)
    return owner


def kept_data(event: Event) -> dict[str, Any]:
    """The payload as it is kept: the event's own JSON, personal data blanked."""
    return {**event.model_dump(mode="json"), **_BLANKS.get(type(event), {})}


def objects_of(event: Event) -> dict[str, int | None]:
    """What the fact is about, by the columns of courses_useractivity."""
    resource_id = getattr(event, "resource_id", None)
    if getattr(event, "content_type", None) == "resource":
        resource_id = getattr(event, "object_id", None)
    return {
        "course_id": getattr(event, "course_id", None),
        "lesson_id": getattr(event, "lesson_id", None),
        "resource_id": resource_id,
        "assessment_id": getattr(event, "assessment_id", None),
    }
