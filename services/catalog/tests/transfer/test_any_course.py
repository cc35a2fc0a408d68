"""Whatever authors write, it goes out and comes in again."""

import io
import json
import zipfile
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from catalog.files import service as files
from chassis.db import Database
from chassis.storage import Storage
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from .conftest import PDF, zipped
from .test_imports import nothing_is_left

WORDS = st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\x00"), max_size=40)
TITLES = WORDS.filter(lambda text: bool(text.strip())).map(lambda text: text[:200])
MINUTES = st.none() | st.integers(0, 1_000_000)
ADDRESSES = st.sampled_from(
    [
        "https://a.example/",
        "HTTP://A.example:8080/%2e%2e/?q=<b>&r='\"#x",
        "https://[2001:db8::1]/ü?ß",
        "http://user@b.example/a b",
    ]
)
NAMES = st.sampled_from(
    ["a.pdf", "A.PDF", "r\u00e9sum\u00e9.pdf", "con.pdf", "a" * 146 + ".pdf", "x" * 400, "\u00a0..b"]
)


def _maybe(texts: st.SearchStrategy[Any]) -> st.SearchStrategy[Any]:
    return st.none() | texts


FILES = st.fixed_dictionaries({"path": st.sampled_from(["files/a.pdf", "b.pdf"]), "name": NAMES})
RESOURCES = st.one_of(
    st.fixed_dictionaries(
        {"title": TITLES, "description": _maybe(WORDS), "premium": st.booleans(), "file": _maybe(FILES)}
    ),
    st.fixed_dictionaries({"title": TITLES, "type": st.just("link"), "url": ADDRESSES}),
)
LESSONS = st.fixed_dictionaries(
    {
        "title": TITLES,
        "content": WORDS,
        "guest_content": _maybe(WORDS),
        "registered_content": _maybe(WORDS),
        "transcript": _maybe(WORDS),
        "access_level": st.sampled_from(["guest", "registered", "premium"]),
        "activity_type": st.sampled_from(["reading", "video"]),
        "is_free_preview": st.booleans(),
        "has_lab": st.booleans(),
        "duration_minutes": MINUTES,
        "video_url": _maybe(ADDRESSES),
        "resources": st.lists(RESOURCES, max_size=3),
    }
)
MODULES = st.fixed_dictionaries(
    {
        "title": TITLES,
        "description": _maybe(WORDS),
        "duration_minutes": MINUTES,
        "is_published": st.booleans(),
        "lessons": st.lists(LESSONS, max_size=3),
    }
)
DISCOUNTS = st.none() | st.sampled_from(
    [
        "1999-12-31T23:59:59.999999+14:00",
        "2031-01-01T00:00:00-11:30",
        datetime(2027, 5, 1, tzinfo=UTC).isoformat(),
    ]
)
COURSES = st.fixed_dictionaries(
    {
        "title": TITLES,
        "subtitle": _maybe(WORDS),
        "description": WORDS,
        "language": st.sampled_from(["en", "fr"]),
        "has_certificate": st.booleans(),
        "price": st.just("49.90"),
        "discount_price": st.just("0.00"),
        "discount_ends": DISCOUNTS,
        "target_audience": _maybe(WORDS),
        "meta_description": _maybe(WORDS),
        "requirements": st.lists(TITLES, max_size=3),
    }
)


@settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(course=COURSES, modules=st.lists(MODULES, max_size=3))
async def test_any_course_comes_out_as_it_went_in(carrier: Any, course: Any, modules: Any) -> None:
    told = {"title": "", "category": {"slug": "mathematics", "name": "Mathematics"}, **course}
    document = json.dumps({"format": "lyceum-course", "version": 1, "course": told, "modules": modules})
    packed = zipped({"course.json": document, "files/a.pdf": PDF, "b.pdf": PDF + b"b"})
    made = await carrier.take(packed)
    first = await carrier.export(made["id"])
    again = await carrier.take(first)
    assert await carrier.export(again["id"]) == first
    with zipfile.ZipFile(io.BytesIO(first)) as archive:
        written = json.loads(archive.read("course.json"))
    assert [module["title"] for module in written["modules"]] == [module["title"] for module in modules]
    for wanted, found in zip(modules, written["modules"], strict=True):
        for lesson, kept in zip(wanted["lessons"], found["lessons"], strict=True):
            texts = ("title", "content", "guest_content", "registered_content", "transcript", "video_url")
            assert [kept[name] for name in texts] == [lesson[name] for name in texts]
            assert len(kept["resources"]) == len(lesson["resources"])
    for name in ("title", "subtitle", "description", "target_audience", "requirements"):
        assert written["course"][name] == course[name]


@pytest.mark.parametrize("at", [1, 2, 3])
async def test_a_storage_that_fails_in_the_middle_leaves_nothing(
    carrier: Any,
    app: Any,
    database: Database,
    storage: Storage,
    stored: Any,
    monkeypatch: pytest.MonkeyPatch,
    at: int,
) -> None:
    """The disk takes the first files and no more: a folder stands where the next would be written."""
    one = {"title": "R", "file": {"path": "files/a.pdf", "name": "a.pdf"}}
    document = json.dumps(
        {
            "format": "lyceum-course",
            "version": 1,
            "course": {"title": "L", "category": {"slug": "mathematics", "name": "Mathematics"}},
            "modules": [{"title": "M", "lessons": [{"title": "L", "resources": [one] * 3}]}],
        }
    )
    kept = app.state.storage
    folder = Path(str(kept._settings.storage_url).removeprefix("file://"))
    in_the_way: list[Path] = []
    put, calls = kept.put, 0

    async def fails(key: str, *rest: Any, **named: Any) -> Any:
        nonlocal calls
        calls += 1
        if calls == at:
            in_the_way.append(folder / key)
            in_the_way[0].mkdir(parents=True)
        return await put(key, *rest, **named)

    monkeypatch.setattr(kept, "put", fails)
    status, slug, _ = await carrier.refused(zipped({"course.json": document, "files/a.pdf": PDF}))
    assert (status, slug) == (503, "unavailable")
    in_the_way.pop().rmdir()
    await files.remove_unwanted(database, storage)
    await nothing_is_left(database, storage, stored)
