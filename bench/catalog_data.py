"""A catalogue of a million courses: words as they are used, a few popular courses and many that are not.

Everything is drawn from one seed, part by part, so that a part is the same whoever makes it. Rows go in by COPY before
the indexes and triggers are there, as a big import would have it.
"""

import asyncio
import json
import random
import sys
from collections.abc import AsyncIterator, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from itertools import accumulate
from typing import Any

import asyncpg

from bench.servers import migrate_catalog

VOCABULARY = 50_000
FLAT = 10
"""The first so many words are about as frequent: what texts have more of than these is read over by a search."""
CATEGORIES = (12, 72, 216)
"""How many there are on each level of the tree."""
AUTHORS = 20_000
OUTLINED = 2_000
"""Courses with an outline, which details are read of: eight modules of six lessons."""
BEGIN = datetime(2021, 11, 1, tzinfo=UTC)
DAYS = 1800
LANGUAGES = ("en", "es", "de", "fr", "pt", "ja", "it", "hi", "nl", "eu")
SPOKEN = (800, 60, 40, 30, 25, 20, 14, 6, 4, 1)
LEVELS = ("beginner", "intermediate", "advanced", "all_levels")
PRICES = ("9.99", "12.99", "14.99", "19.99", "24.99", "29.99", "49.99", "84.99", "99.00", "149.00", "199.99")
AT_ONCE = 5_000
COLUMNS = (
    "id",
    "created_date",
    "updated_date",
    "slug",
    "duration_minutes",
    "is_published",
    "published_date",
    "title",
    "subtitle",
    "description",
    "category_id",
    "price",
    "discount_price",
    "discount_ends",
    "price_now",
    "level",
    "has_certificate",
    "is_featured",
    "skills",
    "completion_status",
    "completion_percentage",
    "is_draft",
    "enrolled_students_count",
    "avg_rating",
    "total_reviews",
    "created_by_id",
    "counted_in_id",
    "first_published_at",
    "language",
)


@dataclass(frozen=True)
class Words:
    """A vocabulary, the most frequent first."""

    all: list[str]
    weights: list[float]

    def drawn_by(self, chance: random.Random) -> Iterator[str]:
        while True:
            yield from chance.choices(self.all, cum_weights=self.weights, k=100_000)


def vocabulary() -> Words:
    """Words that can be spoken, used by Zipf's law."""
    chance = random.Random("words")
    onsets, vowels = (
        [
            "b",
            "c",
            "d",
            "f",
            "g",
            "h",
            "k",
            "l",
            "m",
            "n",
            "p",
            "r",
            "s",
            "t",
            "v",
            "w",
            "z",
            "br",
            "cr",
            "st",
            "tr",
            "pl",
        ],
        ["a", "e", "i", "o", "u", "ai", "ou"],
    )
    found: dict[str, None] = {}
    while len(found) < VOCABULARY:
        syllables = chance.choices((2, 3, 4), (3, 4, 2))[0]
        word = "".join(chance.choice(onsets) + chance.choice(vowels) for _ in range(syllables))
        found[word + chance.choice(("", "n", "r", "l", "m"))] = None
    frequencies = (1 / (rank + FLAT) for rank in range(VOCABULARY))
    return Words(list(found), list(accumulate(frequencies)))


def _price(chance: random.Random, now: datetime) -> tuple[str, str | None, datetime | None, str]:
    """The price, the discount and when that ends, and what is paid now."""
    if chance.random() < 0.15:
        return "0.00", None, None, "0.00"
    price = chance.choice(PRICES)
    if chance.random() >= 0.2:
        return price, None, None, price
    lowered = f"{float(price) * chance.choice((0, 0.2, 0.5, 0.7)):.2f}"
    ends = chance.choice((None, now + timedelta(days=chance.randrange(1, 90)), now - timedelta(days=30)))
    return price, lowered, ends, price if ends is not None and ends < now else lowered


def _course(number: int, chance: random.Random, words: Iterator[str], now: datetime) -> tuple[Any, ...]:
    title = [next(words) for _ in range(chance.randint(3, 9))]
    text = [next(words) for _ in range(chance.randint(40, 150))]
    price, discount, ends, price_now = _price(chance, now)
    students = min(int(20 * (chance.paretovariate(1.0) - 1)), 2_000_000)
    reviews = int(students * chance.random() * 0.2)
    rating = min(5.0, max(1.0, chance.gauss(4.2, 0.5))) if reviews else 0
    # The platform has grown: more courses are young than old.
    published = BEGIN + timedelta(seconds=int(DAYS * 86_400 * chance.random() ** 0.6))
    # Some categories are large and most are small.
    category = min(int(chance.paretovariate(0.7)), sum(CATEGORIES))
    return (
        number,
        published,
        published,
        f"{'-'.join(title[:4])}-{number}",
        chance.randrange(30, 3000),
        True,
        published,
        " ".join(title).capitalize(),
        " ".join(text[:6]),
        ". ".join(" ".join(text[at : at + 12]).capitalize() for at in range(0, len(text), 12)),
        category,
        price,
        discount,
        ends,
        price_now,
        chance.choice(LEVELS),
        chance.random() < 0.5,
        chance.random() < 0.005,
        json.dumps([next(words) for _ in range(chance.randint(2, 6))]),
        "complete",
        100,
        False,
        students,
        f"{rating:.2f}",
        reviews,
        1 + number % AUTHORS,
        category,
        published,
        chance.choices(LANGUAGES, SPOKEN)[0],
    )


def _line(row: tuple[Any, ...]) -> str:
    """A row as COPY reads it; no value here has a character that would need more than that."""
    return "\t".join(r"\N" if value is None else str(value) for value in row) + "\n"


