"""How many courses a category holds: exact whatever becomes of them, and the same as a list shows."""

import asyncio
from typing import Any


async def sizes(studio: Any, **given: Any) -> dict[str, int]:
    found: dict[str, int] = {}

    def walk(nodes: list[dict[str, Any]]) -> None:
        for node in nodes:
            found[node["name"]] = node["course_count"]
            walk(node["children"])

    walk((await studio.ask("GET", "/categories", **given))["items"])
    return found


async def listed(studio: Any, category: int) -> int:
    return len((await studio.ask("GET", f"/courses?limit=100&category={category}"))["items"])


async def test_a_course_counts_where_it_is_filed_and_above_while_it_is_published(studio: Any) -> None:
    top = await studio.category("Top")
    below = await studio.category("Below", parent_id=top)
    other = await studio.category("Other")
    course = await studio.outlined(category_id=below)
    assert await sizes(studio) == {"Mathematics": 0, "Top": 0, "Below": 0, "Other": 0}
    path = f"/courses/{course.id}"
    for _ in range(2):
        await studio.ask("POST", f"{path}/publish", headers=studio.author)
    assert await sizes(studio) == {"Mathematics": 0, "Top": 1, "Below": 1, "Other": 0}
    assert await listed(studio, top) == 1
    await studio.ask("PATCH", path, headers=studio.author, json={"category_id": other})
    assert await sizes(studio) == {"Mathematics": 0, "Top": 0, "Below": 0, "Other": 1}
    await studio.ask("POST", f"{path}/unpublish", headers=studio.author)
    assert set((await sizes(studio)).values()) == {0}
    await studio.ask("POST", f"{path}/publish", headers=studio.author)
    await studio.ask("DELETE", path, expect=204, headers=studio.author)
    assert set((await sizes(studio)).values()) == {0}


async def test_what_a_hidden_category_holds_counts_above_as_the_list_does(studio: Any) -> None:
    top = await studio.category("Top")
    hidden = await studio.category("Hidden", parent_id=top)
    await studio.published(category_id=hidden)
    body = {"is_active": False}
    await studio.ask("PATCH", f"/categories/{hidden}", headers=studio.admin, json=body)
    assert await sizes(studio) == {"Mathematics": 0, "Top": 1}
    assert await listed(studio, top) == 1
    assert (await sizes(studio, headers=studio.admin))["Hidden"] == 1


async def test_courses_that_change_places_at_once_are_counted_right(studio: Any) -> None:
    here, there = await studio.category("Here"), await studio.category("There")
    courses = [await studio.published(f"Course {n}", category_id=here if n % 2 else there) for n in range(6)]

    async def move(course: Any, times: int) -> None:
        for n in range(times):
            wanted = {"category_id": here if (course.id + n) % 2 else there}
            answer = await studio.client.patch(
                f"/api/v1/courses/{course.id}", headers=studio.author, json=wanted
            )
            assert answer.status_code == 200, answer.text

    await asyncio.gather(*(move(course, 5) for course in courses))
    counted = await sizes(studio)
    assert (counted["Here"], counted["There"]) == (await listed(studio, here), await listed(studio, there))
    assert counted["Here"] + counted["There"] == 6
