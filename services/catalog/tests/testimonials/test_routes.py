"""Testimonials over HTTP: read by everyone, kept by the staff."""

from typing import Any

import pytest

GIVEN = {"name": "Ada Lovelace", "role": "Analyst", "content": "It works.", "rating": 5}


async def add(studio: Any, **given: Any) -> dict[str, Any]:
    found: dict[str, Any] = await studio.ask(
        "POST", "/testimonials", expect=201, headers=studio.admin, json={**GIVEN, **given}
    )
    return found


async def test_the_featured_come_first_and_everyone_reads_them(studio: Any) -> None:
    plain, featured, newest = await add(studio), await add(studio, featured=True), await add(studio)
    listed = await studio.ask("GET", "/testimonials?limit=2")
    assert [one["id"] for one in listed["items"]] == [featured["id"], newest["id"]]
    rest = await studio.ask("GET", f"/testimonials?limit=2&cursor={listed['next_cursor']}")
    assert [one["id"] for one in rest["items"]] == [plain["id"]]
    assert rest["next_cursor"] is None
    only = await studio.ask("GET", "/testimonials?featured=true")
    assert [one["id"] for one in only["items"]] == [featured["id"]]


async def test_the_staff_keeps_them(studio: Any) -> None:
    made = await add(studio)
    path = f"/api/v1/testimonials/{made['id']}"
    keeper = studio.auth(9, permissions=["catalog.change_testimonial"])
    tag = (await studio.client.get(path)).headers["etag"]
    changed = await studio.client.patch(path, headers={**keeper, "If-Match": tag}, json={"rating": 4})
    assert changed.status_code == 200
    assert changed.json()["rating"] == 4
    stale = await studio.client.patch(path, headers={**keeper, "If-Match": tag}, json={"rating": 3})
    assert stale.status_code == 412
    for headers, status in ((None, 401), (studio.learner, 403), (studio.author, 403), (keeper, 204)):
        assert (await studio.client.delete(path, headers=headers)).status_code == status
    assert (await studio.client.get(path)).status_code == 404


@pytest.mark.parametrize(
    "change", [{"rating": 0}, {"rating": 6}, {"name": ""}, {"content": ""}, {"avatar": "x"}, {"id": 9}]
)
async def test_bad_ones_are_refused(studio: Any, change: dict[str, Any]) -> None:
    await studio.ask("POST", "/testimonials", expect=422, headers=studio.admin, json={**GIVEN, **change})
