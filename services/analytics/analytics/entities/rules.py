"""What the facts make of an enrollment, an attempt, a writing, a purchase, a certificate.

Each `learn` takes the facts about one entity in any order and ends in the same state: a field keeps the value with
the greatest version, flags only ever rise, sums add up (a fact comes once, by its event id). Where two facts claim
one version, the greater value wins, so that not even a faulty emitter makes the order of arrival matter.
"""

from dataclasses import dataclass, field
from datetime import datetime
from decimal import Decimal
from typing import Final

from contracts.assessment import AttemptGraded, AttemptStarted, AttemptSubmitted
from contracts.catalog import ReviewChanged, ReviewRemoved
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

ZERO: Final = Decimal(0)
PERCENT_SCALE: Final = Decimal("1e-12")
"""Percentages are summed at this scale: fixed, so that adding and taking away are exact in any order."""

EnrollmentEvent = (
    EnrollmentCreated | EnrollmentDropped | EnrollmentRefunded | CourseCompleted | EnrollmentProgressChanged
)
AttemptEvent = AttemptStarted | AttemptSubmitted | AttemptGraded
WritingEvent = NoteCreated | NoteRemoved | BookmarkCreated | BookmarkRemoved | ReviewChanged | ReviewRemoved
PurchaseEvent = EnrollmentCreated | EnrollmentRefunded
CertificateEvent = CertificateIssued | CertificateRevoked


@dataclass(slots=True)
class Enrollment:
    """One learner in one course. Every field has the version it was learned at."""

    enrollment_id: int
    user_id: int
    course_id: int
    status: str = ""
    status_version: int = 0
    progress: Decimal = ZERO
    progress_version: int = 0
    enrolled_at: datetime | None = None
    enrolled_version: int = 0
    completed_at: datetime | None = None
    completed_version: int = 0

    @property
    def counts(self) -> bool:
        """Whether the learner is in the course: enrolled, and not dropped."""
        return self.status in ("active", "completed")

    @property
    def is_completed(self) -> bool:
        return self.status == "completed"

    @property
    def microseconds_to_complete(self) -> int | None:
        """From enrolling to completing; None unless completed and both instants are known."""
        if not self.is_completed or self.enrolled_at is None or self.completed_at is None:
            return None
        taken = self.completed_at - self.enrolled_at
        return max(0, (taken.days * 86_400 + taken.seconds) * 1_000_000 + taken.microseconds)


def learn_enrollment(state: Enrollment, event: EnrollmentEvent) -> None:
    state.user_id = min(state.user_id, event.user_id)
    match event:
        case EnrollmentCreated():
            _set_status(state, "active", event.version)
            _set_enrolled(state, event.enrolled_at, event.version)
        case EnrollmentDropped():
            _set_status(state, "dropped", event.version)
        case CourseCompleted():
            _set_status(state, "completed", event.version)
            _set_enrolled(state, event.enrolled_at, event.version)
            _set_completed(state, event.completed_at, event.version)
        case EnrollmentProgressChanged():
            _set_status(state, event.status, event.version)
            _set_enrolled(state, event.enrolled_at, event.version)
            _set_completed(state, event.completed_date, event.version)
            if (event.version, event.progress_percentage) > (state.progress_version, state.progress):
                state.progress, state.progress_version = event.progress_percentage, event.version
        case EnrollmentRefunded():
            # The money is the purchase's affair; that the enrollment ends is told by EnrollmentDropped.
            return


def _set_status(state: Enrollment, status: str, version: int) -> None:
    if (version, status) > (state.status_version, state.status):
        state.status, state.status_version = status, version


def _set_enrolled(state: Enrollment, at: datetime, version: int) -> None:
    if version > state.enrolled_version or (
        version == state.enrolled_version and _later(at, state.enrolled_at)
    ):
        state.enrolled_at, state.enrolled_version = at, version


def _set_completed(state: Enrollment, at: datetime | None, version: int) -> None:
    newer = version > state.completed_version
    if newer or (version == state.completed_version and at is not None and _later(at, state.completed_at)):
        state.completed_at, state.completed_version = at, version


def _later(at: datetime, known: datetime | None) -> bool:
    return known is None or at > known


@dataclass(slots=True)
class Lesson:
    """A lesson completed in an enrollment: once there, there for good."""

    enrollment_id: int
    lesson_id: int

    @classmethod
    def of(cls, event: LessonCompleted) -> "Lesson":
        return cls(event.enrollment_id, event.lesson_id)


