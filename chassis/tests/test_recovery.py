"""Relay and consumer while things around them go: nothing is lost, nothing counts twice, nothing waits for ever."""

import asyncio
import contextlib
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from typing import Any

import asyncpg
import pytest
from chassis.consumer import Received, Subscriptions
from chassis.db import Database
from chassis.dead_letters import DeadLetter
from chassis.errors import Unavailable
from chassis.outbox import OutboxRow, emit
from chassis.passing import is_passing
from chassis.worker import Worker
from contracts.learning import NoteCreated
from sqlalchemy import func, select, text
from sqlalchemy.ext.asyncio import AsyncSession

pytestmark = pytest.mark.kafka

Hears = Callable[[AsyncSession, Received[NoteCreated]], Awaitable[None]]


@asynccontextmanager
async def working(settings: Any, subscriptions: Subscriptions) -> AsyncIterator[Worker]:
    worker = Worker(settings, subscriptions)
    task = asyncio.create_task(worker.serve())
    try:
        yield worker
    finally:
        worker.stop.set()
        await asyncio.wait_for(task, 30)


@pytest.fixture
def notes(database: Database, heard: Any, mine: int) -> Callable[[], Awaitable[list[int]]]:
    async def read() -> list[int]:
        async with database.transaction() as session:
            statement = select(heard.note_id).where(heard.key == mine).order_by(heard.id)
            return list(await session.scalars(statement))

    return read


@pytest.fixture
def hears(heard: Any, mine: int) -> Hears:
    async def handle(session: AsyncSession, received: Received[NoteCreated]) -> None:
        if received.data.user_id == mine:
            session.add(heard(note_id=received.data.note_id, key=mine))

    return handle


async def until(claim: Callable[[], Awaitable[bool]], *, at_most: float = 90) -> None:
    async with asyncio.timeout(at_most):
        while True:
            with contextlib.suppress(Exception):
                if await claim():
                    return
            await asyncio.sleep(0.1)


async def end_all_connections(settings: Any) -> None:
    connection = await asyncpg.connect(settings.database_url.replace("+asyncpg", ""))
    await connection.execute(
        "SELECT pg_terminate_backend(pid) FROM pg_stat_activity "
        "WHERE datname = current_database() AND pid <> pg_backend_pid()"
    )
    await connection.close()


async def test_a_database_that_restarts_again_and_again_loses_and_repeats_nothing(
    on_kafka: Any, database: Database, make_note: Any, mine: int, hears: Hears, notes: Any
) -> None:
    said: list[int] = []
    async with working(on_kafka, {NoteCreated: hears}):
        for number in range(1, 61):
            if number % 12 == 0:
                await end_all_connections(on_kafka)
            try:
                async with database.transaction() as session:
                    emit(session, make_note(number, mine))
            except Exception as error:
                if not is_passing(error):
                    raise
                continue
            said.append(number)
            await asyncio.sleep(0.02)

        async def all_there() -> bool:
            return len(await notes()) >= len(said)

        await until(all_there, at_most=60)
        await asyncio.sleep(0.5)
    assert len(said) > 40
    assert await notes() == said
    async with database.transaction() as session:
        assert await session.scalar(select(func.count()).select_from(DeadLetter)) == 0


async def test_an_event_that_never_gets_over_a_passing_trouble_is_buried_in_the_end(
    on_kafka: Any, database: Database, make_note: Any, mine: int, hears: Hears, notes: Any
) -> None:
    async def handle(session: AsyncSession, received: Received[NoteCreated]) -> None:
        if received.data.user_id == mine and received.data.note_id == 2:
            raise Unavailable("the service asked does not answer")
        await hears(session, received)

    async with working(on_kafka.model_copy(update={"consumer_patience": 1.0}), {NoteCreated: handle}):
        async with database.transaction() as session:
            for number in range(1, 5):
                emit(session, make_note(number, mine))

        async def others_there() -> bool:
            found: list[int] = await notes()
            return found == [1, 3, 4]

        await until(others_there)
    async with database.transaction() as session:
        (letter,) = await session.scalars(select(DeadLetter))
    assert "does not answer" in letter.error


async def test_the_largest_event_that_may_be_said_arrives(
    on_kafka: Any, database: Database, make_note: Any, mine: int, hears: Hears, notes: Any
) -> None:
    """Larger than a batch of the relay, and with small ones before and behind it."""
    async with database.transaction() as session:
        for number in range(1, 4):
            emit(session, make_note(number, mine))
    async with database.transaction() as session:
        padding = "x" * (on_kafka.kafka_max_message_bytes - 1_500)
        await session.execute(
            text(
                "UPDATE outbox SET payload = (payload::jsonb || "
                "jsonb_build_object('unknown', CAST(:padding AS text)))::json "
                "WHERE (payload->>'note_id')::int = 2"
            ),
            {"padding": padding},
        )
    async with working(on_kafka, {NoteCreated: hears}):

        async def all_there() -> bool:
            found: list[int] = await notes()
            return found == [1, 2, 3]

        await until(all_there)
    async with database.transaction() as session:
        waiting = select(func.count()).select_from(OutboxRow).where(OutboxRow.published_at.is_(None))
        assert await session.scalar(waiting) == 0
