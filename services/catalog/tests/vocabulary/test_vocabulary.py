"""The words of what is published, counted exactly whatever happens to courses."""

import asyncio

import asyncpg
import pytest
from catalog.categories.models import Category
from catalog.courses.models import Course
from catalog.vocabulary import queries, service
from catalog.vocabulary.models import KnownWord, WordChange
from sqlalchemy import delete, func, insert, select, text, update

COUNTED_ANEW = """
SELECT word, count(*) FROM courses_course, catalog_words_of(title, skills) AS word WHERE is_published GROUP BY word
"""


@pytest.fixture
def words(database):
    """`await words()`: every known word with the number of its courses, after the worker has counted; held to what the
    courses say."""

    async def read():
        await service.count(database)
        async with database.transaction() as session:
            counted = dict(
                (await session.execute(select(KnownWord.word, KnownWord.courses).order_by("word"))).all()
            )
            assert counted == dict((await session.execute(text(COUNTED_ANEW))).all())
            assert await session.scalar(select(func.count()).select_from(WordChange)) == 0
        return counted

    return read


async def test_published_courses_count(studio, words):
    course = await studio.outlined("Brass looms, a history", skills=["brass", "Weaving leaves"])
    assert await words() == {}, "a draft is no place to learn from"
    await studio.ask("POST", f"/courses/{course.id}/publish", headers=studio.author)
    known = {"brass": 1, "looms": 1, "history": 1, "weaving": 1, "leaves": 1}
    assert await words() == known
    await studio.published("Brass bands", subtitle="Nobody searches subtitles")
    assert await words() == {**known, "brass": 2, "bands": 1}


async def test_what_nobody_mistypes_does_not_count(studio, words):
    long = "x" * 40
    await studio.published(f"Go to C++ or python3, node.js, a@b.org {long} end-to-end 1843", skills=["SQL"])
    assert await words() == {"end": 1, "sql": 1}


async def test_an_edited_course_counts_by_what_it_is_now(studio, words):
    course = await studio.published("Brass looms", skills=["weaving"])
    path, author = f"/courses/{course.id}", studio.author
    await studio.ask("PATCH", path, headers=author, json={"title": "Brass bands"})
    assert await words() == {"brass": 1, "bands": 1, "weaving": 1}
    await studio.ask("PATCH", path, headers=author, json={"skills": ["Brass", "playing"]})
    assert await words() == {"brass": 1, "bands": 1, "playing": 1}
    await studio.ask("PATCH", path, headers=author, json={"description": "Another one. " * 20})
    await studio.ask("POST", f"{path}/unpublish", headers=author)
    assert await words() == {}
    await studio.ask("PATCH", path, headers=author, json={"title": "Tin bands"})
    assert await words() == {}
    await studio.ask("POST", f"{path}/publish", headers=author)
    assert await words() == {"tin": 1, "bands": 1, "brass": 1, "playing": 1}
    await studio.ask("DELETE", path, headers=author, expect=204)
    assert await words() == {}


async def test_a_version_counts_from_when_it_is_published(studio, words):
    course = await studio.published("Brass looms")
    draft = await studio.ask("POST", f"/courses/{course.id}/versions", headers=studio.author, expect=201)
    await studio.ask("PATCH", f"/courses/{draft['id']}", headers=studio.author, json={"title": "Iron looms"})
    assert await words() == {"brass": 1, "looms": 1}
    await studio.ask("POST", f"/courses/{draft['id']}/publish", headers=studio.author)
    assert await words() == {"iron": 1, "looms": 1}
    history = await studio.ask("GET", f"/courses/{course.id}/versions", headers=studio.author)
    (first,) = [each["id"] for each in history["items"] if each["version"] == "1.0"]
    await studio.ask("POST", f"/courses/{course.id}/versions/{first}/restore", headers=studio.author)
    assert await words() == {"brass": 1, "looms": 1}


