"""A published event only ever gains optional fields; the checker that says so is shown every other change."""

import copy
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from contracts.catalog import CoursePublished
from contracts.envelope import Event
from contracts.evolution import breaking_changes
from contracts.fields import Id
from contracts.registry import EVENTS

from contracts import goldens

Schema = dict[str, Any]
GOLDEN = goldens.schema_of(CoursePublished)

every_event = pytest.mark.parametrize("event", EVENTS, ids=lambda event: event.event_type)


@every_event
def test_todays_schema_may_follow_the_published_one(event: type[Event]) -> None:
    path = goldens.golden_path(event.event_type)
    assert path.exists(), f"{event.__name__} has no golden schema: run python -m contracts.goldens"
    breaks = breaking_changes(json.loads(path.read_text()), goldens.schema_of(event))
    assert not breaks, "\n".join(breaks)


@every_event
def test_the_golden_is_up_to_date(event: type[Event]) -> None:
    # Else an optional field added today could be removed tomorrow without anyone noticing.
    golden = goldens.golden_path(event.event_type).read_text()
    assert golden == goldens.rendered(goldens.schema_of(event)), "run python -m contracts.goldens"


def test_no_published_type_has_lost_its_class() -> None:
    assert goldens.withdrawn() == []


# --- the checker


def remove_field(schema: Schema) -> None:
    del schema["properties"]["slug"]
    schema["required"].remove("slug")


def remove_nested_field(schema: Schema) -> None:
    del schema["$defs"]["PublishedLesson"]["properties"]["type"]
    schema["$defs"]["PublishedLesson"]["required"].remove("type")


def add_required_field(schema: Schema) -> None:
    schema["properties"]["language"] = {"type": "string"}
    schema["required"].append("language")


def add_required_nested_field(schema: Schema) -> None:
    schema["$defs"]["PublishedModule"]["properties"]["language"] = {"type": "string"}
    schema["$defs"]["PublishedModule"]["required"].append("language")


def make_optional(schema: Schema) -> None:
    schema["required"].remove("slug")


def change_type(schema: Schema) -> None:
    schema["properties"]["title"]["type"] = "integer"


def change_nested_type(schema: Schema) -> None:
    schema["$defs"]["PublishedLesson"]["properties"]["id"]["type"] = "string"


def narrow_bounds(schema: Schema) -> None:
    schema["properties"]["course_id"]["minimum"] = 1000


def change_format(schema: Schema) -> None:
    schema["properties"]["published_at"]["format"] = "date"


def change_pattern(schema: Schema) -> None:
    schema["properties"]["price"]["pattern"] = r"^\d+$"


def narrow_enum(schema: Schema) -> None:
    schema["properties"]["level"]["enum"].remove("advanced")


def widen_enum(schema: Schema) -> None:
    schema["properties"]["level"]["enum"].append("expert")


def pin_enum(schema: Schema) -> None:
    del schema["properties"]["level"]["enum"]
    schema["properties"]["level"]["const"] = "beginner"


def free_enum(schema: Schema) -> None:
    del schema["properties"]["level"]["enum"]


def enumerate_text(schema: Schema) -> None:
    schema["properties"]["title"]["enum"] = ["A", "B"]


def refuse_null(schema: Schema) -> None:
    schema["properties"]["discount_ends"] = {"type": "string", "format": "date-time"}


def allow_null(schema: Schema) -> None:
    schema["properties"]["price"] = {"anyOf": [schema["properties"]["price"], {"type": "null"}]}


def change_inside_optional(schema: Schema) -> None:
    schema["properties"]["discount_price"]["anyOf"][0]["pattern"] = r"^\d+$"


def list_to_one(schema: Schema) -> None:
    schema["properties"]["modules"] = {"$ref": "#/$defs/PublishedModule"}


def change_key(schema: Schema) -> None:
    schema["x-lyceum"]["key"] = "category_id"


def change_topic(schema: Schema) -> None:
    schema["x-lyceum"]["topic"] = "courses.events"


def change_kind(schema: Schema) -> None:
    schema["x-lyceum"]["kind"] = "fact"


def forbid_unknown(schema: Schema) -> None:
    schema["additionalProperties"] = False


