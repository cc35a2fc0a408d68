"""What a run of events says about enrollments, in whatever order it came."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime

from contracts.learning import EnrollmentCreated, EnrollmentDropped


@dataclass(frozen=True, slots=True)
class Enrollment:
    enrollment_id: int
    version: int
    user_id: int
    course_id: int
    is_active: bool
    enrolled_at: datetime | None


def of_event(event: EnrollmentCreated | EnrollmentDropped) -> Enrollment:
    created = isinstance(event, EnrollmentCreated)
    return Enrollment(
        enrollment_id=event.enrollment_id,
        version=event.version,
        user_id=event.user_id,
        course_id=event.course_id,
        is_active=created,
        enrolled_at=event.enrolled_at if isinstance(event, EnrollmentCreated) else None,
    )


def newest(events: Iterable[EnrollmentCreated | EnrollmentDropped]) -> list[Enrollment]:
    """One state per enrollment, ascending by id: that of the greatest version, with the latest enrolling."""
    found: dict[int, Enrollment] = {}
    for enrollment in map(of_event, events):
        known = found.get(enrollment.enrollment_id)
        found[enrollment.enrollment_id] = enrollment if known is None else merged(known, enrollment)
    return [found[key] for key in sorted(found)]


def merged(one: Enrollment, other: Enrollment) -> Enrollment:
    """The newer of two states of one enrollment; whichever is older may still know of a later enrolling."""
    newer = one if one.version >= other.version else other
    times = [each.enrolled_at for each in (one, other) if each.enrolled_at is not None]
    return Enrollment(
        enrollment_id=newer.enrollment_id,
        version=newer.version,
        user_id=newer.user_id,
        course_id=newer.course_id,
        is_active=newer.is_active,
        enrolled_at=max(times, default=None),
    )
