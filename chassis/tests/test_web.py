"""Transactions, errors, idempotency, entity tags and paging, as a client sees them."""

import asyncio
from typing import Any

import httpx
import pytest
from chassis.db import Database
from sqlalchemy import func, select, text

Auth = Any


async def test_what_a_request_did_is_committed_before_its_answer(
    client: httpx.AsyncClient, auth: Auth, database: Database, things: Any, published: Any
) -> None:
    answer = await client.post("/api/v1/things", json={"name": "one"}, headers=auth(7))
    assert answer.status_code == 201
    async with database.transaction() as session:
        assert await session.scalar(select(func.count()).select_from(things)) == 1
    (event,) = await published()
    assert event.user_id == 7


async def test_a_commit_that_fails_is_not_a_success(
    client: httpx.AsyncClient, auth: Auth, database: Database, things: Any, published: Any
) -> None:
    async with database.transaction() as session:
        # Checked at the commit alone: everything before it succeeds.
        await session.execute(
            text(
                "CREATE FUNCTION refuse() RETURNS trigger LANGUAGE plpgsql AS "
                "$$ BEGIN RAISE EXCEPTION 'refused at the commit'; END $$"
            )
        )
        await session.execute(
            text(
                "CREATE CONSTRAINT TRIGGER late AFTER INSERT ON chassis_test_thing "
                "DEFERRABLE INITIALLY DEFERRED FOR EACH ROW EXECUTE FUNCTION refuse()"
            )
        )
    answer = await client.post("/api/v1/things", json={"name": "one"}, headers=auth(7))
    assert answer.status_code == 500
    assert answer.headers["content-type"] == "application/problem+json"
    assert await published() == []


async def test_a_defect_takes_everything_back_and_tells_nothing(
    client: httpx.AsyncClient, database: Database, things: Any
) -> None:
    answer = await client.post("/api/v1/things/defect")
    assert answer.status_code == 500
    assert answer.json()["type"] == "/problems/internal"
    assert "secret" not in answer.text
    assert answer.json()["request_id"] == answer.headers["x-request-id"]
    async with database.transaction() as session:
        assert await session.scalar(select(func.count()).select_from(things)) == 0


async def test_the_log_tells_the_route_and_not_the_path(
    client: httpx.AsyncClient, caplog: pytest.LogCaptureFixture
) -> None:
    answer = await client.get("/api/v1/links/tok-5up3r")
    assert answer.status_code == 500
    logged = caplog.text
    assert "/api/v1/links/{token}" in logged
    assert "tok-5up3r" not in logged, "a path may carry a token"


@pytest.mark.parametrize(
    ("body", "slug"),
    [
        (b"{", "malformed-json"),
        (b'{"name": "x", "owner_id": 3}', "validation"),
        (b'{"name": 3}', "validation"),
        (b"[]", "validation"),
        (b'{"name": "a\\u0000b"}', "validation"),
        (b'{"name": "x", "price": "-1.00"}', "validation"),
        (b'{"name": "x", "price": "NaN"}', "validation"),
    ],
)
async def test_bad_input_is_a_problem_document(
    client: httpx.AsyncClient, auth: Auth, body: bytes, slug: str
) -> None:
    headers = {**auth(), "content-type": "application/json"}
    answer = await client.post("/api/v1/things", content=body, headers=headers)
    assert answer.status_code == 422
    assert answer.headers["content-type"] == "application/problem+json"
    document = answer.json()
    assert document["type"] == f"/problems/{slug}"
    assert {"title", "status", "detail", "instance", "request_id"} <= set(document)


async def test_too_large_a_body_is_refused(client: httpx.AsyncClient, auth: Auth) -> None:
    async def chunks() -> Any:
        for _ in range(40):
            yield b" " * 100_000

    declared = await client.post("/api/v1/things", content=b" " * 4_000_000, headers=auth())
    streamed = await client.post("/api/v1/things", content=chunks(), headers=auth())
    assert declared.status_code == streamed.status_code == 413
    assert declared.json()["type"] == "/problems/payload-too-large"


