"""House rules every event keeps, whoever adds the next one."""

import ast
import importlib
import inspect
import json
import sys
from pathlib import Path
from typing import Any

import pytest
from contracts.envelope import Event
from contracts.registry import EVENTS, lookup, topics

import contracts

PACKAGE = Path(contracts.__file__).parent
PUBLISHERS = ("identity", "catalog", "learning", "assessment", "instructor", "schedule", "platform")

# Never in an event, at any depth: who needs these asks identity's internal endpoint.
PERSONAL = {
    "email",
    "e_mail",
    "ip",
    "ip_address",
    "user_agent",
    "date_of_birth",
    "birthday",
    "phone_number",
    "phone",
    "address",
    "postal_code",
    "street",
    "first_name",
    "last_name",
    "password",
}


def example_of(event: type[Event]) -> dict[str, Any]:
    examples = event.model_json_schema().get("examples", [])
    assert len(examples) == 1, f"{event.__name__} needs one example of its JSON"
    return dict(examples[0])


def declared_in(publisher: str) -> list[type[Event]]:
    module = importlib.import_module(f"contracts.{publisher}")
    return [
        member
        for member in vars(module).values()
        if inspect.isclass(member) and issubclass(member, Event) and member.__module__ == module.__name__
    ]


def field_names(schema: dict[str, Any]) -> set[str]:
    parts = [schema, *schema.get("$defs", {}).values()]
    return {name for part in parts for name in part.get("properties", {})}


every_event = pytest.mark.parametrize("event", EVENTS, ids=lambda event: event.event_type)


@every_event
def test_the_class_is_called_as_its_type(event: type[Event]) -> None:
    _, noun, verb, version = event.event_type.split(".")
    name = "".join(word.capitalize() for word in f"{noun}_{verb}".split("_"))
    assert event.__name__ == name + ("" if version == "v1" else version.upper())


@every_event
def test_the_class_lives_in_its_publishers_file(event: type[Event]) -> None:
    assert event.__module__ == f"contracts.{event.event_type.split('.')[0]}"


@every_event
def test_the_example_is_a_message_of_this_release(event: type[Event]) -> None:
    example = example_of(event)
    read = event.model_validate_json(json.dumps(example))
    assert json.loads(read.model_dump_json()) == example
    assert example.keys() == event.model_fields.keys(), "an example shows every field"
    assert "{" not in read.event_subject()
    assert read.event_key()


@every_event
def test_the_docstring_says_when_it_is_told(event: type[Event]) -> None:
    doc = event.__dict__.get("__doc__")
    assert doc, f"{event.__name__}: a reader cannot know when {event.event_type} is emitted"
    assert len(doc.split()) >= 6
    assert "." in doc


@every_event
def test_no_personal_data_travels(event: type[Event]) -> None:
    leaks = field_names(event.model_json_schema()) & PERSONAL
    assert not leaks, f"{event.__name__} would spread {leaks} over every service, log and dead letter"


@every_event
def test_changed_events_are_states(event: type[Event]) -> None:
    verb = event.event_type.split(".")[2]
    if verb.endswith("changed"):
        assert event.kind == "state", f"{event.__name__} tells a state: readers must drop older ones"


@every_event
def test_nobody_has_to_ask_back_for_the_course_or_the_user(event: type[Event]) -> None:
    fields = event.model_fields
    if event.topic in ("learning.events", "assessment.events"):
        assert "course_id" in fields
    if event.topic == "learning.events" or event.event_type.startswith("assessment.attempt."):
        assert event.key_field == "user_id"


@pytest.mark.parametrize("publisher", PUBLISHERS)
def test_the_registry_lists_what_is_declared(publisher: str) -> None:
    declared = declared_in(publisher)
    assert declared
    missing = [event.__name__ for event in declared if event not in EVENTS]
    assert not missing, f"{missing} could be emitted and would be skipped by every reader as unknown"


def test_every_module_of_events_is_known_to_these_tests() -> None:
    declaring = {event.__module__.removeprefix("contracts.") for event in EVENTS}
    assert declaring == set(PUBLISHERS)


def test_the_registry_finds_by_type() -> None:
    assert all(lookup(event.event_type) is event for event in EVENTS)
    assert lookup("learning.lesson.completed.v99") is None
    assert len(set(EVENTS)) == len(EVENTS)


def test_there_is_one_topic_for_each_publisher() -> None:
    assert topics() == tuple(f"{publisher}.events" for publisher in PUBLISHERS)


def test_contracts_imports_pydantic_and_the_standard_library_alone() -> None:
    allowed = {"pydantic", "contracts"} | sys.stdlib_module_names
    for path in PACKAGE.rglob("*.py"):
        for node in ast.walk(ast.parse(path.read_text())):
            names = []
            if isinstance(node, ast.Import):
                names = [alias.name for alias in node.names]
            elif isinstance(node, ast.ImportFrom):
                names = ["contracts" if node.level else node.module or ""]
            foreign = {name.partition(".")[0] for name in names} - allowed
            assert not foreign, f"{path.name}:{getattr(node, 'lineno', 0)} imports {foreign}"


def test_events_do_not_know_the_commands_that_check_them() -> None:
    """A service that imports an event must not load the census or the goldens with it."""
    for publisher in (*PUBLISHERS, "envelope", "fields", "registry"):
        tree = ast.parse((PACKAGE / f"{publisher}.py").read_text())
        imported = {node.module for node in ast.walk(tree) if isinstance(node, ast.ImportFrom)}
        assert not imported & {"contracts.goldens", "contracts.census", "contracts.catalogue"}
