"""The merged OpenAPI document as a list of things that can be asked for, with a valid body and path for each."""

from __future__ import annotations

import copy
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

Json = dict[str, Any]
METHODS = ("get", "put", "post", "patch", "delete")


@dataclass(frozen=True)
class Operation:
    """One method of one path. `body` is the schema of its JSON body, references resolved at the top; None without."""

    id: str
    method: str
    template: str
    path_parameters: Mapping[str, Json]
    query_parameters: frozenset[str]
    body: Json | None
    body_required: bool
    is_guarded: bool
    """Says that it takes a token."""
    lets_guests_in: bool
    permissions: tuple[str, ...]
    """What the staff must hold to pass; empty where it is for everybody with a token."""
    document: Json

    def path(self, **given: str) -> str:
        """Its path with these parameters, and valid values for the others."""
        values = {name: str(instance(self.document, schema)) for name, schema in self.path_parameters.items()}
        return re.sub(r"\{(\w+)\}", lambda name: (values | given)[name[1]], self.template)

    def valid_body(self) -> Json:
        """A body of the right form; what it says need not make sense."""
        assert self.body is not None
        found: Json = instance(self.document, self.body)
        return found

    def properties(self) -> dict[str, Json]:
        assert self.body is not None
        return {name: resolve(self.document, of) for name, of in self.body.get("properties", {}).items()}

    def __str__(self) -> str:
        return f"{self.method} {self.template} ({self.id})"


def operations(document: Json) -> list[Operation]:
    """Every operation of the document."""
    return [
        _operation(document, template, method, item)
        for template, item in document["paths"].items()
        for method in METHODS
        if method in item
    ]


def _operation(document: Json, template: str, method: str, item: Json) -> Operation:
    told = item[method]
    parameters = [
        resolve(document, one) for one in (*item.get("parameters", ()), *told.get("parameters", ()))
    ]
    sent = resolve(document, told.get("requestBody", {}))
    content = sent.get("content", {})
    schema = content.get("application/json", {}).get("schema")
    security = told.get("security", [])
    return Operation(
        id=told["operationId"],
        method=method.upper(),
        template=template,
        path_parameters={one["name"]: one["schema"] for one in parameters if one["in"] == "path"},
        query_parameters=frozenset(one["name"] for one in parameters if one["in"] == "query"),
        # A body that may be left out is "this or null" in the document.
        body=None if schema is None else alternatives(document, schema)[0],
        body_required=sent.get("required", False),
        is_guarded=bool(security),
        lets_guests_in=not security or {} in security,
        permissions=tuple(name for one in security for name in one.get("access_token", ())),
        document=document,
    )


def resolve(document: Json, schema: Json) -> Json:
    """The schema itself, where it is a reference to one."""
    while "$ref" in schema:
        found = document
        for part in schema["$ref"].removeprefix("#/").split("/"):
            found = found[part]
        schema = found
    return schema


def alternatives(document: Json, schema: Json) -> Sequence[Json]:
    """The schemas of which one has to hold, null left out; the schema itself where there is no choice."""
    schema = resolve(document, schema)
    for choice in ("anyOf", "oneOf"):
        if choice in schema:
            given = [resolve(document, one) for one in schema[choice]]
            return [one for one in given if one.get("type") != "null"]
    return [schema]


def instance(document: Json, schema: Json) -> Any:
    """Something valid against the schema: its example where it has one, else the least that will do."""
    schema = resolve(document, schema)
    if schema.get("examples"):
        return copy.deepcopy(schema["examples"][0])
    for member in ("const", "default"):
        if schema.get(member) is not None:
            return schema[member]
    if "enum" in schema:
        return schema["enum"][0]
    first = alternatives(document, schema)[0]
    if first is not schema:
        return instance(document, first)
    match schema.get("type"):
        case "object":
            required = schema.get("required", ())
            return {name: instance(document, schema["properties"][name]) for name in required}
        case "array":
            return [instance(document, schema["items"]) for _ in range(schema.get("minItems", 0))]
        case "integer" | "number":
            return schema.get("minimum", 1)
        case "boolean":
            return True
        case _:
            return "x" * max(1, schema.get("minLength", 0))


def accepts_anything(document: Json, schema: Json) -> bool:
    """Whether there is no wrong type: free JSON."""
    return any(
        not {"type", "enum", "const", "anyOf", "oneOf", "allOf"} & set(one)
        for one in alternatives(document, schema)
    )


def takes_text(document: Json, schema: Json) -> bool:
    return any(one.get("type") == "string" for one in alternatives(document, schema))


def objects_in(operation: Operation) -> Iterator[tuple[str, Json]]:
    """The properties of a body that are objects of a known form: their names, and a valid value for each."""
    for name, schema in operation.properties().items():
        for one in alternatives(operation.document, schema):
            if one.get("type") == "object" and one.get("additionalProperties") is False:
                yield name, instance(operation.document, one)
