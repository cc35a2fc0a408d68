"""Bad input to every operation that the platform describes: refused as a problem document, never an error of ours.

The operations come from the merged OpenAPI document, so that a new one is tried the day it appears.
"""

import asyncio
import gzip
import json
from collections.abc import AsyncIterator, Awaitable, Callable
from typing import Any
from urllib.parse import urlsplit

import httpx
import pytest
from lyceum.testing import Person, Platform

from .operations import Operation, accepts_anything, instance, objects_in, takes_text

pytestmark = pytest.mark.stack

Refusal = Callable[..., str | None]
Each = Callable[..., Awaitable[list[str]]]

WRONG_TYPE = [{"unexpected": ["structure"]}]
JSON = {"Content-Type": "application/json"}


@pytest.fixture(scope="module")
def taking_json(api: list[Operation]) -> list[Operation]:
    """Every operation that takes a JSON body."""
    found = [one for one in api if one.body is not None]
    assert len(found) > 30
    assert {one.method for one in found} >= {"POST", "PUT", "PATCH"}
    return found


@pytest.fixture(scope="module")
def as_admin(admin: Person) -> dict[str, str]:
    """Somebody whom no permission keeps from reaching the part that reads what they sent."""
    return {"Authorization": f"Bearer {admin.token}"}


def problems_of(answer: httpx.Response) -> list[tuple[str, str]]:
    """(where, what type) of each finding of a validation problem."""
    return [(".".join(map(str, error["loc"])), error["type"]) for error in answer.json().get("errors", ())]


# --- every operation with a body ----------------------------------------------------------------------------


@pytest.mark.parametrize(
    "body",
    [b"", b"{", b'{"a": 1', b"{'a': 1}", b'{"a": 1} trailing', b"\xff\xfe{}", b"{\"a\": \"\xc3\x28\"}", b"nul"],
    ids=["empty", "open", "half", "quotes", "trailing", "bytes", "not UTF-8", "nearly null"],
)  # fmt: skip
async def test_malformed_json_is_told(
    http: httpx.AsyncClient,
    taking_json: list[Operation],
    as_admin: dict[str, str],
    each: Each,
    refusal: Refusal,
    body: bytes,
) -> None:
    async def ask(operation: Operation) -> str | None:
        answer = await http.request(operation.method, operation.path(), content=body, headers=as_admin | JSON)
        return refusal(answer, 422, 400)

    held = [one for one in taking_json if body or one.body_required]
    assert await each(held, ask) == []


@pytest.mark.parametrize("body", ["[]", '"text"', "17", "null", "true", "[{}]"])
async def test_json_of_another_shape_is_told(
    http: httpx.AsyncClient,
    taking_json: list[Operation],
    as_admin: dict[str, str],
    each: Each,
    refusal: Refusal,
    body: str,
) -> None:
    async def ask(operation: Operation) -> str | None:
        answer = await http.request(operation.method, operation.path(), content=body, headers=as_admin | JSON)
        return refusal(answer, 422)

    # A body that may be left out may be null as well.
    held = [one for one in taking_json if body != "null" or one.body_required]
    assert await each(held, ask) == []


async def test_an_unknown_field_is_told(
    http: httpx.AsyncClient,
    taking_json: list[Operation],
    as_admin: dict[str, str],
    each: Each,
    refusal: Refusal,
) -> None:
    """Ignored, a misspelled field would be a change that the client believes made; at any depth."""

    async def ask(case: tuple[Operation, str, Any]) -> str | None:
        operation, name, inner = case
        body = operation.valid_body()
        place = body if not name else body.setdefault(name, inner)
        if not isinstance(place, dict):
            place = body[name] = dict(inner)
        place["no_such_field"] = 1
        answer = await http.request(operation.method, operation.path(), json=body, headers=as_admin)
        if wrong := refusal(answer, 422):
            return wrong
        found = problems_of(answer)
        named = any("no_such_field" in where and what == "extra_forbidden" for where, what in found)
        return None if named else f"the field is not named: {found}"

    cases: list[tuple[Operation, str, Any]] = [(one, "", None) for one in taking_json]
    cases += [(one, name, inner) for one in taking_json for name, inner in objects_in(one)]
    assert await each(cases, ask) == []