async def test_unknown_paths_and_query_parameters_are_refused(client: httpx.AsyncClient) -> None:
    assert (await client.get("/api/v1/nothing")).json()["type"] == "/problems/not-found"
    assert (await client.get("/api/v1/things?colour=red")).status_code == 422
    assert (await client.get("/api/v1/things?limit=101")).status_code == 422
    assert (await client.get("/api/v1/things?cursor=rubbish")).json()["type"] == "/problems/bad-cursor"
    assert (await client.put("/api/v1/things")).json()["type"] == "/problems/method-not-allowed"


async def test_a_database_that_is_away_is_a_503(client: httpx.AsyncClient, app: Any) -> None:
    from chassis.db import Database as Db

    away = app.state.settings.model_copy(update={"database_url": "postgresql+asyncpg://x:y@127.0.0.1:1/x"})
    kept, app.state.database = app.state.database, Db(away)
    try:
        answer = await client.get("/api/v1/things")
    finally:
        app.state.database = kept
    assert answer.status_code == 503
    assert answer.json()["type"] == "/problems/unavailable"
    assert answer.headers["retry-after"] == "1"


# --- idempotency --------------------------------------------------------------------------------------------


async def test_a_key_repeated_is_answered_as_the_first_time(
    client: httpx.AsyncClient, auth: Auth, published: Any
) -> None:
    headers = {**auth(7), "Idempotency-Key": "k-1"}
    first = await client.post("/api/v1/things", json={"name": "one"}, headers=headers)
    again = await client.post("/api/v1/things", json={"name": "one"}, headers=headers)
    assert (first.status_code, again.status_code) == (201, 201)
    assert first.content == again.content
    assert "idempotency-replayed" not in first.headers
    assert again.headers["idempotency-replayed"] == "true"
    assert len(await published()) == 1


async def test_a_refusal_is_repeated_too_and_leaves_nothing(client: httpx.AsyncClient, auth: Auth) -> None:
    await client.post("/api/v1/things", json={"name": "one"}, headers=auth(7))
    headers = {**auth(7), "Idempotency-Key": "k-2"}
    first = await client.post("/api/v1/things", json={"name": "one"}, headers=headers)
    again = await client.post("/api/v1/things", json={"name": "one"}, headers=headers)
    assert (first.status_code, again.status_code) == (409, 409)
    assert first.json()["type"] == again.json()["type"] == "/problems/name-taken"
    assert again.headers["idempotency-replayed"] == "true"


async def test_a_key_with_another_body_is_refused(client: httpx.AsyncClient, auth: Auth) -> None:
    headers = {**auth(7), "Idempotency-Key": "k-3"}
    await client.post("/api/v1/things", json={"name": "one"}, headers=headers)
    other = await client.post("/api/v1/things", json={"name": "two"}, headers=headers)
    assert other.status_code == 422
    assert other.json()["type"] == "/problems/idempotency-key-reused"


async def test_two_people_may_use_the_same_key(client: httpx.AsyncClient, auth: Auth) -> None:
    mine = await client.post(
        "/api/v1/things", json={"name": "a"}, headers={**auth(7), "Idempotency-Key": "k"}
    )
    yours = await client.post(
        "/api/v1/things", json={"name": "b"}, headers={**auth(8), "Idempotency-Key": "k"}
    )
    assert (mine.status_code, yours.status_code) == (201, 201)
    assert mine.json()["id"] != yours.json()["id"]


