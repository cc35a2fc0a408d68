"""The words of a catalogue that is there already are counted exactly, while people are at work on it."""

import asyncio
import random

import asyncpg
import pytest
from chassis.testing import migrate

NOTES = ["brass", "looms", "leaves", "flowers", "numbers", "weaving"]
COURSES = 400
NEW = "INSERT INTO courses_course (slug, title, skills, category_id, created_by_id, is_published)"
SHELF = """
SELECT 'course-' || n, 'Brass ' || n % 7 || ' looms of the ' || chr(97 + n % 26) || 'eavers', '["weaving"]',
       (SELECT min(id) FROM courses_category), 3, n % 5 > 0
FROM generate_series(1, {many}) AS n
"""
COUNTED_ANEW = """
SELECT word, count(*) FROM courses_course, catalog_words_of(title, skills) AS word WHERE is_published GROUP BY word
"""
# What the worker will have made of it when it has added up what is noted.
COUNTED = """
SELECT word, sum(courses) FROM (
    SELECT word, courses FROM catalog_vocabulary UNION ALL SELECT word, change FROM catalog_word_change
) AS known GROUP BY word HAVING sum(courses) <> 0
"""
ASKED_FOR = "SELECT pg_advisory_xact_lock(hashtextextended('catalog.vocabulary', 0))"
WAITS = "SELECT EXISTS (SELECT FROM pg_locks WHERE locktype = 'advisory' AND NOT granted AND database = $1)"


@pytest.fixture
async def url(templates):
    """Of a catalogue as it was before, with courses."""
    url = await templates.empty()
    await asyncio.to_thread(migrate, "catalog", url, "upgrade", "mirror_assessments")
    connection = await asyncpg.connect(url)
    await connection.execute("INSERT INTO courses_category (name, slug) VALUES ('Arts', 'arts')")
    await connection.execute(NEW + SHELF.format(many=COURSES))
    await connection.close()
    yield url
    await templates.drop(url)


@pytest.fixture
async def connect(url):
    opened = []

    async def connect():
        connection = await asyncpg.connect(url)
        opened.append(connection)
        # A writer that is held off does not wait for long.
        await connection.execute("SET lock_timeout = '500ms'")
        return connection

    yield connect
    for connection in opened:
        await connection.close()


@pytest.fixture
def exact(connect):
    """`await exact()`: the words are those of the courses, and some."""

    async def hold():
        connection = await connect()
        counted = dict(await connection.fetch(COUNTED))
        assert len(counted) > 10
        assert counted == dict(await connection.fetch(COUNTED_ANEW))

    return hold


class BetterThoughtOf(Exception):
    """Who writes takes it all back."""


async def write(connection, draw):
    """One of the ways in which a course changes."""
    one = draw.randrange(1, COURSES + 1)
    title = " ".join(draw.sample(NOTES, 3))
    what = draw.choice(
        [
            f"UPDATE courses_course SET title = '{title}' WHERE id = {one}",
            f"UPDATE courses_course SET is_published = NOT is_published WHERE id = {one}",
            f"UPDATE courses_course SET skills = '[\"{title}\"]', view_count = 1 WHERE id % 90 = {one % 90}",
            f"DELETE FROM courses_course WHERE id = {one}",
            f"{NEW} SELECT gen_random_uuid()::text, '{title}', '[]', min(id), 3, true FROM courses_category",
        ]
    )
    await connection.execute(what)


async def is_waiting(connection, migration):
    database = await connection.fetchval("SELECT oid FROM pg_database WHERE datname = current_database()")
    while not await connection.fetchval(WAITS, database):
        assert not migration.done(), "it asks nobody whether it may count"
        await asyncio.sleep(0.02)


async def test_what_is_written_before_and_after_the_words_are_read_counts_once(url, connect, exact):
    worker, writer, late = [await connect() for _ in range(3)]
    draw = random.Random(1)
    async with worker.transaction():
        await worker.execute(ASKED_FOR)
        migration = asyncio.create_task(asyncio.to_thread(migrate, "catalog", url, "upgrade", "know_words"))
        # The triggers are at work; the words are not read yet, for somebody seems to count.
        await is_waiting(worker, migration)
        for _ in range(60):
            await write(writer, draw)
        unfinished = late.transaction()
        await unfinished.start()
        await late.execute("UPDATE courses_course SET title = 'Iron bands' WHERE id < 9")
    # It waits for nobody who is at work.
    await migration
    await unfinished.commit()
    for _ in range(50):
        await write(writer, draw)
    await exact()


async def test_people_write_all_the_while(url, connect, exact):
    at_work = True

    async def go_on(seed):
        connection, draw, written = await connect(), random.Random(seed), 0
        while at_work:
            try:
                async with connection.transaction():
                    for _ in range(draw.randrange(1, 4)):
                        await write(connection, draw)
                    if draw.random() < 0.2:
                        raise BetterThoughtOf
            except (asyncpg.DeadlockDetectedError, asyncpg.LockNotAvailableError, BetterThoughtOf):
                # What writers do to one another.
                continue
            written += 1
            await asyncio.sleep(0.001)
        return written

    writers = [asyncio.create_task(go_on(seed)) for seed in range(4)]
    try:
        await asyncio.to_thread(migrate, "catalog", url, "upgrade", "know_words")
    finally:
        at_work = False
        written = await asyncio.gather(*writers)
    assert min(written) > 10
    await exact()


async def test_a_fill_that_failed_is_done_again(url, connect, exact):
    worker, writer = await connect(), await connect()
    draw = random.Random(2)
    async with worker.transaction():
        await worker.execute(ASKED_FOR)
        with pytest.raises(AssertionError, match="lock timeout"):
            await asyncio.to_thread(migrate, "catalog", url, "upgrade", "know_words")
    for _ in range(50):
        await write(writer, draw)
    # As if it had failed after it had counted; the worker has counted meanwhile.
    await worker.execute("INSERT INTO catalog_vocabulary VALUES ('brass', 7), ('gone', 1)")
    await asyncio.to_thread(migrate, "catalog", url, "upgrade", "know_words")
    await exact()
