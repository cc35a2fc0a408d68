"""Pages of every list while rows change: no course twice, and none that stayed is missed."""

import random
from datetime import UTC, datetime, timedelta
from decimal import Decimal

import pytest
from catalog.courses import queries, ranking
from catalog.courses.models import Course
from sqlalchemy import delete, event, insert, select, update

BEGIN = datetime(2026, 1, 1, tzinfo=UTC)
WORDS = ("brass", "loom", "card", "wheel", "number")


class Shelf:
    """Courses by the dozen, written as rows: what is tried is how they are read."""

    def __init__(self, studio, database, seed, categories):
        self.studio, self.database, self.categories = studio, database, categories
        self.random = random.Random(seed)
        self.made = 0

    def row(self, **given):
        self.made += 1
        return {
            "title": " ".join(self.random.choices(WORDS, k=2)),
            "slug": f"made-{self.made}",
            "description": " ".join(self.random.choices(WORDS, k=8)),
            "category_id": self.random.choice(self.categories),
            "price": Decimal(self.random.randrange(3)),
            "price_now": Decimal(self.random.randrange(3)),
            "avg_rating": Decimal(self.random.randrange(3)),
            "total_reviews": self.random.randrange(3),
            "enrolled_students_count": self.random.randrange(4),
            "is_published": True,
            "first_published_at": BEGIN + timedelta(days=self.random.randrange(5)),
            "created_by_id": 3,
            **given,
        }

    async def add(self, how_many, **given):
        async with self.database.transaction() as session:
            rows = [self.row(**given) for _ in range(how_many)]
            adding = insert(Course).returning(Course.id)
            return [await session.scalar(adding.values(row)) for row in rows]

    async def disturb(self):
        """Some come, some go for good, some are taken off the list."""
        await self.add(self.random.randrange(3))
        async with self.database.transaction() as session:
            known = list(await session.scalars(select(Course.id).where(Course.is_published)))
            gone = self.random.sample(known, min(2, len(known)))
            await session.execute(delete(Course).where(Course.id == gone[0]))
            await session.execute(update(Course).where(Course.id.in_(gone)).values(is_published=False))
        return gone

    async def walk(self, query, limit, *, disturbed):
        """Every course shown, page after page, and those that were there all the time."""
        everything = await self.studio.ask("GET", f"/courses?limit=100{query}")
        assert everything["next_cursor"] is None
        stayed, shown, cursor = {course["id"] for course in everything["items"]}, [], ""
        while cursor is not None:
            path = f"/courses?limit={limit}{query}{cursor and f'&cursor={cursor}'}"
            page = await self.studio.ask("GET", path)
            shown += [course["id"] for course in page["items"]]
            cursor = page["next_cursor"]
            if disturbed and cursor:
                stayed -= set(await self.disturb())
        return shown, stayed, [course["id"] for course in everything["items"]]


@pytest.fixture
async def categories(studio):
    top = (await studio.ask("GET", "/categories"))["items"][0]["id"]
    return [top, await studio.category("Algebra", parent_id=top), await studio.category("Arts")]


LISTS = [
    *(f"&sort={sort}" for sort in ("newest", "popular", "rating", "price")),
    *(f"&category=mathematics&sort={sort}" for sort in ("newest", "popular", "rating", "price")),
    "&q=brass",
    "&q=brass loom -wheel",
    "&q=brass&category=mathematics",
    "&q=brass&sort=popular",
]


@pytest.mark.parametrize("seed", range(2))
async def test_no_list_shows_a_course_twice_or_misses_one_that_stayed(
    studio, database, categories, monkeypatch, seed
):
    monkeypatch.setattr(queries, "FEW", 8)
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
            await shelf.add(20 if disturbed else 0)


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


async def test_what_is_named_so_is_not_lost_among_the_popular(studio, database, categories, monkeypatch):
    monkeypatch.setattr(queries, "FEW", 8)
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
    monkeypatch.setattr(queries, "FEW", 8)
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