@pytest.mark.parametrize(
    ("break_it", "field", "outage"),
    [
        (remove_field, "`slug`", "previous release"),
        (remove_nested_field, "`modules[].lessons[].type`", "previous release"),
        (add_required_field, "`language`", "already in the log"),
        (add_required_nested_field, "`modules[].language`", "already in the log"),
        (make_optional, "`slug`", "previous release"),
        (change_type, "`title`", "type changed from 'string' to 'integer'"),
        (change_nested_type, "`modules[].lessons[].id`", "type changed"),
        (narrow_bounds, "`course_id`", "minimum changed"),
        (change_format, "`published_at`", "format changed"),
        (change_pattern, "`price`", "pattern changed"),
        (narrow_enum, "`level`", "no longer takes ['advanced']"),
        (widen_enum, "`level`", "takes ['expert'] too"),
        (pin_enum, "`level`", "no longer takes"),
        (free_enum, "`level`", "is free now"),
        (enumerate_text, "`title`", "takes only ['A', 'B'] now"),
        (refuse_null, "`discount_ends`", "takes fewer kinds of values"),
        (allow_null, "`price`", "takes more kinds of values"),
        (change_inside_optional, "`discount_price`", "pattern changed"),
        (list_to_one, "`modules`", "type changed from 'array' to 'object'"),
        (change_key, "its key", "out of order"),
        (change_topic, "its topic", "never see it"),
        (change_kind, "its kind", "count a state as a fact"),
        (forbid_unknown, "`(the whole)`", "additionalProperties"),
    ],
    ids=lambda value: getattr(value, "__name__", None),
)
def test_a_breaking_change_is_named_with_its_field_and_its_outage(
    break_it: Callable[[Schema], None], field: str, outage: str
) -> None:
    broken = copy.deepcopy(GOLDEN)
    break_it(broken)
    breaks = breaking_changes(GOLDEN, broken)
    assert breaks
    assert all("CoursePublished" in change and "catalog.course.published.v1" in change for change in breaks)
    assert any(field in change and outage in change for change in breaks), breaks


def add_optional_field(schema: Schema) -> None:
    schema["properties"]["language"] = {"anyOf": [{"type": "string"}, {"type": "null"}], "default": None}


def add_optional_nested_field(schema: Schema) -> None:
    schema["$defs"]["PublishedLesson"]["properties"]["language"] = {"type": "string", "default": "en"}


def reword(schema: Schema) -> None:
    schema["description"] = "Said better."
    schema["properties"]["title"]["title"] = "The Title"
    schema["examples"] = []


def rename_part(schema: Schema) -> None:
    text = json.dumps(schema).replace("PublishedLesson", "OutlineLesson")
    schema.clear()
    schema.update(json.loads(text))


def reorder(schema: Schema) -> None:
    schema["required"].reverse()
    schema["properties"] = dict(reversed(schema["properties"].items()))
    schema["properties"]["level"]["enum"].reverse()


@pytest.mark.parametrize(
    "extend", [add_optional_field, add_optional_nested_field, reword, rename_part, reorder]
)
def test_what_no_reader_notices_is_allowed(extend: Callable[[Schema], None]) -> None:
    extended = copy.deepcopy(GOLDEN)
    extend(extended)
    assert extended != GOLDEN or extend is reorder
    assert breaking_changes(GOLDEN, extended) == []


def test_taking_an_optional_field_back_is_noticed() -> None:
    extended = copy.deepcopy(GOLDEN)
    add_optional_field(extended)
    assert any("`language`: removed" in change for change in breaking_changes(extended, GOLDEN))


# --- the command


class CourseMoved(Event, type="test.course.moved.v1", key="course_id", subject="courses/{course_id}"):
    course_id: Id


class CourseMovedFurther(Event, type="test.course.moved.v1", key="course_id", subject="courses/{course_id}"):
    course_id: Id
    by: str | None = None


class CourseMovedElsewhere(
    Event, type="test.course.moved.v1", key="course_id", subject="courses/{course_id}"
):
    course_id: Id
    by: str


def test_goldens_are_written_extended_and_never_broken(tmp_path: Path) -> None:
    path = goldens.golden_path("test.course.moved.v1", tmp_path)

    assert goldens.update((CourseMoved,), tmp_path) == []
    first = path.read_text()
    assert json.loads(first)["properties"].keys() == {"course_id"}

    assert goldens.update((CourseMovedFurther,), tmp_path) == []
    second = path.read_text()
    assert json.loads(second)["properties"].keys() == {"course_id", "by"}

    refused = goldens.update((CourseMovedElsewhere,), tmp_path)
    assert path.read_text() == second
    assert any("test.course.moved.v1" in change and "`by`" in change for change in refused)

    assert goldens.update((CourseMoved,), tmp_path)
    assert path.read_text() == second


def test_a_withdrawn_event_is_refused(tmp_path: Path) -> None:
    goldens.update((CourseMoved,), tmp_path)
    (refused,) = goldens.update((), tmp_path)
    assert "test.course.moved.v1" in refused
