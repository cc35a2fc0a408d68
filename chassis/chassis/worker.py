"""The other process of a service: outbox relay, consumer, mail and background jobs, stopped in order."""

import asyncio
import contextlib
import random
import signal
import time
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from datetime import timedelta

import orjson
import structlog
import uvicorn
from sqlalchemy import text

from chassis import dead_letters, mail, metrics, outbox
from chassis.asgi import App, Receive, Scope, Send, respond
from chassis.cluster import ClusterWatch
from chassis.consumer import Consumer, Subscriptions
from chassis.db import Database
from chassis.idempotency import KEPT
from chassis.logs import configure_logs
from chassis.passing import is_passing
from chassis.quiet_server import QuietServer
from chassis.relay import Relay
from chassis.settings import ServiceSettings
from chassis.wakeups import Wakeups

log = structlog.get_logger()

HOUR = 3600.0


@dataclass(frozen=True)
class PeriodicJob:
    """Work done every so many seconds, and at once when `channel` is notified. `work` must be safe to repeat and
    to run in two replicas at once (lock rows with SKIP LOCKED)."""

    name: str
    every_seconds: float
    work: Callable[[Database], Awaitable[None]]
    channel: str | None = None


def run_worker(
    settings: ServiceSettings,
    *,
    subscriptions: Subscriptions,
    jobs: Sequence[PeriodicJob] = (),
    sends_mail: bool = False,
) -> None:
    """Run until SIGTERM or SIGINT; finish the batch in hand, commit its offsets, then leave."""
    configure_logs(settings.service, "worker", settings.log_level)
    worker = Worker(settings, subscriptions, jobs, sends_mail=sends_mail)
    try:
        from uvloop import new_event_loop
    except ImportError:
        asyncio.run(worker.run())
        return
    with asyncio.Runner(loop_factory=new_event_loop) as runner:
        runner.run(worker.run())


class Worker:
    """Relay, consumer and jobs side by side; each heals by itself, none takes the others down."""

    def __init__(
        self,
        settings: ServiceSettings,
        subscriptions: Subscriptions,
        jobs: Sequence[PeriodicJob] = (),
        *,
        sends_mail: bool = False,
    ) -> None:
        self.settings = settings
        self.database = Database(settings, process="worker")
        self.wakeups = Wakeups()
        self.stop = asyncio.Event()
        watch = ClusterWatch(settings.kafka_bootstrap, client_id=f"{settings.service}-watch")
        self.consumer = Consumer(settings, self.database, subscriptions, watch)
        self.jobs = [
            PeriodicJob("retry_dead_letters", 15, self.consumer.retry_dead_letters, dead_letters.CHANNEL),
            PeriodicJob("count_dead_letters", 15, _count_dead_letters),
            PeriodicJob("measure_outbox", 10, outbox.measure),
            PeriodicJob("forget", HOUR, _forget),
            *jobs,
        ]
        if sends_mail:
            self.jobs.append(PeriodicJob("send_mail", 5, mail.send_due_mail, mail.CHANNEL))
        for job in self.jobs:
            if job.channel:
                self.wakeups.event(job.channel)
        self.relay = Relay(settings, self.wakeups, watch)

    async def run(self) -> None:
        loop = asyncio.get_running_loop()
        for number in (signal.SIGTERM, signal.SIGINT):
            loop.add_signal_handler(number, self.stop.set)
        await self.serve()

    async def serve(self) -> None:
        """Everything until `stop` is set; then the consumer first, the relay last, so that what was handled is told."""
        log.info("the worker starts")
        relay_stop = asyncio.Event()
        relay = asyncio.create_task(self.relay.run(relay_stop), name="relay")
        rest = [asyncio.create_task(self.consumer.run(self.stop), name="consumer")]
        rest += [asyncio.create_task(self._repeat(job), name=job.name) for job in self.jobs]
        server = asyncio.create_task(self._serve_health(), name="health")
        died = asyncio.ensure_future(asyncio.wait([relay, *rest], return_when=asyncio.FIRST_COMPLETED))
        stopped = asyncio.create_task(self.stop.wait())
        await asyncio.wait([died, stopped], return_when=asyncio.FIRST_COMPLETED)
        crashed = not self.stop.is_set()
        self.stop.set()
        await asyncio.wait(rest, timeout=self.settings.shutdown_timeout)
        relay_stop.set()
        self.wakeups.wake_all()
        await asyncio.wait([relay], timeout=5)
        for task in (relay, *rest, server, died, stopped):
            task.cancel()
        await asyncio.wait([relay, *rest, server], timeout=5)
        await self.database.close()
        log.info("the worker has stopped")
        if crashed:
            for task in (relay, *rest):
                if task.done() and not task.cancelled() and task.exception() is not None:
                    log.error("a part of the worker died", part=task.get_name(), exc_info=task.exception())
            raise SystemExit(1)

    async def _repeat(self, job: PeriodicJob) -> None:
        """Run a job for ever; a failure is logged and counted, and the next round comes all the same."""
        while not self.stop.is_set():
            started = time.perf_counter()
            try:
                await job.work(self.database)
            except Exception as error:
                metrics.JOB_ERRORS.labels(self.settings.service, job.name).inc()
                log.warning("a job failed", job=job.name, error=repr(error), exc_info=not is_passing(error))
            metrics.JOB_SECONDS.labels(self.settings.service, job.name).observe(time.perf_counter() - started)
            await self._until_next(job)

    async def _until_next(self, job: PeriodicJob) -> None:
        # Spread, so that the jobs of six services do not all wake in the same millisecond.
        at_most = job.every_seconds * random.uniform(0.9, 1.1)  # noqa: S311
        waiting: list[asyncio.Future[bool]] = [asyncio.ensure_future(self._stopped())]
        if job.channel:
            waiting.append(asyncio.ensure_future(self.wakeups.wait(job.channel, at_most)))
        try:
            await asyncio.wait(waiting, timeout=at_most, return_when=asyncio.FIRST_COMPLETED)
        finally:
            for task in waiting:
                task.cancel()

    async def _stopped(self) -> bool:
        return await self.stop.wait()

    # --- health ---------------------------------------------------------------------------------------------

    async def _serve_health(self) -> None:
        if not self.settings.worker_port:
            return
        config = uvicorn.Config(
            health_app(self._ready),
            host=self.settings.host,
            port=self.settings.worker_port,
            log_config=None,
            access_log=False,
            lifespan="off",
            server_header=False,
        )
        server = QuietServer(config)
        with contextlib.suppress(asyncio.CancelledError):
            await server._serve()  # noqa: SLF001 - `serve` would take the signals that `run` handles

    async def _ready(self) -> dict[str, str]:
        """What is not as it should be, by part; empty when all is."""
        wrong = {}
        try:
            await self.database.ping()
        except Exception as error:  # noqa: BLE001 - told, not raised
            wrong["database"] = type(error).__name__
        if self.consumer.topics and not self.consumer.running:
            wrong["consumer"] = "not connected"
        return wrong


