"""The worker settles prices when a discount has ended, and rests until then."""

from datetime import UTC, datetime, timedelta

import pytest
from catalog import worker
from catalog.courses.models import Course
from sqlalchemy import select, text, update

SETTLED = """
INSERT INTO courses_course (slug, title, category_id, created_by_id, price, price_now, discount_price, discount_ends)
SELECT 'settled-' || n, 'Sold', (SELECT min(id) FROM courses_category), 3, 40, 40, 5, now() - n * interval '1 minute'
FROM generate_series(1, 3000) AS n
"""


@pytest.fixture
def job(settings):
    (found,) = [one for one in worker.jobs(settings) if one.name == "settle_prices"]
    return found


@pytest.fixture
def is_due(job, database):
    """`await is_due()`: the worker's own question, with its way to the answer."""

    async def ask():
        async with database.transaction() as session:
            return await session.scalar(select(job.due.exists()))

    return ask


async def _set(database, course_id, **values):
    async with database.transaction() as session:
        await session.execute(update(Course).where(Course.id == course_id).values(**values))


async def test_the_worker_can_tell_whether_there_is_a_price_to_settle(studio, database, job, is_due):
    assert not await is_due()
    soon = datetime.now(UTC) + timedelta(hours=1)
    past = datetime.now(UTC) - timedelta(seconds=1)
    given = {"price": "40.00", "discount_price": "5.00"}
    sold = await studio.published("Sold off", **given, discount_ends=soon.isoformat())
    await studio.published("Always cheap", **given)
    assert not await is_due(), "it goes on"
    await _set(database, sold.id, discount_ends=past)
    assert await is_due()
    await job.work(database)
    assert not await is_due()
    # Not of what is published alone: a draft has its place in its author's list.
    draft = await studio.course("A draft", **given, discount_ends=soon.isoformat())
    await _set(database, draft.id, discount_ends=past)
    assert await is_due()
    await job.work(database)
    assert not await is_due()


async def test_it_looks_at_one_row_however_many_discounts_have_ended(studio, database, job):
    async with database.transaction() as session:
        await session.execute(text(SETTLED))
    async with database.transaction() as session:
        await session.execute(text("ANALYZE courses_course"))
        asked = str(select(job.due.exists()).compile(database.engine, compile_kwargs={"literal_binds": True}))
        plan = "\n".join(await session.scalars(text(f"EXPLAIN {asked}")))
    assert "ix_courses_course_discounted" in plan
    assert "Seq Scan" not in plan
