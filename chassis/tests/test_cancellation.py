"""Deadlines, cancelled requests and a database that restarts: no connection is lost, and no transaction left open."""

import asyncio
import contextlib
from typing import Any

import asyncpg
import httpx
import pytest
from chassis.db import Database
from chassis.passing import is_passing
from sqlalchemy import select, text


async def _backends_busy(settings: Any) -> int:
    connection = await asyncpg.connect(settings.database_url.replace("+asyncpg", ""))
    try:
        found = await connection.fetchval(
            "SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() "
            "AND pid <> pg_backend_pid() AND state <> 'idle'"
        )
        return int(found)
    finally:
        await connection.close()


async def _quiet(settings: Any) -> None:
    async with asyncio.timeout(10):
        while await _backends_busy(settings):  # noqa: ASYNC110 - what is waited for happens in the server
            await asyncio.sleep(0.05)


@pytest.mark.parametrize(
    "sql", ["SELECT pg_sleep(5)", "INSERT INTO chassis_test_thing (name, owner_id) VALUES ('x', 1)"]
)
async def test_a_deadline_around_a_transaction_leaves_nothing_behind(
    database: Database, settings: Any, things: Any, sql: str
) -> None:
    async def work() -> None:
        async with database.transaction() as session:
            await session.execute(text(sql))
            await asyncio.sleep(5)

    for moment in range(24):
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(0.002 * moment):
                await work()
    assert database.engine.pool.checkedout() == 0  # type: ignore[attr-defined]
    await _quiet(settings)
    async with database.transaction() as session:
        assert list(await session.scalars(select(things.id))) == []


async def test_cancelled_requests_give_their_connections_back(
    client: httpx.AsyncClient, app: Any, auth: Any, settings: Any, things: Any
) -> None:
    for moment in range(30):
        headers = {**auth(7), "Idempotency-Key": f"k-{moment}"}
        request = asyncio.create_task(
            client.post("/api/v1/things", json={"name": f"n{moment}"}, headers=headers)
        )
        await asyncio.sleep(0.001 * moment)
        request.cancel()
        await asyncio.wait([request])
    assert app.state.database.engine.pool.checkedout() == 0
    await _quiet(settings)
    answer = await client.post("/api/v1/things", json={"name": "last"}, headers=auth(7))
    assert answer.status_code == 201


async def test_connections_that_were_ended_by_the_server_are_replaced(
    client: httpx.AsyncClient, auth: Any, settings: Any
) -> None:
    assert (await client.get("/api/v1/things")).status_code == 200
    connection = await asyncpg.connect(settings.database_url.replace("+asyncpg", ""))
    await connection.execute(
        "SELECT pg_terminate_backend(pid) FROM pg_stat_activity "
        "WHERE datname = current_database() AND pid <> pg_backend_pid()"
    )
    await connection.close()
    assert (await client.get("/api/v1/things")).status_code == 200


async def test_a_connection_ended_under_a_transaction_is_a_passing_trouble(
    database: Database, settings: Any
) -> None:
    async def work() -> None:
        async with database.transaction() as session:
            pid = await session.scalar(text("SELECT pg_backend_pid()"))
            connection = await asyncpg.connect(settings.database_url.replace("+asyncpg", ""))
            await connection.execute("SELECT pg_terminate_backend($1)", pid)
            await connection.close()
            await asyncio.sleep(0.1)
            await session.execute(text("SELECT 1"))

    with pytest.raises(Exception) as caught:  # noqa: PT011 - which it is depends on the moment
        await work()
    assert is_passing(caught.value)
    async with database.transaction() as session:
        assert await session.scalar(text("SELECT 1")) == 1


async def test_a_transaction_left_idle_is_ended_and_is_a_passing_trouble(settings: Any) -> None:
    short = Database(settings.model_copy(update={"idle_in_transaction_timeout_ms": 200}), process="test")

    async def work() -> None:
        async with short.transaction() as session:
            await session.execute(text("SELECT 1"))
            await asyncio.sleep(0.6)
            await session.execute(text("SELECT 1"))

    try:
        with pytest.raises(Exception) as caught:  # noqa: PT011 - which it is depends on the moment
            await work()
        assert is_passing(caught.value)
    finally:
        await short.close()
