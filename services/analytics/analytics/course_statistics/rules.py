"""What a course's numbers are made of, and what each entity and each moment adds to them."""

from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from typing import Any, Final

from contracts.assessment import AssessmentChanged, AssessmentRemoved
from contracts.catalog import CourseChanged, CourseDeleted, CoursePublished, CourseUnpublished

from analytics.entities.rules import ZERO, Attempt, Enrollment, Purchase, Writing
from analytics.rounding import half_up, ratio
from analytics.tallies import Tally

ACTIVE_FOR: Final = timedelta(days=30)
SATISFIED_FROM: Final = 4
MICROSECONDS_PER_DAY: Final = 86_400_000_000

CourseEvent = CourseChanged | CoursePublished | CourseUnpublished | CourseDeleted
AssessmentEvent = AssessmentChanged | AssessmentRemoved


@dataclass(slots=True)
class Course:
    """A course as catalog tells of it, and the counters behind its statistics.

    `enrollments` are those not dropped, with `progress` the sum of their percentages; `timed` of the completed ones
    took `microseconds` in all. `students`, `active`, `attempted` and `wrote` count participants; `reviews`,
    `ratings` (their sum) and `satisfied` approved reviews. `told_at` is the time of the newest fact that an
    instructor's numbers depend on.
    """

    course_id: int
    version: int = 0
    is_published: bool = False
    lead_id: int | None = None
    first_published_at: datetime | None = None
    is_deleted: bool = False
    enrollments: int = 0
    completed: int = 0
    progress: Decimal = ZERO
    timed: int = 0
    microseconds: Decimal = ZERO
    students: int = 0
    active: int = 0
    attempted: int = 0
    wrote: int = 0
    assessments: int = 0
    reviews: int = 0
    ratings: int = 0
    satisfied: int = 0
    told_at: datetime | None = None

    @property
    def is_on_offer(self) -> bool:
        return self.is_published and not self.is_deleted

    @property
    def was_published(self) -> bool:
        return self.first_published_at is not None and not self.is_deleted


def learn_course(state: Course, event: CourseEvent) -> None:
    """Take in what catalog tells, in any order: the greatest version wins, a deletion is final."""
    match event:
        case CourseChanged():
            is_published, first = event.is_published, event.first_published_at
        case CoursePublished():
            is_published, first = True, event.first_published_at
        case CourseUnpublished():
            is_published, first = False, None
        case CourseDeleted():
            is_published, first = False, None
            state.is_deleted = True
    if first is not None and (state.first_published_at is None or first < state.first_published_at):
        state.first_published_at = first
    told = (event.version, is_published, event.created_by_id)
    if told > (state.version, state.is_published, state.lead_id or 0):
        state.version, state.is_published, state.lead_id = told


@dataclass(slots=True)
class Participant:
    """One user in one course: how many enrollments not dropped, graded attempts, and writings that exist.

    `steady_at` is their latest moment here that nobody can take back, `written_at` the latest writing that still
    exists, `last_on` the UTC day of the later one. `is_active` is as of the last look: decay looks again.
    """

    course_id: int
    user_id: int
    enrolled: int = 0
    graded: int = 0
    written: int = 0
    steady_at: datetime | None = None
    written_at: datetime | None = None
    last_on: date | None = None
    is_active: bool = False

    @property
    def is_student(self) -> bool:
        return self.enrolled > 0

    @property
    def has_attempted(self) -> bool:
        return self.is_student and self.graded > 0

    @property
    def has_written(self) -> bool:
        return self.is_student and self.written > 0

    @property
    def is_nobody(self) -> bool:
        """Whether nothing is left that would have to be remembered."""
        return not (self.enrolled or self.graded or self.written or self.steady_at or self.written_at)

    def look(self, now: datetime) -> None:
        """Set what follows from the two instants."""
        instants = [at for at in (self.steady_at, self.written_at) if at is not None]
        last = max(instants, default=None)
        self.last_on = last.astimezone(UTC).date() if last else None
        self.is_active = last is not None and last >= now - ACTIVE_FOR


@dataclass(slots=True)
class Assessment:
    """An assessment, whether it is there, and what its attempts came to. `scored` attempts sum to `percents`."""

    assessment_id: int
    course_id: int
    version: int = 0
    present: bool = False
    attempts: int = 0
    graded: int = 0
    passed: int = 0
    scored: int = 0
    percents: Decimal = ZERO


def learn_assessment(state: Assessment, event: AssessmentEvent) -> None:
    told = (event.version, isinstance(event, AssessmentChanged))
    if told > (state.version, state.present):
        state.version, state.present = told


@dataclass(slots=True)
class Question:
    """How a question fared in the graded attempts (`seen` of them) that had it."""

    assessment_id: int
    question_id: int
    seen: int = 0
    answered: int = 0
    correct: int = 0


@dataclass(slots=True)
class Month:
    """The purchases of a course in one month (named by its first day), refunds booked into that same month."""

    course_id: int
    month: date
    purchases: int = 0
    refunds: int = 0
    net: Decimal = ZERO


def month_of(at: datetime) -> date:
    """The first day of the UTC month of an instant."""
    return at.astimezone(UTC).date().replace(day=1)


