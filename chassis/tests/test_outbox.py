"""The outbox: said is what was committed, no more and no less, and nothing is said again after it was forgotten."""

import contextlib
import uuid
from collections.abc import AsyncIterator
from typing import Any

import pytest
from chassis.db import Database
from chassis.outbox import OutboxRow, emit
from chassis.relay import Relay, _connect
from chassis.wakeups import Wakeups
from sqlalchemy import select, text
from sqlalchemy.exc import IntegrityError


async def said(database: Database) -> list[int]:
    async with database.transaction() as session:
        rows = await session.scalars(select(OutboxRow).order_by(OutboxRow.id))
        return [row.payload["note_id"] for row in rows]


async def test_what_a_savepoint_took_back_is_not_said(database: Database, make_note: Any) -> None:
    async with database.transaction() as session:
        emit(session, make_note(1))
        with contextlib.suppress(ValueError):
            async with session.begin_nested():
                emit(session, make_note(2))
                async with session.begin_nested():
                    emit(session, make_note(3))
                raise ValueError
        async with session.begin_nested():
            emit(session, make_note(4))
            with contextlib.suppress(ValueError):
                async with session.begin_nested():
                    emit(session, make_note(5))
                    raise ValueError
            emit(session, make_note(6))
    assert await said(database) == [1, 4, 6]


async def test_a_flush_that_fails_in_a_savepoint_takes_back_what_was_said_in_it_alone(
    database: Database, make_note: Any, things: Any
) -> None:
    async with database.transaction() as session:
        session.add(things(name="one", owner_id=1))
        emit(session, make_note(1))
        with contextlib.suppress(IntegrityError):
            async with session.begin_nested():
                emit(session, make_note(2))
                session.add(things(name="one", owner_id=1))
                await session.flush()
        emit(session, make_note(3))
    assert await said(database) == [1, 3]


async def test_what_a_rollback_on_the_way_took_back_is_not_said(database: Database, make_note: Any) -> None:
    async with database.transaction() as session:
        await session.execute(text("SELECT 1"))
        emit(session, make_note(1))
        await session.rollback()
        emit(session, make_note(2))
    assert await said(database) == [2]


async def test_events_of_very_many_keys_are_said_in_one_transaction(
    database: Database, make_note: Any
) -> None:
    """As when a course is republished: each of its learners is a key."""
    async with database.transaction() as session:
        for number in range(1, 30_001):
            emit(session, make_note(number, number))
    assert await said(database) == list(range(1, 30_001))


# --- forgetting, and a log that is new ----------------------------------------------------------------------


class _NewLog:
    """The watch over a broker that has just come back empty."""

    async def cluster_id(self, *, within: float = 0.0) -> str:
        return uuid.uuid4().hex


@pytest.fixture
async def relaying(database: Database) -> AsyncIterator[tuple[Relay, Any]]:
    connection = await _connect(database.settings)
    yield Relay(database.settings, Wakeups()), connection
    await connection.close()


async def _age(database: Database, *, created: int, published: int) -> None:
    async with database.transaction() as session:
        await session.execute(
            text(
                "UPDATE outbox SET created_at = now() - make_interval(days => :created), "
                "published_at = now() - make_interval(days => :published)"
            ),
            {"created": created, "published": published},
        )


async def test_an_old_event_is_forgotten_however_often_it_was_published(
    database: Database, make_note: Any, relaying: Any
) -> None:
    """A broker that restarts empty every few days would keep an event alive past the memory of its readers."""
    relay, connection = relaying
    async with database.transaction() as session:
        emit(session, make_note(1))
    await _age(database, created=8, published=1)
    await relay._purge(connection)
    assert await said(database) == []


async def test_an_event_older_than_its_time_is_not_published_into_a_new_log(
    database: Database, make_note: Any, relaying: Any
) -> None:
    """The worker was down for longer than readers remember event ids: published again, it would count twice."""
    relay, connection = relaying
    async with database.transaction() as session:
        emit(session, make_note(1))
    await _age(database, created=40, published=40)
    async with database.transaction() as session:
        emit(session, make_note(2))
    await connection.execute("UPDATE outbox SET published_at = coalesce(published_at, now())")
    relay.watch = _NewLog()  # type: ignore[assignment]
    await relay._check_cluster(connection)
    waiting = await connection.fetch("SELECT payload->>'note_id' AS n FROM outbox WHERE published_at IS NULL")
    assert [row["n"] for row in waiting] == ["2"]


async def test_what_was_never_published_is_never_forgotten(
    database: Database, make_note: Any, relaying: Any
) -> None:
    relay, connection = relaying
    async with database.transaction() as session:
        for number in range(1, 5):
            emit(session, make_note(number))
    await connection.execute("UPDATE outbox SET created_at = now() - interval '90 days'")
    await connection.execute("UPDATE outbox SET published_at = now() WHERE (payload->>'note_id')::int > 2")
    await relay._purge(connection)
    assert await said(database) == [1, 2]
