"""The arithmetic of progress. No I/O."""

from dataclasses import dataclass
from datetime import date, datetime, timedelta
from decimal import ROUND_HALF_UP, Decimal

HUNDREDTH = Decimal("0.01")


@dataclass(frozen=True, slots=True)
class Standing:
    """How far a learner is in a course, over the lessons learners see now."""

    lessons_completed: int
    total_lessons: int

    @property
    def percentage(self) -> Decimal:
        """Completed lessons of all, rounded half-up to hundredths; 0 in a course without lessons."""
        if self.total_lessons == 0:
            return Decimal("0.00")
        share = Decimal(100 * self.lessons_completed) / self.total_lessons
        return share.quantize(HUNDREDTH, ROUND_HALF_UP)

    @property
    def whole_percentage(self) -> int:
        """The percentage rounded half-up to a whole number."""
        if self.total_lessons == 0:
            return 0
        share = Decimal(100 * self.lessons_completed) / self.total_lessons
        return int(share.quantize(Decimal(1), ROUND_HALF_UP))

    @property
    def is_complete(self) -> bool:
        """Every lesson is done, and there is one."""
        return 0 < self.total_lessons <= self.lessons_completed


@dataclass(frozen=True, slots=True)
class CountedTime:
    """Seconds that count, and the instant up to which the learner's time is spoken for."""

    seconds: int
    counted_until: datetime


def count_time(reported: int, *, counted_until: datetime, instant: datetime) -> CountedTime:
    """Count reported seconds up to those that passed since time was last counted.

    What is counted can never exceed the time that passed, however updates are cut: a report that is capped speaks
    for whole seconds only, and leaves the fraction to the next one.
    """
    passed = max(0, int((instant - counted_until) / timedelta(seconds=1)))
    if reported >= passed:
        return CountedTime(passed, counted_until + timedelta(seconds=passed))
    return CountedTime(reported, instant)


def further(known: int, reported: int | None) -> int:
    """A lesson's percentage never goes back: who looks something up again has not unlearned the rest."""
    return known if reported is None else max(known, reported)


def streak_after(streak: int, last_study_date: date | None, today: date) -> int:
    """Consecutive days of study, today included. Days are UTC."""
    if last_study_date is None or today - last_study_date > timedelta(days=1):
        return 1
    if today <= last_study_date:
        return max(streak, 1)
    return streak + 1


def streak_as_of(streak: int, last_study_date: date | None, today: date) -> int:
    """The streak as it reads today: 0 once a whole day has passed with no study."""
    if last_study_date is None or today - last_study_date > timedelta(days=1):
        return 0
    return streak
