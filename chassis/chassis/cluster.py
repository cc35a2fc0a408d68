"""Which log we speak to: the broker's cluster id, watched.

The embedded broker keeps its log in memory and starts with a new cluster id each time. Who reads or writes has to
know at once: offsets of the old log mean nothing in the new one.
"""

import asyncio
import contextlib
import time
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager

import structlog
from aiokafka import TopicPartition
from aiokafka.admin import AIOKafkaAdminClient
from aiokafka.errors import KafkaError, UnknownTopicOrPartitionError

log = structlog.get_logger()


class ClusterWatch:
    """Asks for the cluster id through one client kept open; a failure closes it and the next call reconnects.

    One a process is enough: who asks soon after another is told what that one heard.
    """

    def __init__(self, bootstrap: str, *, client_id: str) -> None:
        self._bootstrap = bootstrap
        self._client_id = client_id
        self._admin: AIOKafkaAdminClient | None = None
        self._turn = asyncio.Lock()
        self._heard: tuple[str, float] | None = None

    async def cluster_id(self, *, within: float = 0.0) -> str:
        """The id of the log behind the bootstrap address now, or `within` so many seconds; raises KafkaError or
        TimeoutError when it is away."""
        async with self._turn:
            if self._heard is None or time.monotonic() - self._heard[1] > within:
                self._heard = None
                self._heard = await self._ask(), time.monotonic()
            return self._heard[0]

    async def partitions(self, topics: Sequence[str]) -> list[TopicPartition]:
        """Every partition of these topics; raises UnknownTopicOrPartitionError when one is not there, and as
        `cluster_id` does."""
        async with self._turn, self._asking() as admin:
            told = await admin.describe_topics(list(topics))
        found = {topic["topic"]: [each["partition"] for each in topic["partitions"]] for topic in told}
        if lacking := [topic for topic in topics if not found.get(topic)]:
            raise UnknownTopicOrPartitionError(", ".join(lacking))
        return [TopicPartition(topic, number) for topic in topics for number in sorted(found[topic])]

    async def _ask(self) -> str:
        async with self._asking() as admin:
            return str((await admin.describe_cluster())["cluster_id"])

    @asynccontextmanager
    async def _asking(self) -> AsyncIterator[AIOKafkaAdminClient]:
        try:
            async with asyncio.timeout(5):
                if self._admin is None:
                    self._admin = await self._connect()
                yield self._admin
        except (KafkaError, OSError, TimeoutError):
            await self._leave()
            raise

    async def _connect(self) -> AIOKafkaAdminClient:
        admin = AIOKafkaAdminClient(
            bootstrap_servers=self._bootstrap, client_id=self._client_id, request_timeout_ms=4_000
        )
        try:
            await admin.start()
        except BaseException:
            # Who asked may be cancelled meanwhile: nobody else is to ask one that knows no broker.
            await _close(admin)
            raise
        return admin

    async def close(self) -> None:
        """Leave the broker; the next question connects anew."""
        async with self._turn:
            self._heard = None
            await self._leave()

    async def _leave(self) -> None:
        admin, self._admin = self._admin, None
        if admin is not None:
            await _close(admin)


async def _close(admin: AIOKafkaAdminClient) -> None:
    with contextlib.suppress(KafkaError, OSError, TimeoutError):
        async with asyncio.timeout(2):
            await admin.close()
