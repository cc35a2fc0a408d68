"""Who reads alone has every partition at once, and begins where the group was left."""

import asyncio
import gc
import secrets
from typing import Any

import pytest
from aiokafka import AIOKafkaProducer, TopicPartition
from aiokafka.errors import KafkaConnectionError
from chassis.cluster import ClusterWatch
from chassis.consumer import Consumer
from chassis.db import Database
from chassis.reader import reading
from contracts.learning import NoteCreated
from structlog.testing import capture_logs

pytestmark = pytest.mark.kafka
TOPIC = "schedule.events"


async def say(settings: Any, *said: bytes) -> None:
    producer = AIOKafkaProducer(bootstrap_servers=settings.kafka_bootstrap, acks="all")
    await producer.start()
    for number, content in enumerate(said):
        await producer.send_and_wait(TOPIC, content, partition=number % 2)
    await producer.stop()


async def read(settings: Any, watch: ClusterWatch, group: str, wanted: set[bytes]) -> set[bytes]:
    """Read until all that is wanted came; every value that came, its offset committed."""
    heard: set[bytes] = set()
    async with asyncio.timeout(60), reading(settings, [TOPIC], watch, group=group) as consumer:
        while not wanted <= heard:
            for records in (await consumer.getmany(timeout_ms=500)).values():
                heard |= {record.value for record in records}
            await consumer.commit()
    return heard


@pytest.mark.parametrize("alone", [True, False])
async def test_the_next_reader_begins_where_the_last_one_was(on_kafka: Any, alone: bool) -> None:
    watch = ClusterWatch(on_kafka.kafka_bootstrap, client_id="test")
    group = f"test.{secrets.token_hex(4)}"
    first, second = ({secrets.token_bytes(8) for _ in range(4)} for _ in range(2))
    await say(on_kafka, *first)
    settings = on_kafka.model_copy(update={"kafka_alone": alone})
    assert first <= await read(settings, watch, group, first)
    await say(on_kafka, *second)
    heard = await read(settings, watch, group, second)
    assert second <= heard
    assert not first & heard
    await watch.close()


async def test_every_partition_is_read(on_kafka: Any) -> None:
    watch = ClusterWatch(on_kafka.kafka_bootstrap, client_id="test")
    known = set(await watch.partitions([TOPIC]))
    assert {TopicPartition(TOPIC, 0), TopicPartition(TOPIC, 1)} <= known
    alone = on_kafka.model_copy(update={"kafka_alone": True})
    async with reading(alone, [TOPIC], watch, group=f"test.{secrets.token_hex(4)}") as consumer:
        assert consumer.assignment() == known
    await watch.close()


async def test_a_broker_that_is_away_leaves_no_reader_open(on_kafka: Any) -> None:
    gone = on_kafka.model_copy(update={"kafka_alone": True, "kafka_bootstrap": "127.0.0.1:1"})
    watch = ClusterWatch(gone.kafka_bootstrap, client_id="test")
    complaints: list[Any] = []
    asyncio.get_running_loop().set_exception_handler(lambda _loop, context: complaints.append(context))
    with pytest.raises(KafkaConnectionError):
        async with reading(gone, [TOPIC], watch, group="test"):
            raise AssertionError("unreachable: nobody is there to read from")
    gc.collect()
    assert complaints == []


async def test_a_worker_that_is_told_to_stop_while_it_joins_does_not_join_first(
    on_kafka: Any, database: Database, kafka_idempotent: bool
) -> None:
    if kafka_idempotent:
        pytest.skip("Apache Kafka takes in who joins as soon as the others have answered: nobody waits there")
    group = f"test-{secrets.token_hex(4)}"
    settings = on_kafka.model_copy(update={"kafka_alone": False, "service": group})
    watch = ClusterWatch(settings.kafka_bootstrap, client_id="test")
    named = f"{group}.{await watch.cluster_id()}"
    # Whoever joins next waits until this one, which does not read, is given up on.
    async with reading(settings, ["learning.events"], watch, group=named):
        stop = asyncio.Event()
        consumer = Consumer(settings, database, {NoteCreated: _ignore})
        with capture_logs() as logs:
            running = asyncio.create_task(consumer.run(stop))
            await asyncio.sleep(0.3)
            assert not consumer.running
            stop.set()
            await running
    assert "the consumer is running" not in [entry["event"] for entry in logs]
    await watch.close()


async def _ignore(*_: Any) -> None:
    """Nothing is read here."""
