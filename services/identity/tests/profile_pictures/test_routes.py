import asyncio
import io
import os
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path
from typing import Any

import httpx
import pytest
from chassis.db import Database, now
from chassis.kept_files import UploadTookTooLong
from chassis.storage import Storage, StorageAway, new_key
from chassis.testing import Published, serving
from chassis.testing_s3 import S3Server
from contracts.identity import UserChanged
from fastapi import FastAPI
from identity.profile_pictures import service
from identity.profiles import service as profiles
from identity.settings import Settings
from identity.testing import MakePerson, Person
from PIL import Image
from sqlalchemy import text

PICTURE = "/users/me/profile/picture"
MIB = 2**20


def photo(colour: tuple[int, int, int] = (200, 0, 0), kind: str = "JPEG", **given: Any) -> bytes:
    made = io.BytesIO()
    Image.new("RGB", (800, 600), colour).save(made, kind, **given)
    return made.getvalue()


async def put(person: Person, content: Any, kind: str = "image/jpeg") -> httpx.Response:
    return await person.client.put(
        f"/api/v1{PICTURE}", content=content, headers={**person.headers, "Content-Type": kind}
    )


async def take_away(person: Person) -> httpx.Response:
    return await person.client.delete(f"/api/v1{PICTURE}", headers=person.headers)


@pytest.fixture
def storage(settings: Settings) -> Storage:
    return Storage(settings)


@pytest.fixture
def stored(settings: Settings) -> Any:
    """The names of the files in the storage."""
    folder = Path((settings.storage_url or "").removeprefix("file://"))

    def look() -> list[str]:
        return sorted(name for _, _, names in os.walk(folder) for name in names)

    return look


async def test_a_picture_from_its_sending_to_its_end(
    client: httpx.AsyncClient,
    join: MakePerson,
    published: Published,
    database: Database,
    storage: Storage,
    stored: Any,
) -> None:
    ada = await join("ada")
    user_id = (await ada.me())["id"]
    answer = await put(ada, photo())
    assert answer.status_code == 200, answer.text
    url = answer.json()["picture_url"]
    assert url.startswith(f"/media/profiles/{user_id}/")
    event = (await published())[-1]
    assert isinstance(event, UserChanged)
    assert event.picture_url == url
    assert (await client.get(f"/api/v1/users/{user_id}/public")).json()["picture_url"] == url
    assert (await ada.get("/users/me/profile")).json()["profile_picture"] == url

    shown = await client.get(url)
    assert shown.status_code == 200
    assert shown.headers["content-type"] == "image/webp"
    assert shown.headers["x-content-type-options"] == "nosniff"
    assert shown.headers["cache-control"] == "public, max-age=604800, immutable"
    assert shown.headers["content-security-policy"] == "default-src 'none'; sandbox"
    image = Image.open(io.BytesIO(shown.content))
    assert (image.format, image.size) == ("WEBP", (512, 512))
    async with database.transaction() as session:
        assert await service.read(session, storage, user_id) == shown.content
        assert (await profiles.export_of(session, user_id))["profile_picture"] == url.removeprefix("/media/")

    second = (await put(ada, photo((0, 200, 0), "PNG"), "image/png")).json()["picture_url"]
    assert second != url
    assert len(stored()) == 2
    assert (await client.get(url)).status_code == 404
    await service.remove_unwanted(database, storage)
    assert stored() == [second.rpartition("/")[2]]

    told = len(await published())
    assert (await take_away(ada)).status_code == 204
    event = (await published())[-1]
    assert isinstance(event, UserChanged)
    assert event.picture_url is None
    assert (await take_away(ada)).status_code == 204
    assert len(await published()) == told + 1, "nothing changed the second time"
    assert (await client.get(second)).status_code == 404
    await service.remove_unwanted(database, storage)
    assert stored() == []


async def test_a_client_that_has_it_is_not_sent_it_again(client: httpx.AsyncClient, join: MakePerson) -> None:
    url = (await put(await join("ada"), photo())).json()["picture_url"]
    tag = (await client.get(url)).headers["etag"]
    for known in (tag, f"W/{tag}", f'"other", {tag}', "*"):
        answer = await client.get(url, headers={"If-None-Match": known})
        assert (answer.status_code, answer.content) == (304, b"")
        assert answer.headers["etag"] == tag
        assert "immutable" in answer.headers["cache-control"]
    assert (await client.get(url, headers={"If-None-Match": '"other"'})).status_code == 200
    head = await client.head(url)
    assert (head.status_code, head.headers["etag"]) == (200, tag)


