"""What an event can do to its reader: everything odd about one is buried with it, and nothing waits behind it."""

import asyncio
import contextlib
import json
from collections.abc import Awaitable, Callable
from dataclasses import replace
from typing import Any

import pytest
from chassis.consumer import Consumer, Received, decode
from chassis.db import Database
from chassis.dead_letters import RETRY, DeadLetter, bury, resolve
from chassis.errors import Unavailable
from chassis.passing import is_passing
from chassis.received import LetterRecord
from chassis.testing import as_record
from contracts.learning import NoteCreated
from sqlalchemy import BigInteger, bindparam, func, select, text
from sqlalchemy.ext.asyncio import AsyncSession

Handler = Callable[[AsyncSession, Received[NoteCreated]], Awaitable[None]]


def reader(database: Database, handler: Handler) -> Consumer:
    return Consumer(database.settings, database, {NoteCreated: handler})


async def take(consumer: Consumer, record: Any) -> None:
    """Handle one record as the consumer does when its batch was taken apart."""
    item = decode(record, consumer.lookup)
    assert item is not None
    await consumer._handle_one(item)


async def letters(database: Database) -> list[DeadLetter]:
    async with database.transaction() as session:
        return list(await session.scalars(select(DeadLetter).order_by(DeadLetter.id)))


def hearing(heard: Any) -> Handler:
    async def handle(session: AsyncSession, received: Received[NoteCreated]) -> None:
        session.add(heard(note_id=received.data.note_id, key=1))

    return handle


async def times_heard(database: Database, heard: Any) -> int:
    async with database.transaction() as session:
        return (await session.scalar(select(func.count()).select_from(heard))) or 0


async def test_a_value_that_its_column_cannot_hold_is_poison(database: Database, make_note: Any) -> None:
    async def handle(session: AsyncSession, _received: Received[NoteCreated]) -> None:
        await session.execute(select(bindparam("n", 2**70, type_=BigInteger)))

    await take(reader(database, handle), as_record(make_note(1)))
    assert len(await letters(database)) == 1


async def test_a_missing_file_is_poison(database: Database, make_note: Any) -> None:
    async def handle(_session: AsyncSession, _received: Received[NoteCreated]) -> None:
        raise FileNotFoundError("certificate.svg")

    await take(reader(database, handle), as_record(make_note(1)))
    assert len(await letters(database)) == 1


async def test_a_session_used_by_two_tasks_is_poison(database: Database, make_note: Any) -> None:
    async def handle(session: AsyncSession, _received: Received[NoteCreated]) -> None:
        connection = await (await session.connection()).get_raw_connection()
        driver: Any = connection.driver_connection
        other = asyncio.create_task(driver.fetchval("SELECT pg_sleep(0.1)"))
        await asyncio.sleep(0.01)
        try:
            await session.execute(select(1))
        finally:
            await other

    await take(reader(database, handle), as_record(make_note(1)))
    assert len(await letters(database)) == 1


@pytest.mark.parametrize(
    ("name", "content"), [("note", b"a\x00b"), ("note", b"\xff\xfe"), ("a\x00b", b"x"), ("note", None)]
)
async def test_odd_headers_are_buried_with_their_message(
    database: Database, make_note: Any, heard: Any, name: str, content: bytes | None
) -> None:
    record = replace(as_record(make_note(1)), value=b"{garbage", headers=[])
    record.headers = [("ce_type", NoteCreated.event_type.encode()), (name, content)]  # type: ignore[list-item]
    await take(reader(database, hearing(heard)), record)
    assert len(await letters(database)) == 1


async def test_a_type_header_without_a_value_is_buried(
    database: Database, make_note: Any, heard: Any
) -> None:
    record = as_record(make_note(1))
    record.headers = [("ce_type", None)]  # type: ignore[list-item]
    await take(reader(database, hearing(heard)), record)
    assert len(await letters(database)) == 1


async def test_an_error_is_kept_whatever_stands_in_it(database: Database, make_note: Any) -> None:
    async def handle(_session: AsyncSession, _received: Received[NoteCreated]) -> None:
        raise ValueError("a\x00b \ud800")

    await take(reader(database, handle), as_record(make_note(1)))
    (letter,) = await letters(database)
    assert letter.error.startswith("ValueError: a")


async def test_the_error_of_a_letter_quotes_no_parameters(database: Database, make_note: Any) -> None:
    address = "@".join(("ada", "example.org"))

    async def handle(session: AsyncSession, _received: Received[NoteCreated]) -> None:
        await session.execute(text("SELECT 1 / length(substr(:address, 100))"), {"address": address})

    await take(reader(database, handle), as_record(make_note(1)))
    (letter,) = await letters(database)
    assert "division by zero" in letter.error
    assert address not in letter.error + letter.traceback


