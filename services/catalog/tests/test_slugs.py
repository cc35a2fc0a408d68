"""Slugs are readable, never read as an id, and there is always one more."""

from itertools import islice

import pytest
from catalog.slugs import MAX_LENGTH, candidates, slugify


@pytest.mark.parametrize(
    ("title", "slug"),
    [
        ("Notes on the Analytical Engine", "notes-on-the-analytical-engine"),
        ("  C++ & C#: über  alles! ", "c-c-uber-alles"),
        ("<script>alert(1)</script>", "script-alert-1-script"),
        ("../../etc/passwd", "etc-passwd"),
        ("123", "course-123"),
        ("数学", "course"),
        ("---", "course"),
        ("x" * 300, "x" * MAX_LENGTH),
    ],
)
def test_a_title_makes_a_slug(title, slug):
    assert slugify(title, "course") == slug


def test_candidates_leave_out_what_is_taken_and_never_end():
    first = list(islice(candidates("a", {"a", "a-3"}), 12))
    assert first[:3] == ["a-2", "a-4", "a-5"]
    assert len(set(first)) == 12
