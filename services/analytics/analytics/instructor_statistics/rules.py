"""What an instructor's numbers are made of: profiles, who teaches what, shares as a history, and sums over courses."""

from bisect import bisect_right
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal
from typing import Any, Final

from contracts.instructor import (
    CoInstructorChanged,
    InstructorApplied,
    InstructorChanged,
)

from analytics.course_statistics.rules import Course, month_of
from analytics.entities.rules import ZERO, Purchase
from analytics.rounding import half_up, ratio
from analytics.teaching.rules import TeachingEvent

APPROVED: Final = "active"

ProfileEvent = InstructorApplied | InstructorChanged


@dataclass(slots=True)
class Profile:
    """An instructor profile: whose it is, and its status ('' while only its id is known)."""

    profile_id: int
    user_id: int
    version: int = 0
    status: str = ""

    @property
    def is_approved(self) -> bool:
        return self.status == APPROVED


def learn_profile(state: Profile, event: ProfileEvent | TeachingEvent) -> None:
    if isinstance(event, InstructorChanged) and (event.version, event.status) > (state.version, state.status):
        state.version, state.status = event.version, event.status


@dataclass(slots=True)
class Share:
    """An instructor's part of a course's revenue, in percent, from an instant on until the next one's."""

    course_id: int
    user_id: int
    effective_from: datetime
    version: int
    percentage: Decimal


def share_of(event: TeachingEvent) -> Share:
    """The entry of the history that this event makes; a removal is a share of nothing from then on."""
    if isinstance(event, CoInstructorChanged):
        at, percentage = event.effective_from, event.revenue_share_percentage
    else:
        at, percentage = event.removed_at, ZERO
    return Share(event.course_id, event.user_id, at, event.version, percentage)


def wins(new: Share, known: Share | None) -> bool:
    """Whether of two entries from the same instant the new one counts."""
    return known is None or (new.version, new.percentage) > (known.version, known.percentage)


class ShareHistory:
    """One instructor's shares of one course as half-open intervals: each counts from its instant to the next."""

    def __init__(self, shares: Iterable[Share]) -> None:
        self.shares = sorted(shares, key=lambda share: share.effective_from)
        self._starts = [share.effective_from for share in self.shares]

    def at(self, instant: datetime) -> Decimal:
        """The percentage in force at an instant; 0 before the first entry."""
        index = bisect_right(self._starts, instant) - 1
        return self.shares[index].percentage if index >= 0 else ZERO

    def intervals(self) -> list[tuple[datetime, datetime | None, Decimal]]:
        """From (inclusive), to (exclusive; None: open), percentage."""
        ends: Sequence[datetime | None] = [*self._starts[1:], None]
        return [
            (share.effective_from, end, share.percentage)
            for share, end in zip(self.shares, ends, strict=True)
        ]


def part(net: Decimal, percentage: Decimal) -> Decimal:
    """The part of an amount, exact: two decimals times two decimals over a hundred."""
    return net * percentage / 100


def earned(of: Purchase, history: ShareHistory) -> tuple[date, Decimal] | None:
    """What a purchase brings the holder of these shares, and the month it counts in; None while it is not known."""
    if of.purchased_at is None:
        return None
    return month_of(of.purchased_at), part(of.net, history.at(of.purchased_at))


@dataclass(slots=True)
class Teacher:
    """A user who leads or teaches courses or has a profile. `students` are distinct over the courses taught now."""

    user_id: int
    students: int = 0
    told_at: datetime | None = None


@dataclass(frozen=True, slots=True)
class Earnings:
    """Exact sums: of all months, and of this one."""

    total: Decimal = ZERO
    this_month: Decimal = ZERO


def statistics_of(
    teacher: Teacher, courses: Sequence[Course], led: int, earnings: Earnings
) -> dict[str, Any]:
    """An instructor's numbers, by the columns of both tables. `courses` are those taught now, `led` counts those
    ever published that the user leads."""
    taught = [course for course in courses if not course.is_deleted]
    enrollments = sum(course.enrollments for course in taught)
    reviews = sum(course.reviews for course in taught)
    instants = [teacher.told_at, *(course.told_at for course in courses)]
    return {
        "user_id": teacher.user_id,
        "courses_created": led,
        "total_students": teacher.students,
        "total_courses": sum(course.is_on_offer for course in taught),
        "average_rating": half_up(ratio(sum(course.ratings for course in taught), reviews), 2),
        "total_reviews": reviews,
        "total_revenue": half_up(earnings.total, 2),
        "monthly_revenue": half_up(earnings.this_month, 2),
        "completion_rate": half_up(100 * ratio(sum(course.completed for course in taught), enrollments), 2),
        "student_satisfaction_rate": half_up(
            100 * ratio(sum(course.satisfied for course in taught), reviews), 2
        ),
        "last_updated": max((at for at in instants if at is not None), default=None),
    }


@dataclass(slots=True)
class Revenue:
    """What a month's purchases of a course brought one of its instructors; exact, not yet rounded."""

    course_id: int
    user_id: int
    month: date
    amount: Decimal = ZERO
