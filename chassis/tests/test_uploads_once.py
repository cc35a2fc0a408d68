"""Large files under an Idempotency-Key: stored once, told from others, and never held."""

import asyncio
import hashlib
from collections.abc import AsyncIterator
from typing import Annotated, Any

import httpx
import psutil
import pytest
from chassis.auth import TokenVerifier
from chassis.db import Database
from chassis.errors import Conflict
from chassis.idempotency import hash_request
from chassis.testing import ISSUER, Keys, serving
from chassis.web import CurrentUser, Router, Session, service_app
from chassis.web.body_limit import takes_up_to
from chassis.web.uploads import ANY, upload_of
from fastapi import Path as PathParam
from fastapi import Request
from sqlalchemy import func, select, text

MIB = 2**20
router = Router(prefix="/api/v1")
meanwhile: list[Any] = []
"""What is done between reading a file and the end of its transaction."""


class NotTaken(Conflict):
    slug = "not-taken"
    title = "This file is not taken"


@router.post("/imports/{name}", status_code=201)
@takes_up_to(200 * MIB)
async def take(
    request: Request, session: Session, _user: CurrentUser, name: Annotated[str, PathParam()]
) -> dict[str, Any]:
    """A row for every file. One that is called `half` is looked at by its first byte, `none` is not looked at;
    `refused` is refused at its end, and `early` at its first byte."""
    size, digest = 0, hashlib.sha256()
    if name != "none":
        async for chunk in upload_of(request, (ANY,)):
            size += len(chunk)
            digest.update(chunk)
            if name in ("half", "early"):
                break
    if name in ("refused", "early"):
        raise NotTaken
    made = await session.scalar(
        text("INSERT INTO chassis_test_thing (name, owner_id) VALUES (:name, 7) RETURNING id"),
        {"name": f"{name} {digest.hexdigest()} {len(meanwhile)} {id(request)}"},
    )
    for wait in meanwhile:
        await wait()
    return {"id": made, "size": size}


@pytest.fixture
async def app(settings: Any, keys: Keys) -> AsyncIterator[Any]:
    async def published() -> dict[str, object]:
        return keys.jwks

    app = service_app(settings, title="Imports", routers=[router])
    app.state.verifier = TokenVerifier(issuer=ISSUER, audience="lyceum", source=published)
    app.state.ended.guard(app.state.verifier)
    async with app.router.lifespan_context(app):
        yield app


@pytest.fixture
async def over_a_line(app: Any) -> AsyncIterator[httpx.AsyncClient]:
    async with serving(app) as url, httpx.AsyncClient(base_url=url, timeout=60) as client:
        yield client


async def made(database: Database, things: Any) -> int:
    async with database.transaction() as session:
        return int(await session.scalar(select(func.count()).select_from(things)) or 0)


async def kept(database: Database) -> int:
    async with database.transaction() as session:
        return int(await session.scalar(text("SELECT count(*) FROM idempotency_keys")) or 0)


