"""The AsyncAPI document describes what is really sent."""

import json
from datetime import UTC, datetime
from typing import Any
from uuid import uuid4

import pytest
from contracts.envelope import Event, enclose, to_kafka
from contracts.registry import EVENTS, topics
from jsonschema import Draft202012Validator  # type: ignore[import-untyped]

from contracts import asyncapi

DOCUMENT = asyncapi.document("2.3.4")
EXAMPLE_TIME = datetime(2026, 11, 22, 19, 30, tzinfo=UTC)


def resolved(reference: str) -> dict[str, Any]:
    node: Any = DOCUMENT
    for step in reference.removeprefix("#/").split("/"):
        node = node[step]
    return dict(node)


def references(node: Any) -> list[str]:
    if isinstance(node, dict):
        inner = [found for value in node.values() for found in references(value)]
        return [node["$ref"], *inner] if isinstance(node.get("$ref"), str) else inner
    return [found for item in node for found in references(item)] if isinstance(node, list) else []


def test_every_topic_is_a_channel_with_its_messages() -> None:
    assert tuple(DOCUMENT["channels"]) == topics()
    told = [name for channel in DOCUMENT["channels"].values() for name in channel["messages"]]
    assert sorted(told) == sorted(event.event_type for event in EVENTS)
    assert DOCUMENT["info"]["version"] == "2.3.4"


def test_every_reference_leads_somewhere() -> None:
    found = references(DOCUMENT)
    assert len(found) > 2 * len(EVENTS)
    assert all(resolved(reference) is not None for reference in found)


@pytest.mark.parametrize("event", EVENTS, ids=lambda event: event.event_type)
def test_a_sent_message_is_as_described(event: type[Event]) -> None:
    described = resolved(f"#/components/messages/{event.event_type}")
    (example,) = described["examples"]
    data = event.model_validate_json(json.dumps(example["payload"]))
    envelope = enclose(data, id=uuid4(), source="/services/x", time=EXAMPLE_TIME)
    _, value, headers = to_kafka(envelope)
    sent_headers = {name: text.decode() for name, text in headers}
    Draft202012Validator(described["headers"]).validate(sent_headers)
    # The whole document is the root in which the payload's references are looked up.
    schema = {"components": DOCUMENT["components"], **described["payload"]}
    Draft202012Validator(schema).validate(json.loads(value))
    with pytest.raises(Exception, match="required property"):
        Draft202012Validator(schema).validate({})
