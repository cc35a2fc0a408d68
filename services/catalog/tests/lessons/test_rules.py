"""Which body a reader gets."""

import pytest
from catalog.lessons.rules import body, reading


@pytest.mark.parametrize(
    ("known", "everything", "access", "unlock"),
    [
        (False, False, "guest", ("login", "enroll", "subscribe")),
        (True, False, "registered", ("enroll", "subscribe")),
        (True, True, "premium", ()),
        (False, True, "premium", ()),
    ],
)
def test_access(known, everything, access, unlock):
    found = reading(is_known=known, has_everything=everything)
    assert (found.access, found.unlock, found.is_locked) == (access, unlock, access != "premium")


@pytest.mark.parametrize(
    ("access", "registered", "guest", "shown"),
    [
        ("premium", "r", "g", "whole"),
        ("registered", "r", "g", "r"),
        ("registered", None, "g", "g"),
        ("registered", "", None, ""),
        ("guest", "r", "g", "g"),
        ("guest", "r", None, ""),
    ],
)
def test_a_level_without_a_body_shows_what_the_one_below_does(access, registered, guest, shown):
    assert body(access, content="whole", registered_content=registered, guest_content=guest) == shown
