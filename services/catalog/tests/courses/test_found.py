"""The rows that lists are found in, which the database keeps with the courses."""

from datetime import UTC, datetime
from decimal import Decimal

import pytest
from catalog.courses import listings, paging
from catalog.courses.languages import CONFIGURATIONS, configuration_of
from catalog.courses.models import Course
from sqlalchemy import delete, insert, text, update

from .conftest import BEGIN, SORTED, Shelf


async def test_one_more_student_is_no_matter_of_what_is_searched(studio, database, categories):
    """Written beside, not beneath the index of words: else each enrollment would write hundreds of its entries."""
    shelf = Shelf(studio, database, 4, categories)
    (course,) = await shelf.add(1, enrolled_students_count=70, avg_rating=Decimal("4.52"))
    written = text(
        "SELECT n_tup_upd, n_tup_hot_upd FROM pg_stat_xact_user_tables WHERE relname = 'catalog_found'"
    )

    async def write(**values):
        async with database.transaction() as session:
            before = (await session.execute(written)).one()
            await session.execute(update(Course).where(Course.id == course).values(**values))
            return tuple(
                now - then for now, then in zip((await session.execute(written)).one(), before, strict=True)
            )

    assert await write(enrolled_students_count=71) == (1, 1)
    assert await write(avg_rating=Decimal("4.58"), total_reviews=9) == (1, 1)
    assert await write(enrolled_students_count=256) == (1, 0), "on the next step"
    assert await write(description="Unheard of.") == (1, 0)


@pytest.mark.parametrize("table", ["catalog_listing", "catalog_found"])
async def test_a_row_that_is_missing_is_written_with_the_next_change(studio, database, categories, table):
    """As it is where somebody loaded courses with the triggers off, and forgot."""
    shelf = Shelf(studio, database, 8, categories)
    (course,) = await shelf.add(1, title="Brass", enrolled_students_count=3)
    async with database.transaction() as session:
        await session.execute(text(f"DELETE FROM {table}"))
    async with database.transaction() as session:
        await session.execute(update(Course).where(Course.id == course).values(enrolled_students_count=4))
    for query in ("?sort=popular", "?q=brass", "?q=brass&sort=popular"):
        (found,) = (await studio.ask("GET", f"/courses{query}"))["items"]
        assert (found["id"], found["enrolled_students_count"]) == (course, 4), query


async def test_the_database_reads_languages_as_the_service_does(database):
    async with database.transaction() as session:
        for language in (*CONFIGURATIONS, "xx", ""):
            read_as = text("SELECT catalog_search_configuration(:language)::text")
            assert await session.scalar(read_as, {"language": language}) == configuration_of(language)


async def test_a_listing_keeps_up_with_its_course(studio, database, categories, monkeypatch):
    """The row that is searched says what the course's own does, however that was written."""
    monkeypatch.setattr(paging, "NEAR", 1)
    monkeypatch.setattr(paging, "NEAR_WITH_WORDS", 1)
    shelf = Shelf(studio, database, 5, categories)
    (course,) = await shelf.add(
        1, title="Brass", description="loom", level="beginner", enrolled_students_count=3
    )
    await shelf.add(30, title="Cards", description="wheel", level="advanced", enrolled_students_count=9)

    async def found(query):
        return [one["id"] for one in (await studio.ask("GET", f"/courses?{query}"))["items"]]

    async def write(**values):
        async with database.transaction() as session:
            await session.execute(update(Course).where(Course.id == course).values(**values))

    assert await found("q=brass") == await found("level=beginner") == [course]
    await write(title="Copper", level="all_levels")
    assert (await found("q=brass"), await found("level=beginner")) == ([], [])
    assert await found("q=copper") == await found("level=all_levels") == [course]
    await write(language="de", description="Webst\u00fchle")
    assert await found("q=webstuhl&language=de") == [course]
    assert await found("q=webst\u00fchlen&language=de") == [course], (
        "what is looked for is read as German too"
    )
    assert await found("q=webst\u00fchlen") == []
    await write(skills=["Spinnerei"])
    assert await found("q=spinnerei") == [course]
    await write(language="en")
    assert await found("q=webstuhl") == [], "it is not read as German any more"
    await write(enrolled_students_count=70)
    assert (await found("sort=popular&limit=1"), await found("q=copper&sort=popular")) == ([course], [course])
    await write(is_published=False)
    assert await found("q=copper") == []
    await write(is_published=True)
    async with database.transaction() as session:
        await session.execute(delete(Course).where(Course.id == course))
    assert await found("q=copper") == []


async def test_steps_are_where_the_index_has_them(database, studio, categories):
    """A page begins on the step Python counts, among tags that PostgreSQL made."""
    values = {
        "popular": [0, 1, 3, 4, 15, 16, 255, 256, 1048575, 1048576, 2**31 - 1],
        "rating": [Decimal(tenth) / 100 for tenth in (0, 1, 9, 10, 399, 400, 449, 450, 499, 500)],
        "price": [Decimal(cents) / 100 for cents in (0, 1, 499, 500, 1999, 2000, 100000, 99999999)],
        "newest": [datetime(2026, 1, 1, tzinfo=UTC), datetime(2025, 12, 31, 23, 59, 59, tzinfo=UTC)],
    }
    shelf = Shelf(studio, database, 2, categories)
    tags = text(f"SELECT {listings.TAGS} FROM catalog_found WHERE course_id = :course")
    async with database.transaction() as session:
        await session.execute(text("SET LOCAL timezone = 'Pacific/Auckland'"))
        for sort, each in values.items():
            for value in each:
                row = shelf.row(**{paging.KEYS[sort][0]: value})
                course = await session.scalar(insert(Course).values(row).returning(Course.id))
                told = await session.scalar(tags, {"course": course})
                assert f"{sort}:{listings.step(sort, value)}" in told, (sort, value)


@pytest.mark.parametrize("sort", sorted(SORTED))
@pytest.mark.parametrize("far", [0, 1, 3, 7, 12, 40])
def test_the_tiers_of_an_order_are_every_step_once(sort, far):
    begin = listings.start(sort, None, BEGIN)
    first = min(begin + far, len(listings.PRICES)) if sort == "price" else max(begin - far, 0)
    tiers = listings.tiers(sort, first)
    # The months have no end; what is further back is looked for in all.
    assert (tiers[-1] == listings.EVERY) == (sort == "newest")
    tags = [tag for tier in tiers if tier != listings.EVERY for tag in tier.split(",")]
    steps = [int(tag.removeprefix(f"{sort}:")) for tag in tags]
    last = {"price": len(listings.PRICES), "newest": steps[-1]}.get(sort, 0)
    assert steps == list(range(first, last + 1) if sort == "price" else range(first, last - 1, -1))
