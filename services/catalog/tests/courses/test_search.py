"""Search: in the language of a course or word by word, and prices by the clock."""

from datetime import UTC, datetime, timedelta
from decimal import Decimal

import pytest
from catalog.courses import search_rules, service
from catalog.courses.models import Course
from sqlalchemy import select, update


async def titles(studio, query):
    return {course["title"] for course in (await studio.ask("GET", f"/courses{query}"))["items"]}


@pytest.mark.parametrize(
    ("q", "text", "excluded", "phrases"),
    [
        ("brass looms", "brass looms", (), ()),
        ("brass -looms", "brass", ("looms",), ()),
        ('"a -b" -"c d" e', '"a -b" e', ("c d",), ("a -b",)),
        ("nothing-like-it", "nothing-like-it", (), ()),
        ("brass or -looms", "brass", ("looms",), ()),
        ("-a OR b", "b", ("a",), ()),
        ('"a b" "c d"', '"a b" "c d"', (), ("a b", "c d")),
        ('"a b" Or c', '"a b" Or c', (), ()),
        ('"a b" or, c', '"a b" or, c', (), ()),
        ('"a b" OR\u20ac c', '"a b" OR\u20ac c', (), ()),
        ('"a b" org or-c', '"a b" org or-c', (), ("a b",)),
        ('c - "a b"', 'c - "a b"', (), ()),
        ('c (-"a b"', 'c (- "a b"', (), ()),
        ('c-d "a b"', 'c-d "a b"', (), ("a b",)),
        ('"a or b"', '"a or b"', (), ("a or b",)),
        ("--a", "", ("a",), ()),
        ("-", "-", (), ()),
        ('"open', "open", (), ()),
        ("", "", (), ()),
    ],
)
def test_what_is_looked_for_and_what_is_not(q, text, excluded, phrases):
    assert search_rules.parse(q) == search_rules.Wanted(text, excluded, phrases)


@pytest.fixture
async def languages(studio):
    await studio.published("Les chevaux sauvages", language="fr")
    await studio.published("Wild horses", language="en", skills=["riding"])
    await studio.published("量子 力学", language="ja")
    return studio


async def test_a_course_is_read_in_its_own_language(languages):
    expected = {
        "?q=cheval&language=fr": {"Les chevaux sauvages"},
        "?q=sauvage&language=fr": {"Les chevaux sauvages"},
        "?q=horse": {"Wild horses"},
        "?q=ride": {"Wild horses"},
        "?q=chevaux": {"Les chevaux sauvages"},
        "?q=horse or chevaux": {"Wild horses", "Les chevaux sauvages"},
        "?q=量子": {"量子 力学"},
        "?q=力学&language=ja": {"量子 力学"},
        "?q=horse -riding": set(),
        "?q=horse -rides": set(),
        "?q=horses -pony": {"Wild horses"},
        "?language=fr": {"Les chevaux sauvages"},
        "?language=xx": set(),
        "?q=horse&language=fr": set(),
    }
    wrong = {
        query: found for query in expected if (found := await titles(languages, query)) != expected[query]
    }
    assert not wrong


async def test_the_language_is_told_and_changed(languages):
    course = await languages.ask("GET", "/courses/wild-horses")
    assert course["language"] == "en"
    changed = await languages.ask(
        "PATCH", f"/courses/{course['id']}", headers=languages.author, json={"language": "de"}
    )
    assert changed["language"] == "de"
    assert await titles(languages, "?language=de") == {"Wild horses"}
    for wrong in ("english", "EN", "e", "1a", None):
        await languages.ask(
            "PATCH",
            f"/courses/{course['id']}",
            headers=languages.author,
            json={"language": wrong},
            expect=422,
        )
    await languages.ask("GET", "/courses?language=EN", expect=422)


async def test_a_discount_that_ended_is_counted_out_at_once_and_sorted_out_soon(studio, database):
    for title, price in (("Dear", "50.00"), ("Middle", "30.00")):
        await studio.published(title, price=price)
    soon = (datetime.now(UTC) + timedelta(hours=1)).isoformat()
    sold = await studio.published("Sold off", price="40.00", discount_price="5.00", discount_ends=soon)
    assert await _by_price(studio) == ["Sold off", "Middle", "Dear"]
    assert await titles(studio, "?max_price=5") == {"Sold off"}
    async with database.transaction() as session:
        before = await session.scalar(select(Course.updated_date).where(Course.id == sold.id))
        past = datetime.now(UTC) - timedelta(seconds=1)
        await session.execute(
            update(Course)
            .where(Course.id == sold.id)
            .values(discount_ends=past, updated_date=Course.updated_date)
        )
    assert await titles(studio, "?max_price=5") == set(), "by the clock, not by what is stored"
    await service.settle_prices(database)
    assert await _by_price(studio) == ["Middle", "Sold off", "Dear"]
    async with database.transaction() as session:
        stored = (
            await session.execute(select(Course.price_now, Course.updated_date).where(Course.id == sold.id))
        ).one()
    assert stored == (Decimal("40.00"), before), "nobody edited it"


async def _by_price(studio):
    return [course["title"] for course in (await studio.ask("GET", "/courses?sort=price"))["items"]]