async def test_a_category_takes_the_words_of_its_courses_along(studio, words, database):
    arts = await studio.category("Arts")
    await studio.published("Brass looms")
    await studio.published("Brass bands", category_id=arts)
    assert await words() == {"brass": 2, "looms": 1, "bands": 1}
    async with database.transaction() as session:
        await session.execute(delete(Category).where(Category.id == arts))
    assert await words() == {"brass": 1, "looms": 1}


async def test_what_is_rolled_back_was_never_there(studio, words, database):
    course = await studio.published("Brass looms")
    async with database.session() as session:
        await session.execute(update(Course).where(Course.id == course.id).values(title="Iron bands"))
        assert await session.scalar(select(func.count()).select_from(WordChange)) > 0
        await session.rollback()
    assert await words() == {"brass": 1, "looms": 1}


async def test_courses_published_and_counted_at_once(studio, words, database):
    courses = [
        await studio.outlined("Brass looms", skills=[f"skill {name}"]) for name in ["one", "two", "red"]
    ]

    async def publish(course):
        await studio.ask("POST", f"/courses/{course.id}/publish", headers=studio.author)

    await asyncio.gather(*map(publish, courses), *(service.count(database) for _ in range(4)))
    assert await words() == {"brass": 3, "looms": 3, "skill": 3, "one": 1, "two": 1, "red": 1}

    async def unpublish(course):
        await studio.ask("POST", f"/courses/{course.id}/unpublish", headers=studio.author)

    await asyncio.gather(*map(unpublish, courses), *(service.count(database) for _ in range(4)))
    assert await words() == {}


async def test_who_publishes_the_same_words_does_not_wait(studio, database):
    one, other = [await studio.outlined("Brass looms") for _ in range(2)]
    async with database.transaction() as first:
        await first.execute(update(Course).where(Course.id == one.id).values(is_published=True))
        async with database.transaction() as second:
            await second.execute(text("SET LOCAL lock_timeout = '100ms'"))
            await second.execute(update(Course).where(Course.id == other.id).values(is_published=True))
        await service.count(database)
    async with database.transaction() as session:
        counted = dict((await session.execute(select(KnownWord.word, KnownWord.courses))).all())
    assert counted == {"brass": 1, "looms": 1}, "the first of them had not committed when it was counted"
    await service.count(database)
    async with database.transaction() as session:
        assert set(await session.scalars(select(KnownWord.courses))) == {2}


async def test_a_shelf_at_once_adds_each_word_up_once(studio, words, database):
    category = (await studio.ask("GET", "/categories"))["items"][0]["id"]
    async with database.transaction() as session:
        await session.execute(
            insert(Course).from_select(
                ["slug", "title", "category_id", "created_by_id", "is_published"],
                select(
                    func.concat("s", text("n")),
                    func.concat("Brass ", text("CASE n % 2 WHEN 1 THEN 'looms' ELSE 'bands' END")),
                    text(f"{category}, 3, n < 90"),
                ).select_from(text("generate_series(0, 99) AS n")),
            )
        )
        changes = (await session.execute(select(WordChange.word, WordChange.change))).all()
    assert sorted(changes) == [("bands", 45), ("brass", 90), ("looms", 45)]
    assert await words() == {"bands": 45, "brass": 90, "looms": 45}


async def test_more_changes_than_are_counted_at_once(studio, words, monkeypatch):
    monkeypatch.setattr(service, "COUNTED_AT_ONCE", 3)
    for number in range(3):
        course = await studio.published("Brass looms leaves flowers", skills=[f"skill{number}"])
    await studio.ask("POST", f"/courses/{course.id}/unpublish", headers=studio.author)
    assert await words() == {"brass": 2, "looms": 2, "leaves": 2, "flowers": 2}


