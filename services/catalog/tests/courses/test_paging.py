"""Pages of every list while rows change: no course twice, and none that stayed is missed."""

from decimal import Decimal
from urllib.parse import quote

import pytest
from catalog.courses import filtering, paging, ranking
from catalog.courses.models import Course
from sqlalchemy import event

from .conftest import SORTED, Shelf, in_order

LISTS = [
    *(f"&sort={sort}" for sort in ("newest", "popular", "rating", "price")),
    *(f"&category=mathematics&sort={sort}" for sort in ("newest", "popular", "rating", "price")),
    "&q=brass",
    "&q=brass loom -wheel",
    "&q=brass&category=mathematics",
    *(f"&q=brass&sort={sort}" for sort in ("newest", "popular", "rating", "price")),
    "&q=brass&level=beginner&featured=true",
    "&sort=rating&min_rating=4.5&language=de",
    "&sort=price&has_certificate=true&featured=true",
    "&sort=newest&category=mathematics&featured=true&max_price=3",
]


@pytest.mark.parametrize("seed", range(2))
async def test_no_list_shows_a_course_twice_or_misses_one_that_stayed(
    studio, database, categories, monkeypatch, seed
):
    monkeypatch.setattr(paging, "NEAR_WITH_WORDS", 4)
    monkeypatch.setattr(ranking, "POPULAR", 7)
    monkeypatch.setattr(ranking, "NAMED", 12)
    shelf = Shelf(studio, database, seed, categories)
    await shelf.add(45)
    for query in LISTS:
        monkeypatch.setattr(ranking, "POPULAR", 101)
        for disturbed in (False, True):
            limit = shelf.random.randint(1, 5)
            shown, stayed, _ = await _walk_parted(shelf, query, limit, monkeypatch, disturbed=disturbed)
            assert len(shown) == len(set(shown)), query
            assert stayed <= set(shown), query
            await shelf.add(min(20, 95 - await shelf.published()) if disturbed else 0)


async def _walk_parted(shelf, query, limit, monkeypatch, *, disturbed):
    """The whole list is taken by one long page, and then by short ones of which only the first seven are ranked."""
    ask, asked = shelf.studio.ask, []

    async def parted(method, path, **given):
        asked.append(path)
        monkeypatch.setattr(ranking, "POPULAR", 101 if len(asked) == 1 else 7)
        return await ask(method, path, **given)

    shelf.studio.ask = parted
    try:
        return await shelf.walk(query, limit, disturbed=disturbed)
    finally:
        shelf.studio.ask = ask


NARROWED = {
    "level=beginner": Course.level == "beginner",
    "language=de": Course.language == "de",
    "min_rating=4.5": Course.avg_rating >= Decimal("4.5"),
    "min_rating=5": Course.avg_rating >= 5,
    "max_price=3": Course.price <= 3,
    "max_price=20": Course.price <= 20,
    "free=true": Course.price == 0,
    "free=false": Course.price > 0,
    "featured=true": Course.is_featured,
    "featured=false": ~Course.is_featured,
    "has_certificate=true": Course.has_certificate,
    "has_certificate=false": ~Course.has_certificate,
    "q=brass": Course.title.ilike("%brass%") | Course.description.ilike("%brass%"),
    "q=loom -wheel": (Course.title + Course.description).ilike("%loom%")
    & ~(Course.title + Course.description).ilike("%wheel%"),
}


@pytest.mark.parametrize("near", [1, 600])
async def test_a_list_is_every_match_in_its_order(studio, database, categories, monkeypatch, near):
    monkeypatch.setattr(paging, "NEAR", near)
    monkeypatch.setattr(paging, "NEAR_WITH_WORDS", near)
    shelf = Shelf(studio, database, near, categories)
    await shelf.add(90)
    await shelf.add(4, is_published=False)
    pairs = [(one,) for one in NARROWED] + [shelf.random.sample(sorted(NARROWED), 2) for _ in range(16)]
    for chosen in pairs:
        sort = shelf.random.choice(sorted(SORTED))
        if sum(one.startswith("q=") for one in chosen) > 1 or len(
            {one.split("=")[0] for one in chosen}
        ) < len(chosen):
            continue
        query = "&".join((f"sort={sort}", *chosen))
        shown, _, _ = await shelf.walk(f"&{query}", shelf.random.randint(3, 30), disturbed=False)
        assert shown == await in_order(database, sort, *(NARROWED[one] for one in chosen)), query


async def test_what_is_excluded_is_missing_from_what_is_named_so_too(
    studio, database, categories, monkeypatch
):
    monkeypatch.setattr(ranking, "POPULAR", 3)
    shelf = Shelf(studio, database, 8, categories)
    right = await shelf.add(
        5, title="Copper", description="a brass loom", language="en", enrolled_students_count=9
    )
    for second in ("wheel", "card"):
        await shelf.add(1, title="Brass loom", description=f"a {second}", enrolled_students_count=0)
    for q in ("brass -wheel -card", "brass -card -wheel", '"brass loom" -wheel -card'):
        page = await studio.ask("GET", f"/courses?limit=2&q={quote(q)}")
        # What is named so would stand before them.
        assert [one["id"] for one in page["items"]] == [right[-1], right[-2]], q


