"""Phrases: found by their pairs of words, and only where these stand side by side."""

from urllib.parse import quote

import pytest
from catalog.courses import paging, search_rules
from catalog.courses.filtering import Filters, likely
from catalog.courses.models import Course, Found
from sqlalchemy import select, text

from .conftest import BEGIN, WORDS, Shelf, in_order

PHRASES = [
    '"brass loom"',
    '"looms of brass"',
    '"loom brass loom"',
    '"brass loom" "card wheel"',
    '"brass loom" wheel',
    '"brass loom" or "number number"',
    'wheel -"brass loom"',
    '"card brass" -wheel',
    '"brass"',
    '"brass-loom"',
    '"the loom and the cards"',
    '"the"',
    "\"brass''s loom\"",
    '"o\'brass\\\\loom"',
    '"brass loom" or, "number number"',
    'wheel or! "brass loom"',
    'wheel - "brass loom"',
    'wheel (-"brass loom"',
    'loom.org/a(b)c "brass loom"',
    '-brass "!"',
]


@pytest.mark.parametrize("near", [1, 600])
async def test_a_phrase_is_found_by_its_pairs_as_it_would_be_without(
    studio, database, categories, monkeypatch, near
):
    monkeypatch.setattr(paging, "NEAR_WITH_WORDS", near)
    shelf = Shelf(studio, database, near, categories)
    spoken = (*WORDS, "looms", "cards", "of", "the", "and", "brass-loom", "o'brass", "Br\u00e4sse")
    for language in ("en", "de", "xx"):
        for _ in range(30):
            said = " ".join(shelf.random.choices(spoken, k=30))
            await shelf.add(1, description=said, language=language)
    await shelf.add(1, description="loom.org/a b c: a brass loom")
    await shelf.add(1, title="Numbers", description="a card")
    plain = text(
        "SELECT course_id FROM catalog_found WHERE words @@ ((websearch_to_tsquery('english', :text) "
        "|| websearch_to_tsquery('simple', :text)) && !!phraseto_tsquery('english', :not) "
        "&& !!phraseto_tsquery('simple', :not))"
    )
    found_any = 0
    for q in PHRASES:
        wanted = search_rules.parse(q)
        async with database.transaction() as session:
            given = {"text": wanted.text, "not": " ".join(wanted.excluded)}
            expected = set(await session.scalars(plain, given))
        page = await studio.ask("GET", f"/courses?limit=100&q={quote(q)}")
        assert {one["id"] for one in page["items"]} == expected, q
        shown, _, _ = await shelf.walk(f"&sort=newest&q={quote(q)}", 30, disturbed=False)
        assert shown == await in_order(database, "newest", Course.id.in_(expected)), q
        found_any += bool(expected)
    assert found_any >= 15, "most of these are said somewhere"


async def test_a_phrase_is_narrowed_to_where_its_words_stand_side_by_side(studio, database, categories):
    """By the index alone: nothing has been read over yet."""
    shelf = Shelf(studio, database, 5, categories)
    said = await shelf.add(1, title="Copper", description="a brass loom")
    await shelf.add(1, title="Copper", description="a loom, a card and brass")
    async with database.transaction() as session:
        near = select(Found.course_id).where(likely(Filters(at=BEGIN, q='"brass loom"')))
        assert list(await session.scalars(near)) == said


async def test_a_phrase_does_not_go_on_from_one_text_to_the_next(studio, database, categories):
    """A course's texts stand side by side in what is searched, and each of them twice."""
    shelf = Shelf(studio, database, 7, categories)
    (course,) = await shelf.add(
        1, title="Copper looms", skills=["spinning"], description="The wheel of time."
    )

    async def found(phrase):
        return [one["id"] for one in (await studio.ask("GET", f'/courses?q="{phrase}"'))["items"]]

    for said in ("copper loom", "the wheel", "wheel of time"):
        assert await found(said) == [course], said
    for across in (
        "loom copper",
        "looms spinning",
        "looms of copper",
        "spinning the wheel",
        "time the wheel",
    ):
        assert await found(across) == [], across