async def test_a_wrong_type_is_told(
    http: httpx.AsyncClient,
    taking_json: list[Operation],
    as_admin: dict[str, str],
    each: Each,
    refusal: Refusal,
) -> None:
    """Of every field of every body."""

    async def ask(case: tuple[Operation, str]) -> str | None:
        operation, name = case
        body = operation.valid_body() | {name: WRONG_TYPE}
        answer = await http.request(operation.method, operation.path(), json=body, headers=as_admin)
        if wrong := refusal(answer, 422):
            return wrong
        found = problems_of(answer)
        return None if any(name in where for where, _ in found) else f"the field is not named: {found}"

    cases = [
        (one, name)
        for one in taking_json
        for name, schema in one.properties().items()
        if not accepts_anything(one.document, schema)
    ]
    assert len(cases) > 100
    assert await each(cases, ask) == []


@pytest.mark.parametrize(
    "text",
    ['"\\u0000"', '"a\\u0000b"', '"\\ud800"', '"' + "x" * 1_000_000 + '"', "1e999999", "-1e999999", "1" * 5_000, "NaN"],
    ids=["NUL", "NUL inside", "half a surrogate pair", "a megabyte", "infinite", "-infinite", "5,000 digits", "NaN"],
)  # fmt: skip
async def test_what_no_column_holds_is_told(
    http: httpx.AsyncClient,
    taking_json: list[Operation],
    as_admin: dict[str, str],
    each: Each,
    refusal: Refusal,
    text: str,
) -> None:
    """In every field that takes text (numbers: in every other): PostgreSQL would refuse it, with an error of ours."""
    is_text = text.startswith('"')

    async def ask(case: tuple[Operation, str]) -> str | None:
        operation, name = case
        members = {key: json.dumps(value) for key, value in operation.valid_body().items()} | {name: text}
        body = "{" + ", ".join(f"{json.dumps(key)}: {value}" for key, value in members.items()) + "}"
        answer = await http.request(operation.method, operation.path(), content=body, headers=as_admin | JSON)
        return refusal(answer, 422, 400)

    cases = [
        (one, name)
        for one in taking_json
        for name, schema in one.properties().items()
        if takes_text(one.document, schema) == is_text and not accepts_anything(one.document, schema)
    ]
    if len(text) > 100_000:
        # Enough to see it in one field of each.
        cases = list({one.id: (one, name) for one, name in cases}.values())
    assert await each(cases, ask) == []


# --- every operation with a path or a query -----------------------------------------------------------------


@pytest.mark.parametrize(
    "value",
    ["0", "-1", "1.5", "9" * 19, "9" * 5_000, "abc", "%00", "%F0%9F", "1'--", "%20", "null", "1%0A", "0x1", "%C2%B2"],
    ids=lambda value: value[:20],
)  # fmt: skip
async def test_a_path_that_names_nothing_is_told(
    http: httpx.AsyncClient,
    api: list[Operation],
    as_admin: dict[str, str],
    each: Each,
    refusal: Refusal,
    value: str,
) -> None:
    """Every number in every path. What a path says is looked at before anything is done."""

    async def ask(case: tuple[Operation, str]) -> str | None:
        operation, name = case
        answer = await http.request(operation.method, operation.path(**{name: value}), headers=as_admin)
        return refusal(answer, 404, 422)

    cases = [
        (one, name)
        for one in api
        for name, schema in one.path_parameters.items()
        if schema.get("type") == "integer"
    ]
    assert len(cases) > 30
    assert await each(cases, ask) == []


@pytest.mark.parametrize(
    "query",
    [
        "no_such_filter=1",
        "limit=0",
        "limit=101",
        "limit=-1",
        "limit=ten",
        "limit=" + "9" * 5_000,
        "cursor=%00",
        "cursor=bm90IGEgY3Vyc29y",
        "cursor=W10",
        "cursor=W3siZCI6Ik5hTiJ9LHsidCI6IngifV0",
        "cursor=" + "A" * 3_000,
        "offset=20",
    ],
    ids=lambda query: query[:24],
)
async def test_a_list_takes_no_other_query(
    http: httpx.AsyncClient,
    api: list[Operation],
    as_admin: dict[str, str],
    each: Each,
    refusal: Refusal,
    query: str,
) -> None:
    """A filter that is ignored shows people what they did not ask for."""
    listing = [one for one in api if one.method == "GET" and {"limit", "cursor"} <= one.query_parameters]
    assert len(listing) > 10

    async def ask(operation: Operation) -> str | None:
        # Of what others have made here meanwhile, nothing has this id.
        nobodys = {
            name: str(2**62)
            for name, schema in operation.path_parameters.items()
            if schema.get("type") == "integer"
        }
        answer = await http.get(f"{operation.path(**nobodys)}?{query}", headers=as_admin)
        # A list below something that is not there is not there either.
        return refusal(answer, 422, 404) if operation.path_parameters else refusal(answer, 422)

    assert await each(listing, ask) == []


