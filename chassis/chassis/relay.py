"""The relay: sends the outbox to the broker, in order per key, from one process per service.

Everything it does to the database goes over the one connection that holds the advisory lock: if that connection
dies, the lock is free for the next relay and this one can mark nothing any more.

A broker may come back with an empty log (the embedded one keeps it in memory). Its cluster id tells: when it is
not the one last published into, every row still kept is published again, and consumers drop what they have seen.
"""

import asyncio
import contextlib
import hashlib
import time
from typing import Any

import asyncpg
import orjson
import structlog
from aiokafka import AIOKafkaProducer
from aiokafka.errors import KafkaError
from aiokafka.partitioner import DefaultPartitioner

from chassis import metrics
from chassis.cluster import ClusterWatch
from chassis.outbox import CHANNEL
from chassis.settings import ServiceSettings
from chassis.wakeups import Wakeups

log = structlog.get_logger()

BATCH = 1000
POLL_SECONDS = 5.0
STANDBY_SECONDS = 2.0
CLUSTER_CHECK_SECONDS = 2.0
CLUSTER_HEARD_WITHIN = 1.0
"""The consumer beside us asks as often: what it heard a moment ago is not asked again."""
PURGE_SECONDS = 600.0
REPUBLISH_SECONDS = 900.0


class Relay:
    """Run once per worker process; only the holder of the service's lock sends."""

    def __init__(
        self, settings: ServiceSettings, wakeups: Wakeups, watch: ClusterWatch | None = None
    ) -> None:
        self.settings = settings
        self.watch = watch or ClusterWatch(
            settings.kafka_bootstrap, client_id=f"{settings.service}-relay-watch"
        )
        self.wakeups = wakeups
        self.wakeups.event(CHANNEL)
        self.service = settings.service
        self.active = False
        self._partition = DefaultPartitioner()
        self._checked_cluster = 0.0
        self._published_into: str | None = None
        """The log that `outbox_relay` names, as far as this connection has seen: nobody else writes it meanwhile."""
        self._looked = 0.0
        self._purged = 0.0

    async def run(self, stop: asyncio.Event) -> None:
        """Relay until told to stop; any failure closes everything and starts over after a pause."""
        pause = 0.2
        while not stop.is_set():
            started = time.monotonic()
            try:
                await self._hold_lock_and_send(stop)
            except (
                KafkaError,
                OSError,
                TimeoutError,
                asyncpg.PostgresError,
                asyncpg.InterfaceError,
            ) as error:
                metrics.RELAY_ERRORS.labels(self.service, type(error).__name__).inc()
                log.warning("the relay starts over", error=repr(error), pause=pause)
                if time.monotonic() - started > 30:
                    pause = 0.2
                with contextlib.suppress(TimeoutError):
                    async with asyncio.timeout(pause):
                        await stop.wait()
                pause = min(pause * 2, 5.0)
            finally:
                self.active = False
                metrics.RELAY_ACTIVE.labels(self.service).set(0)
        await self.watch.close()

    async def _hold_lock_and_send(self, stop: asyncio.Event) -> None:
        connection = await _connect(self.settings)
        try:
            for channel in self.wakeups.channels():
                await connection.add_listener(
                    channel, lambda _c, _pid, name, _payload: self.wakeups.wake(name)
                )
            self.wakeups.wake_all()
            lock = _lock_of(self.service)
            while not await connection.fetchval("SELECT pg_try_advisory_lock($1)", lock):
                with contextlib.suppress(TimeoutError):
                    async with asyncio.timeout(STANDBY_SECONDS):
                        await stop.wait()
                if stop.is_set():
                    return
            await self._send_until_stopped(connection, stop)
        finally:
            # `close` would wait for a server that may be gone; the lock ends with the connection either way.
            with contextlib.suppress(Exception):
                await connection.close(timeout=2)
            connection.terminate()

    async def _send_until_stopped(self, connection: Any, stop: asyncio.Event) -> None:
        producer = AIOKafkaProducer(
            bootstrap_servers=self.settings.kafka_bootstrap,
            client_id=f"{self.service}-relay",
            acks="all",
            enable_idempotence=self.settings.kafka_idempotent,
            linger_ms=0,
            max_batch_size=262_144,
            max_request_size=1_048_576,
            request_timeout_ms=10_000,
            metadata_max_age_ms=60_000,
        )
        try:
            async with asyncio.timeout(15):
                await producer.start()
            self._checked_cluster, self._published_into = 0.0, None
            self.active = True
            metrics.RELAY_ACTIVE.labels(self.service).set(1)
            log.info("the relay is active")
            await self._loop(connection, producer, stop)
        finally:
            with contextlib.suppress(Exception):
                async with asyncio.timeout(5):
                    await producer.stop()

    async def _loop(self, connection: Any, producer: AIOKafkaProducer, stop: asyncio.Event) -> None:
        woken = True
        while True:
            again = await self._check_cluster(connection)
            if woken or again or stop.is_set() or time.monotonic() - self._looked > POLL_SECONDS:
                while await self._send_batch(connection, producer) == BATCH:
                    await self._check_cluster(connection)
                self._looked = time.monotonic()
            if stop.is_set():
                return
            await self._housekeeping(connection)
            woken = await self._wait(stop)

    async def _wait(self, stop: asyncio.Event) -> bool:
        """Until something was committed, or it is time to see which log it is; whether something was."""
        committed = asyncio.ensure_future(self.wakeups.wait(CHANNEL, CLUSTER_CHECK_SECONDS))
        stopped = asyncio.ensure_future(stop.wait())
        try:
            await asyncio.wait([committed, stopped], return_when=asyncio.FIRST_COMPLETED)
            return committed.done() and committed.result()
        finally:
            committed.cancel()
            stopped.cancel()

    async def _check_cluster(self, connection: Any) -> bool:
        """Have everything published again when the broker's log is a new one; whether it is."""
        if time.monotonic() - self._checked_cluster < CLUSTER_CHECK_SECONDS:
            return False
        cluster_id = await self.watch.cluster_id(within=CLUSTER_HEARD_WITHIN)
        self._checked_cluster = time.monotonic()
        if cluster_id == self._published_into:
            return False
        async with connection.transaction():
            known = await connection.fetchval(
                "SELECT cluster_id FROM outbox_relay WHERE service = $1", self.service
            )
            if known == cluster_id:
                self._published_into = cluster_id
                return False
            # A week of events is more than a statement's usual time; given up half-way, it would never be done.
            await connection.execute("SET LOCAL statement_timeout = 0")
            # Not older ones, which only wait for the purge: readers forget event ids in the end, and what is
            # said again after that counts twice.
            status = await connection.execute(
                "UPDATE outbox SET published_at = NULL WHERE published_at IS NOT NULL "
                "AND created_at > now() - make_interval(hours => $1)",
                self.settings.outbox_retention_hours,
                timeout=REPUBLISH_SECONDS,
            )
            await connection.execute(
                "INSERT INTO outbox_relay (service, cluster_id) VALUES ($1, $2) "
                "ON CONFLICT (service) DO UPDATE SET cluster_id = excluded.cluster_id, since = now()",
                self.service,
                cluster_id,
            )
        self._published_into = cluster_id
        again = int(status.split()[-1])
        metrics.OUTBOX_REPUBLISHED.labels(self.service).inc(again)
        log.info(
            "the broker's log is new: the outbox is published again", cluster_id=cluster_id, events=again
        )
        return True

    async def _send_batch(self, connection: Any, producer: AIOKafkaProducer) -> int:
        """Send up to BATCH unpublished rows in the order of their ids, then mark them; how many."""
        rows = await connection.fetch(
            "SELECT id, topic, key, headers::text AS headers, payload::text AS payload FROM outbox "
            "WHERE published_at IS NULL ORDER BY id LIMIT $1",
            BATCH,
        )
        if not rows:
            return 0
        by_partition: dict[tuple[str, int], list[Any]] = {}
        for row in rows:
            partitions = sorted(await producer.partitions_for(row["topic"]))
            partition = self._partition(row["key"].encode(), partitions, partitions)
            by_partition.setdefault((row["topic"], partition), []).append(row)
        async with asyncio.timeout(30):
            await asyncio.gather(*(_send_partition(producer, *at, some) for at, some in by_partition.items()))
        # Marked only now: a crash in between sends them twice, and the event id drops the duplicate.
        await connection.execute(
            "UPDATE outbox SET published_at = now() WHERE id = ANY($1::bigint[])", [row["id"] for row in rows]
        )
        metrics.OUTBOX_PUBLISHED.labels(self.service).inc(len(rows))
        return len(rows)

    async def _housekeeping(self, connection: Any) -> None:
        instant = time.monotonic()
        if instant - self._purged > PURGE_SECONDS:
            self._purged = instant
            await self._purge(connection)

    async def _purge(self, connection: Any) -> None:
        """Forget the events past their time, counted from when they were said: published again into one new log
        after another, an event counted from there would outlive its readers' memory of its id."""
        hours = self.settings.outbox_retention_hours
        while True:
            # The oldest by id, which is the order of time and has an index.
            status = await connection.execute(
                "DELETE FROM outbox WHERE id IN (SELECT id FROM "
                "(SELECT id, created_at, published_at FROM outbox ORDER BY id LIMIT 5000) AS oldest "
                "WHERE published_at IS NOT NULL AND created_at < now() - make_interval(hours => $1))",
                hours,
            )
            if status == "DELETE 0":
                return


