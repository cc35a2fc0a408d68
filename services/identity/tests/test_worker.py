"""The worker as it runs: woken by the database, listening on a real broker."""

import asyncio
import json
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager

import httpx
import pytest
from aiokafka import AIOKafkaProducer
from chassis.db import Database
from chassis.outbox import OutboxRow
from chassis.settings import ServiceSettings
from chassis.testing import as_record
from chassis.worker import Worker
from contracts.instructor import InstructorChanged
from identity.settings import Settings
from identity.subscriptions import SUBSCRIPTIONS
from identity.testing import MakePerson
from identity.worker import jobs
from sqlalchemy import func, select, text

pytestmark = pytest.mark.kafka

USER = 4_012_012
"""An account of this module's own: the log outlives a test."""


@pytest.fixture
async def settings(settings: ServiceSettings, kafka: str, kafka_idempotent: bool) -> ServiceSettings:
    on_the_broker = {
        "kafka_bootstrap": kafka,
        "kafka_idempotent": kafka_idempotent,
        "kafka_alone": not kafka_idempotent,
    }
    return settings.model_copy(update={**on_the_broker, "kafka_fetch_max_wait_ms": 20})


@asynccontextmanager
async def working(settings: Settings) -> AsyncIterator[None]:
    worker = Worker(settings, SUBSCRIPTIONS, jobs(settings), sends_mail=True)
    task = asyncio.create_task(worker.serve())
    try:
        yield
    finally:
        worker.stop.set()
        await asyncio.wait_for(task, 30)


async def publish(settings: Settings, status: str) -> None:
    """As instructor's relay would."""
    examples = (InstructorChanged.model_config["json_schema_extra"] or {})["examples"]  # type: ignore[index]
    data = {**examples[0], "profile_id": USER, "user_id": USER, "status": status, "version": 1}  # type: ignore[dict-item,index]
    record = as_record(InstructorChanged.model_validate_json(json.dumps(data)))
    producer = AIOKafkaProducer(bootstrap_servers=settings.kafka_bootstrap)
    await producer.start()
    await producer.send_and_wait(
        record.topic, key=record.key, value=record.value, headers=list(record.headers)
    )
    await producer.stop()


async def until(claim: Callable[[], Awaitable[bool]]) -> None:
    async with asyncio.timeout(90):
        while not await claim():  # noqa: ASYNC110 - what is waited for happens in a database
            await asyncio.sleep(0.05)


async def test_mail_leaves_events_are_told_and_the_role_follows(
    client: httpx.AsyncClient, register: MakePerson, database: Database, settings: Settings
) -> None:
    spool = settings.mail_spool_dir
    assert spool is not None
    async with database.transaction() as session:
        await session.execute(text(f"ALTER TABLE users_customuser ALTER COLUMN id RESTART WITH {USER}"))

    async def mails(count: int) -> bool:
        return len(list(spool.glob("*.eml"))) == count

    async def is_told() -> bool:
        async with database.transaction() as session:
            waiting = select(func.count()).select_from(OutboxRow).where(OutboxRow.published_at.is_(None))
            return await session.scalar(waiting) == 0

    async def is_instructor() -> bool:
        async with database.transaction() as session:
            role: str = await session.scalar(text("SELECT role FROM users_customuser")) or ""
        return role == "instructor"

    async with working(settings):
        await register("ada")
        await until(lambda: mails(1))
        await client.post("/api/v1/auth/password/forgot", json={"email": "ada@example.com"})
        await until(lambda: mails(2))
        await publish(settings, "active")
        await until(is_instructor)
        await until(is_told)