async def _rows(first: int, last: int) -> AsyncIterator[bytes]:
    chance = random.Random(f"courses from {first}")
    words, now = vocabulary().drawn_by(chance), datetime.now(UTC)
    for begin in range(first, last + 1, AT_ONCE):
        numbers = range(begin, min(begin + AT_ONCE, last + 1))
        yield "".join(_line(_course(number, chance, words, now)) for number in numbers).encode()


async def _copy(url: str, first: int, last: int) -> None:
    connection = await asyncpg.connect(url)
    try:
        await connection.copy_to_table(
            "courses_course", source=_rows(first, last), columns=COLUMNS, format="text", timeout=3600
        )
    finally:
        await connection.close()


# --- the catalogue --------------------------------------------------------------------------------------------------

TABLES = ("courses_course", "catalog_listing", "catalog_found")
SECONDARY = """
SELECT indexname::text, indexdef FROM pg_indexes
WHERE schemaname = 'public' AND tablename = ANY($1) AND indexname NOT IN (SELECT conname FROM pg_constraint)
"""
# As the triggers would have written them, course by course.
NUMBERS = """
category_id, first_published_at, discount_ends, enrolled_students_count, total_reviews, is_published, has_certificate,
is_featured, avg_rating, price_now, price, discount_price, level, language
"""
LISTED = (
    f"""
    INSERT INTO catalog_listing (course_id, {NUMBERS})
    SELECT id, {NUMBERS} FROM courses_course WHERE id BETWEEN $1 AND $2
    """,
    f"""
    INSERT INTO catalog_found (course_id, {NUMBERS}, words)
    SELECT id, {NUMBERS}, catalog_search_words(title, skills, description, language)
    FROM courses_course WHERE id BETWEEN $1 AND $2
    """,
)
KNOWN = """
INSERT INTO catalog_vocabulary (word, courses)
SELECT word, count(*) FROM courses_course CROSS JOIN LATERAL catalog_words_of(title, skills) AS word GROUP BY word
"""
CATEGORY = "INSERT INTO courses_category (id, slug, name, parent_id) VALUES ($1, $2, $3, $4)"
AUTHORS_NAMED = """
INSERT INTO catalog_person (user_id, version, display_name)
SELECT number, 1, 'Author ' || number FROM generate_series(1, $1) AS number
"""
MODULES = """
INSERT INTO courses_module (course_id, title, "order", published_date)
SELECT course, 'Module ' || number, number, now()
FROM generate_series(1, $1) AS course, generate_series(1, 8) AS number
"""
LESSONS = """
INSERT INTO courses_lesson (module_id, title, "order", published_at, content)
SELECT id, 'Lesson ' || number, number, now(), repeat('A lesson is read. ', 50)
FROM courses_module, generate_series(1, 6) AS number
"""


def _categories() -> Iterator[tuple[int, str, str, int | None]]:
    """A tree, by rows of its table."""
    above: list[int] = []
    number = 0
    for how_many in CATEGORIES:
        level = range(number + 1, number + how_many + 1)
        for number in level:
            yield (
                number,
                f"category-{number}",
                f"Category {number}",
                above[number % len(above)] if above else None,
            )
        above = list(level)


async def _parts(url: str, courses: int, make: str) -> None:
    """Do the rows in two halves at once, each by a process of its own."""
    bounds = ((1, courses // 2), (courses // 2 + 1, courses))
    command = (sys.executable, "-m", "bench.catalog_data", make, url)
    made = [await asyncio.create_subprocess_exec(*command, str(first), str(last)) for first, last in bounds]
    if any([await one.wait() for one in made]):
        raise SystemExit("the courses could not be made")


async def _list(url: str, first: int, last: int) -> None:
    connection = await asyncpg.connect(url)
    try:
        for statement in LISTED:
            await connection.execute(statement, first, last, timeout=3600)
    finally:
        await connection.close()


async def _fill(url: str, courses: int) -> bool:
    connection = await asyncpg.connect(url)
    try:
        if await connection.fetchval("SELECT EXISTS (SELECT FROM catalog_listing)"):
            return False
        secondary = await connection.fetch(SECONDARY, list(TABLES))
        for name, _ in secondary:
            await connection.execute(f'DROP INDEX "{name}"')
        await connection.execute("ALTER TABLE courses_course DISABLE TRIGGER USER")
        await connection.executemany(CATEGORY, list(_categories()))
        await connection.execute(AUTHORS_NAMED, AUTHORS)
        await _parts(url, courses, "copy")
        await _parts(url, courses, "list")
        await connection.execute("SELECT setval(pg_get_serial_sequence('courses_course', 'id'), $1)", courses)
        await connection.execute(MODULES, OUTLINED)
        await connection.execute(LESSONS)
        await connection.execute(KNOWN, timeout=3600)
        await connection.execute("SET maintenance_work_mem = '512MB'")
        for _, definition in secondary:
            await connection.execute(definition, timeout=3600)
        await connection.execute("ALTER TABLE courses_course ENABLE TRIGGER USER")
        await connection.execute("VACUUM ANALYZE", timeout=3600)
        return True
    finally:
        await connection.close()


def fill(url: str, courses: int) -> bool:
    """Make the catalogue in the migrated or empty database of the service; False where there is one already."""
    migrate_catalog(url)
    return asyncio.run(_fill(url.replace("+asyncpg", ""), courses))


if __name__ == "__main__":
    work = {"copy": _copy, "list": _list}[sys.argv[1]]
    asyncio.run(work(sys.argv[2], int(sys.argv[3]), int(sys.argv[4])))