def health_app(ready: Callable[[], Awaitable[dict[str, str]]]) -> App:
    """/healthz, /readyz and /metrics, and nothing else."""

    async def app(scope: Scope, _receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            return
        match scope["path"]:
            case "/healthz":
                await respond(send, 200, b'{"status":"alive"}')
            case "/readyz":
                wrong = await ready()
                body = orjson.dumps({"status": "not ready" if wrong else "ready", **wrong})
                await respond(send, 503 if wrong else 200, body)
            case "/metrics":
                await respond(send, 200, metrics.exposition(), metrics.EXPOSITION)
            case _:
                await respond(send, 404, b'{"status":404}')

    return app


async def _count_dead_letters(database: Database) -> None:
    async with database.transaction() as session:
        metrics.DEAD_LETTERS.labels(database.service).set(await dead_letters.count_open(session))


async def _forget(database: Database) -> None:
    """Delete remembered event ids, idempotent answers, sent mails and ended sessions past their time, a batch a
    transaction."""
    days = database.settings.processed_retention_days
    old = {
        "processed_events": ("event_id", "processed_at", timedelta(days=days)),
        "idempotency_keys": ("id", "created_at", KEPT),
        "mail_outbox": (
            "id",
            "CASE WHEN next_attempt_at = 'infinity' THEN created_at ELSE sent_at END",
            timedelta(days=days),
        ),
        "ended_sessions": ("id", "ended_at", timedelta(seconds=database.settings.revocation_window)),
    }
    for table, (key, column, age) in old.items():
        while True:
            async with database.transaction() as session:
                done = await session.execute(
                    text(
                        f"DELETE FROM {table} WHERE {key} IN (SELECT {key} FROM {table} "  # noqa: S608 - our own names
                        f"WHERE {column} < now() - CAST(:age AS interval) LIMIT 5000)"
                    ),
                    {"age": age},
                )
            if done.rowcount < 5000:  # type: ignore[attr-defined]
                break