class CourseTallies:
    """What a batch adds to courses. A `sign` of -1 takes back what the same call with +1 added."""

    def __init__(self) -> None:
        self.courses: Tally[int] = Tally()
        self.participants: Tally[tuple[int, int]] = Tally()
        self.assessments: Tally[int] = Tally()
        self.questions: Tally[tuple[int, int]] = Tally()
        self.months: Tally[tuple[int, date]] = Tally()
        self.course_of: dict[int, int] = {}
        """The courses of the assessments tallied."""
        self.steady_at: dict[tuple[int, int], datetime] = {}
        self.rewritten: set[tuple[int, int]] = set()
        """(course, user) where notes, bookmarks or reviews changed."""
        self.left: set[tuple[int, int]] = set()
        """(course, user) whose moments were all given to somebody else."""

    def touched(self) -> set[int]:
        """The courses anything was tallied for."""
        pairs = {course_id for course_id, _ in (*self.participants, *self.months)}
        return pairs | set(self.courses) | set(self.course_of.values())

    def enrollment(self, of: Enrollment, sign: int) -> None:
        if not of.counts:
            return
        taken = of.microseconds_to_complete
        self.courses.add(
            of.course_id,
            enrollments=sign,
            completed=sign * of.is_completed,
            progress=sign * of.progress,
            timed=sign * (taken is not None),
            microseconds=sign * (taken or 0),
        )
        self.participants.add((of.course_id, of.user_id), enrolled=sign)

    def attempt(self, of: Attempt, sign: int) -> None:
        self.participants.add((of.course_id, of.user_id), graded=sign * of.is_graded)
        percent = of.percent
        self.course_of[of.assessment_id] = of.course_id
        self.assessments.add(
            of.assessment_id,
            attempts=sign,
            graded=sign * of.is_graded,
            passed=sign * (of.is_graded and of.passed),
            scored=sign * (percent is not None),
            percents=sign * (percent or 0),
        )
        for question_id, answered, correct in zip(of.question_ids, of.answered, of.correct, strict=True):
            key = (of.assessment_id, question_id)
            self.questions.add(key, seen=sign, answered=sign * answered, correct=sign * correct)

    def writing(self, of: Writing, sign: int) -> None:
        pair = (of.course_id, of.user_id)
        self.rewritten.add(pair)
        self.participants.add(pair, written=sign * of.exists)
        if of.is_counted_review:
            self.courses.add(
                of.course_id,
                reviews=sign,
                ratings=sign * of.rating,
                satisfied=sign * (of.rating >= SATISFIED_FROM),
            )

    def purchase(self, of: Purchase, sign: int) -> None:
        if of.purchased_at is not None:
            self.months.add(
                (of.course_id, month_of(of.purchased_at)),
                purchases=sign,
                refunds=sign * (of.refunds > 0),
                net=sign * of.net,
            )

    def moment(self, course_id: int, user_id: int, at: datetime) -> None:
        """The user did something in the course that stays done."""
        pair = (course_id, user_id)
        self.participants.add(pair)
        self.steady_at[pair] = max(at, self.steady_at.get(pair, at))

    def move(self, of: Participant, to: int) -> None:
        """Take all that was counted for a participant and count it for the user `to` in the same course."""
        for sign, user_id in ((-1, of.user_id), (+1, to)):
            amounts = {"enrolled": of.enrolled, "graded": of.graded, "written": of.written}
            pair = (of.course_id, user_id)
            self.participants.add(pair, **{name: sign * amount for name, amount in amounts.items()})
            self.rewritten.add(pair)
        self.left.add((of.course_id, of.user_id))
        if of.steady_at is not None:
            self.steady_at[of.course_id, to] = of.steady_at

    def standing(self, of: Participant, sign: int) -> None:
        """A participant as their course counts them."""
        self.courses.add(
            of.course_id,
            students=sign * of.is_student,
            active=sign * of.is_active,
            attempted=sign * of.has_attempted,
            wrote=sign * of.has_written,
        )


def engagement(course: Course) -> Decimal:
    """0 to 100; 0 while there are no students."""
    if course.students == 0:
        return half_up(0, 2)
    # Somebody who has left may have been active lately: they are counted, but never above the whole.
    active = min(Decimal(1), ratio(course.active, course.students))
    attempted = ratio(course.attempted, course.students) if course.assessments else Decimal(1)
    return half_up(
        40 * ratio(course.progress, 100 * course.enrollments)
        + 30 * active
        + 20 * attempted
        + 10 * ratio(course.wrote, course.students),
        2,
    )


def statistics_of(course: Course) -> dict[str, Any]:
    """The course's row in courses_coursestats, but for what is kept of its assessments and purchases."""
    # In whole microseconds, so that a mean of half a day less one of them is not a half.
    span = course.timed * MICROSECONDS_PER_DAY
    return {
        "course_id": course.course_id,
        "total_students": course.students,
        "active_students": course.active,
        "completion_count": course.completed,
        "average_completion_days": int((2 * course.microseconds + span) // (2 * span)) if span else 0,
        "engagement_score": engagement(course),
    }
