"""Pages that are read in a process of their own: the same comes out, and who takes too much costs one page."""

import sys
from collections.abc import Callable
from pathlib import Path

import pytest
from catalog.cartridges import apart, pages
from catalog.cartridges.trees import Unreadable
from chassis.errors import Unavailable

from .conftest import Members, Taken, html, item, manifest, resource

Take = Callable[[Members], Taken]
HONEST = html("<p>tissé \U0001f9f5 " + "word " * 5_000 + "<a href='a.pdf'>plan</a> <img src='b'></p>")
BREAKS = f'<a href="https://loom.example/">warp{"<br>" * 60_000}weft</a>'
"""Seconds of work for each page of this size, and minutes for the largest there may be."""
MANY = 70_000
WIDE_AND_LONG = f"<table><tr>{'<td>x' * MANY}{'<tr><td>x' * MANY}</table>"
"""Of a megabyte, more than half a gigabyte; within the time there is."""
TOO_MUCH = {"line breaks in a link": (BREAKS, 1.0), "a table as wide as it is long": (WIDE_AND_LONG, 30.0)}
"""And the seconds that they have."""


def test_a_long_page_is_read_as_a_short_one_is() -> None:
    names = {"a.pdf": "métier.pdf"}
    asked: list[str] = []

    def named(reference: str) -> str | None:
        asked.append(reference)
        return names.get(reference)

    with apart.Reader() as reader:
        assert reader._process is None
        first = reader.markdown(HONEST, named)
        process = reader._process
        assert process is not None
        assert reader.markdown(HONEST, named) == first == pages.markdown(HONEST, names.get)
        assert reader._process is process, "one for all of them"
        assert asked == ["a.pdf", "b"] * 2
        nested = reader.markdown("<div>" * 5_000 + "x", named)
        assert nested.is_cut
        with pytest.raises(Unreadable, match="It is no page"):
            reader.markdown("%PDF-1.7" + "x" * apart.SHORT, named)
    assert process.poll() is not None, "and it goes with the last"


@pytest.mark.parametrize("what", TOO_MUCH)
def test_what_takes_too_much_is_lost_and_nothing_else(
    take: Take, monkeypatch: pytest.MonkeyPatch, what: str
) -> None:
    page, seconds = TOO_MUCH[what]
    monkeypatch.setattr(apart, "PAGE_SECONDS", seconds)
    found = take(
        {
            "imsmanifest.xml": manifest(
                item("Before", "a") + item("Bomb", "b") + item("After", "c"),
                resource("a", "a.html") + resource("b", "b.html") + resource("c", "c.html"),
            ),
            "a.html": HONEST,
            "b.html": html(page),
            "c.html": HONEST,
        }
    )
    assert list(found.lessons) == ["Before", "After"]
    assert found.left["Page “Bomb”"].startswith("b.html cannot be read: It takes more time or memory")
    assert "word word" in found.lessons["After"].content


def test_all_pages_of_a_cartridge_have_so_much_time_together(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(apart, "PAGE_SECONDS", 0.2)
    monkeypatch.setattr(apart, "ALL_SECONDS", 0.3)
    with apart.Reader() as reader:
        for _ in range(2):
            with pytest.raises(Unreadable, match="more time or memory"):
                reader.markdown(BREAKS, lambda _: None)
        for page in (BREAKS, "<p>short</p>"):
            with pytest.raises(Unreadable, match="before it took all the time"):
                reader.markdown(page, lambda _: None)


def test_every_page_that_is_read_takes_of_it(monkeypatch: pytest.MonkeyPatch) -> None:
    with apart.Reader() as reader:
        reader.markdown(HONEST, lambda _: None)
        after_one = reader._seconds_left
        reader.markdown(HONEST, lambda _: None)
        assert apart.ALL_SECONDS > after_one > reader._seconds_left
    # What is left is all that a page has.
    monkeypatch.setattr(apart, "ALL_SECONDS", 0.3)
    with apart.Reader() as reader, pytest.raises(Unreadable, match="more time or memory"):
        reader.markdown(BREAKS, lambda _: None)
    # And of short ones, less than a clock can tell.
    monkeypatch.setattr(apart, "ALL_SECONDS", 1e-9)
    with apart.Reader() as reader:
        reader.markdown("<p>short</p>", lambda _: None)
        with pytest.raises(Unreadable, match="before it took all the time"):
            reader.markdown("<p>short</p>", lambda _: None)


def test_who_is_asked_and_fails_is_heard(monkeypatch: pytest.MonkeyPatch) -> None:
    def fails(_: str) -> str | None:
        raise LookupError("a defect of ours")

    with apart.Reader() as reader:
        with pytest.raises(LookupError, match="of ours"):
            reader.markdown(HONEST, fails)
        assert reader._process is None
        assert "word" in reader.markdown(HONEST, lambda _: None).text


def test_that_process_knows_no_secrets(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CATALOG_DATABASE_URL", "postgresql://loom:secret@babbage.example/")
    with apart.Reader() as reader:
        reader.markdown(HONEST, lambda _: None)
        assert reader._process is not None
        assert b"secret" not in Path(f"/proc/{reader._process.pid}/environ").read_bytes()


def test_where_memory_is_short_that_process_goes_before_the_service() -> None:
    with apart.Reader() as reader:
        reader.markdown(HONEST, lambda _: None)
        assert reader._process is not None
        asked = Path(f"/proc/{reader._process.pid}/oom_score_adj").read_text()
    assert int(asked) == 1000


@pytest.mark.parametrize("program", ["/nowhere/python", "/bin/false"])
def test_without_such_a_process_the_import_can_be_tried_again(
    take: Take, monkeypatch: pytest.MonkeyPatch, program: str
) -> None:
    """Nothing is wrong with the page, so it is not left out of the course for good."""
    members: Members = {
        "imsmanifest.xml": manifest(item("One", "a"), resource("a", "a.html")),
        "a.html": HONEST,
    }
    with monkeypatch.context() as patched:
        patched.setattr(sys, "executable", program)
        with pytest.raises(Unavailable) as refused:
            take(members)
    assert refused.value.retry_after == 30
    assert list(take(members).lessons) == ["One"]
