"""The fact table's partitions are made ahead, and take over what fell into the default one."""

import asyncio
from datetime import UTC, date, datetime
from uuid import uuid4

from analytics.facts import partitions, service
from analytics.facts.rules import Fact
from analytics_story.simulator import NOW
from contracts.identity import UserEmailVerified
from sqlalchemy import text


def verified(user_id, at):
    return Fact(uuid4(), at, UserEmailVerified(user_id=user_id, verified_at=at))


async def where(database):
    """In which partition each user's fact lies."""
    async with database.transaction() as session:
        rows = await session.execute(
            text("SELECT user_id, tableoid::regclass::text FROM courses_useractivity")
        )
        return {row[0]: row[1] for row in rows}


def test_a_year_ends():
    assert partitions.month_after(date(2026, 12, 1)) == date(2027, 1, 1)
    assert partitions.month_after(date(2026, 1, 1)) == date(2026, 2, 1)
    assert partitions.name_of(date(2027, 1, 1)) == "courses_useractivity_y2027m01"


async def test_what_lies_outside_is_kept_in_the_default_partition(database):
    async with database.transaction() as session:
        old = verified(1, datetime(1999, 12, 31, 23, 59, tzinfo=UTC))
        far = verified(2, datetime(2093, 6, 1, tzinfo=UTC))
        assert len(await service.record(session, [old, far])) == 2
    assert set((await where(database)).values()) == {partitions.DEFAULT}


async def test_a_new_partition_takes_its_facts_from_the_default_one(database):
    then = datetime(2092, 12, 15, tzinfo=UTC)
    async with database.transaction() as session:
        first = datetime(2093, 1, 1, tzinfo=UTC)
        facts = [
            verified(1, datetime(2092, 12, 31, 23, 59, 59, 999999, tzinfo=UTC)),
            verified(2, first),
            verified(3, datetime(2093, 3, 1, tzinfo=UTC)),
        ]
        await service.record(session, facts)
    async with database.transaction() as session:
        made = await partitions.make_ahead(session, then, 2)
    assert made == [f"courses_useractivity_{month}" for month in ("y2092m12", "y2093m01", "y2093m02")]
    assert await where(database) == {1: made[0], 2: made[1], 3: partitions.DEFAULT}
    async with database.transaction() as session:
        assert await service.record(session, facts) == []  # still known by their ids
        assert len(await service.record(session, [verified(4, first)])) == 1  # ids go on being drawn
        assert await partitions.make_ahead(session, then, 2) == []
        ids = (await session.scalars(text("SELECT id FROM courses_useractivity"))).all()
    assert len(set(ids)) == 4


async def test_two_workers_make_them_once(database):
    async def make():
        async with database.transaction() as session:
            return await partitions.make_ahead(session, datetime(2094, 1, 1, tzinfo=UTC), 1)

    one, other = await asyncio.gather(make(), make())
    assert sorted(one + other) == ["courses_useractivity_y2094m01", "courses_useractivity_y2094m02"]


async def test_a_partition_can_be_detached_without_changing_a_statistic(database, fold_in, tables_of):
    from analytics_story.simulator import Story

    facts = Story(3, steps=60).facts
    await fold_in(database, facts, NOW)
    before = await tables_of(database)
    async with database.transaction() as session:
        await session.execute(
            text("ALTER TABLE courses_useractivity DETACH PARTITION courses_useractivity_default")
        )
    assert await tables_of(database) == before