async def test_everybody_sees_it_but_of_a_deactivated_account(
    client: httpx.AsyncClient, join: MakePerson, admin: Person
) -> None:
    ada = await join("ada")
    url = (await put(ada, photo())).json()["picture_url"]
    assert (await client.get(url)).status_code == 200
    assert (await client.get(url, headers={"Authorization": "Bearer rubbish"})).status_code == 200
    user_id = (await ada.me())["id"]
    assert (await admin.patch(f"/users/{user_id}", {"is_active": False})).status_code == 200
    assert (await client.get(url)).status_code == 404


@pytest.mark.parametrize(
    "name",
    [
        "x.webp",
        "..",
        "%2e%2e%2f%2e%2e%2fetc%2fpasswd",
        "0" * 32 + ".webp",
        "0" * 32 + ".png",
        "0" * 200,
        "%00",
    ],
)
async def test_what_was_never_a_picture_is_not_found(
    client: httpx.AsyncClient, join: MakePerson, name: str
) -> None:
    ada = await join("ada")
    await put(ada, photo())
    user_id = (await ada.me())["id"]
    assert (await client.get(f"/media/profiles/{user_id}/{name}")).status_code in (404, 422)
    assert (await client.get(f"/media/profiles/999999/{'0' * 32}.webp")).status_code == 404


async def test_the_picture_of_another_is_not_found_under_ones_own_number(
    client: httpx.AsyncClient, join: MakePerson
) -> None:
    ada, eve = await join("ada"), await join("eve")
    url = (await put(ada, photo())).json()["picture_url"]
    ours, theirs = (await ada.me())["id"], (await eve.me())["id"]
    assert (await client.get(url.replace(f"/{ours}/", f"/{theirs}/"))).status_code == 404


async def test_guests_send_none(client: httpx.AsyncClient, stored: Any) -> None:
    headers = {"Content-Type": "image/jpeg"}
    assert (await client.put(f"/api/v1{PICTURE}", content=photo(), headers=headers)).status_code == 401
    assert (await client.delete(f"/api/v1{PICTURE}")).status_code == 401
    assert stored() == []


@pytest.mark.parametrize(
    ("content", "kind", "status", "slug"),
    [
        (b"hello, I am a .png", "image/png", 415, "not-a-picture"),
        (b"<svg xmlns='http://www.w3.org/2000/svg'/>", "image/png", 415, "not-a-picture"),
        (b"", "image/png", 415, "not-a-picture"),
        (photo(), "image/svg+xml", 415, "unsupported-media-type"),
        (photo(), "multipart/form-data; boundary=x", 415, "unsupported-media-type"),
        (photo(), "application/json", 415, "unsupported-media-type"),
        (photo()[:-20], "image/jpeg", 422, "picture-damaged"),
        (photo() + b"PK\x03\x04", "image/jpeg", 422, "picture-damaged"),
        (photo() + b"<script>alert(1)</script>", "image/jpeg", 422, "picture-damaged"),
        (b"\xff" * (10 * MIB + 1), "image/jpeg", 413, "payload-too-large"),
        (b"\xff" * (20 * MIB), "image/jpeg", 413, "payload-too-large"),
    ],
)
async def test_what_is_refused_leaves_nothing(
    join: MakePerson,
    stored: Any,
    published: Published,
    database: Database,
    content: bytes,
    kind: str,
    status: int,
    slug: str,
) -> None:
    ada = await join("ada")
    before = (await put(ada, photo())).json()["picture_url"]
    told, files = len(await published()), stored()
    answer = await put(ada, content, kind)
    assert (answer.status_code, answer.json()["type"]) == (status, f"/problems/{slug}")
    assert (await ada.get("/users/me/profile")).json()["profile_picture"] == before
    assert (len(await published()), stored()) == (told, files)
    async with database.transaction() as session:
        assert await session.scalar(text("SELECT count(*) FROM unwanted_pictures")) == 0


async def test_the_kind_is_what_it_is_not_what_is_said(join: MakePerson) -> None:
    ada = await join("ada")
    assert (await put(ada, photo(kind="PNG"), "image/jpeg")).status_code == 200
    assert (await put(ada, photo(kind="GIF"), "application/octet-stream")).status_code == 200


