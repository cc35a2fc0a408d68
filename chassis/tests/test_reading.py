"""Routes that only read: no transaction, no writing, and a connection that died meanwhile is nobody's error."""

import asyncio
from typing import Annotated, Any

import httpx
import pytest
from chassis.db import Database
from chassis.errors import Unavailable
from chassis.web import Reading, Router, Session
from fastapi import FastAPI, Query
from sqlalchemy import event, func, select, text
from sqlalchemy.exc import DBAPIError

Auth = Any


async def _make(client: httpx.AsyncClient, auth: Auth, name: str) -> int:
    made = await client.post("/api/v1/things", json={"name": name}, headers=auth(7))
    assert made.status_code == 201
    return int(made.json()["id"])


async def test_what_is_read_is_one_round_trip(
    app: FastAPI, client: httpx.AsyncClient, auth: Auth, database: Database
) -> None:
    thing_id = await _make(client, auth, "one")
    engine = app.state.database.reading_engine
    # Once for the connection's own beginning, and to have the statement prepared.
    assert (await client.get(f"/api/v1/things/{thing_id}")).status_code == 200
    executed: list[str] = []
    beside: list[str] = []
    event.listen(engine.sync_engine, "before_cursor_execute", lambda *given: executed.append(given[2]))
    async with engine.connect() as connection:
        # What the driver sends of itself, a BEGIN or a look whether the connection lives, is in its log alone.
        raw = (await connection.get_raw_connection()).driver_connection
        raw.add_query_logger(lambda record: beside.append(record.query))
    assert (await client.get(f"/api/v1/things/{thing_id}")).json()["name"] == "one"
    await raw.execute("SELECT 'and the log was listening'")
    await asyncio.sleep(0.05)  # It is told by the loop's next turn.
    assert len(executed) == 1
    assert beside == ["SELECT 'and the log was listening'"]


async def test_no_transaction_is_begun(app: FastAPI, client: httpx.AsyncClient, auth: Auth) -> None:
    thing_id = await _make(client, auth, "one")
    async with app.state.database.reading() as session:
        before = await session.scalar(text("SELECT now()"))
        assert await session.scalar(text("SELECT now()")) > before, "each statement has an instant of its own"
        assert await session.scalar(text("SHOW transaction_read_only")) == "on"
    assert thing_id


async def test_who_reads_cannot_write(
    client: httpx.AsyncClient, database: Database, things: Any, caplog: pytest.LogCaptureFixture
) -> None:
    answer = await client.get("/api/v1/scribbles")
    assert (answer.status_code, answer.json()["type"]) == (500, "/problems/internal")
    assert "read-only transaction" in caplog.text
    async with database.transaction() as session:
        assert await session.scalar(select(func.count()).select_from(things)) == 0
    async with database.reading() as session:
        with pytest.raises(DBAPIError, match="read-only transaction"):
            await session.execute(text("CREATE TABLE chassis_test_scribble (id int)"))


async def _end_connections(database: Database) -> int:
    """As a restart of the server does; how many there were."""
    async with database.transaction() as session:
        ended = await session.scalars(
            text(
                "SELECT pg_terminate_backend(pid, 2000) FROM pg_stat_activity "
                "WHERE datname = current_database() AND application_name LIKE '%reading'"
            )
        )
        return len(ended.all())


async def test_a_connection_closed_meanwhile_is_asked_again(
    app: FastAPI, client: httpx.AsyncClient, auth: Auth, database: Database
) -> None:
    thing_id = await _make(client, auth, "one")
    assert (await client.get(f"/api/v1/things/{thing_id}")).status_code == 200
    assert await _end_connections(database) == 1
    answer = await client.get(f"/api/v1/things/{thing_id}")
    assert (answer.status_code, answer.json()["name"]) == (200, "one")


async def test_a_connection_that_dies_again_is_told(
    app: FastAPI, client: httpx.AsyncClient, auth: Auth, database: Database
) -> None:
    thing_id = await _make(client, auth, "one")
    begun = 0

    def die(connection: Any, *_: Any) -> None:
        nonlocal begun
        begun += 1
        connection.connection.dbapi_connection.terminate()

    engine = app.state.database.reading_engine.sync_engine
    event.listen(engine, "before_cursor_execute", die)
    answer = await client.get(f"/api/v1/things/{thing_id}")
    event.remove(engine, "before_cursor_execute", die)
    assert (answer.status_code, begun) == (Unavailable.status, 2)
    assert (await client.get(f"/api/v1/things/{thing_id}")).status_code == 200


def test_a_route_reads_or_has_a_transaction() -> None:
    router = Router(prefix="/api/v1")

    async def both(reading: Reading, session: Session) -> None: ...

    async def change(reading: Reading, name: Annotated[str, Query()]) -> None: ...

    with pytest.raises(TypeError, match="one session"):
        router.get("/both")(both)
    with pytest.raises(TypeError, match="not to read"):
        router.post("/change")(change)


async def test_the_fuller_pool_is_measured(database: Database) -> None:
    """The alert is on one pool's connections: two pools half taken keep nobody waiting."""
    async with database.engine.connect(), database.reading_engine.connect():
        assert database.in_use() == 1
        async with database.reading_engine.connect():
            assert database.in_use() == 2
    assert database.in_use() == 0