async def _send_partition(producer: AIOKafkaProducer, topic: str, partition: int, rows: list[Any]) -> None:
    """Send one partition's rows; a batch is acknowledged before the next leaves, so order survives a failure."""
    batch = producer.create_batch()
    acknowledgement = None
    for row in rows:
        key, value = row["key"].encode(), row["payload"].encode()
        headers = [(name, content.encode()) for name, content in orjson.loads(row["headers"]).items()]
        if batch.append(key=key, value=value, timestamp=None, headers=headers) is None:
            await (await producer.send_batch(batch, topic, partition=partition))
            batch = producer.create_batch()
            if batch.append(key=key, value=value, timestamp=None, headers=headers) is None:
                message = f"event {row['id']} of {topic} fits no batch"
                raise KafkaError(message)
    acknowledgement = await producer.send_batch(batch, topic, partition=partition)
    await acknowledgement


def _lock_of(service: str) -> int:
    digest = hashlib.blake2b(f"lyceum relay {service}".encode(), digest_size=8).digest()
    return int.from_bytes(digest, "big", signed=True)


async def _connect(settings: ServiceSettings) -> Any:
    return await asyncpg.connect(
        settings.database_url.replace("postgresql+asyncpg://", "postgresql://"),
        timeout=5,
        command_timeout=30,
        statement_cache_size=32,
        server_settings={
            "application_name": f"lyceum-{settings.service}-relay",
            "statement_timeout": "30000",
            "lock_timeout": "10000",
            "idle_in_transaction_session_timeout": "30000",
            # A dead peer must not hold the lock: the server notices within about half a minute.
            "tcp_keepalives_idle": "10",
            "tcp_keepalives_interval": "5",
            "tcp_keepalives_count": "3",
        },
    )
