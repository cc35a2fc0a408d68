import re

import pytest
from identity.accounts.rules import USERNAME, display_name, role_by_standing


@pytest.mark.parametrize(
    ("names", "shown"),
    [
        (("Ada", "Lovelace", "ada"), "Ada Lovelace"),
        (("Ada", "", "ada"), "Ada"),
        (("", "Lovelace", "ada"), "Lovelace"),
        (("", "", "ada"), "ada"),
    ],
)
def test_display_name(names: tuple[str, str, str], shown: str) -> None:
    assert display_name(*names) == shown


@pytest.mark.parametrize(
    ("role", "standing", "then"),
    [
        ("student", "active", "instructor"),
        ("instructor", "active", "instructor"),
        ("instructor", "suspended", "student"),
        ("instructor", "rejected", "student"),
        ("student", "suspended", "student"),
        ("student", "pending", "student"),
        ("instructor", "pending", "instructor"),
        ("admin", "active", "admin"),
        ("admin", "suspended", "admin"),
        ("admin", "rejected", "admin"),
    ],
)
def test_the_role_follows_the_standing(role: str, standing: str, then: str) -> None:
    assert role_by_standing(role, standing) == then


@pytest.mark.parametrize(
    ("name", "fits"),
    [("ada", True), ("Ada_L-9.x", True), ("ab", False), (".ada", False), ("a@b.c", False), ("ädä", False)],
)
def test_usernames(name: str, fits: bool) -> None:
    assert (re.fullmatch(USERNAME, name) is not None) is fits