async def test_the_worker_is_woken_by_words_alone(studio, database):
    told = asyncio.Queue()
    url = database.engine.url.set(drivername="postgresql").render_as_string(hide_password=False)
    listener = await asyncpg.connect(url)
    await listener.add_listener(service.CHANNEL, lambda *_: told.put_nowait("woken"))
    course = await studio.outlined("Brass looms")
    await studio.ask("POST", f"/courses/{course.id}/publish", headers=studio.author)
    assert await asyncio.wait_for(told.get(), 10) == "woken"
    async with database.transaction() as session:
        await session.execute(update(Course).where(Course.id == course.id).values(view_count=9))
        await session.execute(text("NOTIFY lyceum_words, 'last'"))
    assert await asyncio.wait_for(told.get(), 10) == "woken"
    await listener.close()
    assert told.empty(), "views are no words"


async def test_counters_leave_no_word_to_count(studio, words, database):
    course = await studio.published("Brass looms")
    await words()
    async with database.transaction() as session:
        await session.execute(
            update(Course).where(Course.id == course.id).values(view_count=9, enrolled_students_count=4)
        )
        await session.execute(update(Course).where(Course.id == course.id).values(title="Brass looms"))
        assert await session.scalar(select(func.count()).select_from(WordChange)) == 0


async def test_counting_goes_on_where_somebody_emptied_the_table(studio, database):
    course = await studio.published("Brass looms")
    await service.count(database)
    async with database.transaction() as session:
        await session.execute(delete(KnownWord).where(KnownWord.word == "brass"))
        await session.execute(update(KnownWord).values(courses=7))
    await studio.ask("POST", f"/courses/{course.id}/unpublish", headers=studio.author)
    await service.count(database)
    async with database.transaction() as session:
        assert (await session.execute(select(KnownWord.word, KnownWord.courses))).all() == [("looms", 6)]
        assert await session.scalar(select(func.count()).select_from(WordChange)) == 0


async def test_counters_do_not_even_ask_about_words(studio, database):
    """A course is looked at and enrolled in a thousand times as often as it is renamed."""
    course = await studio.published("Brass looms")

    async def fired(**given):
        sets = ", ".join(f"{name} = {value}" for name, value in given.items())
        statement = f"EXPLAIN (ANALYZE, FORMAT JSON) UPDATE courses_course SET {sets} WHERE id = {course.id}"
        async with database.transaction() as session:
            [plan] = await session.scalar(text(statement))
        return {
            one["Trigger Name"]: one["Calls"] for one in plan["Triggers"] if "words" in one["Trigger Name"]
        }

    assert not any((await fired(view_count=9, last_accessed="now()", enrolled_students_count=4)).values())
    assert not any((await fired(avg_rating=4, total_reviews=1)).values())
    # An edit of something else writes the title as it was.
    assert not any((await fired(title="'Brass looms'", subtitle="'Weaving'")).values())
    assert await fired(title="'Brass bands'") == {"courses_course_changes_words": 1}


async def test_the_oldest_changes_are_counted_first(studio, database, monkeypatch):
    monkeypatch.setattr(service, "COUNTED_AT_ONCE", 1)
    async with database.transaction() as session:
        # On the disk they stand in any order, as whoever vacuums leaves them.
        for number, change in ((12, -1), (11, 1)):
            await session.execute(
                text(
                    "INSERT INTO catalog_word_change OVERRIDING SYSTEM VALUE VALUES (:id, 'brass', :change)"
                ),
                {"id": number, "change": change},
            )
    await service.count(database)
    async with database.transaction() as session:
        assert (await session.execute(select(KnownWord.word, KnownWord.courses))).all() == []


async def test_one_worker_counts_at_a_time(studio, database):
    await studio.published("Brass looms")
    async with database.transaction() as other:
        assert await queries.is_alone(other)
        await service.count(database)
        await service.index(database)
        assert await other.scalar(select(func.count()).select_from(KnownWord)) == 0
    await service.count(database)
    async with database.transaction() as session:
        assert set(await session.scalars(select(KnownWord.word))) == {"brass", "looms"}


async def test_the_worker_can_tell_whether_there_are_words_to_count(studio, database):
    async def is_due():
        async with database.transaction() as session:
            return await session.scalar(select(service.UNCOUNTED.exists()))

    assert not await is_due()
    await studio.published("Brass looms")
    assert await is_due()
    await service.count(database)
    assert not await is_due()
