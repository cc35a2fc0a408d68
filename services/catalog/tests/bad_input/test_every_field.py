"""Markup, tricks and absurd numbers in every field that catalog takes, as its own OpenAPI document lists them.

Text is text: what is taken is given back as it was sent, as JSON, and what a page may show as it is (`body_html`) has
nothing in it that runs. What is not taken is a 422; nothing is ever an error of ours.
"""

import json
from collections.abc import Iterator
from html.parser import HTMLParser
from typing import Any

import pytest

MARKUP = [
    "<script>alert(1)</script>",
    "<img src=x onerror=alert(1)>",
    "\"'><svg/onload=alert(1)>",
    "[a](javascript:alert(1)) <a href='javascript:alert(1)'>b</a> <javascript:alert(1)>",
    "![a](data:text/html;base64,PHNjcmlwdD4=) <iframe srcdoc='<script>1</script>'></iframe>",
    "<style>*{background:url(javascript:1)}</style><math><mtext></p><img src onerror=1>",
    "{{7*7}} ${7*7} <%= 7*7 %> %s %(a)s",
    "'; DROP TABLE courses_course; --",
    "\u202egnp.exe \u2066hidden\u2069 \ufeff \u200b",
    "\U0001f9ee e\u0301 \u00e9 \ufdfd \ud7ff",
    "a\r\nSet-Cookie: a=b\r\n\r\n<script>",
]
REFUSED = ["a\x00b", "\x00"]
ADDRESSES = [
    "javascript:alert(1)",
    " javascript:alert(1)",
    "JaVaScRiPt:alert(1)",
    "java\nscript:alert(1)",
    "data:text/html,<script>alert(1)</script>",
    "vbscript:msgbox(1)",
    "file:///etc/passwd",
    "//evil.example/x",
    "http://",
    "https:///x",
    "http:evil.example",
    "ftp://a.example/",
    "x",
    "http://[::1",
]
NUMBERS = [
    "-1",
    "-0.01",
    "1e400",
    "-1e400",
    "NaN",
    "Infinity",
    "1" * 400,
    str(2**63),
    str(-(2**63)),
    "1.5",
    "0.001",
]


class Running(HTMLParser):
    """What of a piece of HTML a browser would run, or fetch and run."""

    def __init__(self) -> None:
        super().__init__()
        self.found: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        if tag in (
            "script",
            "style",
            "iframe",
            "object",
            "embed",
            "svg",
            "math",
            "form",
            "base",
            "meta",
            "link",
        ):
            self.found.append(tag)
        for name, value in attrs:
            scheme = (value or "").strip().lower()
            if name.startswith("on") or name in ("style", "srcdoc", "formaction"):
                self.found.append(name)
            if name in ("href", "src") and scheme.startswith(("javascript", "data", "vbscript")):
                self.found.append(f"{name}={scheme}")


def runs(html: str) -> list[str]:
    parser = Running()
    parser.feed(html)
    return parser.found


class Operation:
    """One way to write: its method, its path with ids in it, an example of its body, and its fields."""

    def __init__(self, document: Any, method: str, path: str, schema: Any) -> None:
        self.document, self.method, self.path = document, method.upper(), path
        self.schema = self._resolved(schema)
        self.example = dict(self.schema["examples"][0])

    def __str__(self) -> str:
        return f"{self.method} {self.path}"

    def _resolved(self, schema: Any) -> Any:
        if "$ref" in schema:
            return self._resolved(self.document["components"]["schemas"][schema["$ref"].rpartition("/")[2]])
        for one in schema.get("anyOf", ()):
            if one.get("type") != "null":
                return self._resolved(one)
        return schema

    def fields(self, *types: str) -> Iterator[tuple[str, Any]]:
        for name, given in self.schema["properties"].items():
            schema = self._resolved(given)
            if schema.get("type") in types and "enum" not in schema and "const" not in schema:
                yield name, schema

    def texts(self) -> Iterator[tuple[str, Any]]:
        """Each field of text, with what puts a text into it: itself, or a list of it."""
        for name, _ in self.fields("string"):
            yield name, lambda text: text
        for name, schema in self.fields("array"):
            if self._resolved(schema["items"]).get("type") == "string":
                yield name, lambda text: [text, "plain"]


