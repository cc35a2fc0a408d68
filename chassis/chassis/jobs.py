"""What a worker does from time to time: jobs, each at its own pace, and the questions whether they have anything to do.

A job that can say in SQL what it would begin with (`due`) runs only while there is such a row. Those questions are put
together, one statement a round: a job more costs an idle platform one look into an index, not a timer and a transaction
of its own.
"""

import asyncio
import random
import time
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from typing import Any

import structlog
from sqlalchemy import Select, select

from chassis import metrics
from chassis.db import Database
from chassis.passing import is_passing
from chassis.wakeups import Wakeups

log = structlog.get_logger()

HOUR = 3600.0


@dataclass(frozen=True)
class PeriodicJob:
    """Work done every so many seconds, and at once when `channel` is notified. `work` must be safe to repeat and
    to run in two replicas at once (lock rows with SKIP LOCKED).

    `due` selects what the work would begin with, without locking it; the work is then left out while there is none.
    """

    name: str
    every_seconds: float
    work: Callable[[Database], Awaitable[None]]
    channel: str | None = None
    due: Select[Any] | None = None


class Jobs:
    """A worker's jobs. Each runs at the start, then at its pace; none waits for another."""

    def __init__(self, database: Database, wakeups: Wakeups, jobs: Sequence[PeriodicJob]) -> None:
        self.database = database
        self.wakeups = wakeups
        self.jobs = jobs
        # One statement, one round trip: there is nothing to commit.
        self._engine = database.engine.execution_options(isolation_level="AUTOCOMMIT")
        self._found = {job.name: asyncio.Event() for job in jobs}
        self._rests_since: dict[str, float] = {}
        for job in jobs:
            if job.channel:
                wakeups.event(job.channel)

    def begin(self, stop: asyncio.Event) -> list[asyncio.Task[None]]:
        """Run them until told to stop; the tasks end then, and only then."""
        tasks = [asyncio.create_task(self._repeat(job, stop), name=job.name) for job in self.jobs]
        return [*tasks, asyncio.create_task(self._look_out(stop), name="look_out")]

    async def _repeat(self, job: PeriodicJob, stop: asyncio.Event) -> None:
        """Run a job for ever; a failure is logged and counted, and the next round comes all the same."""
        while not stop.is_set():
            self._found[job.name].clear()
            self._rests_since.pop(job.name, None)
            started = time.perf_counter()
            try:
                await job.work(self.database)
            except Exception as error:  # noqa: BLE001 - noted, and tried again
                self._note_failure(job.name, error)
            metrics.JOB_SECONDS.labels(self.database.service, job.name).observe(time.perf_counter() - started)
            self._rests_since[job.name] = time.monotonic()
            await self._until_next(job, stop)

    def _note_failure(self, name: str, error: Exception) -> None:
        metrics.JOB_ERRORS.labels(self.database.service, name).inc()
        log.warning("a job failed", job=name, error=repr(error), exc_info=not is_passing(error))

    async def _until_next(self, job: PeriodicJob, stop: asyncio.Event) -> None:
        at_most = None if job.due is not None else _about(job.every_seconds)
        signs: list[asyncio.Future[Any]] = [asyncio.ensure_future(stop.wait())]
        if job.due is not None:
            signs.append(asyncio.ensure_future(self._found[job.name].wait()))
        if job.channel:
            signs.append(asyncio.ensure_future(self.wakeups.wait(job.channel)))
        try:
            await asyncio.wait(signs, timeout=at_most, return_when=asyncio.FIRST_COMPLETED)
        finally:
            for sign in signs:
                sign.cancel()

    # --- whether there is anything to do ------------------------------------------------------------------------

    async def _look_out(self, stop: asyncio.Event) -> None:
        """Ask for all jobs that can tell, at the pace of the quickest, and begin those that would find something."""
        asked = [job for job in self.jobs if job.due is not None]
        pace = min((job.every_seconds for job in asked), default=None)
        while not stop.is_set():
            sleeping = asyncio.ensure_future(stop.wait())
            await asyncio.wait([sleeping], timeout=None if pace is None else _about(pace))
            sleeping.cancel()
            for job in await self._due(asked):
                # What a job left undone it has tried: it gets its rest, however often the others are looked after.
                rested = time.monotonic() - self._rests_since.get(job.name, float("inf"))
                if rested >= 0.9 * job.every_seconds:
                    self._found[job.name].set()

    async def _due(self, asked: Sequence[PeriodicJob]) -> list[PeriodicJob]:
        """Those with something to do. A question that fails is no answer: then all of them see for themselves."""
        if not asked:
            return []
        questions = [job.due.exists().label(f"j{at}") for at, job in enumerate(asked) if job.due is not None]
        try:
            async with self._engine.connect() as connection:
                answers = (await connection.execute(select(*questions))).one()
        except Exception as error:  # noqa: BLE001 - told, and then as if nothing had been asked
            self._note_failure("look_out", error)
            return list(asked)
        return [job for job, answer in zip(asked, answers, strict=True) if answer]


def _about(seconds: float) -> float:
    """Spread, so that the jobs of six services do not all wake in the same millisecond."""
    return seconds * random.uniform(0.9, 1.1)  # noqa: S311 - no secret