async def test_where_it_was_taken_is_told_to_nobody(client: httpx.AsyncClient, join: MakePerson) -> None:
    tags = Image.Exif()
    tags[0x010E] = "home of ada"
    tags.get_ifd(0x8825)[2] = (51.0, 30.0, 26.0)
    sent = photo(exif=tags.tobytes(), comment=b"home of ada")
    assert b"home of ada" in sent
    url = (await put(await join("ada"), sent)).json()["picture_url"]
    shown = await client.get(url)
    assert b"home of ada" not in shown.content
    assert b"EXIF" not in shown.content


async def test_an_upload_that_breaks_off_changes_nothing(
    app: FastAPI, join: MakePerson, stored: Any, published: Published
) -> None:
    """Over a real connection, which is closed half-way through."""
    ada = await join("ada")
    told = len(await published())
    async with serving(app) as url:
        _, writer = await asyncio.open_connection("127.0.0.1", int(url.rpartition(":")[2]))
        content = photo()
        writer.write(
            f"PUT /api/v1{PICTURE} HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer {ada.access}\r\n"
            f"Content-Type: image/jpeg\r\nContent-Length: {len(content)}\r\n\r\n".encode()
            + content[:-50]
        )
        await writer.drain()
        await asyncio.sleep(0.3)
        writer.close()
    assert (await ada.get("/users/me/profile")).json()["profile_picture"] is None
    assert stored() == []
    assert len(await published()) == told


async def test_of_two_at_once_one_is_kept(
    client: httpx.AsyncClient, join: MakePerson, database: Database, storage: Storage, stored: Any
) -> None:
    ada = await join("ada")
    answers = await asyncio.gather(*(put(ada, photo((40 * n, 0, 0))) for n in range(5)))
    assert {answer.status_code for answer in answers} == {200}
    assert len(stored()) == 5
    await service.remove_unwanted(database, storage)
    (kept,) = stored()
    url = (await ada.get("/users/me/profile")).json()["profile_picture"]
    assert url.endswith(kept)
    assert (await client.get(url)).status_code == 200


async def test_a_picture_whose_request_died_is_removed_in_time(
    join: MakePerson, database: Database, storage: Storage, stored: Any, app: FastAPI
) -> None:
    """Stored, and then the process was killed: no profile ever got it."""
    ada = await join("ada")
    picture = await app.state.darkroom.make_over(photo(), service.FRAME)
    user_id = (await ada.me())["id"]
    key = await service.store(database, storage, user_id, picture)
    await service.remove_unwanted(database, storage)
    assert len(stored()) == 1, "it may still be given"
    async with database.transaction() as session:
        await session.execute(text("UPDATE unwanted_pictures SET remove_after = now()"))
    await service.remove_unwanted(database, storage)
    assert stored() == []
    with pytest.raises(UploadTookTooLong):
        async with database.transaction() as session:
            await service.give(session, user_id, key)


async def test_a_profile_that_cannot_be_changed_keeps_its_picture_and_the_new_one_goes(
    client: httpx.AsyncClient, join: MakePerson, database: Database, storage: Storage, stored: Any
) -> None:
    ada = await join("ada")
    before = (await put(ada, photo())).json()["picture_url"]
    async with database.transaction() as session:
        await session.execute(
            text(
                "CREATE FUNCTION refuse() RETURNS trigger LANGUAGE plpgsql AS "
                "$$ BEGIN RAISE EXCEPTION 'refused at the commit'; END $$"
            )
        )
        await session.execute(
            text(
                "CREATE CONSTRAINT TRIGGER late AFTER UPDATE ON users_profile "
                "DEFERRABLE INITIALLY DEFERRED FOR EACH ROW EXECUTE FUNCTION refuse()"
            )
        )
    assert (await put(ada, photo((0, 0, 200)))).status_code == 500
    async with database.transaction() as session:
        await session.execute(text("DROP TRIGGER late ON users_profile"))
        waits = await session.scalar(text("SELECT remove_after FROM unwanted_pictures"))
        assert now() < waits <= now() + timedelta(hours=1)
        await session.execute(text("UPDATE unwanted_pictures SET remove_after = now()"))
    assert len(stored()) == 2
    await service.remove_unwanted(database, storage)
    assert stored() == [before.rpartition("/")[2]]
    assert (await client.get(before)).status_code == 200


