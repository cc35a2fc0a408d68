"""Outbox, relay and consumer against a real broker: nothing lost, nothing counted twice, order kept per key."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import pytest
from aiokafka import AIOKafkaProducer
from chassis.cluster import ClusterWatch
from chassis.consumer import Batched, Received, Subscriptions
from chassis.db import Database
from chassis.dead_letters import RETRY, DeadLetter, resolve
from chassis.outbox import EventTooLarge, OutboxRow, emit
from chassis.testing import as_record
from chassis.worker import Worker
from contracts.learning import NoteCreated
from lyceum.broker import EmbeddedBroker
from sqlalchemy import func, select, text
from sqlalchemy.ext.asyncio import AsyncSession

pytestmark = pytest.mark.kafka


def listener(heard: Any, mine: int, *, fails: Any = None) -> Subscriptions:
    async def handle(session: AsyncSession, received: Received[NoteCreated]) -> None:
        if received.data.user_id != mine:
            return
        if fails is not None:
            fails(received)
        session.add(heard(note_id=received.data.note_id, key=mine))

    return {NoteCreated: handle}


@asynccontextmanager
async def working(settings: Any, subscriptions: Subscriptions) -> AsyncIterator[Worker]:
    """A whole worker, as a process runs it; stopped as SIGTERM stops it."""
    worker = Worker(settings, subscriptions)
    task = asyncio.create_task(worker.serve())
    try:
        yield worker
    finally:
        worker.stop.set()
        await asyncio.wait_for(task, 30)


async def until(claim: Any, *, at_most: float = 60) -> None:
    """Wait until `await claim()` holds; fail when it does not in time."""
    async with asyncio.timeout(at_most):
        while not await claim():  # noqa: ASYNC110 - what is waited for happens in a database
            await asyncio.sleep(0.05)


async def notes_heard(database: Database, heard: Any, mine: int) -> list[int]:
    async with database.transaction() as session:
        statement = select(heard.note_id).where(heard.key == mine).order_by(heard.id)
        return list(await session.scalars(statement))


async def say(database: Database, make_note: Any, mine: int, numbers: range) -> None:
    for number in numbers:
        async with database.transaction() as session:
            emit(session, make_note(number, mine))


async def test_events_arrive_once_and_in_order(
    on_kafka: Any, database: Database, heard: Any, make_note: Any, mine: int
) -> None:
    async with working(on_kafka, listener(heard, mine)):
        await say(database, make_note, mine, range(1, 101))

        async def all_there() -> bool:
            return len(await notes_heard(database, heard, mine)) >= 100

        await until(all_there)
        await asyncio.sleep(0.3)
        assert await notes_heard(database, heard, mine) == list(range(1, 101))
    async with database.transaction() as session:
        unpublished = select(func.count()).select_from(OutboxRow).where(OutboxRow.published_at.is_(None))
        assert await session.scalar(unpublished) == 0


async def test_what_was_rolled_back_is_never_said(database: Database, make_note: Any, mine: int) -> None:
    async def say_and_fail() -> None:
        async with database.transaction() as session:
            emit(session, make_note(1, mine))
            raise RuntimeError

    with pytest.raises(RuntimeError):
        await say_and_fail()
    async with database.transaction() as session:
        assert await session.scalar(select(func.count()).select_from(OutboxRow)) == 0


async def test_ids_are_in_commit_order_for_one_key(database: Database, make_note: Any, mine: int) -> None:
    """Two transactions speak for one key; the one that began first commits last."""
    async with database.transaction() as slow:
        emit(slow, make_note(2, mine))
        async with database.transaction() as quick:
            emit(quick, make_note(1, mine))
    async with database.transaction() as session:
        rows = (await session.scalars(select(OutboxRow).order_by(OutboxRow.id))).all()
    assert [row.payload["note_id"] for row in rows] == [1, 2]


async def test_an_event_too_large_is_refused_where_it_is_written(
    database: Database, make_note: Any, mine: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    small = database.settings.model_copy(update={"kafka_max_message_bytes": 50})
    async with database.transaction() as session:
        session.info["settings"] = small
        with pytest.raises(EventTooLarge):
            emit(session, make_note(1, mine))


async def test_the_same_message_twice_counts_once(
    on_kafka: Any, database: Database, heard: Any, make_note: Any, mine: int
) -> None:
    record = as_record(make_note(5, mine))
    producer = AIOKafkaProducer(bootstrap_servers=on_kafka.kafka_bootstrap, acks="all")
    await producer.start()
    for _ in range(3):
        await producer.send_and_wait(record.topic, record.value, key=record.key, headers=list(record.headers))
    await producer.stop()
    async with working(on_kafka, listener(heard, mine)):
        await say(database, make_note, mine, range(6, 7))

        async def last_there() -> bool:
            return 6 in await notes_heard(database, heard, mine)

        await until(last_there)
    assert await notes_heard(database, heard, mine) == [5, 6]


async def test_poison_is_buried_whole_and_blocks_nothing(
    on_kafka: Any, database: Database, heard: Any, make_note: Any, mine: int
) -> None:
    broken = True

    def fails(received: Received[NoteCreated]) -> None:
        if broken and received.data.note_id == 2:
            raise ValueError("this one is poison")

    async with working(on_kafka, listener(heard, mine, fails=fails)):
        await say(database, make_note, mine, range(1, 4))

        async def buried() -> bool:
            async with database.transaction() as session:
                return bool(await session.scalar(select(func.count()).select_from(DeadLetter)))

        await until(buried)

        async def others() -> bool:
            return sorted(await notes_heard(database, heard, mine)) == [1, 3]

        await until(others)
        async with database.transaction() as session:
            letter = (await session.scalars(select(DeadLetter))).one()
            assert "this one is poison" in letter.error
            assert b'"note_id":2' in (letter.value or b"")
            # The cause is mended, and an admin has it tried again.
            broken = False
            await resolve(session, letter.id, to=RETRY, by=1)

        async def all_three() -> bool:
            return sorted(await notes_heard(database, heard, mine)) == [1, 2, 3]

        await until(all_three)
    async with database.transaction() as session:
        assert (await session.scalars(select(DeadLetter.status))).one() == "handled"


async def test_garbage_on_the_topic_is_buried(
    on_kafka: Any, database: Database, heard: Any, make_note: Any, mine: int
) -> None:
    headers = [("ce_type", NoteCreated.event_type.encode()), ("ce_id", b"no-uuid")]
    producer = AIOKafkaProducer(bootstrap_servers=on_kafka.kafka_bootstrap, acks="all")
    await producer.start()
    await producer.send_and_wait(NoteCreated.topic, b"{garbage", key=b"1", headers=headers)
    await producer.stop()
    async with working(on_kafka, listener(heard, mine)):
        await say(database, make_note, mine, range(1, 2))

        async def there() -> bool:
            return await notes_heard(database, heard, mine) == [1]

        await until(there)
        async with database.transaction() as session:
            letters = (await session.scalars(select(DeadLetter))).all()
    assert [letter.value for letter in letters].count(b"{garbage") == 1


async def test_a_passing_trouble_is_waited_out(
    on_kafka: Any, database: Database, heard: Any, make_note: Any, mine: int
) -> None:
    troubles = 3

    def fails(received: Received[NoteCreated]) -> None:
        nonlocal troubles
        if troubles:
            troubles -= 1
            raise ConnectionResetError

    async with working(on_kafka, listener(heard, mine, fails=fails)):
        await say(database, make_note, mine, range(1, 6))

        async def all_there() -> bool:
            return await notes_heard(database, heard, mine) == [1, 2, 3, 4, 5]

        await until(all_there)
    async with database.transaction() as session:
        assert await session.scalar(select(func.count()).select_from(DeadLetter)) == 0


async def test_batched_handlers_get_the_batch(
    on_kafka: Any, database: Database, heard: Any, make_note: Any, mine: int
) -> None:
    sizes: list[int] = []

    async def handle(session: AsyncSession, some: list[Received[Any]]) -> None:
        ours = [one for one in some if one.data.user_id == mine]
        sizes.append(len(ours))
        session.add_all([heard(note_id=one.data.note_id, key=mine) for one in ours])

    async with database.transaction() as session:
        for number in range(1, 51):
            emit(session, make_note(number, mine))
    async with working(on_kafka, {NoteCreated: Batched(handle)}):

        async def all_there() -> bool:
            return await notes_heard(database, heard, mine) == list(range(1, 51))

        await until(all_there)
    assert max(sizes) > 1


async def test_a_stuck_consumer_is_replaced(
    on_kafka: Any, database: Database, heard: Any, make_note: Any, mine: int
) -> None:
    hangs = True

    async def handle(session: AsyncSession, received: Received[NoteCreated]) -> None:
        nonlocal hangs
        if received.data.user_id != mine:
            return
        if hangs:
            hangs = False
            await asyncio.sleep(3600)
        session.add(heard(note_id=received.data.note_id, key=mine))

    async with working(on_kafka.model_copy(update={"consumer_stuck_after": 2.0}), {NoteCreated: handle}):
        await say(database, make_note, mine, range(1, 3))

        async def all_there() -> bool:
            return await notes_heard(database, heard, mine) == [1, 2]

        await until(all_there, at_most=90)


async def test_two_workers_share_the_work_and_one_relays(
    on_kafka: Any, database: Database, heard: Any, make_note: Any, mine: int
) -> None:
    in_a_group = on_kafka.model_copy(update={"kafka_alone": False})
    async with (
        working(in_a_group, listener(heard, mine)) as first,
        working(in_a_group, listener(heard, mine)) as second,
    ):

        async def one_active() -> bool:
            return first.relay.active != second.relay.active

        await until(one_active)
        await say(database, make_note, mine, range(1, 51))

        async def all_there() -> bool:
            return len(await notes_heard(database, heard, mine)) >= 50

        await until(all_there, at_most=90)
        assert first.relay.active != second.relay.active
    assert sorted(await notes_heard(database, heard, mine)) == list(range(1, 51))


async def test_a_broker_that_lost_its_log_loses_nothing(
    settings: Any, database: Database, heard: Any, make_note: Any, mine: int, tmp_path: Any
) -> None:
    """The embedded broker is killed and comes back empty: readers that were away get everything all the same."""
    with EmbeddedBroker(tmp_path / "broker") as broker:
        ours = settings.model_copy(
            update={
                "kafka_bootstrap": broker.bootstrap,
                "kafka_idempotent": False,
                "kafka_alone": True,
                "kafka_fetch_max_wait_ms": 50,
            }
        )
        watch = ClusterWatch(broker.bootstrap, client_id="test")
        before = await watch.cluster_id()
        async with working(ours, {}):
            await say(database, make_note, mine, range(1, 21))

            async def published() -> bool:
                async with database.transaction() as session:
                    waiting = (
                        select(func.count()).select_from(OutboxRow).where(OutboxRow.published_at.is_(None))
                    )
                    return not await session.scalar(waiting)

            await until(published)
            broker.kill()
            await say(database, make_note, mine, range(21, 31))
            broker.start()
            assert await watch.cluster_id() != before
            await watch.close()
            # Only now somebody listens who never saw the old log.
            async with working(ours, listener(heard, mine)):

                async def all_there() -> bool:
                    return len(await notes_heard(database, heard, mine)) >= 30

                await until(all_there, at_most=90)
                broker.kill()
                broker.start()
                await say(database, make_note, mine, range(31, 33))

                async def more_there() -> bool:
                    return len(await notes_heard(database, heard, mine)) >= 32

                await until(more_there, at_most=90)
    assert sorted(await notes_heard(database, heard, mine)) == list(range(1, 33))


async def test_the_outbox_forgets_after_its_time(database: Database, make_note: Any, mine: int) -> None:
    from chassis.relay import Relay, _connect
    from chassis.wakeups import Wakeups

    await say(database, make_note, mine, range(1, 4))
    async with database.transaction() as session:
        await session.execute(
            text(
                "UPDATE outbox SET published_at = now(), created_at = now() - interval '8 days' WHERE id < 3"
            )
        )
    relay = Relay(database.settings, Wakeups())
    connection = await _connect(database.settings)
    await relay._purge(connection)
    await connection.close()
    async with database.transaction() as session:
        assert await session.scalar(select(func.count()).select_from(OutboxRow)) == 1


async def test_what_is_past_its_time_is_forgotten(database: Database) -> None:
    from chassis.worker import _forget

    async with database.transaction() as session:
        await session.execute(
            text(
                "INSERT INTO processed_events (event_id, processed_at) "
                "SELECT gen_random_uuid(), now() - make_interval(days => n * 10) FROM generate_series(0, 5) AS n"
            )
        )
        await session.execute(
            text(
                "INSERT INTO idempotency_keys (caller, key, request_hash, status, headers, body, created_at) "
                "SELECT 'c', n::text, '', 200, '{}', '', now() - make_interval(hours => n * 10) "
                "FROM generate_series(0, 5) AS n"
            )
        )
    await _forget(database)
    async with database.transaction() as session:
        # 0, 10 and 20 days are under the 30 they are kept; 30, 40 and 50 are not. Likewise 0, 10 and 20 of 24 hours.
        assert await session.scalar(text("SELECT count(*) FROM processed_events")) == 3
        assert await session.scalar(text("SELECT count(*) FROM idempotency_keys")) == 3


async def test_admins_see_and_settle_dead_letters(
    client: Any, auth: Any, database: Database, make_note: Any, mine: int
) -> None:
    from chassis.dead_letters import bury

    async with database.transaction() as session:
        for number in (1, 2):
            record = as_record(make_note(number, mine))
            await bury(session, record, None, NoteCreated.event_type, ValueError(f"poison {number}"))
    base = "/api/v1/ops/learning/dead-letters"
    assert (await client.get(base)).status_code == 401
    assert (await client.get(base, headers=auth(1))).status_code == 403
    second, first = (await client.get(base, headers=auth(1, "admin"))).json()["items"]
    assert (first["error"], first["status"], "value" in first) == ("ValueError: poison 1", "waiting", False)
    dropped = await client.post(f"{base}/{first['id']}/drop", headers=auth(1, "admin"))
    assert (dropped.json()["status"], dropped.json()["resolved_at"] is not None) == ("dropped", True)
    assert (await client.post(f"{base}/{first['id']}/retry", headers=auth(1, "admin"))).status_code == 409
    assert (await client.post(f"{base}/{second['id']}/retry", headers=auth(1, "admin"))).json()[
        "status"
    ] == "retry"
    assert (await client.get(f"{base}/{second['id']}", headers=auth(1, "admin"))).json()["status"] == "retry"
    assert (await client.get(f"{base}/99999", headers=auth(1, "admin"))).status_code == 404
    waiting = (await client.get(f"{base}?status=waiting", headers=auth(1, "admin"))).json()["items"]
    assert waiting == []


async def test_the_backlog_is_measured_while_nobody_relays(
    client: Any, database: Database, make_note: Any, mine: int
) -> None:
    from chassis.outbox import measure

    await say(database, make_note, mine, range(1, 4))
    await measure(database)
    assert 'lyceum_outbox_unpublished{service="learning"} 3.0' in (await client.get("/metrics")).text
