"""A worker's jobs: each at its pace, at once when told, and not at all while there is nothing to do."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import pytest
from chassis.db import Database
from chassis.dead_letters import DeadLetter
from chassis.dead_letters import measure as measure_letters
from chassis.jobs import Jobs, PeriodicJob
from chassis.outbox import OutboxRow
from chassis.wakeups import Wakeups
from chassis.worker import Gauges
from sqlalchemy import event, insert, select, text

from chassis import metrics


class Counting:
    """Work that counts how often it was begun."""

    def __init__(self, *, fails: bool = False) -> None:
        self.times = 0
        self.begun = asyncio.Condition()
        self._fails = fails

    async def __call__(self, _database: Database) -> None:
        async with self.begun:
            self.times += 1
            self.begun.notify_all()
        if self._fails:
            raise OSError("as when the storage is away")

    async def reaches(self, times: int) -> None:
        async with asyncio.timeout(30), self.begun:
            await self.begun.wait_for(lambda: self.times >= times)


@asynccontextmanager
async def running(database: Database, *jobs: PeriodicJob) -> AsyncIterator[Wakeups]:
    wakeups, stop = Wakeups(), asyncio.Event()
    tasks = Jobs(database, wakeups, jobs).begin(stop)
    yield wakeups
    stop.set()
    done, late = await asyncio.wait(tasks, timeout=10)
    assert not late, "a job does not outlive its worker"
    assert [task.exception() for task in done] == [None] * len(tasks)


LETTER = {
    "fingerprint": "x",
    "type": "t",
    "topic": "t",
    "partition": 0,
    "offset": 0,
    "headers": [],
    "error": "",
    "traceback": "",
}
LETTERS = select(DeadLetter)


async def add_letter(database: Database) -> None:
    async with database.transaction() as session:
        await session.execute(insert(DeadLetter), [LETTER])


async def test_work_without_a_question_is_done_again_and_again(database: Database) -> None:
    work = Counting()
    async with running(database, PeriodicJob("work", 0.02, work)):
        await work.reaches(3)


async def test_work_that_failed_is_tried_again_and_is_in_no_others_way(database: Database) -> None:
    failing, other = Counting(fails=True), Counting()
    async with running(database, PeriodicJob("failing", 0.02, failing), PeriodicJob("other", 0.02, other)):
        await failing.reaches(3)
        await other.reaches(3)


async def test_work_with_nothing_to_do_is_done_once_at_the_start_and_then_when_there_is(
    database: Database,
) -> None:
    work, clock = Counting(), Counting()
    jobs = PeriodicJob("work", 0.02, work, due=LETTERS), PeriodicJob("clock", 0.02, clock)
    async with running(database, *jobs):
        await clock.reaches(10)
        assert work.times == 1
        await add_letter(database)
        await work.reaches(3)
        async with database.transaction() as session:
            await session.execute(text("DELETE FROM dead_letters"))
        # One round may have been under way; from then on it rests.
        times, ticks = work.times, clock.times
        await clock.reaches(ticks + 20)
        assert work.times <= times + 2


async def test_who_is_told_does_not_wait_for_the_question(database: Database) -> None:
    work = Counting()
    async with running(database, PeriodicJob("work", 3600, work, "lyceum_test", due=LETTERS)) as wakeups:
        await work.reaches(1)
        while work.times < 2:
            # It may not have begun to listen yet: a wake-up stays until it is taken.
            wakeups.wake("lyceum_test")
            await asyncio.sleep(0.01)


async def test_all_questions_are_asked_in_one_statement(database: Database) -> None:
    asked: list[str] = []

    def note(_connection: object, _cursor: object, statement: str, *_: object) -> None:
        asked.append(statement)

    clock = Counting()
    jobs = [
        PeriodicJob("letters", 0.02, Counting(), due=LETTERS),
        PeriodicJob("outbox", 0.02, Counting(), due=select(OutboxRow).where(OutboxRow.id < 0)),
        PeriodicJob("clock", 0.02, clock),
    ]
    event.listen(database.engine.sync_engine, "before_cursor_execute", note)
    try:
        async with running(database, *jobs):
            await clock.reaches(10)
    finally:
        event.remove(database.engine.sync_engine, "before_cursor_execute", note)
    assert asked
    assert all("dead_letters" in statement and "outbox" in statement for statement in asked)


async def test_one_that_tries_in_vain_gets_its_rest_beside_a_quicker_one(database: Database) -> None:
    """Else a storage that is away would be asked at the pace of the mail."""
    await add_letter(database)
    slow, quick = Counting(fails=True), Counting()
    jobs = PeriodicJob("slow", 3600, slow, due=LETTERS), PeriodicJob("quick", 0.01, quick, due=LETTERS)
    async with running(database, *jobs):
        await quick.reaches(10)
        assert slow.times == 1


async def test_a_question_that_cannot_be_asked_holds_up_no_work(database: Database) -> None:
    before = metrics.JOB_ERRORS.labels(database.service, "look_out")._value.get()
    wrong = select(text("no_such_column")).select_from(DeadLetter)
    work, other = Counting(), Counting()
    jobs = PeriodicJob("wrong", 0.02, work, due=wrong), PeriodicJob("other", 0.02, other, due=LETTERS)
    async with running(database, *jobs):
        await work.reaches(3)
        await other.reaches(3)
    assert metrics.JOB_ERRORS.labels(database.service, "look_out")._value.get() > before


async def test_gauges_are_counted_when_somebody_reads_them(
    database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    gauge = metrics.DEAD_LETTERS.labels(database.service)
    await Gauges(database, [measure_letters]).freshen()
    assert gauge._value.get() == 0
    await add_letter(database)
    gauges = Gauges(database, [measure_letters])
    await gauges.freshen()
    assert gauge._value.get() == 1
    async with database.transaction() as session:
        await session.execute(text("DELETE FROM dead_letters"))
    await gauges.freshen()
    assert gauge._value.get() == 1, "not by everybody who asks in the same seconds"
    monkeypatch.setattr("chassis.worker.MEASURED_WITHIN", 0.0)
    await gauges.freshen()
    assert gauge._value.get() == 0


async def test_metrics_are_shown_while_the_database_is_away(database: Database) -> None:
    async def away(_database: Database) -> None:
        raise OSError("away")

    failures = metrics.JOB_ERRORS.labels(database.service, "measure")
    before = failures._value.get()
    gauges = Gauges(database, [away])
    await asyncio.gather(*(gauges.freshen() for _ in range(5)))
    assert failures._value.get() == before + 1, "one asks, and the others do not wait for the same"
