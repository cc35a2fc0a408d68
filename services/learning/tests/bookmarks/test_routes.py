"""Bookmarks: added, ordered, removed."""

import asyncio

import pytest
from contracts.learning import BookmarkCreated, BookmarkRemoved


@pytest.fixture
async def marked(ada, catalog, deliver, make):
    """Ada's bookmarks: course 12, lessons 101 and 102."""
    await deliver(make.course())
    targets = [("course", 12), ("lesson", 101), ("lesson", 102)]
    made = [await ada.post("/bookmarks", {"content_type": t, "object_id": i}) for t, i in targets]
    assert [m.status_code for m in made] == [201] * 3, [m.text for m in made]
    return [m.json() for m in made]


async def test_bookmarks_know_where_they_belong(marked, published):
    course, lesson, _ = marked
    assert (course["title"], course["course_id"], course["lesson_id"]) == (
        "Notes on the Analytical Engine",
        12,
        None,
    )
    assert (lesson["title"], lesson["course_id"], lesson["lesson_id"]) == ("Lesson 101", 12, 101)
    assert [b["position"] for b in marked] == [0, 1, 2]
    told = [e for e in await published() if isinstance(e, BookmarkCreated)]
    assert [(e.content_type, e.object_id, e.course_id, e.lesson_id) for e in told] == [
        ("course", 12, 12, None),
        ("lesson", 101, 12, 101),
        ("lesson", 102, 12, 102),
    ]


async def test_a_resource_is_asked_for(ada, catalog, upstream):
    given = {"content_type": "resource", "object_id": 55}
    missing = await ada.post("/bookmarks", given)
    assert (missing.status_code, missing.json()["type"]) == (404, "/problems/resource-not-found")
    upstream.will_answer(
        "/internal/resources/55", {"resource_id": 55, "lesson_id": 101, "course_id": 12, "title": "Plan"}
    )
    made = (await ada.post("/bookmarks", given)).json()
    assert (made["title"], made["course_id"], made["lesson_id"]) == ("Plan", 12, 101)


async def test_what_is_not_there_is_not_bookmarked(ada, guest, catalog):
    for target in ("course", "lesson", "resource"):
        answer = await ada.post("/bookmarks", {"content_type": target, "object_id": 999})
        assert answer.status_code == 404, target
    assert (await ada.post("/bookmarks", {"content_type": "user", "object_id": 1})).status_code == 422
    assert (await guest.post("/bookmarks", {"content_type": "course", "object_id": 12})).status_code == 401


async def test_a_second_bookmark_of_the_same_is_a_conflict(marked, ada, person):
    given = {"content_type": "course", "object_id": 12}
    answer = await ada.post("/bookmarks", given)
    assert (answer.status_code, answer.json()["bookmark_id"]) == (409, marked[0]["id"])
    answers = await asyncio.gather(*(person(8).post("/bookmarks", given) for _ in range(4)))
    assert sorted(a.status_code for a in answers) == [201, 409, 409, 409]


async def test_bookmarks_are_ordered_as_a_whole(marked, ada, person):
    ids = [bookmark["id"] for bookmark in marked]

    async def order(*wanted):
        path = "/api/v1/bookmarks/order"
        return await ada.client.put(path, json={"ids": list(wanted)}, headers=ada.headers)

    assert (await order(*reversed(ids))).status_code == 200
    assert [b["id"] for b in (await ada.get("/bookmarks")).json()["items"]] == ids[::-1]
    for wrong in (ids[:2], [*ids, ids[0]], [*ids[:2], 999]):
        refused = await order(*wrong)
        assert (refused.status_code, refused.json()["type"]) == (409, "/problems/bookmark-order-outdated")
    page = (await ada.get("/bookmarks?content_type=lesson&limit=1")).json()
    assert [b["id"] for b in page["items"]] == [ids[2]]
    rest = (await ada.get(f"/bookmarks?content_type=lesson&limit=1&cursor={page['next_cursor']}")).json()
    assert ([b["id"] for b in rest["items"]], rest["next_cursor"]) == ([ids[1]], None)


async def test_a_bookmark_is_its_owners(marked, ada, person, guest, published):
    path = f"/api/v1/bookmarks/{marked[0]['id']}"
    other = person(8)
    for caller, status in ((other, 404), (person(1, role="admin"), 404), (guest, 401)):
        assert (await caller.client.get(path, headers=caller.headers)).status_code == status
        change = await caller.client.patch(path, json={"title": "x"}, headers=caller.headers)
        assert change.status_code == status
        assert (await caller.client.delete(path, headers=caller.headers)).status_code == status
    changed = await ada.client.patch(path, json={"notes": "again"}, headers=ada.headers)
    assert (changed.json()["notes"], changed.json()["title"]) == ("again", marked[0]["title"])
    assert (await ada.client.delete(path, headers=ada.headers)).status_code == 204
    assert (await ada.client.delete(path, headers=ada.headers)).status_code == 404
    assert len([e for e in await published() if isinstance(e, BookmarkRemoved)]) == 1
