"""The formulas, at their edges."""

from datetime import UTC, date, datetime, timedelta
from decimal import Decimal

import pytest
from analytics.course_statistics.rules import Course, Participant, engagement
from analytics.course_statistics.rules import statistics_of as course_statistics
from analytics.instructor_statistics.rules import Share, ShareHistory, part
from analytics.rounding import half_up, ratio
from analytics.user_statistics.rules import User, extend_run, streak

TODAY = date(2026, 11, 22)
NOW = datetime(2026, 11, 22, 15, tzinfo=UTC)


@pytest.mark.parametrize(
    ("value", "places", "rounded"),
    [
        (ratio(1, 200), 2, "0.01"),
        (ratio(2, 3), 2, "0.67"),
        (ratio(1, 3) + ratio(1, 3) + ratio(1, 3) - Decimal("0.995"), 2, "0.01"),
        (ratio(5, 2), 0, "3"),
        (Decimal("66.665"), 2, "66.67"),
        (Decimal("66.66499"), 2, "66.66"),
        (0, 2, "0.00"),
    ],
)
def test_halves_go_up(value, places, rounded):
    assert str(half_up(value, places)) == rounded


def test_a_sum_of_thirds_is_not_a_hair_too_small():
    third = Decimal("33.333333333333")
    assert half_up(ratio(third * 3, 3), 2) == Decimal("33.33")
    assert half_up(ratio(third * 3 + Decimal("0.02"), 4), 2) == Decimal("25.01")  # exactly 25.005
    assert half_up(ratio(0, 0), 2) == 0


@pytest.mark.parametrize(
    ("last_day", "expected"),
    [
        (TODAY, 4),
        (TODAY - timedelta(days=1), 4),
        (TODAY - timedelta(days=2), 0),
        (None, 0),
    ],
)
def test_a_streak_ends_once_a_whole_day_has_passed_with_nothing(last_day, expected):
    assert streak(User(7, last_day=last_day, run=4), TODAY) == expected


def test_a_run_is_extended_by_the_next_day_alone():
    user = User(7, last_day=TODAY, run=4)
    assert extend_run(user, [TODAY + timedelta(days=1)], [])
    assert (user.last_day, user.run) == (TODAY + timedelta(days=1), 5)
    assert extend_run(user, [TODAY + timedelta(days=9)], [])
    assert (user.last_day, user.run) == (TODAY + timedelta(days=9), 1)
    assert not extend_run(user, [TODAY], [])
    assert not extend_run(user, [], [TODAY])


def test_engagement_is_forty_thirty_twenty_and_ten():
    course = Course(
        12, students=4, enrollments=4, progress=Decimal(200), active=2, attempted=1, wrote=4, assessments=1
    )
    assert engagement(course) == Decimal("50.00")  # 40/2 + 30/2 + 20/4 + 10
    course.assessments = 0
    assert engagement(course) == Decimal("65.00")


def test_engagement_is_never_above_a_hundred_and_nothing_without_students():
    course = Course(12, students=1, enrollments=1, progress=Decimal(100), active=5, attempted=1, wrote=1)
    assert engagement(course) == Decimal("100.00")
    assert engagement(Course(12, active=3)) == 0


def test_the_days_to_complete_are_rounded_half_up():
    day = 86_400_000_000
    course = Course(12, completed=2, timed=2, microseconds=Decimal(5 * day))
    assert course_statistics(course)["average_completion_days"] == 3
    course.microseconds -= 1
    assert course_statistics(course)["average_completion_days"] == 2


def test_active_is_who_did_something_in_the_last_thirty_days():
    one = Participant(12, 7, steady_at=NOW - timedelta(days=30))
    one.look(NOW)
    assert one.is_active
    one.look(NOW + timedelta(microseconds=1))
    assert not one.is_active
    one.written_at = NOW
    one.look(NOW + timedelta(days=30))
    assert one.is_active
    assert one.last_on == TODAY


def test_shares_are_half_open_intervals():
    first, second = NOW, NOW + timedelta(days=10)
    history = ShareHistory(
        [Share(12, 3, second, 2, Decimal("70.00")), Share(12, 3, first, 1, Decimal("100.00"))]
    )
    assert history.at(first - timedelta(microseconds=1)) == 0
    assert history.at(first) == 100
    assert history.at(second - timedelta(microseconds=1)) == 100
    assert history.at(second) == 70
    assert history.intervals() == [(first, second, Decimal(100)), (second, None, Decimal(70))]
    assert part(Decimal("33.33"), Decimal("33.33")) == Decimal("11.108889")