@pytest.mark.parametrize("key", ["", "k" * 256, "\u00e9", "tab\there"], ids=["empty", "long", "é", "tab"])
async def test_an_idempotency_key_has_a_form(
    http: httpx.AsyncClient, as_admin: dict[str, str], refusal: Refusal, key: str
) -> None:
    headers = [(name.encode(), value.encode()) for name, value in as_admin.items()]
    headers.append((b"Idempotency-Key", key.encode()))
    answer = await http.post("/api/v1/enrollments", json={"course_id": 1}, headers=headers)
    assert refusal(answer, 422, 404) is None
    if key.strip():
        assert answer.status_code == 422


# --- absurd sizes -------------------------------------------------------------------------------------------


async def test_a_body_too_large_for_the_gateway(http: httpx.AsyncClient, refusal: Refusal) -> None:
    body = b'{"email": "' + b"x" * 5 * 1024 * 1024 + b'"}'
    answer = await http.post("/api/v1/auth/login", content=body, headers=JSON)
    assert refusal(answer, 413) is None


async def test_a_body_too_large_whose_length_is_not_told(http: httpx.AsyncClient, refusal: Refusal) -> None:
    async def pieces() -> AsyncIterator[bytes]:
        yield b'{"email": "'
        for _ in range(5 * 16):
            yield b"x" * 64 * 1024

    answer = await http.post("/api/v1/auth/login", content=pieces(), headers=JSON)
    assert refusal(answer, 413) is None


async def test_a_body_too_large_for_a_service(http: httpx.AsyncClient, refusal: Refusal) -> None:
    body = b'{"email": "' + b"x" * 3 * 1024 * 1024 + b'"}'
    answer = await http.post("/api/v1/auth/login", content=body, headers=JSON)
    assert refusal(answer, 413) is None


@pytest.mark.parametrize(
    "body",
    [
        b"[" * 500_000,
        b'{"a":' * 100_000 + b"1" + b"}" * 100_000,
        b'{"email": ' + b"[" * 100_000 + b"]" * 100_000 + b"}",
        *(b'{"email": ' + b"[" * deep + b"]" * deep + b"}" for deep in range(100, 1_000, 100)),
        *(b'{"email": ' + b"[" * deep + b"]" * deep + b"}" for deep in range(900, 1_000, 10)),
    ],
    ids=lambda body: f"{body[:12].decode()}, {body.count(b'[') + body.count(b'{')} deep",
)
async def test_a_body_too_deep(http: httpx.AsyncClient, refusal: Refusal, body: bytes) -> None:
    answer = await http.post("/api/v1/auth/login", content=body, headers=JSON)
    assert refusal(answer, 400, 413, 422) is None


async def test_many_mistakes_are_not_all_told_back(http: httpx.AsyncClient, refusal: Refusal) -> None:
    """A megabyte of nonsense must not be answered with several."""
    body = {f"field_{number}": number for number in range(40_000)}
    answer = await http.post("/api/v1/auth/login", json=body)
    assert refusal(answer, 422) is None
    assert answer.json()["errors"]
    answer = await http.post("/api/v1/auth/login", json={"x" * 1_000_000: 1})
    assert refusal(answer, 422) is None


@pytest.mark.parametrize(
    ("headers", "content"),
    [
        ({"Content-Type": "text/plain"}, b'{"email": "a@b.example", "password": "x"}'),
        ({"Content-Type": "application/x-www-form-urlencoded"}, b"email=a@b.example&password=x"),
        (
            {"Content-Type": "application/xml"},
            b"<!DOCTYPE a [<!ENTITY b SYSTEM 'file:///etc/passwd'>]><a>&b;</a>",
        ),
        ({"Content-Type": "application/json; charset=utf-16"}, '{"email": "a"}'.encode("utf-16")),
        ({"Content-Type": "multipart/form-data; boundary=x"}, b"--x\r\n\r\nhello\r\n--x--"),
        ({"Content-Type": "application/json", "Content-Encoding": "gzip"}, gzip.compress(b" " * 50_000_000)),
    ],
    ids=["text", "form", "XML", "UTF-16", "multipart", "a gzip bomb"],
)
async def test_a_body_of_another_kind(
    http: httpx.AsyncClient, refusal: Refusal, headers: dict[str, str], content: bytes
) -> None:
    answer = await http.post("/api/v1/auth/login", content=content, headers=headers)
    assert refusal(answer, 400, 415, 422) is None


