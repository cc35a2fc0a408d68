"""Events folded into statistics per second, against the same events merely read off the log with `getmany`."""

import asyncio
import os
import subprocess
import sys
import time
from pathlib import Path
from uuid import uuid4

from aiokafka import AIOKafkaConsumer, AIOKafkaProducer
from contracts.envelope import enclose, to_kafka
from contracts.learning import LessonProgressed
from lyceum.broker import EmbeddedBroker
from lyceum.postgres import EmbeddedPostgres

from bench.report import Figure, versus
from bench.stack import RunningStack

EVENTS = 20_000
USERS = 500
COURSES = 50

# Runs in a process of its own: one interpreter holds one service's tables.
FOLD = """
import asyncio, sys, time
import analytics.tables
from analytics.settings import Settings
from analytics.subscriptions import SUBSCRIPTIONS
from chassis.consumer import Consumer
from chassis.db import Database
from sqlalchemy import text

async def main(events):
    settings = Settings()
    database = Database(settings, process="bench")
    consumer = Consumer(settings, database, SUBSCRIPTIONS)
    stop = asyncio.Event()
    task = asyncio.create_task(consumer.run(stop))
    first = None
    while True:
        async with database.transaction() as session:
            done = await session.scalar(text("SELECT count(*) FROM processed_events"))
        # The clock starts with the first batch: joining a group is not folding.
        if done and first is None:
            first, begun = time.perf_counter(), done
        if done >= events:
            break
        await asyncio.sleep(0.02)
    print((done - begun) / (time.perf_counter() - first))
    stop.set()
    await task

asyncio.run(main(int(sys.argv[1])))
"""


def _event(number: int) -> LessonProgressed:
    course = number % COURSES + 1
    user = number % USERS + 1
    return LessonProgressed.model_validate(
        {
            "enrollment_id": user * 1000 + course,
            "user_id": user,
            "course_id": course,
            "lesson_id": course * 10 + 1,
            "progress_percentage": number % 100,
            "time_spent_delta_seconds": 30,
        }
    )


async def _fill(bootstrap: str) -> None:
    from chassis.db import now

    producer = AIOKafkaProducer(
        bootstrap_servers=bootstrap, acks="all", enable_idempotence=False, linger_ms=5
    )
    await producer.start()
    try:
        pending = []
        for number in range(EVENTS):
            envelope = enclose(_event(number), id=uuid4(), source="/services/learning", time=now())
            key, value, headers = to_kafka(envelope)
            pending.append(await producer.send(LessonProgressed.topic, value, key=key, headers=headers))
        await asyncio.gather(*pending)
    finally:
        await producer.stop()


async def _read(bootstrap: str) -> float:
    """Events per second read with getmany and nothing done with them."""
    consumer = AIOKafkaConsumer(
        LessonProgressed.topic,
        bootstrap_servers=bootstrap,
        group_id="bench-raw",
        enable_auto_commit=False,
        auto_offset_reset="earliest",
        fetch_max_wait_ms=50,
    )
    await consumer.start()
    try:
        done, began = 0, None
        while done < EVENTS:
            batches = await consumer.getmany(timeout_ms=1000, max_records=500)
            began = began or time.perf_counter()
            done += sum(len(records) for records in batches.values())
        return done / (time.perf_counter() - (began or 0))
    finally:
        await consumer.stop()


def measure(_stack: RunningStack, folder: Path) -> list[Figure]:
    with (
        EmbeddedPostgres(folder / "fold-postgres") as postgres,
        EmbeddedBroker(folder / "fold-broker") as broker,
    ):
        url = postgres.create_service_database("analytics")
        env = {
            **os.environ,
            "ANALYTICS_DATABASE_URL": url,
            "ANALYTICS_KAFKA_BOOTSTRAP": broker.bootstrap,
            "ANALYTICS_KAFKA_IDEMPOTENT": "false",
            "ANALYTICS_KAFKA_ALONE": "true",
            "ANALYTICS_KAFKA_FETCH_MAX_WAIT_MS": "50",
        }
        home = Path(__file__).resolve().parents[1] / "services/analytics/alembic.ini"
        upgrade = [sys.executable, "-m", "alembic", "-c", str(home), "upgrade", "head"]
        subprocess.run(upgrade, env=env, check=True, capture_output=True, timeout=120)
        asyncio.run(_fill(broker.bootstrap))
        raw = asyncio.run(_read(broker.bootstrap))
        fold = [sys.executable, "-c", FOLD, str(EVENTS)]
        printed = subprocess.run(
            fold, env=env, check=True, capture_output=True, text=True, timeout=600
        ).stdout
        folded = float(printed.strip().splitlines()[-1])
    return [versus("events folded", folded, "events/s", "getmany alone", raw, events=EVENTS)]
