"""The worker as it runs: catalog's events off a real broker, a recount by its job, learning's events on the log."""

import asyncio
from contextlib import asynccontextmanager

import pytest
from aiokafka import AIOKafkaProducer
from chassis.outbox import OutboxRow
from chassis.testing import as_record
from chassis.worker import Worker
from contracts.learning import EnrollmentProgressChanged
from learning.course_mirror.models import CourseRecount, MirrorCourse
from learning.subscriptions import SUBSCRIPTIONS
from learning.worker import JOBS
from sqlalchemy import func, select

pytestmark = pytest.mark.kafka

COURSE = 4_012_012
"""A course of this module's own: the log outlives a test."""


@pytest.fixture
async def settings(settings, kafka: str, kafka_idempotent: bool):
    on_the_broker = {
        "kafka_bootstrap": kafka,
        "kafka_idempotent": kafka_idempotent,
        "kafka_alone": not kafka_idempotent,
    }
    return settings.model_copy(update={**on_the_broker, "kafka_fetch_max_wait_ms": 20, "recount_batch": 2})


@asynccontextmanager
async def working(settings):
    worker = Worker(settings, SUBSCRIPTIONS, JOBS)
    task = asyncio.create_task(worker.serve())
    try:
        yield
    finally:
        worker.stop.set()
        await asyncio.wait_for(task, 30)


async def publish(settings, *events) -> None:
    """As catalog's relay would."""
    producer = AIOKafkaProducer(bootstrap_servers=settings.kafka_bootstrap)
    await producer.start()
    for event in events:
        record = as_record(event)
        await producer.send_and_wait(
            record.topic, key=record.key, value=record.value, headers=list(record.headers)
        )
    await producer.stop()


async def until(claim) -> None:
    async with asyncio.timeout(90):
        while not await claim():  # noqa: ASYNC110 - what is waited for happens in a database
            await asyncio.sleep(0.1)


async def test_a_republish_off_the_log_recounts_everybody_and_is_told(
    settings, person, catalog, database, published, make
):
    lessons = [COURSE * 10 + n for n in range(3)]
    first = make.module(COURSE, *(make.lesson(each, order=n) for n, each in enumerate(lessons[:2])))
    second = make.module(COURSE + 1, make.lesson(lessons[2]), order=1)
    catalog.has(make.course(COURSE, version=1, modules=(first,)))
    for user_id in range(50, 55):
        learner = person(user_id)
        await learner.completes(await learner.enrolled(COURSE), lessons[0])
    before = len(await published())

    async def is_mirrored() -> bool:
        async with database.transaction() as session:
            course = await session.get_one(MirrorCourse, COURSE)
            unfinished = await session.scalar(select(func.count()).select_from(CourseRecount))
            return course.outline_version == 2 and unfinished == 0

    async def is_sent() -> bool:
        async with database.transaction() as session:
            waiting = select(func.count()).select_from(OutboxRow).where(OutboxRow.published_at.is_(None))
            return await session.scalar(waiting) == 0

    async with working(settings):
        await publish(settings, make.course(COURSE, version=2, modules=(first, second)))
        await until(is_mirrored)
        await until(is_sent)

    told = (await published())[before:]
    assert all(isinstance(event, EnrollmentProgressChanged) for event in told)
    assert sorted(event.user_id for event in told) == list(range(50, 55))
    assert {(event.lessons_completed, event.total_lessons) for event in told} == {(1, 3)}
