"""The consumer: every event reaches its handler, and counts once.

Read a micro-batch; in one transaction drop what was processed before, run the handlers and remember the ids; commit
the transaction, then the offsets. A crash in between replays, and the remembered ids drop the duplicates. When a
batch fails it is taken apart: events are handled one by one, poison goes to `dead_letters`, and what fails for a
passing reason (the database is away, a deadlock) is sought back to and tried again, as long as patience lasts.

The group's name carries the cluster id of the log it reads: a broker that came back with an empty log has a new id,
and no offset of the old log can be mistaken for one of the new.
"""

import asyncio
import contextlib
import random
import time
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from typing import Any
from uuid import UUID

import structlog
from aiokafka import AIOKafkaConsumer, TopicPartition
from aiokafka.errors import CommitFailedError, IllegalStateError, KafkaError
from sqlalchemy import DateTime, Index, func, text
from sqlalchemy.dialects.postgresql import UUID as PgUUID
from sqlalchemy.ext.asyncio import AsyncSession
from sqlalchemy.orm import Mapped, mapped_column

from chassis import dead_letters, metrics
from chassis.cluster import ClusterWatch
from chassis.db import Base, Database
from chassis.erasure import put_under_tombstones
from chassis.passing import is_passing
from chassis.reader import reading
from chassis.received import Batched, Handler, Item, LetterRecord, Received, Subscriptions, decode, type_of
from chassis.settings import ServiceSettings
from chassis.tracing import continue_trace, current_trace

log = structlog.get_logger()

__all__ = ["Batched", "Consumer", "Handler", "ProcessedEvent", "Received", "Subscriptions", "decode"]

ATTEMPTS = 3
"""How often an event that fails for no passing reason is tried before it is buried."""


class ProcessedEvent(Base):
    """The id of an event whose effects are in this database."""

    __tablename__ = "processed_events"
    __table_args__ = (Index("ix_processed_events_at", "processed_at", postgresql_using="brin"),)

    event_id: Mapped[UUID] = mapped_column(PgUUID, primary_key=True)
    processed_at: Mapped[datetime] = mapped_column(DateTime(timezone=True), server_default=func.now())


