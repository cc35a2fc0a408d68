"""`docs/events.md` says what the sources do, and no event is told to nobody."""

import runpy
from pathlib import Path

import pytest
from contracts.catalog import CoursePublished
from contracts.envelope import Event
from contracts.learning import LessonCompleted
from contracts.registry import EVENTS

from contracts import catalogue, census

_LIST = runpy.run_path(str(Path(__file__).with_name("not_yet.py")))
NOT_YET_EMITTED: dict[str, str] = _LIST["NOT_YET_EMITTED"]
NOT_YET_READ: dict[str, str] = _LIST["NOT_YET_READ"]


@pytest.fixture(scope="module")
def counted() -> census.Census:
    return census.take()


def orphans(services: dict[type[Event], set[str]]) -> set[str]:
    return {event.__name__ for event, names in services.items() if not names}


def test_the_document_is_up_to_date(counted: census.Census) -> None:
    written = catalogue.DOCUMENT.read_text(encoding="utf-8")
    assert written == catalogue.rendered(counted), "docs/events.md is stale: python -m contracts.catalogue"


def test_every_event_is_emitted(counted: census.Census) -> None:
    lost = orphans(counted.emitters) - NOT_YET_EMITTED.keys()
    assert not lost, f"nobody emits {sorted(lost)}: their readers wait for ever"


def test_every_event_is_read(counted: census.Census) -> None:
    unread = orphans(counted.listeners) - NOT_YET_READ.keys()
    assert not unread, f"nobody reads {sorted(unread)}: what they tell is lost"


def test_the_list_of_what_is_not_yet_emitted_or_read_only_shrinks(counted: census.Census) -> None:
    emitted = NOT_YET_EMITTED.keys() - orphans(counted.emitters)
    read = NOT_YET_READ.keys() - orphans(counted.listeners)
    assert not emitted, f"strike from NOT_YET_EMITTED in contracts/tests/not_yet.py: {sorted(emitted)}"
    assert not read, f"strike from NOT_YET_READ in contracts/tests/not_yet.py: {sorted(read)}"
    assert all(len(why.split()) > 1 for why in (*NOT_YET_EMITTED.values(), *NOT_YET_READ.values()))


@pytest.mark.parametrize("event", EVENTS, ids=lambda event: event.event_type)
def test_an_event_is_emitted_by_its_publisher_alone(event: type[Event], counted: census.Census) -> None:
    allowed = census.publishers(event)
    strangers = set() if allowed is None else counted.emitters[event] - allowed
    assert not strangers, (
        f"{strangers} emit {event.__name__}, whose truth and whose order belong to {event.topic}: "
        "two emitters of one key overwrite each other"
    )


def test_the_document_names_class_emitter_and_readers() -> None:
    counted = census.Census()
    counted.emitters[LessonCompleted].add("learning")
    counted.listeners[LessonCompleted] |= {"analytics", "instructor"}
    text = catalogue.rendered(counted)
    (row,) = [line for line in text.splitlines() if "`learning.lesson.completed.v1`" in line]
    assert "[LessonCompleted](../contracts/contracts/learning.py)" in row
    assert "| `user_id` | fact |" in row
    assert row.endswith("| learning | analytics, instructor |")
    assert "nobody yet" in next(line for line in text.splitlines() if "course.published" in line)


def test_every_event_has_one_row_of_seven_cells() -> None:
    rows = [line for line in catalogue.rendered(census.Census()).splitlines() if line.startswith("| `")]
    assert len(rows) == len(EVENTS)
    assert {row.replace("\\|", "").count("|") for row in rows} == {8}


def test_links_of_the_document_lead_somewhere() -> None:
    for event in EVENTS:
        assert (census.REPOSITORY / "contracts" / f"{event.__module__.replace('.', '/')}.py").is_file()


def test_a_first_sentence_is_one_line() -> None:
    assert catalogue.first_sentence(CoursePublished) == (
        "A course was published, or republished with changes: its whole outline, in the author's order."
    )
