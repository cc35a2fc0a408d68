"""Courses that were there before are found afterwards, also those that were just being written."""

import asyncio

import asyncpg
import pytest
from chassis.testing import migrate

RIGHT = """
SELECT course.id, course.title FROM courses_course AS course
LEFT JOIN catalog_found AS found ON found.course_id = course.id
LEFT JOIN catalog_listing AS listing ON listing.course_id = course.id
WHERE course.parent_version_id IS NULL AND (
    found.words IS DISTINCT FROM catalog_search_words(title, skills, description, course.language)
    OR (found.enrolled_students_count, found.avg_rating, found.is_published)
        IS DISTINCT FROM (course.enrolled_students_count, course.avg_rating, course.is_published)
    OR listing.enrolled_students_count IS DISTINCT FROM course.enrolled_students_count)
"""
BY_PHRASE = """
SELECT course_id FROM catalog_found
WHERE words @@ (phraseto_tsquery('english', $1) && catalog_phrase_pairs('english', ARRAY[$1]))
"""


@pytest.fixture
async def written(studio, settings, app):
    """A connection to a database of some courses, with nobody else there: who is has plans of tables that change."""
    for title in ("Brass looms", "Cards and wheels", "Numbers"):
        await studio.published(title)
    await app.state.database.close()
    url = str(settings.database_url).replace("+asyncpg", "")
    connection = await asyncpg.connect(url)
    yield connection, url
    await connection.close()


async def _waits(connection):
    waiting = (
        "SELECT EXISTS (SELECT FROM pg_locks WHERE NOT granted AND relation = 'courses_course'::regclass)"
    )
    for _ in range(200):
        if await connection.fetchval(waiting):
            return
        await asyncio.sleep(0.05)
    raise AssertionError("nobody waits for who was at it before")


async def test_what_is_just_being_written_is_waited_for(written):
    connection, url = written
    await asyncio.to_thread(migrate, "catalog", url, "downgrade", "list_courses")
    assert await connection.fetchval("SELECT to_regclass('catalog_found')") is None
    unpaired = "SELECT bool_and(words @@ 'brass & !''='':*') FROM catalog_listing"
    assert await connection.fetchval(unpaired)
    async with connection.transaction():
        await connection.execute(
            "UPDATE courses_course SET title = 'Copper looms' WHERE title = 'Brass looms'"
        )
        upgrade = asyncio.create_task(asyncio.to_thread(migrate, "catalog", url, "upgrade", "head"))
        await _waits(connection)
    await upgrade
    assert await connection.fetch(RIGHT) == []
    assert len(await connection.fetch(BY_PHRASE, "copper loom")) == 1
    assert len(await connection.fetch(BY_PHRASE, "brass loom")) == 0


async def test_of_two_at_once_the_second_finds_it_done(written):
    connection, url = written
    await asyncio.to_thread(migrate, "catalog", url, "downgrade", "list_courses")
    async with connection.transaction():
        await connection.execute("UPDATE courses_course SET title = 'Copper looms' WHERE title = 'Numbers'")
        both = [asyncio.create_task(asyncio.to_thread(migrate, "catalog", url)) for _ in range(2)]
        await _waits(connection)
        # The other has come by then, or comes when the first is about to be done.
        await asyncio.sleep(1)
    await asyncio.gather(*both)
    await connection.execute("UPDATE courses_course SET title = 'Iron looms' WHERE title = 'Copper looms'")
    assert await connection.fetch(RIGHT) == []
    assert len(await connection.fetch(BY_PHRASE, "iron loom")) == 1


async def test_there_and_back(written):
    connection, url = written
    await connection.execute("UPDATE courses_course SET enrolled_students_count = 70 WHERE title = 'Numbers'")
    assert await connection.fetch(RIGHT) == []
    for _ in range(2):
        await asyncio.to_thread(migrate, "catalog", url, "downgrade", "list_courses")
        await connection.execute(
            "UPDATE courses_course SET enrolled_students_count = enrolled_students_count + 1"
        )
        await asyncio.to_thread(migrate, "catalog", url, "upgrade", "head")
        assert await connection.fetch(RIGHT) == []
    assert await connection.fetchval("SELECT max(enrolled_students_count) FROM catalog_found") == 72
