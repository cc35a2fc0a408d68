"""Views of courses: what counts, and that catalog hears of every one of them once."""

import asyncio
import contextlib
import json
import re
from collections import Counter, deque
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from typing import Any
from uuid import UUID

import httpx
import pytest
import structlog
from chassis.auth import ServiceTokenVerifier
from prometheus_client import REGISTRY

from gateway import views

from .conftest import Door, OpenGateway, OpenUpstream, Signer, read_head, until

LOSE = "take it, and lose the answer"
OK = 204


class Catalog:
    """Serves courses as the script of an upstream, and takes batches as catalog does: each id once."""

    def __init__(self, jwks: Path) -> None:
        self.url = ""
        self.verifier = ServiceTokenVerifier("catalog", jwks)
        self.to_come: deque[int | str] = deque()
        """How the next batches are answered; then all are taken. The last stays where `for_ever`."""
        self.for_ever = False
        self.asked: list[tuple[str, dict[int, int]]] = []
        """Every batch that came: its id, and how often each course was seen."""
        self.taken: dict[str, dict[int, int]] = {}
        self.last_at: list[datetime] = []
        self.heads: list[bytes] = []

    @property
    def counted(self) -> dict[int, int]:
        total: Counter[int] = Counter()
        for batch in self.taken.values():
            total.update(batch)
        return dict(total)

    async def __call__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        while True:
            head = await read_head(reader)
            if head.startswith(b"POST /internal/course-views "):
                if not await self._take(head, reader, writer):
                    return
            elif b"?broken" in head:
                writer.write(b"HTTP/1.1 200 OK\r\nx-lyceum-view: 1\r\ncontent-length: 100\r\n\r\nonly this")
                return
            else:
                self._show(head, writer)

    def _show(self, head: bytes, writer: asyncio.StreamWriter) -> None:
        self.heads.append(head)
        asked = re.match(rb"(\w+) /api/v1/\w+/?(\d*)(?:\?(\d+))?(?:\?mark=(\S*))? ", head)
        assert asked, head
        method, course, status, mark = asked.groups()
        status = b"304" if b"if-none-match" in head else status or b"200"
        body = b"" if status == b"304" or method == b"HEAD" else b"ok"
        writer.write(
            b'HTTP/1.1 %b Such\r\nETag: "1"\r\nX-Lyceum-View: %b\r\nX-Lyceum-Else: 1\r\n'
            b"content-length: 2\r\n\r\n%b" % (status, course if mark is None else mark, body)
        )

    async def _take(self, head: bytes, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> bool:
        found = dict(line.split(b": ", 1) for line in head.split(b"\r\n")[1:] if line)
        body = json.loads(await reader.readexactly(int(found[b"content-length"])))
        token = found[b"authorization"].decode().removeprefix("Bearer ")
        assert await self.verifier.verify(token) == "gateway"
        assert found[b"content-type"] == b"application/json"
        batch = found[b"idempotency-key"].decode()
        UUID(batch)
        seen = {one["course_id"]: one["count"] for one in body["views"]}
        assert len(seen) == len(body["views"])
        self.asked.append((batch, seen))
        answer = OK
        if self.to_come:
            answer = self.to_come[0] if self.for_ever else self.to_come.popleft()
        if answer in (OK, LOSE):
            if batch not in self.taken:
                self.last_at += [datetime.fromisoformat(one["last_at"]) for one in body["views"]]
            assert self.taken.setdefault(batch, seen) == seen, "one id is one batch"
        if answer == LOSE:
            return False
        framed = b"" if answer == OK else b"content-length: 0\r\n"
        writer.write(b"HTTP/1.1 %d Such\r\n%b\r\n" % (answer, framed))
        return True


@pytest.fixture
def key(tmp_path: Path) -> Path:
    """The gateway's own key; its public half is in `services.jwks.json` beside it."""
    made = Signer("gateway.1")
    (tmp_path / "services.jwks.json").write_text(json.dumps(made.jwks))
    path = tmp_path / "gateway.pem"
    path.write_text(made.pem)
    return path


@pytest.fixture
async def catalog(key: Path, upstream: OpenUpstream) -> Catalog:
    made = Catalog(key.with_name("services.jwks.json"))
    made.url = await upstream(made)
    return made


Open = Callable[..., Door]


@pytest.fixture
def open_door(
    open_gateway: OpenGateway, catalog: Catalog, key: Path, monkeypatch: pytest.MonkeyPatch
) -> Open:
    """A gateway that tells catalog soon, and asks again soon."""
    monkeypatch.setattr(views, "MIN_PAUSE", 0.05)
    monkeypatch.setattr(views, "MAX_PAUSE", 0.1)

    def start(**settings: Any) -> Door:
        urls = {"catalog": catalog.url, "learning": catalog.url}
        return open_gateway(urls, **{"service_key_file": key, "views_every": 0.05, **settings})

    return start


async def look(door: Door, *paths: str, **headers: str) -> list[httpx.Response]:
    async with door.client() as client:
        return [await client.get(f"/api/v1/{path}", headers=headers) for path in paths]


def lost(why: str) -> float:
    return REGISTRY.get_sample_value("lyceum_gateway_views_lost_total", {"why": why}) or 0.0


def sent(answer: str) -> float:
    return REGISTRY.get_sample_value("lyceum_gateway_views_sent_total", {"answer": answer}) or 0.0


async def test_every_look_is_counted_and_no_client_sees_the_mark(open_door: Open, catalog: Catalog) -> None:
    door = open_door()
    before = datetime.now(UTC)
    answers = await look(door, "courses/12", "courses/7", "courses/12", "courses/12")
    for answer in answers:
        assert (answer.status_code, answer.text, answer.headers["etag"]) == (200, "ok", '"1"')
        assert not [name for name in answer.headers if name.startswith("x-lyceum")]
    await until(lambda: catalog.counted == {12: 3, 7: 1})
    assert all(before <= at <= datetime.now(UTC) for at in catalog.last_at)
    await until(lambda: door.gateway.views.waiting == 0)
    await look(door, "courses/7")
    await until(lambda: catalog.counted == {12: 3, 7: 2})
    assert len({batch for batch, _ in catalog.asked}) == len(catalog.asked)


async def test_an_answer_from_the_clients_own_memory_is_a_look_too(open_door: Open, catalog: Catalog) -> None:
    [answer] = await look(open_door(), "courses/12", **{"if-none-match": '"1"'})
    assert answer.status_code == 304
    assert not [name for name in answer.headers if name.startswith("x-lyceum")]
    await until(lambda: catalog.counted == {12: 1})


async def test_what_is_no_look_is_not_counted(open_door: Open, catalog: Catalog) -> None:
    door = open_door()
    async with door.client() as client:
        assert (await client.head("/api/v1/courses/1")).status_code == 200
        assert (await client.patch("/api/v1/courses/1", json={})).status_code == 200
        for status in (201, 404, 410, 500, 503):
            assert (await client.get(f"/api/v1/courses/1?{status}")).status_code == status
        # Catalog alone says what is a view.
        assert (await client.get("/api/v1/enrollments/1")).status_code == 200
        with pytest.raises(httpx.RemoteProtocolError):
            await client.get("/api/v1/courses/1?broken")
    for mark in ("", "0", "abc", "-1", "1.5", "1,2", "9" * 30, "%31"):
        await look(door, f"courses/1?mark={mark}")
    await look(door, "courses/12")
    await until(lambda: catalog.counted == {12: 1})
    # Catalog has it a moment before the gateway knows that it has.
    await until(lambda: door.gateway.views.waiting == 0)


async def test_a_client_cannot_say_what_was_looked_at(open_door: Open, catalog: Catalog) -> None:
    await look(open_door(), "courses/12", **{"x-lyceum-view": "99", "X-Lyceum-Else": "2"})
    await until(lambda: catalog.counted == {12: 1})
    assert b"x-lyceum" not in catalog.heads[0].lower()


async def test_a_batch_whose_answer_was_lost_is_the_same_batch_again(
    open_door: Open, catalog: Catalog
) -> None:
    door = open_door()
    catalog.to_come += [LOSE, 503, LOSE, 409, 500, 401, 404]
    await look(door, "courses/12", "courses/12")
    await until(lambda: len(catalog.asked) > 1)
    await look(door, "courses/12", "courses/7")
    await until(lambda: catalog.counted == {12: 3, 7: 1} and door.gateway.views.waiting == 0)
    first, *others = catalog.asked
    assert [batch for batch in others if batch[0] == first[0]] == [first] * 7
    assert len(catalog.taken) >= 2


async def test_what_comes_while_catalog_is_away_waits_and_is_counted_once(
    open_door: Open, catalog: Catalog
) -> None:
    door = open_door()
    catalog.to_come.append(503)
    catalog.for_ever = True
    await look(door, "courses/12")
    await until(lambda: len(catalog.asked) >= 5)
    assert door.gateway.views._pause == views.MAX_PAUSE
    await look(door, *["courses/12", "courses/7"] * 5)
    assert door.gateway.views.waiting == 11
    assert door.gateway.views.behind > 0
    async with door.client() as client:
        exposed = (await client.get("/metrics")).text
    assert "lyceum_gateway_views_waiting 11.0" in exposed
    assert float(re.findall(r"^lyceum_gateway_views_behind_seconds (\S+)$", exposed, re.MULTILINE)[0]) > 0
    catalog.for_ever = False
    await until(lambda: catalog.counted == {12: 6, 7: 5})
    await until(lambda: door.gateway.views.waiting == 0)
    assert door.gateway.views.behind == 0
    assert door.gateway.views._pause == views.MIN_PAUSE


async def test_of_a_course_the_latest_look_is_told(open_door: Open, catalog: Catalog) -> None:
    door = open_door()
    catalog.to_come.append(503)
    catalog.for_ever = True
    await look(door, "courses/1")
    await until(lambda: len(catalog.asked) >= 1)
    await look(door, "courses/2")
    between = datetime.now(UTC)
    await look(door, "courses/2")
    catalog.for_ever = False
    await until(lambda: catalog.counted == {1: 1, 2: 2})
    assert between <= catalog.last_at[-1]


async def test_a_catalog_that_does_not_listen_is_told_when_it_does_again(
    open_door: Open, catalog: Catalog
) -> None:
    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        with contextlib.suppress(ConnectionError, asyncio.IncompleteReadError), contextlib.closing(writer):
            await catalog(reader, writer)

    server = await asyncio.start_server(serve, "127.0.0.1", 0)
    port = server.sockets[0].getsockname()[1]
    catalog.url = f"http://127.0.0.1:{port}"
    door = open_door(views_every=0.5)
    await look(door, "courses/12")
    server.close()
    await until(lambda: door.gateway.views.behind > 0)
    assert catalog.asked == []
    again = await asyncio.start_server(serve, "127.0.0.1", port)
    await until(lambda: catalog.counted == {12: 1})
    again.close()


async def test_only_so_many_courses_wait(open_door: Open, catalog: Catalog) -> None:
    door = open_door()
    door.gateway.views.most_courses = 2
    catalog.to_come.append(503)
    catalog.for_ever = True
    before = lost("full")
    await look(door, "courses/1")
    await until(lambda: len(catalog.asked) >= 1)
    await look(door, "courses/2", "courses/3", "courses/4", "courses/2")
    assert lost("full") == before + 1
    catalog.for_ever = False
    await until(lambda: catalog.counted == {1: 1, 2: 2, 3: 1})


async def test_many_courses_go_in_several_batches(
    open_door: Open, catalog: Catalog, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(views, "BATCH_COURSES", 5)
    door = open_door()
    catalog.to_come.append(503)
    catalog.for_ever = True
    await look(door, *(f"courses/{course}" for course in range(1, 18)))
    catalog.for_ever = False
    await until(lambda: catalog.counted == dict.fromkeys(range(1, 18), 1))
    assert max(len(seen) for seen in catalog.taken.values()) == 5


async def test_full_batches_do_not_wait_for_their_turn(
    open_door: Open, catalog: Catalog, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(views, "BATCH_COURSES", 5)
    door = open_door()
    catalog.to_come.append(503)
    catalog.for_ever = True
    await look(door, *(f"courses/{course}" for course in range(1, 18)))
    await until(lambda: len(catalog.asked) >= 1)
    never = door.gateway.settings.model_copy(update={"views_every": 3600.0})
    monkeypatch.setattr(door.gateway.views, "_settings", never)
    catalog.for_ever = False
    await until(lambda: len(catalog.counted) > 17 - 5)


async def test_a_batch_that_catalog_will_never_take_holds_up_no_other(
    open_door: Open, catalog: Catalog
) -> None:
    # As long as two looks take on a busy machine, so that both are in the batch.
    door = open_door(views_every=1.0)
    catalog.to_come.append(422)
    before = lost("refused")
    await look(door, "courses/1", "courses/1")
    await until(lambda: len(catalog.asked) == 1 and door.gateway.views.waiting == 0)
    assert lost("refused") == before + 2
    await look(door, "courses/2")
    await until(lambda: catalog.counted == {2: 1})


async def test_a_batch_that_catalog_may_have_forgotten_is_not_sent_again(
    open_door: Open, catalog: Catalog, monkeypatch: pytest.MonkeyPatch
) -> None:
    door = open_door()
    catalog.to_come += [LOSE, 503]
    catalog.for_ever = True
    before = lost("outdated")
    await look(door, "courses/1")
    await until(lambda: len(catalog.asked) >= 2)
    monkeypatch.setattr(views, "REMEMBERED_SECONDS", 0.0)
    await until(lambda: door.gateway.views.waiting == 0)
    assert lost("outdated") == before + 1
    monkeypatch.undo()
    catalog.for_ever = False
    catalog.to_come.clear()
    await look(door, "courses/2")
    await until(lambda: catalog.counted == {1: 1, 2: 1})


async def test_a_batch_is_as_old_as_its_first_try_however_often_it_is_tried(
    open_door: Open, catalog: Catalog, monkeypatch: pytest.MonkeyPatch
) -> None:
    # Longer than from one try to the next, and catalog may have taken the first.
    monkeypatch.setattr(views, "REMEMBERED_SECONDS", 10 * views.MAX_PAUSE)
    door = open_door()
    catalog.to_come += [LOSE, 503]
    catalog.for_ever = True
    before = lost("outdated")
    await look(door, "courses/1")
    await until(lambda: lost("outdated") == before + 1)
    assert len({batch for batch, _ in catalog.asked}) == 1


@pytest.mark.parametrize("status", [401, 403, 404, 405])
async def test_a_batch_that_was_refused_waits_and_asks_anew(
    open_door: Open, catalog: Catalog, monkeypatch: pytest.MonkeyPatch, status: int
) -> None:
    # Set up wrong for longer than catalog remembers: nothing was taken, so nothing is lost.
    monkeypatch.setattr(views, "REMEMBERED_SECONDS", 0.0)
    door = open_door()
    catalog.to_come.append(status)
    catalog.for_ever = True
    before, told = sum(map(lost, ("outdated", "refused"))), sent(str(status))
    await look(door, "courses/12", "courses/12")
    await until(lambda: len(catalog.asked) >= 4 and sent(str(status)) >= told + 4)
    catalog.for_ever = False
    await look(door, "courses/12")
    await until(lambda: catalog.counted == {12: 3} and door.gateway.views.waiting == 0)
    # Catalog may keep a refusal under the id for a day, and would give it again when it has long been mended.
    ids = [batch for batch, _ in catalog.asked]
    assert len(set(ids)) == len(ids)
    assert sum(map(lost, ("outdated", "refused"))) == before


async def test_a_batch_that_never_left_is_kept_for_longer_than_catalog_remembers(
    open_door: Open, catalog: Catalog, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(views, "REMEMBERED_SECONDS", 0.0)
    door = open_door()
    before, told = lost("outdated"), sent("none")
    await look(door, "enrollments/1")
    pool = door.gateway.proxy.pools["catalog"]
    monkeypatch.setattr(pool, "port", 1)
    pool.close()
    door.gateway.views.count(b"12")
    await until(lambda: sent("none") >= told + 3)
    monkeypatch.undo()
    await until(lambda: catalog.counted == {12: 1})
    assert lost("outdated") == before


async def test_an_outage_is_logged_once_and_once_more_when_it_becomes_another(
    open_door: Open, catalog: Catalog
) -> None:
    door = open_door()
    catalog.to_come.append(503)
    catalog.for_ever = True
    with structlog.testing.capture_logs() as logged:
        await look(door, "courses/12")
        await until(lambda: len(catalog.asked) >= 3)
        catalog.to_come[0] = 404
        await until(lambda: len(catalog.asked) >= 8)
        catalog.for_ever = False
        await until(lambda: catalog.counted == {12: 1} and door.gateway.views.behind == 0)
    assert [(one["log_level"], one["reason"]) for one in logged if "not take" in one["event"]] == [
        ("warning", "catalog answered 503"),
        ("warning", "catalog answered 404"),
    ]
    assert [one["log_level"] for one in logged if "again" in one["event"]] == ["info"]
    # The next outage is one of its own, also when it is like the last.
    catalog.to_come.append(503)
    with structlog.testing.capture_logs() as logged:
        await look(door, "courses/12")
        await until(lambda: catalog.counted == {12: 2} and door.gateway.views.behind == 0)
    assert [one["reason"] for one in logged if "not take" in one["event"]] == ["catalog answered 503"]


async def test_losses_are_measured_before_there_is_one(open_door: Open) -> None:
    async with open_door().client() as client:
        exposed = (await client.get("/metrics")).text
    kinds = re.findall(r'^lyceum_gateway_views_lost_total\{why="(\w+)"\}', exposed, re.MULTILINE)
    assert sorted(kinds) == ["full", "outdated", "refused", "stopped"]


async def test_several_gateways_count_side_by_side(open_door: Open, catalog: Catalog) -> None:
    doors = [open_door(), open_door()]
    await asyncio.gather(*(look(door, *["courses/12", "courses/7"] * 20) for door in doors))
    await until(lambda: catalog.counted == {12: 40, 7: 40})


@pytest.mark.parametrize("kept", ["", "-----BEGIN PRIVATE KEY-----\nAAAA\n-----END PRIVATE KEY-----\n"])
async def test_a_key_that_is_none_stops_the_counting_and_nothing_else(
    open_door: Open, catalog: Catalog, key: Path, kept: str
) -> None:
    good = await asyncio.to_thread(key.read_text)
    await asyncio.to_thread(key.write_text, kept)
    door = open_door()
    [answer] = await look(door, "courses/12")
    assert answer.status_code == 200
    await until(lambda: door.gateway.views.behind > 0)
    await asyncio.to_thread(key.write_text, good)
    await until(lambda: catalog.counted == {12: 1})


async def test_without_a_key_nothing_is_kept(open_door: Open, catalog: Catalog) -> None:
    door = open_door(service_key_file=None)
    [answer] = await look(door, "courses/12")
    assert answer.status_code == 200
    assert "x-lyceum-view" not in answer.headers
    # Catalog has it a moment before the gateway knows that it has.
    await until(lambda: door.gateway.views.waiting == 0)
