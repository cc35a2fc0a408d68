"""Pictures of courses and testimonials, from their sending to their end."""

import asyncio
import io
import os
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from catalog.files import service as files
from catalog.settings import Settings
from catalog.worker import jobs
from chassis.db import Database
from chassis.storage import Storage, new_key
from contracts.catalog import CourseChanged, CoursePublished
from PIL import Image
from sqlalchemy import text

SAID = {"name": "Ada Lovelace", "content": "It works.", "rating": 5}


def photo(colour: tuple[int, int, int] = (200, 0, 0), size: tuple[int, int] = (1600, 900)) -> bytes:
    made = io.BytesIO()
    Image.new("RGB", size, colour).save(made, "JPEG")
    return made.getvalue()


@pytest.fixture
def storage(settings: Settings) -> Storage:
    return Storage(settings)


@pytest.fixture
def stored(settings: Settings) -> Callable[[], list[str]]:
    folder = Path((settings.storage_url or "").removeprefix("file://"))
    return lambda: sorted(name for _, _, names in os.walk(folder) for name in names)


async def put(studio: Any, path: str, content: bytes, who: dict[str, str], **headers: str) -> Any:
    kind = {"Content-Type": "image/jpeg"}
    return await studio.client.put(f"/api/v1{path}", content=content, headers={**kind, **who, **headers})


async def test_a_course_is_shown_with_its_picture(
    studio: Any, published: Any, database: Database, storage: Storage, stored: Any
) -> None:
    course = await studio.outlined()
    path = f"/courses/{course.id}/thumbnail"
    answer = await put(studio, path, photo(), studio.author)
    assert answer.status_code == 200, answer.text
    url = answer.json()["thumbnail"]
    assert url.startswith(f"/media/courses/{course.id}/")
    told = (await published())[-1]
    assert isinstance(told, CourseChanged)
    assert answer.headers["etag"] == f'"{told.version}"'
    await studio.ask("POST", f"/courses/{course.id}/publish", headers=studio.author)
    [outline] = [event for event in await published() if isinstance(event, CoursePublished)]
    assert outline.thumbnail_url == url
    [card] = (await studio.ask("GET", "/courses"))["items"]
    assert card["thumbnail"] == url

    shown = await studio.client.get(url)
    assert (shown.status_code, shown.headers["content-type"]) == (200, "image/webp")
    assert shown.headers["x-content-type-options"] == "nosniff"
    assert shown.headers["cache-control"] == "public, max-age=604800, immutable"
    image = Image.open(io.BytesIO(shown.content))
    assert (image.format, image.size) == ("WEBP", (1280, 720))
    known = await studio.client.get(url, headers={"If-None-Match": shown.headers["etag"]})
    assert (known.status_code, known.content) == (304, b"")
    head = await studio.client.head(url)
    assert (head.status_code, head.headers["etag"]) == (200, shown.headers["etag"])

    second = (await put(studio, path, photo((0, 200, 0)), studio.author)).json()["thumbnail"]
    await files.remove_unwanted(database, storage)
    assert stored() == [second.rpartition("/")[2]]
    assert (await studio.client.get(url)).status_code == 404
    for _ in range(2):
        await studio.ask("DELETE", path, expect=204, headers=studio.author)
    await files.remove_unwanted(database, storage)
    assert stored() == []
    assert (await studio.ask("GET", f"/courses/{course.id}"))["thumbnail"] is None


async def test_a_picture_goes_with_its_course(
    studio: Any, database: Database, storage: Storage, stored: Any
) -> None:
    course = await studio.outlined()
    await put(studio, f"/courses/{course.id}/thumbnail", photo(), studio.author)
    await studio.ask("DELETE", f"/courses/{course.id}", expect=204, headers=studio.author)
    await files.remove_unwanted(database, storage)
    assert stored() == []