class Consumer:
    """One service's reader of everything in its subscriptions."""

    def __init__(
        self,
        settings: ServiceSettings,
        database: Database,
        subscriptions: Subscriptions,
        watch: ClusterWatch | None = None,
    ) -> None:
        self.settings = settings
        self.service = settings.service
        self.database = database
        self.subscriptions = subscriptions
        self.lookup = {event.event_type: event for event in subscriptions}
        self.topics = sorted({event.topic for event in subscriptions})
        self.running = False
        self._progress = time.monotonic()
        self._done: dict[TopicPartition, int] = {}
        self._in_the_way: dict[UUID, float] = {}
        self._watch = watch or ClusterWatch(settings.kafka_bootstrap, client_id=f"{self.service}-watch")

    # --- life -----------------------------------------------------------------------------------------------

    async def run(self, stop: asyncio.Event) -> None:
        """Consume until told to stop. A consumer that is stuck, fails, or reads a log that is gone is replaced."""
        if not self.topics:
            await stop.wait()
            return
        pause = 0.2
        while not stop.is_set():
            started = time.monotonic()
            reason = await self._run_one(stop)
            self.running = False
            if reason is None:
                break
            metrics.CONSUMER_RESTARTS.labels(self.service, reason).inc()
            pause = 0.2 if time.monotonic() - started > 30 or reason == "new_log" else min(pause * 2, 5.0)
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(pause * random.uniform(0.5, 1.0)):  # noqa: S311
                    await stop.wait()
        await self._watch.close()

    async def _run_one(self, stop: asyncio.Event) -> str | None:
        """Run one consumer under the watchdog; why it ended, or None when it was told to stop."""
        try:
            cluster_id = await self._watch.cluster_id()
        except (KafkaError, OSError, TimeoutError) as error:
            log.warning("the broker does not answer", error=repr(error))
            return "error"
        self._tick()
        consuming = asyncio.create_task(self._consume(cluster_id, stop))
        guarding = asyncio.create_task(self._guard(cluster_id, stop))
        try:
            await asyncio.wait([consuming, guarding], return_when=asyncio.FIRST_COMPLETED)
            if consuming.done():
                failure = consuming.exception()
                if failure is None:
                    return None
                log.warning("the consumer starts over", error=repr(failure))
                return "error"
            reason = guarding.result()
            if reason is not None:
                log.warning("the consumer is replaced", reason=reason)
            return reason
        finally:
            for task in (consuming, guarding):
                task.cancel()
            # A task that ignores its cancellation is left behind: the next consumer must not wait for it.
            await asyncio.wait([consuming, guarding], timeout=10)

    async def _guard(self, cluster_id: str, stop: asyncio.Event) -> str | None:
        """The watchdog: returns when the consumer makes no progress, or the log it reads is gone; None when it is told
        to stop while it joins the group, which it would otherwise do to the end."""
        while True:
            await asyncio.sleep(2)
            if stop.is_set() and not self.running:
                return None
            # Joining the group has its own deadline, and may well take longer than a round of the loop should.
            if self.running and time.monotonic() - self._progress > self.settings.consumer_stuck_after:
                return "stuck"
            with contextlib.suppress(KafkaError, OSError, TimeoutError):
                if await self._watch.cluster_id() != cluster_id:
                    return "new_log"

    def _tick(self) -> None:
        self._progress = time.monotonic()
        metrics.CONSUMER_PROGRESS.labels(self.service).set_to_current_time()

    async def _consume(self, cluster_id: str, stop: asyncio.Event) -> None:
        self._done, self._in_the_way = {}, {}
        self.running = False
        group = f"{self.service}.{cluster_id}"
        async with reading(self.settings, self.topics, self._watch, group=group) as consumer:
            self._tick()
            self.running = True
            log.info("the consumer is running", topics=self.topics, group=group)
            while not stop.is_set():
                batches = await consumer.getmany(timeout_ms=1000, max_records=self.settings.consumer_batch)
                self._tick()
                if batches:
                    await self._take(consumer, batches)
                self._measure_lag(consumer)

    def _measure_lag(self, consumer: AIOKafkaConsumer) -> None:
        lag = dict.fromkeys(self.topics, 0)
        for partition in consumer.assignment():
            end = consumer.highwater(partition)
            done = self._done.get(partition)
            if end is not None and done is not None:
                lag[partition.topic] += max(0, end - done)
        for topic, behind in lag.items():
            metrics.CONSUMER_LAG.labels(self.service, topic).set(behind)

    # --- one micro-batch ------------------------------------------------------------------------------------

    async def _take(
        self, consumer: AIOKafkaConsumer, batches: Mapping[TopicPartition, Sequence[Any]]
    ) -> None:
        items = [
            item
            for records in batches.values()
            for record in records
            if (item := decode(record, self.lookup)) is not None
        ]
        try:
            await self._handle_together(items)
        except Exception as error:  # noqa: BLE001 - whatever a handler raises is sorted out event by event
            log.info("a batch failed and is taken apart", error=repr(error), events=len(items))
            if not await self._handle_apart(consumer, batches, items):
                return
        offsets = {partition: records[-1].offset + 1 for partition, records in batches.items()}
        self._done.update(offsets)
        try:
            await consumer.commit(offsets)
        except (CommitFailedError, IllegalStateError) as error:
            # The group was rebalanced meanwhile. Whoever has the partition now reads these again and drops them.
            log.info("offsets not committed", error=repr(error))

    async def _handle_together(self, items: Sequence[Item]) -> None:
        if not items:
            return
        for item in items:
            if item.error is not None:
                raise item.error
        received = [item.received for item in items if item.received is not None]
        async with self.database.transaction() as session:
            fresh = await self._fresh(session, received)
            await self._run_handlers(session, fresh)
        self._count(received, fresh)

    async def _handle_apart(
        self,
        consumer: AIOKafkaConsumer,
        batches: Mapping[TopicPartition, Sequence[Any]],
        items: Sequence[Item],
    ) -> bool:
        """Handle one by one; whether all are done. If not, the reader stands before the first that is not."""
        for index, item in enumerate(items):
            self._tick()
            try:
                await self._handle_one(item)
            except Exception as error:
                if not is_passing(error):
                    raise
                if await self._is_out_of_patience(item):
                    await self._bury(item, error)
                    continue
                log.warning("an event waits for a passing trouble", error=repr(error))
                await self._seek_back(consumer, batches, items[index:])
                await asyncio.sleep(0.5)
                return False
            if item.received is not None:
                self._in_the_way.pop(item.received.id, None)
        return True

    async def _is_out_of_patience(self, item: Item) -> bool:
        """Whether this event has been in the way for too long while the database answered."""
        try:
            await self.database.ping()
        except Exception:  # noqa: BLE001 - whatever it is, no event is to blame for it
            self._in_the_way.clear()
            return False
        if item.received is None:
            return False
        since = self._in_the_way.setdefault(item.received.id, time.monotonic())
        return time.monotonic() - since > self.settings.consumer_patience

    async def _seek_back(
        self,
        consumer: AIOKafkaConsumer,
        batches: Mapping[TopicPartition, Sequence[Any]],
        undone: Sequence[Item],
    ) -> None:
        """`getmany` has moved on; what is not done must be read again."""
        first: dict[TopicPartition, int] = {}
        for item in undone:
            partition = TopicPartition(item.record.topic, item.record.partition)
            first.setdefault(partition, item.record.offset)
        done = {p: records[-1].offset + 1 for p, records in batches.items() if p not in first}
        for partition, offset in first.items():
            with contextlib.suppress(IllegalStateError):
                consumer.seek(partition, offset)
        if done:
            with contextlib.suppress(CommitFailedError, IllegalStateError):
                await consumer.commit(done)

    async def _handle_one(self, item: Item) -> None:
        """Handle one event in its own transaction; bury it when it fails ATTEMPTS times for no passing reason."""
        error = item.error
        for attempt in range(ATTEMPTS):
            if item.received is None:
                break
            try:
                async with self.database.transaction() as session:
                    fresh = await self._fresh(session, [item.received])
                    await self._run_handlers(session, fresh)
                self._count([item.received], fresh)
                return
            except Exception as failure:
                if is_passing(failure):
                    raise
                error = failure
                await asyncio.sleep(0.05 * (attempt + 1))
        assert error is not None
        await self._bury(item, error)

    async def _bury(self, item: Item, error: Exception) -> None:
        received = item.received
        event_type = received.type if received else (type_of(item.record) or "")
        async with self.database.transaction() as session:
            # Remembered as processed: should the log come back, the letter is not buried a second time. And what
            # another reader of the partition has handled meanwhile would, retried, count twice.
            if received is not None and not await self._fresh(session, [received]):
                return
            await dead_letters.bury(
                session, item.record, received.id if received else None, event_type, error
            )
        metrics.CONSUMER_EVENTS.labels(self.service, event_type, "dead").inc()
        log.error("an event could not be handled", type=event_type, error=repr(error), exc_info=error)

    async def _fresh(self, session: AsyncSession, received: Sequence[Received[Any]]) -> list[Received[Any]]:
        """Those not processed before, each once, their ids now remembered in this transaction."""
        by_id = {one.id: one for one in reversed(received)}
        # Sorted: two consumers that meet over the same ids wait for each other in the same order.
        new = set(
            await session.scalars(
                text(
                    "INSERT INTO processed_events (event_id) SELECT unnest(CAST(:ids AS uuid[])) "
                    "ON CONFLICT DO NOTHING RETURNING event_id"
                ),
                {"ids": sorted(by_id)},
            )
        )
        fresh = []
        for one in received:
            if one.id in new:
                new.discard(one.id)
                fresh.append(one)
        return fresh

    async def _run_handlers(self, session: AsyncSession, fresh: Sequence[Received[Any]]) -> None:
        batched: dict[Batched, list[Received[Any]]] = {}
        for one in await put_under_tombstones(session, fresh):
            handler = self.subscriptions[type(one.data)]
            if isinstance(handler, Batched):
                batched.setdefault(handler, []).append(one)
                continue
            token = current_trace.set(continue_trace(one.traceparent))
            try:
                await handler(session, one)
            finally:
                current_trace.reset(token)
            # Progress is an event handled, not a batch: a long one must not be taken for a stuck one.
            self._tick()
        for together, some in batched.items():
            await together.handle(session, some)

    def _count(self, received: Sequence[Received[Any]], fresh: Sequence[Received[Any]]) -> None:
        instant = datetime.now(UTC)
        ids = {one.id for one in fresh}
        for one in received:
            outcome = "handled" if one.id in ids else "duplicate"
            metrics.CONSUMER_EVENTS.labels(self.service, one.type, outcome).inc()
        for one in fresh:
            metrics.EVENT_SECONDS.labels(self.service).observe(max(0.0, (instant - one.time).total_seconds()))

    # --- dead letters ---------------------------------------------------------------------------------------

    async def retry_dead_letters(self, database: Database) -> None:
        """Handle what an admin wants retried; a letter that fails again waits again, with its newer error.

        One that fails for a passing reason is left for the next round, and is in no other's way.
        """
        after = 0
        while True:
            letter_id = None
            try:
                async with database.transaction() as session:
                    letter = await dead_letters.next_to_retry(session, after)
                    if letter is None:
                        return
                    letter_id = after = letter.id
                    await self._retry(session, letter)
                    letter.status = dead_letters.HANDLED
                    letter.resolved_at = datetime.now(UTC)
            except Exception as error:
                if letter_id is None:
                    raise
                if is_passing(error):
                    log.warning("a letter waits for a passing trouble", letter=letter_id, error=repr(error))
                    continue
                async with database.transaction() as session:
                    await dead_letters.note_failure(session, letter_id, error)

    async def _retry(self, session: AsyncSession, letter: dead_letters.DeadLetter) -> None:
        item = decode(LetterRecord(letter), self.lookup)
        if item is None:
            return
        if item.received is None:
            assert item.error is not None
            raise item.error
        todo = [item.received]
        if letter.event_id is None:
            # Buried unread, its id was not remembered then: the log may have brought it again since, or will.
            todo = await self._fresh(session, todo)
        await self._run_handlers(session, todo)
