"""Pages of every list while rows change: no course twice, and none that stayed is missed."""

import random
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from urllib.parse import quote

import pytest
from catalog.courses import filtering, listings, paging, ranking, search_rules
from catalog.courses.filtering import Filters, likely
from catalog.courses.languages import CONFIGURATIONS, configuration_of
from catalog.courses.models import Course, Found
from sqlalchemy import delete, event, func, insert, select, text, update

BEGIN = datetime(2024, 1, 1, tzinfo=UTC)
LEVELS = ("beginner", "advanced", "all_levels")
WORDS = ("brass", "loom", "card", "wheel", "number")


class Shelf:
    """Courses by the dozen, written as rows: what is tried is how they are read."""

    def __init__(self, studio, database, seed, categories):
        self.studio, self.database, self.categories = studio, database, categories
        self.random = random.Random(seed)
        self.made = 0

    def row(self, **given):
        self.made += 1
        price = Decimal(self.random.choice((0, 0, 3, 12, 40)))
        return {
            "title": " ".join(self.random.choices(WORDS, k=2)),
            "slug": f"made-{self.made}",
            "description": " ".join(self.random.choices(WORDS, k=8)),
            "category_id": self.random.choice(self.categories),
            "price": price,
            "price_now": price,
            "avg_rating": Decimal(self.random.choice(("0", "3.9", "4.5", "4.6", "5"))),
            "total_reviews": self.random.randrange(3),
            "enrolled_students_count": self.random.choice((0, 1, 3, 4, 60, 5000)),
            "is_published": True,
            "first_published_at": BEGIN + timedelta(days=self.random.choice((0, 1, 40, 300, 700))),
            "level": self.random.choice(LEVELS),
            "language": self.random.choice(("en", "en", "de")),
            "has_certificate": self.random.random() < 0.5,
            "is_featured": self.random.random() < 0.2,
            "created_by_id": 3,
            **given,
        }

    async def add(self, how_many, **given):
        async with self.database.transaction() as session:
            rows = [self.row(**given) for _ in range(how_many)]
            adding = insert(Course).returning(Course.id)
            return [await session.scalar(adding.values(row)) for row in rows]

    async def published(self):
        async with self.database.transaction() as session:
            return await session.scalar(select(func.count()).select_from(Course).where(Course.is_published))

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
SORTED = {
    "newest": (Course.first_published_at.desc(), Course.id.desc()),
    "popular": (Course.enrolled_students_count.desc(), Course.id.desc()),
    "rating": (Course.avg_rating.desc(), Course.total_reviews.desc(), Course.id.desc()),
    "price": (Course.price_now, Course.id),
}


async def _in_order(database, sort, *wanted):
    async with database.transaction() as session:
        statement = select(Course.id).where(Course.is_published, *wanted).order_by(*SORTED[sort])
        return list(await session.scalars(statement))


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
        assert shown == await _in_order(database, sort, *(NARROWED[one] for one in chosen)), query


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
        assert shown == await _in_order(database, "newest", Course.id.in_(expected)), q
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