async def test_versions_come_and_go_and_the_picture_stays(
    studio: Any, database: Database, storage: Storage, stored: Any
) -> None:
    course = await studio.published()
    await put(studio, f"/courses/{course.id}/thumbnail", photo(), studio.author)
    draft = await studio.ask("POST", f"/courses/{course.id}/versions", expect=201, headers=studio.author)
    refused = await put(studio, f"/courses/{draft['id']}/thumbnail", photo(), studio.author)
    assert refused.status_code == 409, refused.text
    await studio.ask("POST", f"/courses/{draft['id']}/publish", headers=studio.author)
    await files.remove_unwanted(database, storage)
    assert len(stored()) == 1
    url = (await studio.ask("GET", f"/courses/{course.id}"))["thumbnail"]
    assert (await studio.client.get(url)).status_code == 200


async def test_who_may_put_one(studio: Any, stored: Any) -> None:
    public, draft = await studio.published(), await studio.outlined("Hidden")
    for course, hidden in ((public, 403), (draft, 404)):
        path = f"/courses/{course.id}/thumbnail"
        for who, status in (({}, 401), (studio.learner, hidden), (studio.other, hidden)):
            assert (await put(studio, path, photo(), who)).status_code == status
            assert (await studio.client.delete(f"/api/v1{path}", headers=who)).status_code == status
    assert stored() == []
    assert (await put(studio, f"/courses/{public.id}/thumbnail", photo(), studio.admin)).status_code == 200
    stale = {"If-Match": '"1"'}
    answer = await put(studio, f"/courses/{public.id}/thumbnail", photo(), studio.author, **stale)
    assert answer.status_code == 412


@pytest.mark.parametrize(
    ("content", "kind", "status"),
    [
        (b"<svg xmlns='http://www.w3.org/2000/svg'/>", "image/png", 415),
        (photo(), "image/svg+xml", 415),
        (photo(), "multipart/form-data; boundary=x", 415),
        (photo()[:-20], "image/jpeg", 422),
        (photo() + b"<script>", "image/jpeg", 422),
        (b"\xff" * (10 * 2**20 + 1), "image/jpeg", 413),
    ],
)
async def test_what_is_refused_leaves_nothing(
    studio: Any, stored: Any, content: bytes, kind: str, status: int
) -> None:
    course = await studio.outlined()
    path = f"/courses/{course.id}/thumbnail"
    answer = await put(studio, path, content, studio.author, **{"Content-Type": kind})
    assert answer.status_code == status
    assert stored() == []


async def test_of_two_at_once_one_is_kept(
    studio: Any, database: Database, storage: Storage, stored: Any
) -> None:
    course = await studio.outlined()
    path = f"/courses/{course.id}/thumbnail"
    answers = await asyncio.gather(
        *(put(studio, path, photo((50 * n, 0, 0)), studio.author) for n in range(4))
    )
    assert {answer.status_code for answer in answers} == {200}
    await files.remove_unwanted(database, storage)
    shown = (await studio.ask("GET", f"/courses/{course.id}", headers=studio.author))["thumbnail"]
    assert stored() == [shown.rpartition("/")[2]]


async def test_a_testimonial_has_a_face(
    studio: Any, database: Database, storage: Storage, stored: Any
) -> None:
    made = await studio.ask("POST", "/testimonials", expect=201, headers=studio.admin, json=SAID)
    path = f"/testimonials/{made['id']}/avatar"
    for who, status in (({}, 401), (studio.author, 403)):
        assert (await put(studio, path, photo(), who)).status_code == status
        assert (await studio.client.delete(f"/api/v1{path}", headers=who)).status_code == status
    assert (await put(studio, "/testimonials/999/avatar", photo(), studio.admin)).status_code == 404
    answer = await put(studio, path, photo(), studio.admin)
    url = answer.json()["avatar"]
    assert url.startswith(f"/media/testimonials/{made['id']}/")
    shown = await studio.client.get(url)
    assert Image.open(io.BytesIO(shown.content)).size == (512, 512)
    [listed] = (await studio.ask("GET", "/testimonials"))["items"]
    assert listed["avatar"] == url
    second = (await put(studio, path, photo((0, 0, 99)), studio.admin)).json()["avatar"]
    await files.remove_unwanted(database, storage)
    assert stored() == [second.rpartition("/")[2]]
    await studio.ask("DELETE", path, expect=204, headers=studio.admin)
    assert (await studio.client.get(second)).status_code == 404
    await put(studio, path, photo(), studio.admin)
    await studio.ask("DELETE", f"/testimonials/{made['id']}", expect=204, headers=studio.admin)
    await files.remove_unwanted(database, storage)
    assert stored() == []


