"""What a batch of facts changes in the entities: each as it was before, and as it is now."""

from collections.abc import Callable, Sequence
from copy import copy
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal
from typing import Any, Generic, TypeVar

from contracts.assessment import AttemptGraded, AttemptStarted, AttemptSubmitted
from contracts.catalog import ReviewChanged, ReviewRemoved
from contracts.envelope import Event
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
    NoteCreated,
    NoteRemoved,
)
from sqlalchemy.ext.asyncio import AsyncSession

from analytics.entities import queries, rules
from analytics.facts.rules import Fact
from analytics.rows import Rows

TABLES = queries.TABLES
"""Everything that is folded here, to be made again by a rebuild."""

S = TypeVar("S")


@dataclass(frozen=True, slots=True)
class Change(Generic[S]):
    """An entity before a batch (None: not known) and after it."""

    before: S | None
    after: S


@dataclass(frozen=True, slots=True)
class Kind(Generic[S]):
    """One kind of entity: which events tell of it, and how it learns from them."""

    rows: Rows[S]
    events: tuple[type[Event], ...]
    blank: Callable[[Any], S | None]
    """The entity an event speaks of, with nothing known; None when it speaks of none."""
    learn: Callable[[S, Any], None]


ENROLLMENTS = Kind(
    queries.ENROLLMENTS,
    (
        EnrollmentCreated,
        EnrollmentDropped,
        EnrollmentRefunded,
        CourseCompleted,
        EnrollmentProgressChanged,
    ),
    lambda e: rules.Enrollment(e.enrollment_id, e.user_id, e.course_id),
    rules.learn_enrollment,
)
ATTEMPTS = Kind(
    queries.ATTEMPTS,
    (AttemptStarted, AttemptSubmitted, AttemptGraded),
    lambda e: rules.Attempt(e.attempt_id, e.user_id, e.course_id, e.assessment_id),
    rules.learn_attempt,
)
WRITINGS = Kind(
    queries.WRITINGS,
    (
        NoteCreated,
        NoteRemoved,
        BookmarkCreated,
        BookmarkRemoved,
        ReviewChanged,
        ReviewRemoved,
    ),
    rules.blank_writing,
    rules.learn_writing,
)
PURCHASES = Kind(
    queries.PURCHASES,
    (EnrollmentCreated, EnrollmentRefunded),
    rules.blank_purchase,
    rules.learn_purchase,
)
CERTIFICATES = Kind(
    queries.CERTIFICATES,
    (CertificateIssued, CertificateRevoked),
    lambda e: rules.Certificate(e.certificate_id),
    rules.learn_certificate,
)


@dataclass(frozen=True, slots=True)
class Changes:
    """What a batch changed in the entities."""

    enrollments: list[Change[rules.Enrollment]]
    attempts: list[Change[rules.Attempt]]
    writings: list[Change[rules.Writing]]
    purchases: list[Change[rules.Purchase]]
    certificates: list[Change[rules.Certificate]]
    new_lessons: int
    """How many (enrollment, lesson) pairs were completed that were not before."""


async def absorb(session: AsyncSession, facts: Sequence[Fact]) -> Changes:
    """Let the entities learn from these facts. The caller holds the locks of their courses and users."""
    lessons = {
        (event.enrollment_id, event.lesson_id): rules.Lesson.of(event)
        for fact in facts
        if isinstance(event := fact.event, LessonCompleted)
    }
    return Changes(
        await _absorb(session, ENROLLMENTS, facts),
        await _absorb(session, ATTEMPTS, facts),
        await _absorb(session, WRITINGS, facts),
        await _absorb(session, PURCHASES, facts),
        await _absorb(session, CERTIFICATES, facts),
        await queries.LESSONS.add_new(session, lessons.values()),
    )


async def _absorb(session: AsyncSession, kind: Kind[S], facts: Sequence[Fact]) -> list[Change[S]]:
    told = [
        (fact.event, blank)
        for fact in facts
        if isinstance(fact.event, kind.events) and (blank := kind.blank(fact.event)) is not None
    ]
    if not told:
        return []
    key_of = kind.rows.key_of
    states = await kind.rows.load(session, {key_of(blank) for _, blank in told})
    before = {key: copy(state) for key, state in states.items()}
    for event, blank in told:
        kind.learn(states.setdefault(key_of(blank), blank), event)
    changed = [Change(before.get(key), state) for key, state in states.items() if before.get(key) != state]
    await kind.rows.save(session, [change.after for change in changed])
    return changed


async def latest_writings(session: AsyncSession, users: set[int]) -> dict[int, datetime]:
    """When each of these users wrote the latest of the notes, bookmarks and reviews that still exist."""
    return await queries.latest_writings(session, users)


async def latest_writings_in_courses(
    session: AsyncSession, pairs: set[tuple[int, int]]
) -> dict[tuple[int, int], datetime]:
    """The same by (course, user)."""
    return await queries.latest_writings_in_courses(session, pairs)


async def give_to_tombstone(session: AsyncSession, user_id: int, tombstone_id: int) -> None:
    """Write the tombstone over a user in every entity."""
    await queries.give_to_tombstone(session, user_id, tombstone_id)


async def net_by_month(
    session: AsyncSession, course_id: int, intervals: Sequence[tuple[datetime, datetime | None]]
) -> list[tuple[int, date, Decimal]]:
    """What is left of the course's purchases: the number of the half-open interval, the month, the sum."""
    return await queries.net_by_month(session, course_id, intervals)
