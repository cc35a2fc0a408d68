"""Tokens that were ended before they expire: identity's events, followed by every replica of the gateway.

No consumer group and no commits: each process reads the part of the log that is younger than a token can be, and
then follows it. Nothing waits for this: while the broker is away, tokens live out their ten minutes.
"""

import asyncio
import contextlib
import time
from datetime import datetime

import structlog
from aiokafka import AIOKafkaConsumer
from aiokafka.errors import KafkaError
from chassis.cluster import ClusterWatch
from chassis.ended import EndedInMemory
from contracts.envelope import Event, MalformedEvent, UnknownEventType, from_kafka
from contracts.identity import SessionRevoked, UserDeactivated, UserErased

from gateway import metrics
from gateway.settings import Settings

log = structlog.get_logger()

TOPIC = SessionRevoked.topic
REMEMBERED = 100_000
CLUSTER_CHECK_SECONDS = 5.0
MAX_PAUSE = 5.0
CLOCK_SKEW = 300.0
_FOLLOWED: dict[str, type[Event]] = {
    event.event_type: event for event in (SessionRevoked, UserDeactivated, UserErased)
}


class Revocations:
    """What was revoked and can still matter. `window` is in seconds, longer than an access token lives."""

    def __init__(self, window: float, remember: int = REMEMBERED) -> None:
        self._window = window
        self._remember = remember
        self._ended = EndedInMemory()
        self.covers = self._ended.covers

    def __len__(self) -> int:
        return len(self._ended)

    def note(self, event: SessionRevoked | UserDeactivated | UserErased, now: float) -> None:
        """Remember an event; one from before the window is over already. `now` is seconds since the epoch."""
        instant = _instant(event).timestamp()
        if instant + self._window < now:
            return
        if isinstance(event, SessionRevoked) and event.session_id is not None:
            self._ended.end_session(str(event.session_id), instant)
        else:
            self._ended.end_all_sessions(event.user_id, instant)
        self.forget(now)

    def forget(self, now: float) -> None:
        """Drop what no living token can fall under, and the oldest of what is too much."""
        self._ended.forget(now - self._window, at_most=self._remember)
        metrics.REVOKED.set(len(self))


def _instant(event: SessionRevoked | UserDeactivated | UserErased) -> datetime:
    match event:
        case SessionRevoked():
            return event.revoked_at
        case UserDeactivated():
            return event.deactivated_at
        case UserErased():
            return event.erased_at


class Follower:
    """Reads identity's events into the revocations, for good; `following` while the broker is there."""

    def __init__(self, settings: Settings, revocations: Revocations) -> None:
        self._settings = settings
        self._revocations = revocations
        self.following = False
        self._task: asyncio.Task[None] | None = None

    def start(self) -> None:
        self._task = asyncio.create_task(self._follow())

    async def stop(self) -> None:
        if self._task is not None:
            self._task.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await self._task

    async def _follow(self) -> None:
        pause, failed = 0.5, False
        while True:
            started = time.monotonic()
            try:
                await self._read_log()
                log.info("the event log is a new one: reading it from its start")
            except (KafkaError, OSError, TimeoutError) as error:
                # Once an outage, not once a try.
                if self.following or not failed:
                    log.warning("revocations are not followed just now", error=repr(error))
                failed = True
            self.following = False
            if time.monotonic() - started > 60:
                pause = 0.5
            await asyncio.sleep(pause)
            pause = min(pause * 2, MAX_PAUSE)

    async def _read_log(self) -> None:
        """Follow one log; returns when another one has taken its place."""
        settings = self._settings
        watch = ClusterWatch(settings.kafka_bootstrap, client_id="gateway-watch")
        consumer = AIOKafkaConsumer(
            TOPIC,
            bootstrap_servers=settings.kafka_bootstrap,
            client_id="gateway",
            auto_offset_reset="earliest",
            # Half a second is soon enough here, and asking more often is idle work for the embedded broker.
            fetch_max_wait_ms=max(500, settings.kafka_fetch_max_wait_ms),
            metadata_max_age_ms=30_000,
        )
        try:
            cluster = await watch.cluster_id()
            async with asyncio.timeout(20):
                await consumer.start()
                await self._skip_the_old(consumer)
            log.info("following revocations")
            self.following = True
            checked = time.monotonic()
            while True:
                await self._read_once(consumer)
                if time.monotonic() - checked > CLUSTER_CHECK_SECONDS:
                    if await watch.cluster_id() != cluster:
                        return
                    checked = time.monotonic()
        finally:
            await watch.close()
            with contextlib.suppress(KafkaError, OSError, TimeoutError):
                async with asyncio.timeout(3):
                    await consumer.stop()

    async def _skip_the_old(self, consumer: AIOKafkaConsumer) -> None:
        """Start where the records are young enough to matter; where the broker cannot say, at the beginning."""
        since = int((time.time() - self._settings.revocation_window - CLOCK_SKEW) * 1000)
        partitions = consumer.assignment()
        if not partitions:
            return
        try:
            offsets = await consumer.offsets_for_times(dict.fromkeys(partitions, since))
        except KafkaError as error:
            log.info("the broker does not find records by time", error=repr(error))
            return
        for partition, found in offsets.items():
            if found is not None:
                consumer.seek(partition, found.offset)

    async def _read_once(self, consumer: AIOKafkaConsumer) -> None:
        batches = await consumer.getmany(timeout_ms=2_000, max_records=1_000)
        now = time.time()
        for records in batches.values():
            for record in records:
                with contextlib.suppress(UnknownEventType):
                    try:
                        envelope = from_kafka(record.headers, record.value, _FOLLOWED.get)
                    except MalformedEvent as error:
                        # Identity's other readers bury it; there is nothing to be done about it here.
                        log.warning("an event cannot be read", offset=record.offset, error=str(error))
                        continue
                    self._revocations.note(envelope.data, now)
            # A log read from its start can be long: let requests in between.
            await asyncio.sleep(0)
        if not batches:
            self._revocations.forget(now)