@pytest.mark.parametrize("name", ["x.webp", "..", "%2e%2e%2fx", "0" * 32 + ".webp", "0" * 32 + ".png", "%00"])
async def test_what_was_never_a_picture_is_not_found(studio: Any, name: str) -> None:
    course = await studio.published()
    for where in (f"courses/{course.id}", "courses/999", "testimonials/1"):
        assert (await studio.client.get(f"/media/{where}/{name}")).status_code in (404, 422)


@pytest.mark.parametrize("table", ["courses_course", "content_testimonial"])
async def test_a_picture_whose_transaction_failed_at_its_end_is_removed_soon(
    studio: Any, database: Database, stored: Any, table: str
) -> None:
    """All of it came, and the commit that would have kept it was refused: it does not stay for half a day."""
    if table == "courses_course":
        path, who = f"/courses/{(await studio.outlined()).id}/thumbnail", studio.author
    else:
        made = await studio.ask("POST", "/testimonials", expect=201, headers=studio.admin, json=SAID)
        path, who = f"/testimonials/{made['id']}/avatar", studio.admin
    refuse = """CREATE FUNCTION refuse_picture() RETURNS trigger LANGUAGE plpgsql AS
        $$ BEGIN RAISE serialization_failure; END $$"""
    late = f"""CREATE CONSTRAINT TRIGGER refuse_picture AFTER UPDATE ON {table}
        DEFERRABLE INITIALLY DEFERRED FOR EACH ROW EXECUTE FUNCTION refuse_picture()"""
    async with database.transaction() as session:
        for statement in (refuse, late):
            await session.execute(text(statement))
    try:
        assert (await put(studio, path, photo(), who)).status_code == 503
    finally:
        async with database.transaction() as session:
            await session.execute(text("DROP FUNCTION refuse_picture CASCADE"))
    assert len(stored()) == 1
    async with database.transaction() as session:
        waits = "SELECT remove_after - now() < interval '20 minutes' FROM catalog_unwanted_file"
        assert (await session.scalars(text(waits))).all() == [True]
    assert (await put(studio, path, photo(), who)).status_code == 200


async def test_pictures_that_no_row_tells_of_are_cleared_away(
    studio: Any, database: Database, settings: Settings, storage: Storage, stored: Any
) -> None:
    course = await studio.outlined()
    shown = (await put(studio, f"/courses/{course.id}/thumbnail", photo(), studio.author)).json()["thumbnail"]
    for folder in ("courses", "testimonials"):
        for owner in (course.id, 999):
            key = new_key(folder, owner, suffix=".webp")
            await storage.put(key, b"x", at_most=1, content_type="image/webp")
    await storage.put("courses/of-nobody", b"x", at_most=1, content_type="image/webp")
    for path in Path((settings.storage_url or "").removeprefix("file://")).rglob("*"):  # noqa: ASYNC240 - a test
        if path.is_file():
            os.utime(path, (0, 0))
    by_name = {job.name: job.work for job in jobs(settings)}
    await by_name["sweep_files"](database)
    async with database.transaction() as session:
        await session.execute(text("UPDATE catalog_unwanted_file SET remove_after = now()"))
    await by_name["unwanted_files"](database)
    assert stored() == [shown.rpartition("/")[2]]