async def test_files_that_no_row_tells_of_are_cleared_away(
    join: MakePerson, database: Database, settings: Settings, storage: Storage, stored: Any
) -> None:
    """As after a database that was brought back from a backup."""
    ada, eve = await join("ada"), await join("eve")
    kept = [(await put(person, photo())).json()["picture_url"].rpartition("/")[2] for person in (ada, eve)]
    user_id = (await ada.me())["id"]
    orphans = [new_key("profiles", user_id, suffix=".webp"), new_key("profiles", 999_999, suffix=".webp")]
    fresh = new_key("profiles", user_id, suffix=".webp")
    for key in (*orphans, fresh, "profiles/of-nobody"):
        await storage.put(key, b"x", at_most=1, content_type="image/webp")
    folder = Path((settings.storage_url or "").removeprefix("file://"))
    for path in folder.rglob("*"):  # noqa: ASYNC240 - a test
        if path.is_file() and path.name != fresh.rpartition("/")[2]:
            os.utime(path, (0, 0))
    await service.sweep(database, storage)
    async with database.transaction() as session:
        await session.execute(text("UPDATE unwanted_pictures SET remove_after = now()"))
    await service.remove_unwanted(database, storage)
    assert stored() == sorted([*kept, fresh.rpartition("/")[2]])
    await service.sweep(database, Storage(settings.model_copy(update={"storage_url": None})))


async def test_what_cannot_be_removed_now_is_removed_later(
    join: MakePerson, database: Database, settings: Settings, storage: Storage, stored: Any
) -> None:
    ada = await join("ada")
    await put(ada, photo())
    await take_away(ada)
    away = Storage(settings.model_copy(update={"storage_url": None}))
    with pytest.raises(StorageAway):
        await service.remove_unwanted(database, away)
    assert len(stored()) == 1
    await asyncio.gather(*(service.remove_unwanted(database, storage) for _ in range(3)))
    assert stored() == []


async def test_at_the_erasure_the_picture_goes_and_nobody_is_told(
    client: httpx.AsyncClient,
    join: MakePerson,
    database: Database,
    storage: Storage,
    stored: Any,
    published: Published,
) -> None:
    ada = await join("ada")
    url = (await put(ada, photo())).json()["picture_url"]
    told = len(await published())
    user_id = (await ada.me())["id"]
    async with database.transaction() as session:
        await service.forget(session, user_id)
        await service.forget(session, user_id)
        await service.forget(session, 999_999)
    await service.remove_unwanted(database, storage)
    assert stored() == []
    assert (await client.get(url)).status_code == 404
    assert len(await published()) == told


async def test_what_the_old_site_named_is_no_key_of_ours(
    client: httpx.AsyncClient, join: MakePerson, database: Database, storage: Storage
) -> None:
    ada = await join("ada")
    async with database.transaction() as session:
        await session.execute(text("UPDATE users_profile SET profile_picture = 'profile_pics/Photo 1.JPG'"))
    assert (await put(ada, photo())).status_code == 200
    await service.remove_unwanted(database, storage)


async def test_without_a_storage_it_is_told(app: FastAPI, join: MakePerson, settings: Settings) -> None:
    ada = await join("ada")
    app.state.storage = Storage(settings.model_copy(update={"storage_url": None}))
    answer = await put(ada, photo())
    assert (answer.status_code, answer.json()["type"]) == (503, "/problems/unavailable")


@pytest.fixture(scope="session")
def s3() -> Iterator[S3Server]:
    with S3Server() as server:
        yield server


@pytest.fixture
async def in_a_bucket(app: FastAPI, settings: Settings, s3: S3Server) -> Storage:
    app.state.storage = Storage(settings.model_copy(update=s3.settings("identity")))
    found: Storage = app.state.storage
    return found


async def test_the_same_in_a_bucket(
    client: httpx.AsyncClient, join: MakePerson, database: Database, in_a_bucket: Storage
) -> None:
    ada = await join("ada")
    url = (await put(ada, photo())).json()["picture_url"]
    shown = await client.get(url)
    assert Image.open(io.BytesIO(shown.content)).size == (512, 512)
    await take_away(ada)
    await service.remove_unwanted(database, in_a_bucket)
    assert [found async for found in in_a_bucket.list_below("profiles")] == []