async def pieces(size: int, fill: bytes = b"\0") -> AsyncIterator[bytes]:
    for _ in range(size // (MIB // 4)):
        yield fill * (MIB // 4)


async def test_a_file_sent_again_is_answered_again_and_another_refused(
    over_a_line: httpx.AsyncClient, auth: Any, database: Database, things: Any
) -> None:
    headers = {**auth(7), "Idempotency-Key": "k", "Content-Type": ANY}

    async def send(name: str = "a", **given: Any) -> httpx.Response:
        return await over_a_line.post(f"/api/v1/imports/{name}", **{"headers": headers, **given})

    first = await send(content=pieces(6 * MIB))
    assert (first.status_code, first.json()["size"]) == (201, 6 * MIB), first.text
    # Streamed or declared, in whatever pieces: the same bytes are the same file.
    again = await send(content=bytes(6 * MIB))
    assert (again.status_code, again.content) == (201, first.content)
    assert again.headers["idempotency-replayed"] == "true"
    for content in (pieces(6 * MIB, b"x"), bytes(6 * MIB + 1), b"", bytes(6 * MIB - 1)):
        other = await send(content=content)
        assert (other.status_code, other.json()["type"]) == (422, "/problems/idempotency-key-reused")
    elsewhere = await send("b", content=bytes(6 * MIB))
    assert elsewhere.status_code == 422
    asked = await send(content=bytes(6 * MIB), params={"q": "1"})
    assert asked.status_code == 422
    theirs = await send(content=b"theirs", headers={**headers, **auth(8)})
    assert theirs.status_code == 201, "the keys of two never meet"
    assert await made(database, things) == 2


@pytest.mark.parametrize("name", ["half", "none"])
async def test_what_the_endpoint_did_not_read_counts_too(
    over_a_line: httpx.AsyncClient, auth: Any, database: Database, things: Any, name: str
) -> None:
    headers = {**auth(7), "Idempotency-Key": "k", "Content-Type": ANY}
    path = f"/api/v1/imports/{name}"
    content = bytes(3 * MIB)
    first = await over_a_line.post(path, content=content, headers=headers)
    assert first.status_code == 201, first.text
    assert (await over_a_line.post(path, content=content, headers=headers)).content == first.content
    other = await over_a_line.post(path, content=content[:-1] + b"x", headers=headers)
    assert other.json()["type"] == "/problems/idempotency-key-reused"
    assert await made(database, things) == 1


async def test_a_refusal_is_kept_where_the_whole_file_was_seen(
    over_a_line: httpx.AsyncClient, auth: Any, database: Database
) -> None:
    headers = {**auth(7), "Idempotency-Key": "k", "Content-Type": ANY}
    for name, kept_then in (("early", 0), ("refused", 1)):
        for replayed in (None, "true"):
            answer = await over_a_line.post(
                f"/api/v1/imports/{name}", content=bytes(4 * MIB), headers=headers
            )
            assert (answer.status_code, answer.json()["type"]) == (409, "/problems/not-taken")
            assert answer.headers.get("idempotency-replayed") == (replayed if kept_then else None)
        assert await kept(database) == kept_then


async def test_of_many_at_once_one_is_kept(
    over_a_line: httpx.AsyncClient,
    auth: Any,
    database: Database,
    things: Any,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """All read their file before any of them commits."""
    barrier = asyncio.Barrier(4)
    monkeypatch.setitem(globals(), "meanwhile", [barrier.wait])
    headers = {**auth(7), "Idempotency-Key": "k", "Content-Type": ANY}
    answers = await asyncio.gather(
        *(over_a_line.post("/api/v1/imports/a", content=pieces(3 * MIB), headers=headers) for _ in range(4))
    )
    seen = [(answer.status_code, answer.headers.get("idempotency-replayed")) for answer in answers]
    assert seen.count((201, None)) == 1, "the work was done once"
    assert set(seen) <= {(201, None), (201, "true"), (409, None)}
    assert await made(database, things) == 1


async def test_two_files_under_one_key_at_once_are_not_both_taken(
    over_a_line: httpx.AsyncClient,
    auth: Any,
    database: Database,
    things: Any,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    barrier = asyncio.Barrier(2)
    monkeypatch.setitem(globals(), "meanwhile", [barrier.wait])
    headers = {**auth(7), "Idempotency-Key": "k", "Content-Type": ANY}
    answers = await asyncio.gather(
        *(
            over_a_line.post("/api/v1/imports/a", content=pieces(3 * MIB, fill), headers=headers)
            for fill in (b"a", b"b")
        )
    )
    assert sorted(answer.status_code for answer in answers) in ([201, 409], [201, 422])
    assert await made(database, things) == 1


async def test_a_file_that_breaks_off_leaves_its_key_free(
    over_a_line: httpx.AsyncClient, auth: Any, database: Database, things: Any, app: Any
) -> None:
    headers = {**auth(7), "Idempotency-Key": "k", "Content-Type": ANY}
    path = "/api/v1/imports/a"

    async def broken() -> AsyncIterator[bytes]:
        yield bytes(MIB)
        raise OSError("the line is cut")

    with pytest.raises(OSError, match="cut"):
        await over_a_line.post(path, content=broken(), headers=headers)
    first = await over_a_line.post(path, content=bytes(3 * MIB), headers=headers)
    assert (first.status_code, first.headers.get("idempotency-replayed")) == (201, None)
    with pytest.raises(OSError, match="cut"):
        await over_a_line.post(path, content=broken(), headers=headers)
    again = await over_a_line.post(path, content=bytes(3 * MIB), headers=headers)
    assert (again.status_code, again.content) == (201, first.content)
    assert (await made(database, things), await kept(database)) == (1, 1)


async def test_no_connection_is_taken_while_it_comes_and_nothing_held(
    over_a_line: httpx.AsyncClient, auth: Any, app: Any
) -> None:
    headers = {**auth(7), "Idempotency-Key": "k", "Content-Type": ANY}
    process = psutil.Process()
    before = process.memory_info().rss
    taken: list[int] = []
    grown: list[int] = []

    async def content() -> AsyncIterator[bytes]:
        for number in range(80):
            yield bytes(MIB)
            if number % 20 == 19:
                taken.append(app.state.database.engine.pool.checkedout())
                grown.append(process.memory_info().rss - before)

    for _ in range(2):
        answer = await over_a_line.post("/api/v1/imports/a", content=content(), headers=headers)
        assert (answer.status_code, answer.json()["size"]) == (201, 80 * MIB)
    assert set(taken) == {0}
    assert max(grown) < 40 * MIB


def test_a_large_file_and_a_small_body_are_known_by_the_same_hash() -> None:
    """Kept answers outlive the release that kept them: the hash stays what it was."""
    body = hashlib.sha256(b'{"a":1}').digest()
    assert hash_request("POST", "/api/v1/a", b"x=1", body) == (
        "ae8865c986b12dfad23697b30de4ee86e334734e3558b939b15ed6895e029d66"
    )