async def test_what_another_reader_has_handled_meanwhile_is_not_buried(
    database: Database, make_note: Any, heard: Any
) -> None:
    """Two readers held one event for a moment; the slower one's failure must not make it count again."""
    record = as_record(make_note(1))
    consumer = reader(database, hearing(heard))
    await take(consumer, record)
    item = decode(record, consumer.lookup)
    assert item is not None
    await consumer._bury(item, ValueError("too late"))
    assert await letters(database) == []


@pytest.mark.parametrize("retried_first", [True, False])
async def test_a_letter_that_could_not_be_read_counts_once_when_the_log_comes_again(
    database: Database, make_note: Any, heard: Any, retried_first: bool
) -> None:
    record = as_record(make_note(1))
    consumer = reader(database, hearing(heard))
    async with database.transaction() as session:
        # As an older release left it, which could not read it.
        await bury(session, record, None, NoteCreated.event_type, ValueError("unreadable"))
        (letter,) = await session.scalars(select(DeadLetter))
        await resolve(session, letter.id, to=RETRY, by=1)
    steps: list[Callable[[], Awaitable[None]]] = [
        lambda: consumer.retry_dead_letters(database),
        lambda: take(consumer, record),
    ]
    for step in steps if retried_first else reversed(steps):
        await step()
    assert await times_heard(database, heard) == 1
    assert [letter.status for letter in await letters(database)] == ["handled"]


async def test_a_buried_event_that_is_retried_counts(database: Database, make_note: Any, heard: Any) -> None:
    broken = True

    async def handle(session: AsyncSession, received: Received[NoteCreated]) -> None:
        if broken:
            raise ValueError
        await hearing(heard)(session, received)

    consumer = reader(database, handle)
    await take(consumer, as_record(make_note(1)))
    (letter,) = await letters(database)
    broken = False
    async with database.transaction() as session:
        await resolve(session, letter.id, to=RETRY, by=1)
    await consumer.retry_dead_letters(database)
    assert await times_heard(database, heard) == 1


async def test_a_letter_that_waits_for_a_passing_trouble_is_in_no_other_letters_way(
    database: Database, make_note: Any, heard: Any
) -> None:
    async def handle(session: AsyncSession, received: Received[NoteCreated]) -> None:
        if received.data.note_id == 1:
            raise Unavailable
        await hearing(heard)(session, received)

    consumer = reader(database, handle)
    async with database.transaction() as session:
        for number in (1, 2):
            await bury(session, as_record(make_note(number)), None, NoteCreated.event_type, ValueError())
        for letter in await session.scalars(select(DeadLetter)):
            await resolve(session, letter.id, to=RETRY, by=1)
    with contextlib.suppress(Unavailable):
        await consumer.retry_dead_letters(database)
    assert [letter.status for letter in await letters(database)] == ["retry", "handled"]


async def test_what_passes_by_itself(database: Database) -> None:
    for passing in (ConnectionResetError(), TimeoutError(), OSError("connect call failed")):
        assert is_passing(passing)
    for defect in (FileNotFoundError(), PermissionError(), IsADirectoryError(), ValueError()):
        assert not is_passing(defect)


async def test_a_long_batch_is_not_taken_for_a_stuck_one(
    database: Database, make_note: Any, heard: Any
) -> None:
    async def handle(session: AsyncSession, received: Received[NoteCreated]) -> None:
        await asyncio.sleep(0.1)
        await hearing(heard)(session, received)

    consumer = reader(database, handle)
    items = [decode(as_record(make_note(n), offset=n), consumer.lookup) for n in range(1, 11)]
    handling = asyncio.create_task(consumer._handle_together([item for item in items if item is not None]))
    consumer._tick()
    quietest = 0.0
    while not handling.done():
        quietest = max(quietest, asyncio.get_running_loop().time() - consumer._progress)
        await asyncio.sleep(0.02)
    await handling
    assert quietest < 0.5


def test_a_letter_reads_as_the_record_it_was(make_note: Any) -> None:
    record = as_record(make_note(1))
    letter = DeadLetter(
        topic=record.topic,
        partition=0,
        offset=1,
        key=record.key,
        value=record.value,
        headers=json.loads(json.dumps([[n, c.decode()] for n, c in record.headers])),
    )
    item = decode(LetterRecord(letter), {NoteCreated.event_type: NoteCreated})
    assert item is not None
    assert item.received is not None
    assert item.received.data == make_note(1)
