"""The census sees emitters and listeners in every way our sources write them, and nothing else."""

from pathlib import Path

import pytest
from contracts.catalog import CoursePublished, CourseUnpublished
from contracts.envelope import Event
from contracts.identity import UserErased
from contracts.learning import LessonCompleted, LessonProgressed, NoteCreated
from contracts.platform import ErasureCompleted
from contracts.registry import EVENTS
from contracts.schedule import TaskDue

from contracts import census


def repository(root: Path, files: dict[str, str]) -> Path:
    for name, text in files.items():
        path = root / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
    return root


def emitted(taken: census.Census) -> dict[type[Event], set[str]]:
    return {event: services for event, services in taken.emitters.items() if services}


def heard(taken: census.Census) -> dict[type[Event], set[str]]:
    return {event: services for event, services in taken.listeners.items() if services}


LEARNING = "services/learning/learning"


@pytest.mark.parametrize(
    "source",
    [
        "from contracts.learning import LessonCompleted\nemit(s, LessonCompleted(user_id=1))",
        "from contracts.learning import LessonCompleted as Done\ndef f():\n    return Done(user_id=1)",
        "from contracts import learning\nemit(s, learning.LessonCompleted(user_id=1))",
        "import contracts.learning\nemit(s, contracts.learning.LessonCompleted(user_id=1))",
        "def f():\n    from contracts.learning import LessonCompleted\n    emit(s, LessonCompleted())",
    ],
)
def test_an_emitter_is_found(tmp_path: Path, source: str) -> None:
    taken = census.take(repository(tmp_path, {f"{LEARNING}/progress/service.py": source}))
    assert emitted(taken) == {LessonCompleted: {"learning"}}


@pytest.mark.parametrize(
    ("path", "source"),
    [
        (f"{LEARNING}/progress/service.py", "from contracts.learning import LessonCompleted"),
        (
            f"{LEARNING}/progress/handlers.py",
            "from contracts.learning import LessonCompleted\nasync def f(x: LessonCompleted): ...",
        ),
        (f"{LEARNING}/progress/service.py", "class LessonCompleted: ...\nLessonCompleted()"),
        (
            f"{LEARNING}/progress/service.py",
            "from contracts.learning import LessonCompleted\nLessonCompleted.model_validate(row)",
        ),
        (f"{LEARNING}/progress/service.py", "# emit(session, LessonCompleted(user_id=1))"),
        (
            "services/learning/tests/test_x.py",
            "from contracts.learning import LessonCompleted\nLessonCompleted(user_id=1)",
        ),
    ],
)
def test_what_does_not_emit_is_not_counted(tmp_path: Path, path: str, source: str) -> None:
    files = {f"{LEARNING}/main.py": "", path: source}
    assert emitted(census.take(repository(tmp_path, files))) == {}


IMPORTS = """
from contracts.catalog import CoursePublished, CourseUnpublished
from contracts.identity import UserErased
from learning.course_mirror import handlers
"""


@pytest.mark.parametrize(
    ("body", "events"),
    [
        ("SUBSCRIPTIONS = {CoursePublished: handlers.keep}", {CoursePublished}),
        (
            "SUBSCRIPTIONS: Subscriptions = {CoursePublished: handlers.keep, UserErased: handlers.erase}",
            {CoursePublished, UserErased},
        ),
        # A value is a handler; what it was built from is not a subscription.
        ("SUBSCRIPTIONS = {CoursePublished: Batched(CourseUnpublished)}", {CoursePublished}),
        (
            "_ERASURE = {UserErased: f}\nSUBSCRIPTIONS = {CoursePublished: g, **_ERASURE}",
            {CoursePublished, UserErased},
        ),
        (
            "_ERASURE = {UserErased: f}\nSUBSCRIPTIONS = {CoursePublished: g} | _ERASURE",
            {CoursePublished, UserErased},
        ),
        (
            "_COURSES = (CoursePublished, CourseUnpublished)\nSUBSCRIPTIONS = {e: f for e in _COURSES}",
            {CoursePublished, CourseUnpublished},
        ),
        ("SUBSCRIPTIONS = dict.fromkeys((CoursePublished, UserErased), f)", {CoursePublished, UserErased}),
        ("from contracts import registry\nSUBSCRIPTIONS = {e: f for e in registry.EVENTS}", set(EVENTS)),
        ("from contracts.registry import EVENTS\nSUBSCRIPTIONS = dict.fromkeys(EVENTS, f)", set(EVENTS)),
        ("SUBSCRIPTIONS = {}", set()),
    ],
)
def test_listeners_are_found(tmp_path: Path, body: str, events: set[type[Event]]) -> None:
    taken = census.take(repository(tmp_path, {f"{LEARNING}/subscriptions.py": IMPORTS + body}))
    assert set(heard(taken)) == events
    assert all(services == {"learning"} for services in heard(taken).values())


@pytest.mark.parametrize(
    "imported",
    [
        "from learning.facts.rules import FACTS",
        "from .facts.rules import FACTS",
        "from learning.facts import FACTS",
        "from learning.facts import rules\nFACTS = rules.FACTS",
    ],
)
def test_a_tuple_of_events_is_followed_into_its_module(tmp_path: Path, imported: str) -> None:
    files = {
        f"{LEARNING}/facts/__init__.py": "from learning.facts.rules import FACTS",
        f"{LEARNING}/facts/rules.py": "from contracts.learning import LessonProgressed, NoteCreated\n"
        "FACTS: tuple[type, ...] = (LessonProgressed, NoteCreated)",
        f"{LEARNING}/subscriptions.py": f"{imported}\nSUBSCRIPTIONS = {{event: keep for event in FACTS}}",
    }
    assert set(heard(census.take(repository(tmp_path, files)))) == {LessonProgressed, NoteCreated}


def test_circular_names_end(tmp_path: Path) -> None:
    body = "A = {**B}\nB = {**A, CoursePublished: f}\nSUBSCRIPTIONS = A"
    taken = census.take(repository(tmp_path, {f"{LEARNING}/subscriptions.py": IMPORTS + body}))
    assert set(heard(taken)) == {CoursePublished}


def test_subscriptions_that_cannot_be_read_are_an_error_and_not_silence(tmp_path: Path) -> None:
    files = {f"{LEARNING}/subscriptions.py": IMPORTS + "def subscriptions(): return {CoursePublished: f}"}
    with pytest.raises(census.UnreadableSubscriptions, match=r"subscriptions\.py binds no SUBSCRIPTIONS"):
        census.take(repository(tmp_path, files))


def test_the_gateway_is_counted_beside_the_services(tmp_path: Path) -> None:
    files = {
        "gateway/gateway/subscriptions.py": IMPORTS + "SUBSCRIPTIONS = {UserErased: f}",
        f"{LEARNING}/subscriptions.py": IMPORTS + "SUBSCRIPTIONS = {UserErased: f}",
    }
    assert heard(census.take(repository(tmp_path, files))) == {UserErased: {"gateway", "learning"}}


def test_only_its_publisher_may_emit_an_event() -> None:
    assert census.publishers(LessonCompleted) == frozenset({"learning"})
    assert census.publishers(TaskDue) == frozenset({"analytics"})
    assert census.publishers(ErasureCompleted) is None