async def test_a_key_in_flight_is_a_conflict(
    client: httpx.AsyncClient, auth: Auth, database: Database
) -> None:
    headers = {**auth(7), "Idempotency-Key": "k-4"}
    async with database.transaction() as session:
        # The first request is held at its insert by a lock on the table.
        await session.execute(text("LOCK TABLE chassis_test_thing IN EXCLUSIVE MODE"))
        first = asyncio.create_task(client.post("/api/v1/things", json={"name": "one"}, headers=headers))
        await asyncio.sleep(0.3)
        second = await client.post("/api/v1/things", json={"name": "one"}, headers=headers)
    assert second.status_code == 409
    assert second.json()["type"] == "/problems/idempotency-key-in-flight"
    assert (await first).status_code == 201


async def test_twenty_at_once_do_the_work_once(client: httpx.AsyncClient, auth: Auth, published: Any) -> None:
    headers = {**auth(7), "Idempotency-Key": "k-5"}
    answers = await asyncio.gather(
        *(client.post("/api/v1/things", json={"name": "one"}, headers=headers) for _ in range(20))
    )
    assert {answer.status_code for answer in answers} <= {201, 409}
    assert sum(answer.status_code == 201 for answer in answers) >= 1
    assert len(await published()) == 1


# --- concurrency and paging ---------------------------------------------------------------------------------


async def test_a_stale_entity_tag_changes_nothing(client: httpx.AsyncClient, auth: Auth) -> None:
    thing = (await client.post("/api/v1/things", json={"name": "one"}, headers=auth(7))).json()
    path = f"/api/v1/things/{thing['id']}"
    fresh = await client.patch(path, json={"name": "two"}, headers={**auth(7), "If-Match": '"1"'})
    assert (fresh.status_code, fresh.headers["etag"]) == (200, '"2"')
    stale = await client.patch(path, json={"name": "three"}, headers={**auth(7), "If-Match": '"1"'})
    assert stale.status_code == 412
    assert (await client.get("/api/v1/things")).json()["items"][0]["name"] == "two"
    assert (await client.patch(path, json={"name": "x"}, headers=auth(8))).status_code == 404


@pytest.mark.parametrize("order", ["asc", "desc"])
async def test_pages_hold_every_row_once_even_where_times_are_equal(
    client: httpx.AsyncClient, database: Database, things: Any, order: str
) -> None:
    async with database.transaction() as session:
        session.add_all([things(name=f"n{n}", owner_id=1) for n in range(25)])
    seen: list[int] = []
    cursor: str | None = None
    for _ in range(20):
        params = {"limit": 4, "order": order, **({"cursor": cursor} if cursor else {})}
        answer = (await client.get("/api/v1/things", params=params)).json()
        seen += [item["id"] for item in answer["items"]]
        cursor = answer["next_cursor"]
        if cursor is None:
            break
    assert len(seen) == 25
    assert seen == sorted(seen, reverse=order == "desc")


# --- traces -------------------------------------------------------------------------------------------------


async def test_a_trace_goes_through_request_and_event(
    client: httpx.AsyncClient, auth: Auth, database: Database
) -> None:
    from chassis.outbox import OutboxRow

    trace_id = "4bf92f3577b34da6a3ce929d0e0e4736"
    headers = {**auth(7), "traceparent": f"00-{trace_id}-00f067aa0ba902b7-01", "X-Request-Id": "req-12345678"}
    answer = await client.post("/api/v1/things", json={"name": "one"}, headers=headers)
    assert answer.headers["x-request-id"] == "req-12345678"
    assert answer.headers["traceparent"].split("-")[1] == trace_id
    async with database.transaction() as session:
        row = (await session.scalars(select(OutboxRow))).one()
    assert row.headers["traceparent"].split("-")[1] == trace_id


async def test_metrics_speak_of_routes_not_of_paths(client: httpx.AsyncClient, auth: Auth) -> None:
    await client.patch("/api/v1/things/12345", json={"name": "x"}, headers=auth(7))
    await client.get("/api/v1/secret-path-of-nobody")
    measured = (await client.get("/metrics")).text
    assert 'route="/api/v1/things/{thing_id}"' in measured
    assert "/things/12345" not in measured
    assert "secret-path-of-nobody" not in measured
