"""What a user's numbers are made of, and what each entity and each moment adds to them."""

from collections import Counter
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from typing import Any

from analytics.entities.rules import ZERO, Attempt, Enrollment, Writing
from analytics.rounding import half_up, ratio
from analytics.tallies import Tally

SECONDS_PER_HOUR = 3600


@dataclass(slots=True)
class User:
    """The counters behind a user's statistics.

    `enrollments` counts the dropped ones too, `enrolled` does not. `scored` attempts sum to `percents`. `steady_at`
    is the latest moment that nobody can take back, `written_at` the latest note, bookmark or review that still
    exists. `run` is how many days in a row end with `last_day`. `told_at` is the time of the newest fact.
    """

    user_id: int
    enrollments: int = 0
    enrolled: int = 0
    completed: int = 0
    seconds: int = 0
    scored: int = 0
    percents: Decimal = ZERO
    by_hour: list[int] = field(default_factory=lambda: [0] * 24)
    by_weekday: list[int] = field(default_factory=lambda: [0] * 7)
    active_days: int = 0
    steady_at: datetime | None = None
    written_at: datetime | None = None
    last_day: date | None = None
    run: int = 0
    told_at: datetime | None = None

    @property
    def is_student(self) -> bool:
        return self.enrollments > 0

    @property
    def last_activity(self) -> datetime | None:
        return later(self.steady_at, self.written_at)


@dataclass(slots=True)
class UserDay:
    """How often a user was active on a UTC day."""

    user_id: int
    day: date
    moments: int = 0


def later(one: datetime | None, other: datetime | None) -> datetime | None:
    """The later of two instants; None is no instant."""
    if one is None or other is None:
        return one or other
    return max(one, other)


class UserTallies:
    """What a batch adds to users. A `sign` of -1 takes back what the same call with +1 added."""

    def __init__(self) -> None:
        self.users: Tally[int] = Tally()
        self.hours: Counter[tuple[int, int]] = Counter()
        self.days: Counter[tuple[int, date]] = Counter()
        self.steady_at: dict[int, datetime] = {}
        self.told_at: dict[int, datetime] = {}
        self.rewritten: set[int] = set()
        """Whose notes, bookmarks or reviews changed."""

    def enrollment(self, of: Enrollment, sign: int) -> None:
        self.users.add(
            of.user_id,
            enrollments=sign,
            enrolled=sign * of.counts,
            completed=sign * of.is_completed,
        )

    def attempt(self, of: Attempt, sign: int) -> None:
        if (percent := of.percent) is not None:
            self.users.add(of.user_id, scored=sign, percents=sign * percent)

    def writing(self, of: Writing, sign: int) -> None:
        self.users.add(of.user_id)
        self.rewritten.add(of.user_id)
        if of.exists and of.created_at is not None:
            self._count(of.user_id, of.created_at, sign)

    def moment(self, user_id: int, at: datetime) -> None:
        """The user did something that stays done."""
        self._count(user_id, at, +1)
        self.steady_at[user_id] = max(at, self.steady_at.get(user_id, at))

    def spent(self, user_id: int, seconds: int) -> None:
        self.users.add(user_id, seconds=seconds)

    def told(self, user_id: int, at: datetime) -> None:
        """A fact about the user happened at `at`."""
        self.users.add(user_id)
        self.told_at[user_id] = max(at, self.told_at.get(user_id, at))

    def _count(self, user_id: int, at: datetime, sign: int) -> None:
        instant = at.astimezone(UTC)
        self.users.add(user_id)
        self.hours[user_id, instant.hour] += sign
        self.days[user_id, instant.date()] += sign

    def move(self, user: User, days: list[UserDay], to: int) -> None:
        """Take all that was counted for `user` and count it for `to`."""
        for sign, user_id in ((-1, user.user_id), (+1, to)):
            self.users.add(
                user_id,
                enrollments=sign * user.enrollments,
                enrolled=sign * user.enrolled,
                completed=sign * user.completed,
                seconds=sign * user.seconds,
                scored=sign * user.scored,
                percents=sign * user.percents,
            )
            for hour, moments in enumerate(user.by_hour):
                self.hours[user_id, hour] += sign * moments
            for day in days:
                self.days[user_id, day.day] += sign * day.moments
        self.rewritten.add(to)
        if user.steady_at is not None:
            self.steady_at[to] = user.steady_at
        if user.told_at is not None:
            self.told_at[to] = user.told_at

    def apply(self, users: dict[int, User]) -> None:
        """Add everything tallied to the users, but for what depends on which days are left."""
        for user_id in self.users:
            user = users[user_id]
            self.users.apply(user_id, user)
            user.steady_at = later(user.steady_at, self.steady_at.get(user_id))
            user.told_at = later(user.told_at, self.told_at.get(user_id))
        for (user_id, hour), moments in self.hours.items():
            users[user_id].by_hour[hour] += moments
        for (user_id, day), moments in self.days.items():
            users[user_id].by_weekday[day.weekday()] += moments


def extend_run(user: User, appeared: list[date], vanished: list[date]) -> bool:
    """Bring `last_day` and `run` up to date where that needs no look at other days; whether it did not."""
    if vanished:
        return False
    for day in sorted(appeared):
        if user.last_day is not None and day <= user.last_day:
            return False
        user.run = user.run + 1 if user.last_day == day - timedelta(days=1) else 1
        user.last_day = day
    return True


def streak(user: User, today: date) -> int:
    """Consecutive active days up to the last active one; 0 once a whole day has passed with none."""
    if user.last_day is None or user.last_day < today - timedelta(days=1):
        return 0
    return user.run


def average_score(user: User) -> Decimal:
    """The mean percentage of the graded attempts; 0 while there are none."""
    return half_up(ratio(user.percents, user.scored), 2)


def statistics_of(user: User, today: date) -> dict[str, Any]:
    """The user's row in courses_userstats."""
    return {
        "user_id": user.user_id,
        "courses_enrolled": user.enrolled,
        "courses_completed": user.completed,
        "total_time_spent_seconds": user.seconds,
        "assessment_avg_score": average_score(user),
        "last_activity": user.last_activity,
        "activity_streak": streak(user, today),
        "learning_habits": {
            "by_hour": user.by_hour,
            "by_weekday": user.by_weekday,
            "active_days": user.active_days,
        },
    }


def learning_statistics_of(user: User) -> dict[str, Any]:
    """The user's row in content_userlearningstatistics."""
    return {
        "user_id": user.user_id,
        "courses_completed": user.completed,
        "hours_spent": user.seconds // SECONDS_PER_HOUR,
        "average_score": average_score(user),
        "last_updated": user.told_at,
    }
