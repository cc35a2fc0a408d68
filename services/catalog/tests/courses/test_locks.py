"""Who holds many courses at once."""

import asyncio
import random

from catalog.courses import locks
from sqlalchemy import event, text


async def _courses(database, many):
    """So many rows, and their ids."""
    made = text(
        "INSERT INTO courses_course (slug, title, category_id, price, created_by_id) "
        "SELECT 'held-' || n, 'Held', (SELECT min(id) FROM courses_category), 0, 3 "
        "FROM generate_series(1, :many) AS n RETURNING id"
    )
    async with database.transaction() as session:
        return sorted(await session.scalars(made, {"many": many}))


async def test_however_many_are_held_it_is_one_statement(studio, database):
    ids = await _courses(database, 60)
    said = []
    event.listen(
        database.engine.sync_engine, "before_cursor_execute", lambda *given: said.append((given[2], given[3]))
    )
    for many in (0, 1, 2, 17, 60):
        async with database.transaction() as session:
            wanted = [*random.Random(many).sample(ids, many), 2**62]
            assert await locks.lock_many(session, wanted) == sorted(wanted)[:-1], "those there are, by id"
    held = [(statement, given) for statement, given in said if "FOR NO KEY UPDATE" in statement]
    assert len(held) == 5
    # As the server gets it: each text is a statement that it prepares and plans, and keeps for the connection.
    assert len({statement for statement, _ in held}) == 1
    assert {len(given) for _, given in held} == {1}


async def test_two_who_want_the_same_courses_wait_and_never_for_each_other(studio, database):
    ids = await _courses(database, 40)
    at_work = set()

    async def hold(number):
        wanted = random.Random(number).sample(ids, 20)
        async with database.transaction() as session:
            held = await locks.lock_many(session, wanted)
            assert not at_work & set(held), "somebody else holds them"
            at_work.update(held)
            await asyncio.sleep(0)
            at_work.difference_update(held)

    await asyncio.gather(*(hold(number) for number in range(12)))
