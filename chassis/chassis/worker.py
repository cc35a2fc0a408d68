"""The other process of a service: outbox relay, consumer, mail and background jobs, stopped in order."""

import asyncio
import contextlib
import signal
import time
from collections.abc import Awaitable, Callable, Sequence
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
from chassis.jobs import HOUR, Jobs, PeriodicJob
from chassis.logs import configure_logs
from chassis.passing import is_passing
from chassis.quiet_server import QuietServer
from chassis.relay import Relay
from chassis.settings import ServiceSettings
from chassis.wakeups import Wakeups

log = structlog.get_logger()

Measure = Callable[[Database], Awaitable[None]]
MEASURED_WITHIN = 5.0
MEASURING_SECONDS = 2.0
"""A reader of the metrics waits no longer for what the database would have to count."""

__all__ = ["HOUR", "PeriodicJob", "Worker", "health_app", "run_worker"]


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
        own = [
            PeriodicJob(
                "retry_dead_letters",
                15,
                self.consumer.retry_dead_letters,
                dead_letters.CHANNEL,
                dead_letters.TO_RETRY,
            ),
            PeriodicJob("forget", HOUR, _forget),
        ]
        if sends_mail:
            own.append(PeriodicJob("send_mail", 5, mail.send_due_mail, mail.CHANNEL, mail.DUE))
        self.jobs = Jobs(self.database, self.wakeups, [*own, *jobs])
        gauges = [dead_letters.measure, outbox.measure]
        self.gauges = Gauges(self.database, [*gauges, mail.measure] if sends_mail else gauges)
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
        rest += self.jobs.begin(self.stop)
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

    # --- health ---------------------------------------------------------------------------------------------

    async def _serve_health(self) -> None:
        if not self.settings.worker_port:
            return
        config = uvicorn.Config(
            health_app(self._ready, self.gauges.freshen),
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


class Gauges:
    """What is counted in the database, counted when somebody reads it: an idle worker counts for nobody."""

    def __init__(self, database: Database, measures: Sequence[Measure]) -> None:
        self._database = database
        self._measures = measures
        self._turn = asyncio.Lock()
        self._measured = float("-inf")

    async def freshen(self) -> None:
        """Count anew unless that was done within MEASURED_WITHIN; what cannot be counted in time stays as it was."""
        async with self._turn:
            if time.monotonic() - self._measured < MEASURED_WITHIN:
                return
            try:
                async with asyncio.timeout(MEASURING_SECONDS):
                    for measure in self._measures:
                        await measure(self._database)
            except Exception as error:
                metrics.JOB_ERRORS.labels(self._database.service, "measure").inc()
                log.warning("the gauges are not fresh", error=repr(error), exc_info=not is_passing(error))
            # After a failure too: a database that is away is not asked by every reader.
            self._measured = time.monotonic()


def health_app(ready: Callable[[], Awaitable[dict[str, str]]], freshen: Callable[[], Awaitable[None]]) -> App:
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
                await freshen()
                await respond(send, 200, metrics.exposition(), metrics.EXPOSITION)
            case _:
                await respond(send, 404, b'{"status":404}')

    return app


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
