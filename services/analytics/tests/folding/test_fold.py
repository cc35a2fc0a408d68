"""The fold is commutative, and right: in order, shuffled, doubled, in any batches, again from the beginning, it
makes the same tables, and these are what the definitions say."""

import asyncio
import json
from datetime import timedelta
from decimal import Decimal
from random import Random
from uuid import UUID

import pytest
from analytics.facts.rules import Fact
from analytics.folding import service as folding
from analytics_story.oracle import Oracle
from analytics_story.simulator import NOW, Story
from contracts.learning import EnrollmentCreated
from sqlalchemy import text

SEEDS = [1, 2, 3]


def batches(facts, random, *, largest):
    """The facts in order, cut anywhere."""
    rest = list(facts)
    while rest:
        size = random.randint(1, largest)
        yield rest[:size]
        rest = rest[size:]


def expected(oracle):
    """The oracle's numbers in the shape in which `tables_of` reads the tables."""
    people = oracle.instructors()
    return {
        "users": oracle.users(),
        "courses": oracle.courses(),
        "platform": {1: oracle.platform()},
        "instructors": {
            u: only(n, "courses_created", "total_students", "average_rating") for u, n in people.items()
        },
        "profiles": {
            p: {k: v for k, v in people[u].items() if k != "courses_created"}
            for p, u in oracle.profiles().items()
        },
    }


def only(numbers, *names):
    return {name: numbers[name] for name in names}


def without(numbers, name):
    return {column: number for column, number in numbers.items() if column != name}


def assert_right(tables, oracle):
    told = expected(oracle)
    for name, rows in told.items():
        assert tables[name].keys() == rows.keys(), name
        for key, numbers in rows.items():
            found = dict(tables[name][key])
            for column in ("learning_habits", "assessment_stats", "revenue_data"):
                if column in found:
                    found[column] = json.loads(found[column])
            found = {column: found[column] for column in numbers}
            if name in ("users", "instructors"):
                found = {c: float(v) if c.startswith("average") else v for c, v in found.items()}
                numbers = {c: float(v) if c.startswith("average") else v for c, v in numbers.items()}
            assert found == numbers, f"{name} {key}"
    assert all(row["agree"] for row in tables["users"].values())


@pytest.mark.parametrize("seed", SEEDS)
async def test_any_order_any_batches_and_twice_make_the_same_and_the_right_tables(
    seed, database, new_database, fold_in, tables_of, state_of
):
    facts, random = Story(seed).facts, Random(seed)
    await fold_in(database, facts, NOW)
    tables, state = await tables_of(database), await state_of(database)
    assert len(tables["users"]) > 8
    assert len(tables["courses"]) > 3
    assert_right(tables, Oracle(facts, NOW))

    in_small_steps = await new_database()
    for batch in batches(facts, random, largest=150):
        await fold_in(in_small_steps, batch, NOW)
    assert await tables_of(in_small_steps) == tables
    assert await state_of(in_small_steps) == state

    shuffled = await new_database()
    twice = [*facts, *random.sample(facts, len(facts) // 3)]
    random.shuffle(twice)
    for batch in batches(twice, random, largest=120):
        await fold_in(shuffled, batch, NOW)
    assert await tables_of(shuffled) == tables
    assert await state_of(shuffled) == state


@pytest.mark.parametrize("seed", SEEDS[:2])
async def test_a_rebuild_makes_the_same_tables(seed, database, fold_in, tables_of, state_of):
    facts, random = Story(seed).facts, Random(seed)
    for batch in batches(facts, random, largest=200):
        await fold_in(database, batch, NOW)
    tables, state = await tables_of(database), await state_of(database)
    async with database.transaction() as session:
        assert await folding.rebuild(session, NOW, 97) > 300
    assert await tables_of(database) == tables
    assert await state_of(database) == state


@pytest.mark.parametrize("seed", SEEDS[:2])
async def test_after_every_batch_the_numbers_are_right(seed, database, fold_in, tables_of):
    """Not only at the end: whatever part of the facts has come, in whatever order, is counted rightly."""
    # Without erasures: until one is known, owners' events speak of the same person under two ids.
    facts, random = Story(seed, steps=200, erasures=False).facts, Random(seed)
    random.shuffle(facts)
    seen = []
    for batch in batches(facts, random, largest=90):
        seen += batch
        await fold_in(database, batch, NOW)
        assert_right(await tables_of(database), Oracle(seen, NOW))
    assert len(seen) > 200


@pytest.mark.parametrize("seed", SEEDS[:2])
async def test_decay_brings_the_numbers_up_to_the_hour(seed, database, fold_in, tables_of):
    facts = Story(seed).facts
    await fold_in(database, facts, NOW)
    changed = 0
    for later in (timedelta(hours=9), timedelta(days=1), timedelta(days=12), timedelta(days=45)):
        before = await tables_of(database)
        async with database.transaction() as session:
            await folding.decay(session, NOW + later)
        tables = await tables_of(database)
        assert_right(tables, Oracle(facts, NOW + later))
        changed += tables != before
    assert changed >= 2


async def test_two_workers_fold_beside_each_other(database, fold_in, tables_of):
    """Two replicas with halves of the same story, at once: nothing is lost between them, and nobody deadlocks."""
    facts = Story(7, steps=300, erasures=False).facts
    halves = [facts[0::2], facts[1::2]]

    async def work(half):
        for start in range(0, len(half), 25):
            await fold_in(database, half[start : start + 25], NOW)

    await asyncio.gather(*(work(half) for half in halves))
    assert_right(await tables_of(database), Oracle(facts, NOW))


async def test_an_event_costs_the_same_in_a_large_course(database, fold_in):
    """What one more enrollment reads and writes does not grow with those who are there already."""
    story = Story(8, steps=300, erasures=False)
    await fold_in(database, story.facts, NOW)
    small = await touched_by_one_more(database, fold_in, user_id=900_001)
    crowd = [enrolled(user_id) for user_id in range(1_000, 1_600)]
    await fold_in(database, crowd, NOW)
    large = await touched_by_one_more(database, fold_in, user_id=900_002)
    # The planner reads a table of a page or two whole, or by its index: a few rows more or less mean nothing.
    grown = {name: count for name, count in large.items() if count > small.get(name, 0) + len(crowd) // 20}
    assert grown == {}


def enrolled(user_id):
    event = EnrollmentCreated(
        enrollment_id=user_id,
        user_id=user_id,
        course_id=1,
        price_paid=Decimal("0.00"),
        currency="EUR",
        payment_id=None,
        enrolled_at=NOW,
        reactivated=False,
        version=1,
    )
    return Fact(UUID(int=user_id), NOW, event)


TOUCHED = text(
    "SELECT relname, pg_stat_get_xact_tuples_inserted(oid) + pg_stat_get_xact_tuples_updated(oid) "
    "+ pg_stat_get_xact_tuples_deleted(oid) + pg_stat_get_xact_tuples_returned(oid) "
    "FROM pg_class WHERE relkind IN ('r', 'i') AND relnamespace = 'public'::regnamespace"
)


async def touched_by_one_more(database, fold_in, *, user_id):
    """How many rows and index entries one enrollment reads and writes, by table and index."""
    async with database.transaction() as session:
        before = {row[0]: row[1] for row in await session.execute(TOUCHED)}
        await folding.take_in(session, [enrolled(user_id)], NOW)
        after = {row[0]: row[1] for row in await session.execute(TOUCHED)}
    return {
        name: count - before.get(name, 0) for name, count in after.items() if count != before.get(name, 0)
    }