@pytest.fixture
async def operations(app: Any, studio: Any, client: Any) -> list[Operation]:
    """Every operation that takes a JSON body, with the ids of what is there to be written to."""
    course = await studio.outlined()
    made = studio.admin
    lesson = course.lessons[0][0]
    resource = await studio.ask(
        "POST", f"/lessons/{lesson}/resources", expect=201, headers=studio.author, json={"title": "A"}
    )
    public = await studio.published("To be reviewed")
    review = await studio.ask(
        "POST", f"/courses/{public.id}/reviews", expect=201, headers=studio.admin, json={"rating": 5}
    )
    testimonial = await studio.ask(
        "POST", "/testimonials", expect=201, headers=made, json={"name": "A", "content": "B", "rating": 5}
    )
    category = await studio.category("To be edited")
    ids = {
        "course_id": course.id,
        "module_id": course.modules[0],
        "lesson_id": lesson,
        "resource_id": resource["id"],
        "review_id": review["id"],
        "testimonial_id": testimonial["id"],
        "category_id": category,
    }
    document = app.openapi()
    found = []
    for path, item in document["paths"].items():
        for method, told in item.items():
            content = told.get("requestBody", {}).get("content", {}).get("application/json")
            if content is None:
                continue
            own = {**ids, "course_id": public.id} if "reviews" in path or "versions" in path else ids
            found.append(Operation(document, method, path.format_map(own), content["schema"]))
    for operation in found:
        if "category_id" in operation.example:
            operation.example["category_id"] = category
        if "parent_id" in operation.example:
            operation.example["parent_id"] = None
    assert len(found) > 15
    return found


class Sending:
    """Sends bodies as somebody who may do everything, and minds what comes back."""

    def __init__(self, client: Any, headers: dict[str, str]) -> None:
        self.client, self.headers = client, headers

    async def send(self, operation: Operation, body: Any) -> Any:
        """The answer; `body` is the JSON itself where it is bytes."""
        content = body if isinstance(body, bytes) else json.dumps(body).encode()
        answer = await self.client.request(
            operation.method,
            operation.path,
            content=content,
            headers={**self.headers, "Content-Type": "application/json"},
        )
        told = f"{operation} {content[:200]!r}: {answer.status_code} {answer.text[:300]}"
        assert answer.status_code < 500, told
        if answer.status_code >= 400:
            assert answer.headers["content-type"] == "application/problem+json", told
        elif answer.content:
            assert answer.headers["content-type"] == "application/json", told
        return answer


@pytest.fixture
def sending(studio: Any, client: Any) -> Sending:
    return Sending(client, studio.admin)


async def test_text_is_given_back_as_it_was_sent_and_none_of_it_runs(
    operations: list[Operation], sending: Sending, client: Any, studio: Any
) -> None:
    kept: set[tuple[str, str]] = set()
    for operation in operations:
        for name, wrap in operation.texts():
            for text in MARKUP:
                sent = wrap(text)
                answer = await sending.send(operation, {**operation.example, name: sent})
                if answer.status_code >= 400:
                    assert answer.status_code in (409, 422), (str(operation), name, answer.text)
                    continue
                shown = answer.json()
                if name in shown:
                    stripped = text.strip()
                    assert shown[name] in (sent, stripped, wrap(stripped)), (str(operation), name)
                    kept.add((operation.path, name))
                assert runs(shown.get("body_html", "")) == []
    fields = {name for _, name in kept}
    assert fields >= {
        "title", "subtitle", "description", "content", "guest_content", "transcript", "skills", "requirements",
        "target_audience", "learning_objectives", "meta_keywords", "meta_description", "name", "role", "icon",
    }  # fmt: skip


async def test_bodies_that_are_shown_as_html_have_nothing_in_them_that_runs(
    operations: list[Operation], studio: Any, sending: Sending
) -> None:
    """For every reader, at every level of access."""
    (lesson,) = [each for each in operations if each.method == "PATCH" and "/lessons/" in each.path]
    everything = "\n\n".join(MARKUP)
    for level in ("guest", "registered", "premium"):
        body = dict.fromkeys(("content", "guest_content", "registered_content", "transcript"), everything)
        answer = await sending.send(lesson, {**body, "access_level": level})
        assert answer.status_code == 200, answer.text
        for who in (studio.author, studio.admin):
            shown = await studio.ask("GET", lesson.path.removeprefix("/api/v1"), headers=who)
            assert runs(shown["body_html"]) == []
            assert "alert(1)" in shown["body"], "the text itself stays"


@pytest.mark.parametrize("text", REFUSED)
async def test_what_no_database_takes_is_refused(
    operations: list[Operation], sending: Sending, text: str
) -> None:
    count = 0
    for operation in operations:
        for name, wrap in operation.texts():
            answer = await sending.send(operation, {**operation.example, name: wrap(text)})
            assert answer.status_code == 422, (str(operation), name, answer.text)
            count += 1
    assert count > 40


