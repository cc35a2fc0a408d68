"""Resources: listed, edited, locked."""

import asyncio
from typing import Any

import pytest

LINK = {"title": "The engine", "type": "link", "url": "https://babbage.example/engine"}


async def test_resources_stand_in_order_and_are_edited(shelf: Any) -> None:
    first = await shelf.add(description="<script>alert(1)</script>", premium=False)
    assert (first["order"], first["uploaded"], first["download_url"]) == (0, False, None)
    assert first["description"] == "<script>alert(1)</script>", "text is text"
    second = await shelf.add(**LINK)
    third = await shelf.add(order=1, expect=409)
    assert third["type"] == "/problems/order-taken"
    studio = shelf.studio
    path = f"/resources/{first['id']}"
    shown = await studio.client.get(f"/api/v1{path}", headers=studio.author)
    tag = shown.headers["etag"]
    changed = await studio.ask(
        "PATCH", path, headers={**studio.author, "If-Match": tag}, json={"title": "New", "order": 7}
    )
    assert (changed["title"], changed["order"]) == ("New", 7)
    await studio.ask(
        "PATCH", path, expect=412, headers={**studio.author, "If-Match": tag}, json={"title": "Newer"}
    )
    await studio.ask("PATCH", path, expect=409, headers=studio.author, json={"order": 1})
    listed = await studio.ask("GET", f"/lessons/{shelf.lesson_id}/resources?limit=1", headers=studio.author)
    assert [each["id"] for each in listed["items"]] == [second["id"]]
    following = f"/lessons/{shelf.lesson_id}/resources?limit=1&cursor={listed['next_cursor']}"
    listed = await studio.ask("GET", following, headers=studio.author)
    assert [each["id"] for each in listed["items"]] == [first["id"]]
    assert listed["next_cursor"] is None
    await studio.ask("DELETE", path, expect=204, headers=studio.author)
    await studio.ask("GET", path, expect=404, headers=studio.author)


@pytest.mark.parametrize(
    "given",
    [
        {"type": "link"},
        {"type": "document", "url": "https://babbage.example/"},
        {"type": "link", "url": "javascript:alert(1)"},
        {"type": "link", "url": "file:///etc/passwd"},
        {"type": "link", "url": "https://x/" + "y" * 2000},
        {"type": "program"},
        {"title": ""},
        {"title": "x" * 201},
        {"title": "a\x00b"},
        {"description": "x" * 5001},
        {"order": -1},
        {"duration_minutes": -1},
        {"storage_key": "resources/1/x"},
        {"download_count": 7},
        {"uploaded": True},
    ],
)
async def test_bad_input_is_refused(shelf: Any, given: dict[str, Any]) -> None:
    await shelf.add(expect=422, **given)


async def test_a_link_stays_one_with_an_address(shelf: Any) -> None:
    made = await shelf.add(**LINK)
    path, author = f"/resources/{made['id']}", shelf.studio.author
    await shelf.studio.ask("PATCH", path, expect=422, headers=author, json={"url": None})
    await shelf.studio.ask("PATCH", path, expect=422, headers=author, json={"type": "document"})
    changed = await shelf.studio.ask("PATCH", path, headers=author, json={"type": "document", "url": None})
    assert changed["url"] is None


async def test_at_most_so_many(shelf: Any) -> None:
    made = await asyncio.gather(*(shelf.add(title=f"R{n}", expect=201) for n in range(6)))
    assert sorted(each["order"] for each in made) == list(range(6)), "each its own place, in a race too"
    await shelf.add(expect=409)


async def test_who_may_edit_and_who_may_know(shelf: Any) -> None:
    studio = shelf.studio
    made = await shelf.add()
    path = f"/api/v1/resources/{made['id']}"
    for headers, status in (({}, 401), (studio.learner, 403), (studio.other, 403)):
        given = {"headers": headers}
        assert (await studio.client.patch(path, json={"title": "x"}, **given)).status_code == status
        assert (await studio.client.delete(path, **given)).status_code == status
        assert (await studio.client.put(f"{path}/file", content=b"%PDF-", **given)).status_code == status
        adding = await studio.client.post(
            f"/api/v1/lessons/{shelf.lesson_id}/resources", json={"title": "x"}, **given
        )
        assert adding.status_code == status
    draft = await studio.outlined("Hidden")
    for headers in ({}, studio.learner, studio.other):
        lesson = f"/api/v1/lessons/{draft.lessons[0][0]}/resources"
        assert (await studio.client.get(lesson, headers=headers)).status_code == 404
    hidden = await studio.ask(
        "POST",
        f"/lessons/{draft.lessons[0][0]}/resources",
        expect=201,
        headers=studio.author,
        json={"title": "x"},
    )
    for headers in ({}, studio.learner, studio.other):
        for where in ("", "/download"):
            answer = await studio.client.get(f"/api/v1/resources/{hidden['id']}{where}", headers=headers)
            assert answer.status_code == 404
    await studio.ask(
        "PATCH", f"/resources/{made['id']}", headers=studio.admin, json={"title": "By the staff"}
    )


async def test_what_is_locked_is_listed_without_its_address(
    shelf: Any, deliver: Any, events: Any, auth: Any
) -> None:
    studio = shelf.studio
    await shelf.add(**LINK, premium=True)
    path = f"/lessons/{shelf.lesson_id}/resources"

    async def seen(headers: dict[str, str]) -> tuple[bool, list[str], str | None]:
        [one] = (await studio.ask("GET", path, headers=headers))["items"]
        return one["locked"], one["unlock"], one["url"]

    assert await seen({}) == (True, ["login", "enroll", "subscribe"], None)
    assert await seen(studio.learner) == (True, ["enroll", "subscribe"], None)
    for headers in (studio.author, studio.admin, auth(8, "student", "premium")):
        assert await seen(headers) == (False, [], LINK["url"])
    await deliver(events.enrolled(1, 7, shelf.course.id))
    assert await seen(studio.learner) == (False, [], LINK["url"])
    await studio.ask(
        "PATCH", f"/lessons/{shelf.lesson_id}", headers=studio.author, json={"is_free_preview": True}
    )
    assert (await seen({}))[0], "a free preview gives nothing away that is marked premium"
    assert await seen(studio.learner) == (False, [], LINK["url"])


async def test_other_services_ask_where_it_is(shelf: Any, service_auth: Any) -> None:
    made = await shelf.add()
    client = shelf.studio.client
    path = f"/internal/resources/{made['id']}"
    answer = await client.get(path, headers=service_auth("learning"))
    assert answer.json() == {
        "id": made["id"],
        "title": "The diagrams",
        "type": "document",
        "lesson_id": shelf.lesson_id,
        "course_id": shelf.course.id,
    }
    assert (await client.get("/internal/resources/999", headers=service_auth("learning"))).status_code == 404
    assert (await client.get(path, headers=shelf.studio.author)).status_code == 401
    draft = await shelf.studio.outlined("Draft")
    hidden = await shelf.studio.ask(
        "POST",
        f"/lessons/{draft.lessons[0][0]}/resources",
        expect=201,
        headers=shelf.studio.author,
        json={"title": "x"},
    )
    answer = await client.get(f"/internal/resources/{hidden['id']}", headers=service_auth("learning"))
    assert answer.status_code == 404
