"""The arithmetic of progress, alone."""

from datetime import UTC, date, datetime, timedelta
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st
from learning.progress.rules import Standing, count_time, further, streak_after, streak_as_of

START = datetime(2026, 11, 22, 20, 0, tzinfo=UTC)
TODAY = date(2026, 11, 22)


@pytest.mark.parametrize(
    ("completed", "total", "percentage", "whole"),
    [(0, 4, "0.00", 0), (1, 4, "25.00", 25), (1, 3, "33.33", 33), (2, 3, "66.67", 67), (1, 8, "12.50", 13)],
)
def test_a_percentage_is_rounded_half_up(completed, total, percentage, whole):
    standing = Standing(completed, total)
    assert standing.percentage == Decimal(percentage)
    assert standing.whole_percentage == whole


def test_a_course_without_lessons_is_never_complete():
    assert not Standing(0, 0).is_complete
    assert Standing(0, 0).percentage == 0


def test_a_course_is_complete_with_its_last_lesson():
    assert not Standing(3, 4).is_complete
    assert Standing(4, 4).is_complete


def test_reported_time_counts_up_to_what_passed():
    counted = count_time(60, counted_until=START, instant=START + timedelta(seconds=45))
    assert counted.seconds == 45
    assert counted.counted_until == START + timedelta(seconds=45)


def test_time_not_reported_is_not_kept_for_later():
    counted = count_time(10, counted_until=START, instant=START + timedelta(hours=1))
    assert counted.seconds == 10
    assert counted.counted_until == START + timedelta(hours=1)


def test_a_capped_report_leaves_the_fraction_to_the_next():
    first = count_time(1, counted_until=START, instant=START + timedelta(seconds=0.9))
    assert (first.seconds, first.counted_until) == (0, START)
    second = count_time(1, counted_until=first.counted_until, instant=START + timedelta(seconds=1.8))
    assert second.seconds == 1


def test_a_clock_that_goes_back_counts_nothing():
    counted = count_time(60, counted_until=START, instant=START - timedelta(seconds=5))
    assert counted.seconds == 0
    assert counted.counted_until == START


@given(st.lists(st.tuples(st.floats(0, 100), st.integers(0, 86_400)), max_size=30))
def test_counted_time_never_exceeds_what_passed(updates):
    instant = until = START
    total = 0
    for passed, reported in updates:
        instant += timedelta(seconds=passed)
        counted = count_time(reported, counted_until=until, instant=instant)
        assert counted.seconds <= reported
        until = counted.counted_until
        total += counted.seconds
    assert total <= (instant - START).total_seconds()
    assert until <= instant


def test_progress_in_a_lesson_never_goes_back():
    assert further(60, 40) == 60
    assert further(60, 80) == 80
    assert further(60, None) == 60


def test_a_streak_grows_day_by_day_and_breaks():
    assert streak_after(0, None, TODAY) == 1
    assert streak_after(4, TODAY, TODAY) == 4
    assert streak_after(4, TODAY - timedelta(days=1), TODAY) == 5
    assert streak_after(4, TODAY - timedelta(days=2), TODAY) == 1


def test_a_streak_reads_zero_once_a_day_was_missed():
    assert streak_as_of(4, TODAY, TODAY) == 4
    assert streak_as_of(4, TODAY - timedelta(days=1), TODAY) == 4
    assert streak_as_of(4, TODAY - timedelta(days=2), TODAY) == 0
    assert streak_as_of(0, None, TODAY) == 0
