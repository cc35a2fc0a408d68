"""What an API's own document says of errors: problem documents, as they are really sent (RFC 9457).

FastAPI describes a 422 as something of its own that no service of ours answers, and knows of no other error. What every
route may answer follows from what it takes: told here, once, a route tells of the others only.
"""

from collections.abc import Iterator
from typing import Any

from fastapi import FastAPI

from chassis.problems import MEDIA_TYPE

Json = dict[str, Any]

_METHODS = ("get", "put", "post", "delete", "patch")
_FASTAPIS = ("HTTPValidationError", "ValidationError")

PROBLEM: Json = {
    "title": "Problem",
    "description": "Why it was refused. Each kind of problem may have members of its own beside these.",
    "type": "object",
    "properties": {
        "type": {
            "type": "string",
            "format": "uri-reference",
            "description": "Names the kind of problem, and is where it is explained.",
            "examples": ["/problems/not-found"],
        },
        "title": {"type": "string", "examples": ["There is no such thing"]},
        "status": {"type": "integer", "minimum": 400, "maximum": 599, "examples": [404]},
        "detail": {"type": "string", "description": "What it is about this time."},
        "instance": {"type": "string", "format": "uri-reference", "description": "The path asked for."},
        "request_id": {
            "type": ["string", "null"],
            "description": "As in X-Request-Id: what the logs know this request by.",
        },
    },
    "required": ["type", "title", "status", "detail", "instance", "request_id"],
    "additionalProperties": True,
}
VALIDATION_PROBLEM: Json = {
    "title": "ValidationProblem",
    "description": "As any problem. Where the form of the request is what was wrong, `errors` lists it.",
    "allOf": [{"$ref": "#/components/schemas/Problem"}],
    "type": "object",
    "properties": {
        "errors": {
            "type": "array",
            "items": {
                "type": "object",
                "properties": {
                    "loc": {"type": "array", "items": {"type": ["string", "integer"]}},
                    "msg": {"type": "string"},
                    "type": {"type": "string"},
                },
                "required": ["loc", "msg", "type"],
            },
        },
        "errors_in_all": {"type": "integer", "description": "Where more was wrong than is listed."},
    },
}
SCHEMAS = {"Problem": PROBLEM, "ValidationProblem": VALIDATION_PROBLEM}


def _content(schema: str) -> Json:
    return {MEDIA_TYPE: {"schema": {"$ref": f"#/components/schemas/{schema}"}}}


_PROBLEM_CONTENT = _content("Problem")


def _response(description: str, schema: str = "Problem") -> Json:
    return {"description": description, "content": _content(schema)}


RESPONSES = {
    "Unauthenticated": _response("There is no token, or it is not a good one."),
    "Forbidden": _response("The caller may not do this."),
    "NotFound": _response("There is none, or none that the caller may know of."),
    "PreconditionFailed": _response("It is not any more what `If-Match` says."),
    "PayloadTooLarge": _response("The body is larger than this takes."),
    "Unprocessable": _response(
        "The request is not of the form this takes, or asks for what cannot be.", "ValidationProblem"
    ),
    "Refused": _response("Any other error."),
}


def describe_problems(app: FastAPI) -> None:
    """Have the application's document say so."""
    without = app.openapi

    def openapi() -> Json:
        if app.openapi_schema is None:
            app.openapi_schema = with_problems(without())
        return app.openapi_schema

    app.openapi = openapi  # type: ignore[method-assign]


def with_problems(document: Json) -> Json:
    """The document with the errors of every operation. What a route says of one itself stays."""
    for item in document["paths"].values():
        for method in _METHODS:
            if method in item:
                _describe(item[method], [*item.get("parameters", ()), *item[method].get("parameters", ())])
    components = document.setdefault("components", {})
    schemas = {
        name: schema for name, schema in components.get("schemas", {}).items() if name not in _FASTAPIS
    }
    components["schemas"] = dict(sorted({**schemas, **SCHEMAS}.items()))
    components["responses"] = {**components.get("responses", {}), **RESPONSES}
    return document


def _describe(operation: Json, parameters: list[Json]) -> None:
    responses: Json = operation.setdefault("responses", {})
    if "422" in responses and _is_fastapis(responses["422"]):
        del responses["422"]
    for status, response in responses.items():
        if not status.startswith(("2", "3")) and "$ref" not in response:
            response.setdefault("content", _PROBLEM_CONTENT)
    for status, name in _errors_of(operation, parameters):
        responses.setdefault(status, {"$ref": f"#/components/responses/{name}"})


def _errors_of(operation: Json, parameters: list[Json]) -> Iterator[tuple[str, str]]:
    """What an operation may answer beside success, by what it takes."""
    alternatives = operation.get("security", [])
    if any(alternatives):
        # A bad token is refused where none is needed, too.
        yield "401", "Unauthenticated"
        if all(alternatives):
            yield "403", "Forbidden"
    if any(one["in"] == "path" for one in parameters):
        yield "404", "NotFound"
    if any(one["in"] == "header" and one["name"].lower() == "if-match" for one in parameters):
        yield "412", "PreconditionFailed"
    if "requestBody" in operation:
        yield "413", "PayloadTooLarge"
    if parameters or "requestBody" in operation:
        yield "422", "Unprocessable"
    yield "default", "Refused"


def _is_fastapis(response: Json) -> bool:
    schema = response.get("content", {}).get("application/json", {}).get("schema", {})
    return bool(schema.get("$ref", "").endswith("/HTTPValidationError"))
