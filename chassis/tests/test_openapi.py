"""What the API's document says of errors is what is sent."""

import json
from typing import Any

import httpx
import pytest
from chassis.problems import MEDIA_TYPE
from chassis.web.openapi import with_problems
from fastapi import FastAPI
from jsonschema import Draft202012Validator

METHODS = ("get", "put", "post", "delete", "patch")


@pytest.fixture
def document(app: FastAPI) -> dict[str, Any]:
    # As a client gets it.
    found: dict[str, Any] = json.loads(json.dumps(app.openapi()))
    return found


def resolved(document: dict[str, Any], part: Any) -> Any:
    while "$ref" in part:
        found: Any = document
        for name in part["$ref"].removeprefix("#/").split("/"):
            found = found[name]
        part = found
    return part


def operations(document: dict[str, Any]) -> list[tuple[str, dict[str, Any]]]:
    return [
        (f"{method} {path}", item[method])
        for path, item in document["paths"].items()
        for method in METHODS
        if method in item
    ]


def test_every_error_of_every_operation_is_a_problem_document(document: dict[str, Any]) -> None:
    found = operations(document)
    assert len(found) > 10
    for name, operation in found:
        assert "default" in operation["responses"], name
        for status, response in operation["responses"].items():
            if not status.startswith(("2", "3")):
                assert list(resolved(document, response)["content"]) == [MEDIA_TYPE], f"{name}: {status}"
    assert "HTTPValidationError" not in json.dumps(document)
    assert "ValidationError" not in document["components"]["schemas"]


def test_what_may_be_answered_follows_from_what_is_taken(document: dict[str, Any]) -> None:
    told = {name: set(operation["responses"]) for name, operation in operations(document)}
    assert told["get /api/v1/things"] == {"200", "422", "default"}
    assert told["post /api/v1/things"] >= {"201", "401", "403", "413", "422"}
    assert told["get /api/v1/things/{thing_id}"] == {"200", "404", "422", "default"}
    assert told["patch /api/v1/things/{thing_id}"] >= {"200", "404", "412", "413", "422"}


def test_what_a_route_says_of_an_error_itself_stays() -> None:
    own = {"description": "Gone for good.", "content": {MEDIA_TYPE: {"schema": {"type": "object"}}}}
    of_fastapi = {
        "content": {"application/json": {"schema": {"$ref": "#/components/schemas/HTTPValidationError"}}}
    }
    path = {"in": "path", "name": "id"}
    document = with_problems(
        {
            "paths": {
                "/a/{id}": {
                    "parameters": [path],
                    "get": {
                        "responses": {"404": own, "422": of_fastapi},
                        "security": [{"access_token": []}, {}],
                    },
                    "post": {"responses": {"402": {"description": "Pay."}, "422": own}},
                }
            },
            "components": {"schemas": {"HTTPValidationError": {}, "Thing": {}}},
        }
    )
    read, made = (document["paths"]["/a/{id}"][method]["responses"] for method in ("get", "post"))
    assert read["404"] == made["422"] == own
    assert read["422"] == {"$ref": "#/components/responses/Unprocessable"}
    assert made["402"] == {"description": "Pay.", "content": read_problem(document)}
    assert "401" in read
    assert "403" not in read, "guests are let in"
    assert set(document["components"]["schemas"]) == {"Problem", "ValidationProblem", "Thing"}


def read_problem(document: dict[str, Any]) -> Any:
    return document["components"]["responses"]["Refused"]["content"]


async def test_what_is_sent_has_that_form(
    client: httpx.AsyncClient, document: dict[str, Any], auth: Any
) -> None:
    answers = {
        "401": ("post /api/v1/things", await client.post("/api/v1/things", json={"name": "x"})),
        "404": ("get /api/v1/things/{thing_id}", await client.get("/api/v1/things/999")),
        "422": (
            "post /api/v1/things",
            await client.post("/api/v1/things", json={"name": "", "more": 1}, headers=auth(1)),
        ),
    }
    told = dict(operations(document))
    for status, (name, answer) in answers.items():
        assert (str(answer.status_code), answer.headers["content-type"]) == (status, MEDIA_TYPE)
        described = resolved(document, told[name]["responses"][status])["content"][MEDIA_TYPE]["schema"]
        schema = {**described, "components": document["components"]}
        Draft202012Validator(schema).validate(answer.json())
        wrong = {**answer.json(), "status": "a text"}
        assert not Draft202012Validator(schema).is_valid(wrong), "the schema says something"
    assert len(answers["422"][1].json()["errors"]) == 2
