"""The Kafka consumer a worker reads with: a member of its service's group, or alone the reader of every partition."""

import asyncio
import contextlib
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager

from aiokafka import AIOKafkaConsumer

from chassis.cluster import ClusterWatch
from chassis.settings import ServiceSettings

JOINED_WITHIN_SECONDS = 120
"""A group waits for its dead to be missed before it takes in anybody new. Who gives up sooner is one dead more, and the
next to join waits for that one."""


@asynccontextmanager
async def reading(
    settings: ServiceSettings, topics: Sequence[str], watch: ClusterWatch, *, group: str
) -> AsyncIterator[AIOKafkaConsumer]:
    """A consumer that has its partitions; the offsets it commits are the group's, whether it joined or not.

    Raises KafkaError, TimeoutError; alone, UnknownTopicOrPartitionError when a topic is not there.
    """
    # Before there is a consumer, which would have to be stopped should the broker not answer.
    everything = await watch.partitions(topics) if settings.kafka_alone else []
    consumer = AIOKafkaConsumer(
        *(() if settings.kafka_alone else topics),
        bootstrap_servers=settings.kafka_bootstrap,
        client_id=settings.service,
        group_id=group,
        enable_auto_commit=False,
        auto_offset_reset="earliest",
        isolation_level="read_committed" if settings.kafka_idempotent else "read_uncommitted",
        fetch_max_wait_ms=settings.kafka_fetch_max_wait_ms,
        max_poll_interval_ms=300_000,
        session_timeout_ms=settings.kafka_session_timeout_ms,
        heartbeat_interval_ms=settings.kafka_session_timeout_ms // 3,
        request_timeout_ms=15_000,
        metadata_max_age_ms=30_000,
    )
    if settings.kafka_alone:
        consumer.assign(everything)
    try:
        async with asyncio.timeout(JOINED_WITHIN_SECONDS):
            await consumer.start()
        yield consumer
    finally:
        with contextlib.suppress(Exception):
            async with asyncio.timeout(5):
                await consumer.stop()