@dataclass(slots=True)
class Attempt:
    """One attempt at an assessment; `revision` 0 until it is graded, then that of the grading that counts.

    The three lists run in parallel, one item a question.
    """

    attempt_id: int
    user_id: int
    course_id: int
    assessment_id: int
    revision: int = 0
    score: int = 0
    max_score: int = 0
    passed: bool = False
    question_ids: list[int] = field(default_factory=list)
    answered: list[bool] = field(default_factory=list)
    correct: list[bool] = field(default_factory=list)

    @property
    def is_graded(self) -> bool:
        return self.revision > 0

    @property
    def percent(self) -> Decimal | None:
        """score / max_score x 100; None while not graded, and for an assessment without points."""
        if not self.is_graded or self.max_score == 0:
            return None
        return (Decimal(self.score) * 100 / self.max_score).quantize(PERCENT_SCALE)


def learn_attempt(state: Attempt, event: AttemptEvent) -> None:
    state.user_id = min(state.user_id, event.user_id)
    if not isinstance(event, AttemptGraded):
        return
    questions = sorted((q.id, q.answered, q.correct) for q in event.questions)
    told = (event.revision, event.score, event.max_score, event.passed, questions)
    known = list(zip(state.question_ids, state.answered, state.correct, strict=True))
    if told > (state.revision, state.score, state.max_score, state.passed, known):
        state.revision, state.score, state.max_score, state.passed, _ = told
        state.question_ids = [question[0] for question in questions]
        state.answered = [question[1] for question in questions]
        state.correct = [question[2] for question in questions]


@dataclass(slots=True)
class Writing:
    """A note, a bookmark or a review: counts from when it is known until it is removed, which is final.

    `rating` and `is_approved` are a review's alone.
    """

    kind: str
    item_id: int
    user_id: int
    course_id: int
    created_at: datetime | None = None
    removed: bool = False
    version: int = 0
    rating: int = 0
    is_approved: bool = False

    @property
    def exists(self) -> bool:
        return self.created_at is not None and not self.removed

    @property
    def is_counted_review(self) -> bool:
        return self.kind == "review" and self.exists and self.is_approved


def blank_writing(event: WritingEvent) -> Writing:
    match event:
        case NoteCreated() | NoteRemoved():
            return Writing("note", event.note_id, event.user_id, event.course_id)
        case BookmarkCreated() | BookmarkRemoved():
            return Writing("bookmark", event.bookmark_id, event.user_id, event.course_id)
        case ReviewChanged() | ReviewRemoved():
            return Writing("review", event.review_id, event.user_id, event.course_id)


def learn_writing(state: Writing, event: WritingEvent) -> None:
    state.user_id = min(state.user_id, event.user_id)
    match event:
        case NoteRemoved() | BookmarkRemoved() | ReviewRemoved():
            state.removed = True
        case NoteCreated() | BookmarkCreated():
            if _earlier(event.created_at, state.created_at):
                state.created_at = event.created_at
        case ReviewChanged():
            if _earlier(event.created_at, state.created_at):
                state.created_at = event.created_at
            told = (event.version, event.rating, event.is_approved)
            if told > (state.version, state.rating, state.is_approved):
                state.version, state.rating, state.is_approved = told


def _earlier(at: datetime, known: datetime | None) -> bool:
    return known is None or at < known


@dataclass(slots=True)
class Purchase:
    """A payment for a course. A refund that is told first waits here until its purchase is known."""

    payment_id: str
    course_id: int
    version: int = 0
    price: Decimal = ZERO
    purchased_at: datetime | None = None
    refunds: int = 0
    refunded: Decimal = ZERO

    @property
    def net(self) -> Decimal:
        """What is left of the price; never below zero, nor anything before the purchase is known."""
        return max(ZERO, self.price - self.refunded) if self.purchased_at is not None else ZERO


def blank_purchase(event: PurchaseEvent) -> Purchase | None:
    return Purchase(event.payment_id, event.course_id) if event.payment_id is not None else None


def learn_purchase(state: Purchase, event: PurchaseEvent) -> None:
    if isinstance(event, EnrollmentRefunded):
        state.refunds += 1
        state.refunded += event.amount
        return
    # The first telling is the purchase; who comes back later on the strength of it has not bought again.
    told, known = (event.version, event.price_paid), (state.version, state.price)
    if state.purchased_at is None or told < known:
        state.version, state.price = told
        state.purchased_at = event.enrolled_at


@dataclass(slots=True)
class Certificate:
    """A certificate; revoking it is final."""

    certificate_id: int
    issued: bool = False
    revoked: bool = False

    @property
    def counts(self) -> bool:
        return self.issued and not self.revoked


def learn_certificate(state: Certificate, event: CertificateEvent) -> None:
    if isinstance(event, CertificateRevoked):
        state.revoked = True
    else:
        state.issued = True
