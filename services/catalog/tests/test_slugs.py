"""Slugs are readable, never read as an id, and there is always one more."""

import re
import subprocess
import sys
import unicodedata
from itertools import islice

import pytest
from catalog.slugs import MAX_LENGTH, candidates, slugify
from hypothesis import given
from hypothesis import strategies as st


@pytest.mark.parametrize(
    ("title", "slug"),
    [
        ("Notes on the Analytical Engine", "notes-on-the-analytical-engine"),
        ("  C++ & C#: über  alles! ", "c-c-uber-alles"),
        ("<script>alert(1)</script>", "script-alert-1-script"),
        ("../../etc/passwd", "etc-passwd"),
        ("123", "course-123"),
        ("---", "course"),
        ("\u200b\ufe0f", "course"),
        ("x" * 300, "x" * MAX_LENGTH),
    ],
)
def test_a_title_makes_a_slug(title, slug):
    assert slugify(title, "course") == slug


@pytest.mark.parametrize(
    ("title", "slug"),
    [
        ("Основы программирования", "osnovy-programmirovaniya"),
        ("Большой объём данных", "bolshoy-obem-dannykh"),
        ("Εισαγωγή στην Python", "eisagogi-stin-python"),
        ("深度学习 Python 教程", "shen-du-xue-xi-python-jiao-cheng"),
        ("データサイエンス入門", "detasaiensu-ru-men"),
        ("ﾃﾞｰﾀ", "deta"),
        ("데이터 과학", "deiteo-gwahag"),
        # The same, as some systems write it: letter by letter.
        (unicodedata.normalize("NFD", "데이터 과학"), "deiteo-gwahag"),
        ("مقدمة في البرمجة", "mqdmh-fy-lbrmjh"),
        ("हिन्दी सीखें", "hindi-sikhem"),
        ("Łódź, Straße und Œuvre", "lodz-strasse-und-oeuvre"),
        ("L\u2019\u00e9t\u00e9, don't wait", "lete-dont-wait"),
        ("🚀 Rockets", "rocket-rockets"),
        ("１２３", "course-123"),
        ("١٢٣", "course-123"),
        ("ＩＭＰＯＲＴ", "course-import"),
        ("学" * 255, "-".join(["xue"] * 20)),
    ],
)
def test_a_title_in_any_alphabet_makes_a_slug_that_can_be_read(title, slug):
    assert slugify(title, "course") == slug


@given(st.text(max_size=255))
def test_whatever_the_title_its_slug_can_stand_in_an_address(title):
    slug = slugify(title, "course")
    assert re.fullmatch("[a-z0-9]+(-[a-z0-9]+)*", slug)
    assert not slug.isdigit()
    assert slug != "import"
    assert len(slug) <= MAX_LENGTH + len("course-")


def test_the_tables_of_other_alphabets_are_not_loaded_before_they_are_needed():
    loaded = "import sys, catalog.slugs; print('anyascii' in sys.modules)"
    done = subprocess.run([sys.executable, "-c", loaded], capture_output=True, text=True, check=True)
    assert done.stdout == "False\n"


def test_candidates_leave_out_what_is_taken_and_never_end():
    first = list(islice(candidates("a", {"a", "a-3"}), 12))
    assert first[:3] == ["a-2", "a-4", "a-5"]
    assert len(set(first)) == 12
