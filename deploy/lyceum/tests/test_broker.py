"""The real broker: topics, a new log after a crash, no listener beyond the loopback."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import psutil
import pytest
from aiokafka import AIOKafkaProducer
from aiokafka.admin import AIOKafkaAdminClient
from lyceum.broker import PARTITIONS, TOPICS, EmbeddedBroker
from lyceum.errors import BrokerFailed

pytestmark = pytest.mark.kafka


@pytest.fixture
def broker(tmp_path: Path) -> Iterator[EmbeddedBroker]:
    with EmbeddedBroker(tmp_path) as running:
        yield running


async def test_it_has_every_topic_with_its_partitions(broker: EmbeddedBroker) -> None:
    client = AIOKafkaAdminClient(bootstrap_servers=broker.bootstrap)
    await client.start()
    try:
        described = await client.describe_topics(list(TOPICS))
    finally:
        await client.close()
    assert {topic["topic"]: len(topic["partitions"]) for topic in described} == dict.fromkeys(
        TOPICS, PARTITIONS
    )


async def test_a_killed_broker_comes_back_on_its_port_with_a_new_and_empty_log(
    broker: EmbeddedBroker,
) -> None:
    async def publish() -> int:
        producer = AIOKafkaProducer(bootstrap_servers=broker.bootstrap, enable_idempotence=False)
        await producer.start()
        try:
            sent = await producer.send_and_wait("learning.events", b"{}", key=b"1")
            return int(sent.offset)
        finally:
            await producer.stop()

    async def cluster() -> str:
        client = AIOKafkaAdminClient(bootstrap_servers=broker.bootstrap)
        await client.start()
        try:
            return str((await client.describe_cluster())["cluster_id"])
        finally:
            await client.close()

    bootstrap, before = broker.bootstrap, await cluster()
    assert [await publish(), await publish()] == [0, 1]
    broker.kill()
    assert broker.pid is None
    broker.start()
    assert broker.bootstrap == bootstrap
    assert await cluster() != before
    assert await publish() == 0


def test_it_listens_on_the_loopback_port_alone(broker: EmbeddedBroker) -> None:
    assert broker.pid is not None
    listening = [
        connection.laddr
        for connection in psutil.Process(broker.pid).net_connections()
        if connection.status == psutil.CONN_LISTEN
    ]
    assert listening == [("127.0.0.1", broker.port)]


def test_a_missing_program_is_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("LYCEUM_BROKER_BIN", str(tmp_path / "nowhere"))
    with pytest.raises(BrokerFailed, match="nowhere is not there"):
        EmbeddedBroker(tmp_path).start()
