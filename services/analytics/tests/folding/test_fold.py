"""The fold is commutative, and right: in order, shuffled, doubled, in any batches, again from the beginning, it
makes the same tables, and these are what the definitions say."""

import json
from datetime import timedelta
from random import Random

import pytest
from analytics.folding import service as folding
from analytics_story.oracle import Oracle
from analytics_story.simulator import NOW, Story

SEEDS = [1, 2, 3, 4, 5, 6]


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
async def test_in_one_batch_the_numbers_are_what_the_definitions_say(seed, database, fold_in, tables_of):
    facts = Story(seed).facts
    await fold_in(database, facts, NOW)
    tables = await tables_of(database)
    assert len(tables["users"]) > 8
    assert len(tables["courses"]) > 3
    assert_right(tables, Oracle(facts, NOW))


@pytest.mark.parametrize("seed", SEEDS)
async def test_any_order_any_batches_and_twice_make_the_same_tables(
    seed, database, new_database, fold_in, tables_of, state_of
):
    facts, random = Story(seed).facts, Random(seed)
    await fold_in(database, facts, NOW)
    tables, state = await tables_of(database), await state_of(database)

    in_small_steps = await new_database()
    for batch in batches(facts, random, largest=40):
        await fold_in(in_small_steps, batch, NOW)
    assert await tables_of(in_small_steps) == tables
    assert await state_of(in_small_steps) == state

    shuffled = await new_database()
    twice = [*facts, *random.sample(facts, len(facts) // 3)]
    random.shuffle(twice)
    for batch in batches(twice, random, largest=60):
        await fold_in(shuffled, batch, NOW)
    assert await tables_of(shuffled) == tables
    assert await state_of(shuffled) == state


@pytest.mark.parametrize("seed", SEEDS[:3])
async def test_a_rebuild_makes_the_same_tables(seed, database, fold_in, tables_of, state_of):
    facts, random = Story(seed).facts, Random(seed)
    for batch in batches(facts, random, largest=200):
        await fold_in(database, batch, NOW)
    tables, state = await tables_of(database), await state_of(database)
    async with database.transaction() as session:
        assert await folding.rebuild(session, NOW, 97) > 300
    assert await tables_of(database) == tables
    assert await state_of(database) == state


@pytest.mark.parametrize("seed", SEEDS[:3])
async def test_after_every_batch_the_numbers_are_right(seed, database, fold_in, tables_of):
    """Not only at the end: whatever part of the facts has come, in whatever order, it is counted rightly."""
    facts, random = Story(seed, steps=120).facts, Random(seed)
    random.shuffle(facts)
    seen = []
    for batch in batches(facts, random, largest=80):
        seen += batch
        await fold_in(database, batch, NOW)
        oracle = Oracle(seen, NOW)
        found = (await tables_of(database))["platform"].get(1, {})
        for name, number in oracle.platform().items():
            assert found.get(name, 0) == number, name


@pytest.mark.parametrize("seed", SEEDS[:3])
@pytest.mark.parametrize(
    "later", [timedelta(hours=9), timedelta(days=1), timedelta(days=12), timedelta(days=45)]
)
async def test_decay_brings_the_numbers_up_to_the_hour(seed, later, database, fold_in, tables_of):
    facts = Story(seed).facts
    await fold_in(database, facts, NOW)
    before = await tables_of(database)
    async with database.transaction() as session:
        await folding.decay(session, NOW + later)
    tables = await tables_of(database)
    assert_right(tables, Oracle(facts, NOW + later))
    assert (tables != before) == (expected(Oracle(facts, NOW)) != expected(Oracle(facts, NOW + later)))
