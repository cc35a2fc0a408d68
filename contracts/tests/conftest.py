"""Strategies that draw an event's data from its JSON Schema, so that a new event is covered as it is written."""

import json
from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any

import pytest
from contracts.envelope import Event
from hypothesis import strategies as st

Schema = dict[str, Any]

_CENTS = st.integers(0, 10**12 - 1).map(lambda cents: f"{cents // 100}.{cents % 100:02d}")
_HUNDREDTHS = st.integers(0, 10_000).map(lambda share: f"{share // 100}.{share % 100:02d}")
_BY_PATTERN = {
    r"^\d{1,10}\.\d{2}$": _CENTS,
    r"^\d{1,3}\.\d{2}$": _HUNDREDTHS,
    r"^\d+\.\d+$": st.integers(0, 999).map(lambda tenths: f"{tenths // 10}.{tenths % 10}"),
    r"^[A-Z]{3}$": st.sampled_from(["EUR", "USD", "JPY"]),
}
_BY_FORMAT = {
    "uuid": st.uuids().map(str),
    "date-time": st.datetimes(
        datetime(1970, 1, 1),  # noqa: DTZ001 - hypothesis wants its bounds naive
        datetime(9999, 12, 31),  # noqa: DTZ001
        timezones=st.just(UTC),
    ).map(lambda time: time.isoformat().replace("+00:00", "Z")),
}
# Surrogates cannot be encoded in UTF-8, so no JSON text carries them.
_TEXT = st.text(st.characters(exclude_categories=["Cs"]), max_size=20)
_ANYTHING = st.recursive(
    st.none() | st.booleans() | st.integers(-(2**53), 2**53) | _TEXT,
    lambda inner: st.lists(inner, max_size=2) | st.dictionaries(_TEXT, inner, max_size=2),
    max_leaves=4,
)


def values(schema: Schema, root: Schema) -> st.SearchStrategy[Any]:
    """JSON values that a schema allows, as far as events use JSON Schema."""
    if "$ref" in schema:
        name = schema["$ref"].removeprefix("#/$defs/")
        # JsonValue has no schema of its own: it may be anything.
        return values(root["$defs"][name], root) if root["$defs"][name] else _ANYTHING
    if "const" in schema:
        return st.just(schema["const"])
    if "enum" in schema:
        return st.sampled_from(schema["enum"])
    if "anyOf" in schema:
        return st.one_of([values(one, root) for one in schema["anyOf"]])
    return _typed(schema, root)


def _typed(schema: Schema, root: Schema) -> st.SearchStrategy[Any]:
    match schema.get("type"):
        case "integer":
            return st.integers(schema.get("minimum", 0), schema.get("maximum", 2**53))
        case "boolean":
            return st.booleans()
        case "null":
            return st.none()
        case "array":
            return st.lists(values(schema["items"], root), max_size=3)
        case "object" if "properties" in schema:
            return st.fixed_dictionaries(
                {name: values(one, root) for name, one in schema["properties"].items()}
            )
        case "object":
            return st.dictionaries(_TEXT, _ANYTHING, max_size=3)
        case "string" if "pattern" in schema:
            return _BY_PATTERN[schema["pattern"]]
        case "string" if "format" in schema:
            return _BY_FORMAT[schema["format"]]
        case "string":
            return _TEXT
    assert not schema.get("type"), f"teach conftest to draw {schema}"
    return _ANYTHING


@pytest.fixture(scope="session")
def events_of() -> Callable[[type[Event]], st.SearchStrategy[Event]]:
    """Given an event class, the strategy of its instances."""

    def events(event: type[Event]) -> st.SearchStrategy[Event]:
        schema = event.model_json_schema()
        return values(schema, schema).map(lambda data: event.model_validate_json(json.dumps(data)))

    return events