async def test_halves_of_characters_and_megabytes_are_refused(
    operations: list[Operation], sending: Sending
) -> None:
    for operation in operations:
        for name, wrap in operation.texts():
            for text in ("\ud800", "x\udfff", "y" * 1_000_000):
                body = json.dumps({**operation.example, name: wrap(text)}).encode()
                answer = await sending.send(operation, body)
                assert answer.status_code in (413, 422), (str(operation), name, answer.text[:200])
            many = json.dumps({**operation.example, name: ["z"] * 100_000}).encode()
            assert (await sending.send(operation, many)).status_code in (413, 422)


async def test_addresses_lead_to_the_web_alone(operations: list[Operation], sending: Sending) -> None:
    seen = set()
    for operation in operations:
        for name, _ in operation.fields("string"):
            if "url" not in name:
                continue
            seen.add(name)
            given = {**operation.example, "type": "link"} if name == "url" else operation.example
            for address in ADDRESSES:
                answer = await sending.send(operation, {**given, name: address})
                assert answer.status_code == 422, (str(operation), name, address, answer.text)
    assert seen == {"url", "video_url"}


async def test_numbers_are_what_they_can_be(operations: list[Operation], sending: Sending) -> None:
    seen = set()
    for operation in operations:
        named = {name for name, _ in operation.fields("integer", "number")}
        named |= {name for name, _ in operation.fields("string") if "price" in name}
        for name in sorted(named):
            seen.add(name)
            body = json.dumps({**operation.example, name: 0})
            for number in NUMBERS:
                if number == "1.5" and "price" in name:
                    continue
                for told in (number, json.dumps(number)):
                    raw = body.replace(f'"{name}": 0', f'"{name}": {told}').encode()
                    answer = await sending.send(operation, raw)
                    refused = {404, 422} if name.endswith("_id") else {422}
                    assert answer.status_code in refused, (str(operation), name, told, answer.text)
    assert {"price", "discount_price", "order", "duration_minutes", "rating", "hours"} <= seen


@pytest.mark.parametrize(
    ("given", "slug"),
    [
        ({"price": "10.00", "discount_price": "10.00"}, "discount-not-below-price"),
        ({"price": "10.00", "discount_price": "10.01"}, "discount-not-below-price"),
        ({"price": "0.00", "discount_price": "0.00"}, "discount-not-below-price"),
        ({"price": "10.00", "discount_ends": "2027-01-01T00:00:00Z"}, "discount-missing"),
        ({"price": "10.00", "discount_price": "-0.01"}, "validation"),
        ({"price": "-0.01"}, "validation"),
        ({"price": "10.001"}, "validation"),
        ({"price": "99999999999999999999.00"}, "validation"),
        ({"price": "10.00", "discount_price": "5.00", "discount_ends": "2027-01-01T00:00:00"}, "validation"),
        ({"price": "10.00", "discount_price": "5.00", "discount_ends": "0001-01-01T00:00:00+14:00"}, "validation"),
        ({"price": "10.00", "discount_price": "5.00", "discount_ends": "9999-12-31T23:59:59-14:00"}, "validation"),
    ],
)  # fmt: skip
async def test_prices_that_cannot_be(studio: Any, client: Any, given: dict[str, Any], slug: str) -> None:
    course = await studio.published(price="20.00")
    before = await studio.ask("GET", f"/courses/{course.id}")
    edited = await client.patch(f"/api/v1/courses/{course.id}", headers=studio.author, json=given)
    assert (edited.status_code, edited.json()["type"]) == (422, f"/problems/{slug}"), edited.text
    assert await studio.ask("GET", f"/courses/{course.id}") == before, "nothing of it was kept"
    body = {"title": "New", "category_id": before["category"]["id"] if "category" in before else 1, **given}
    made = await client.post("/api/v1/courses", headers=studio.author, json=body)
    assert (made.status_code, made.json()["type"]) == (422, f"/problems/{slug}"), made.text


async def test_a_discount_that_ended_long_ago_is_taken_and_counts_for_nothing(studio: Any) -> None:
    given = {"price": "20.00", "discount_price": "5.00", "discount_ends": "2020-01-01T00:00:00Z"}
    course = await studio.published(**given)
    shown = await studio.ask("GET", f"/courses/{course.id}")
    assert shown["effective_price"] == "20.00"