async def exchange(url: str, request: bytes) -> tuple[int, bytes]:
    """The status and whole answer to bytes sent as they are."""
    parts = urlsplit(url)
    async with asyncio.timeout(20):
        reader, writer = await asyncio.open_connection(parts.hostname, parts.port)
        writer.write(request)
        answer = await reader.read()
        writer.close()
    return int(answer.split(b" ", 2)[1]), answer


@pytest.mark.parametrize(
    ("head", "statuses"),
    [
        (b"GET /api/v1/courses?q=%b HTTP/1.1\r\nHost: x\r\n" % (b"x" * 20_000), {414, 400, 431}),
        (b"GET /%b HTTP/1.1\r\nHost: x\r\n" % (b"x/" * 20_000), {414, 400, 431}),
        (b"GET /api/v1/courses HTTP/1.1\r\nHost: x\r\nX-Long: %b\r\n" % (b"x" * 60_000), {431}),
        (b"GET /api/v1/courses HTTP/1.1\r\nHost: x\r\n" + b"X-Many: 1\r\n" * 500, {431}),
        (b"GET /api/v1/courses HTTP/1.1\r\nHost: x\r\nCookie: %b\r\n" % (b"a=b; " * 10_000), {431}),
        (
            b"GET /api/v1/users/me HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer %b\r\n" % (b"x" * 20_000),
            {401},
        ),
        (
            b"POST /api/v1/auth/login HTTP/1.1\r\nHost: x\r\nContent-Length: 99999999999999999999\r\n",
            {400, 413},
        ),
        (b"POST /api/v1/auth/login HTTP/1.1\r\nHost: x\r\nContent-Length: -1\r\n", {400}),
        (b"GET /api/v1/courses HTTP/1.1\r\nHost: x\r\nX-Split: a\rb\r\n", {400}),
    ],
    ids=["query", "path", "header", "headers", "cookies", "token", "length", "negative length", "a bare CR"],
)
async def test_a_head_beyond_all_measure(stack: Platform, head: bytes, statuses: set[int]) -> None:
    status, answer = await exchange(stack.url, head + b"Connection: close\r\n\r\n")
    assert status in statuses, answer[:300]
    assert b"application/problem+json" in answer
    assert b"request_id" in answer


# --- what all this stands on --------------------------------------------------------------------------------


async def test_a_valid_body_gets_past_the_form(
    http: httpx.AsyncClient, taking_json: list[Operation], as_admin: dict[str, str], each: Each
) -> None:
    """The bodies that were spoiled above were good before: where nothing can happen, at places that are not there."""
    nowhere = [
        one for one in taking_json if "integer" in {p.get("type") for p in one.path_parameters.values()}
    ]
    assert len(nowhere) > 10

    async def ask(operation: Operation) -> str | None:
        missing = {
            name: str(2**62)
            for name, schema in operation.path_parameters.items()
            if schema.get("type") == "integer"
        }
        answer = await http.request(
            operation.method, operation.path(**missing), json=operation.valid_body(), headers=as_admin
        )
        if answer.status_code == 422 and answer.json()["type"] == "/problems/validation":
            return f"its own example is refused: {answer.text[:300]}"
        return None if answer.status_code < 500 else answer.text[:300]

    assert await each(nowhere, ask) == []


def test_the_document_is_read_rightly() -> None:
    """`instance` and its kin, on a document small enough to see through."""
    document: dict[str, Any] = {
        "components": {
            "schemas": {
                "Inner": {"type": "object", "additionalProperties": False, "properties": {}},
                "Free": {},
            }
        }
    }
    nullable = {"anyOf": [{"type": "integer", "minimum": 7}, {"type": "null"}]}
    assert instance(document, nullable) == 7
    assert instance(document, {"$ref": "#/components/schemas/Inner"}) == {}
    assert instance(document, {"type": "array", "minItems": 2, "items": {"type": "boolean"}}) == [True, True]
    assert instance(document, {"type": "string", "minLength": 3}) == "xxx"
    assert instance(document, {"enum": ["b", "a"]}) == "b"
    assert accepts_anything(document, {"$ref": "#/components/schemas/Free"})
    assert not accepts_anything(document, nullable)
    assert takes_text(document, {"anyOf": [{"type": "string"}, {"type": "null"}]})