async def test_no_more_is_kept_for_all_that_guests_can_ask(studio, app):
    """Each shape of filters is a statement of its own, a megabyte of memory: they do not pile up in the engine."""
    kept = app.state.database.reading_engine.sync_engine._compiled_cache
    await studio.ask("GET", "/courses?q=brass&facets=true")
    before = len(kept)
    for query in (
        "q=brass -loom",
        "q=brass -loom -wheel&sort=newest",
        "free=true&facets=true",
        "level=beginner",
    ):
        await studio.ask("GET", f"/courses?{query}")
    assert len(kept) == before
    assert filtering.COMPILED["compiled_cache"].capacity <= 64


async def test_what_is_named_so_is_not_lost_among_the_popular(studio, database, categories, monkeypatch):
    monkeypatch.setattr(paging, "NEAR_WITH_WORDS", 4)
    monkeypatch.setattr(ranking, "POPULAR", 7)
    shelf = Shelf(studio, database, 1, categories)
    await shelf.add(40, title="Cards", description="brass", enrolled_students_count=90)
    (named,) = await shelf.add(1, title="Brass", description="", enrolled_students_count=0)
    first = await studio.ask("GET", "/courses?q=brass&limit=3")
    assert first["items"][0]["id"] == named
    monkeypatch.setattr(ranking, "NAMED", 3)
    await shelf.add(6, title="Brass wheels", description="", enrolled_students_count=1)
    shown, _, _ = await _walk_parted(shelf, "&q=Brass", 3, monkeypatch, disturbed=False)
    assert shown[0] == named, "of too many matched by title, the one of exactly that title"
    assert len(shown) == len(set(shown)) == 47


async def test_the_ranked_part_is_followed_by_the_popular(studio, database, categories, monkeypatch):
    monkeypatch.setattr(paging, "NEAR_WITH_WORDS", 4)
    monkeypatch.setattr(ranking, "POPULAR", 7)
    shelf = Shelf(studio, database, 1, categories)
    for students in range(20):
        await shelf.add(
            1, title="Cards", description="brass " * (20 - students), enrolled_students_count=students
        )
    shown, cursor = [], ""
    while cursor is not None:
        page = await studio.ask("GET", f"/courses?q=brass&limit=4{cursor and f'&cursor={cursor}'}")
        shown += [course["enrolled_students_count"] for course in page["items"]]
        cursor = page["next_cursor"]
    assert shown == [*range(13, 20), *range(12, -1, -1)], "the seven most popular by rank, then by popularity"


async def test_a_page_of_each_list_is_one_query(studio, database, categories, app):
    shelf = Shelf(studio, database, 3, categories)
    await shelf.add(30)
    statements = []
    engine = app.state.database.reading_engine.sync_engine
    event.listen(engine, "before_cursor_execute", lambda *given: statements.append(given[2]))
    for query in LISTS:
        first = await studio.ask("GET", f"/courses?limit=1{query}")
        assert len(first["items"]) == 1, query
        if first["next_cursor"]:
            await studio.ask("GET", f"/courses?limit=1{query}&cursor={first['next_cursor']}")
        assert len(statements) == 1 + bool(first["next_cursor"]), query
        statements.clear()


async def test_forged_places_are_refused(studio):
    sound = ranking.Place(few=False, named=True, students=3, course_id=9, part=0, score=0.5, last_id=4)
    assert ranking.Place.decode(sound.encode()) == sound
    forged = [
        {"few": 1},
        {"named": None},
        {"students": 2**31},
        {"students": -1},
        {"students": True},
        {"course_id": 2**63},
        {"course_id": "9"},
        {"part": 2},
        {"part": 1},
        {"part": 1, "score": 2.0**31},
        {"part": 1, "score": 1.0, "few": True},
        {"score": -1.0},
        {"score": "0.5"},
        {"score": None},
        {"last_id": 1.5},
    ]
    for change in forged:
        place = ranking.Place(**{**dict(zip(sound.__slots__, _values(sound), strict=True)), **change})
        refused = await studio.client.get(f"/api/v1/courses?q=brass&cursor={place.encode()}")
        assert (refused.status_code, refused.json()["type"]) == (422, "/problems/bad-cursor"), change
    for cursor in ("nonsense", "WzFd", "bnVsbA", "e30", "W1tdXQ", "%00"):
        refused = await studio.client.get(f"/api/v1/courses?q=brass&cursor={cursor}")
        assert refused.status_code == 422, cursor


def _values(place):
    return [getattr(place, name) for name in place.__slots__]


async def test_what_one_teaches_is_searched_with_its_drafts(studio, database, categories):
    shelf = Shelf(studio, database, 6, categories)
    await shelf.add(3, title="Brass", is_published=False)
    await shelf.add(4, title="Brass looms")
    await shelf.add(2, title="Brass", created_by_id=4)
    shown, cursor = [], ""
    while cursor is not None:
        path = f"/courses?teaching=me&q=brass&limit=2{cursor and f'&cursor={cursor}'}"
        page = await studio.ask("GET", path, headers=studio.author)
        shown += [course["is_published"] for course in page["items"]]
        cursor = page["next_cursor"]
    assert sorted(shown) == [False] * 3 + [True] * 4
    categorized = await studio.ask(
        "GET", "/courses?teaching=me&q=brass&category=mathematics&facets=true", headers=studio.author
    )
    in_category = await studio.ask(
        "GET", "/courses?teaching=me&category=mathematics&sort=price", headers=studio.author
    )
    assert {one["id"] for one in categorized["items"]} == {one["id"] for one in in_category["items"]}
