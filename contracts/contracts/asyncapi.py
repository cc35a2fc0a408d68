"""The AsyncAPI 3 description of the event streams, for tools; the gateway serves it at `/asyncapi.json`."""

import inspect
from typing import Any, Final

from pydantic.json_schema import models_json_schema

from contracts.envelope import CONTENT_TYPE, SPEC_VERSION, Event
from contracts.registry import EVENTS, topics

_SCHEMA_REF: Final = "#/components/schemas/{model}"


def document(version: str = "1.0.0") -> dict[str, Any]:
    """The whole description; `version` is the platform's release."""
    return {
        "asyncapi": "3.0.0",
        "info": {
            "title": "Lyceum events",
            "version": version,
            "description": "CloudEvents 1.0 in Kafka's binary mode: attributes in headers, data as JSON.",
        },
        "defaultContentType": CONTENT_TYPE,
        "channels": {topic: _channel(topic) for topic in topics()},
        "components": {
            "messages": {event.event_type: _message(event) for event in EVENTS},
            "schemas": _schemas(),
        },
    }


def _channel(topic: str) -> dict[str, Any]:
    return {
        "address": topic,
        "messages": {
            event.event_type: {"$ref": f"#/components/messages/{event.event_type}"}
            for event in EVENTS
            if event.topic == topic
        },
    }


def _message(event: type[Event]) -> dict[str, Any]:
    key = event.model_json_schema()["properties"][event.key_field]
    return {
        "name": event.event_type,
        "title": event.__name__,
        "description": inspect.getdoc(event),
        "contentType": CONTENT_TYPE,
        "headers": _headers(event),
        "payload": {"$ref": _SCHEMA_REF.format(model=event.__name__)},
        "bindings": {
            "kafka": {
                "bindingVersion": "0.5.0",
                "key": {"type": "string", "description": f"{event.key_field}, a {key['type']}, as text"},
            }
        },
        "examples": [{"payload": example} for example in event.model_json_schema()["examples"]],
    }


def _headers(event: type[Event]) -> dict[str, Any]:
    properties: dict[str, Any] = {
        "ce_specversion": {"const": SPEC_VERSION},
        "ce_id": {"type": "string", "format": "uuid", "description": "The idempotency key."},
        "ce_source": {"type": "string", "format": "uri-reference"},
        "ce_type": {"const": event.event_type},
        "ce_subject": {"type": "string", "description": event.subject_template},
        "ce_time": {"type": "string", "format": "date-time", "description": "When it happened, UTC."},
        "ce_dataschema": {"const": event.schema_uri},
        "content-type": {"const": CONTENT_TYPE},
    }
    required = list(properties)
    return {
        "type": "object",
        "required": required,
        "properties": properties | {"traceparent": {"type": "string", "description": "W3C Trace Context."}},
    }


def _schemas() -> dict[str, Any]:
    _, definitions = models_json_schema([(event, "validation") for event in EVENTS], ref_template=_SCHEMA_REF)
    schemas: dict[str, Any] = definitions["$defs"]
    return schemas
