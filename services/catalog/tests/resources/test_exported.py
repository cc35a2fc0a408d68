"""The files of one's own courses in one's export: by addresses that lead to them, whatever became of the lesson."""

import hashlib
import json
from typing import Any

import httpx
import pytest

PDF = b"%PDF-1.7\n" + bytes(range(256)) * 40


@pytest.fixture
def exported(client: httpx.AsyncClient, service_auth: Any) -> Any:
    async def gather(user_id: int, section: str) -> list[dict[str, Any]]:
        answer = await client.get(f"/internal/users/{user_id}/export", headers=service_auth("identity"))
        told = [json.loads(line) for line in answer.text.splitlines()]
        return [one["row"] for one in told if one.get("section") == section]

    return gather


async def test_every_file_of_ones_courses_can_be_had_by_its_address(
    shelf: Any, exported: Any, settings: Any
) -> None:
    kept = await shelf.filed(title="Kept")
    await shelf.add(title="Without a file")
    # A draft does without the lesson, whose file stays with it.
    studio, course = shelf.studio, shelf.course
    draft = await studio.ask(
        "POST", f"/courses/{course.id}/versions", expect=201, headers=studio.author, json={}
    )
    shown = await studio.ask("GET", f"/courses/{draft['id']}", headers=studio.author)
    copy = shown["modules"][0]["lessons"][0]["id"]
    await studio.ask("DELETE", f"/lessons/{copy}", expect=204, headers=studio.author)
    await studio.ask("POST", f"/courses/{draft['id']}/publish", headers=studio.author)

    rows = {row["title"]: row for row in await exported(3, "resources")}
    assert rows["Without a file"]["download_url"] is None
    row = rows["Kept"]
    assert (row["id"], row["file"], row["file_size"]) == (kept, "a.pdf", len(PDF))
    assert row["sha256"] == hashlib.sha256(PDF).hexdigest()
    assert row["download_url"] == f"{settings.public_url}/api/v1/resources/{kept}/download"
    assert "storage_key" not in row
    answer = await studio.client.get(row["download_url"], headers=studio.author)
    assert (answer.status_code, answer.content) == (200, PDF)
    assert (await studio.client.get(row["download_url"])).status_code in (401, 404), "for who logs in alone"
    assert await exported(4, "resources") == [], "nobody else's"


async def test_every_course_can_be_had_whole(shelf: Any, exported: Any, settings: Any) -> None:
    await shelf.filed()
    rows = await exported(3, "courses")
    links = {row["id"]: row["export_url"] for row in rows}
    assert {at for at, link in links.items() if link is not None} == {shelf.course.id}
    assert len(links) == 2, "the version that was published is the course's"
    url = links[shelf.course.id]
    assert url == f"{settings.public_url}/api/v1/courses/{shelf.course.id}/export"
    answer = await shelf.studio.client.get(url, headers=shelf.studio.author)
    assert (answer.status_code, answer.content[:2]) == (200, b"PK"), answer.text[:300]
