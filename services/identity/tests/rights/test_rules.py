"""Who may give, take and touch what: without a database."""

from datetime import UTC, datetime, timedelta

import pytest
from identity.administration.rules import is_sensible_ban, may_become, must_log_in_again
from identity.rights.rules import Standing, loses, may_change_group

A, B, C = "x.a", "x.b", "x.c"


def standing(*permissions: str, admin: bool = False, user_id: int = 1) -> Standing:
    return Standing(user_id, admin, frozenset(permissions))


ADMIN = standing(admin=True)


@pytest.mark.parametrize(
    ("target", "actor", "out_of_reach"),
    [
        (standing(), standing(A), False),
        (standing(A), standing(A), False),
        (standing(A), standing(A, B), False),
        (standing(A, B), standing(A), True),
        (standing(B), standing(A), True),
        (standing(A, B, C), ADMIN, False),
        (ADMIN, ADMIN, False),
        (ADMIN, standing(A, B, C), True),
        (standing(), standing(), False),
    ],
)
def test_nobody_touches_who_may_more(target: Standing, actor: Standing, out_of_reach: bool) -> None:
    assert target.is_out_of_reach_of(actor) is out_of_reach
    assert may_become(actor, target) is not out_of_reach


@pytest.mark.parametrize(
    ("actor", "before", "after", "may"),
    [
        (standing(A), set(), {A}, True),
        (standing(A), set(), {B}, False),
        (standing(A), set(), {A, B}, False),
        (standing(A), {A}, set(), True),
        # Taking is as little theirs as giving.
        (standing(A), {B}, set(), False),
        (standing(A), {A, B}, {B}, False),
        (standing(A), {A, B}, {A, B}, False),
        (ADMIN, {A}, {B, C}, True),
        (standing(), set(), set(), True),
    ],
)
def test_a_group_is_changed_within_what_one_holds(
    actor: Standing, before: set[str], after: set[str], may: bool
) -> None:
    assert may_change_group(actor, before=before, after=after) is may


@pytest.mark.parametrize(
    ("before", "after", "poorer"),
    [
        (standing(A), standing(A), False),
        (standing(A), standing(A, B), False),
        (standing(A, B), standing(A), True),
        (standing(A), standing(B), True),
        (ADMIN, standing(A, B, C), True),
        (standing(A), ADMIN, False),
        (ADMIN, ADMIN, False),
    ],
)
def test_who_may_less_than_before(before: Standing, after: Standing, poorer: bool) -> None:
    assert loses(before, after) is poorer
    assert must_log_in_again(before, after, old_role="student", new_role="student") is poorer


@pytest.mark.parametrize(
    ("old", "new", "again"),
    [
        ("student", "instructor", False),
        ("instructor", "student", True),
        ("student", "admin", False),
        ("admin", "instructor", True),
        ("admin", "student", True),
        ("instructor", "instructor", False),
    ],
)
def test_a_lower_role_takes_a_new_login(old: str, new: str, again: bool) -> None:
    assert must_log_in_again(standing(), standing(), old_role=old, new_role=new) is again


def test_a_ban_is_ahead_and_not_for_ever() -> None:
    instant = datetime(2026, 11, 23, tzinfo=UTC)
    assert is_sensible_ban(instant + timedelta(seconds=1), instant)
    assert is_sensible_ban(instant + timedelta(days=3650), instant)
    assert not is_sensible_ban(instant, instant)
    assert not is_sensible_ban(instant - timedelta(days=1), instant)
    assert not is_sensible_ban(instant + timedelta(days=3660), instant)
