"""Courses by the dozen, for what is read of them."""

import random
from datetime import UTC, datetime, timedelta
from decimal import Decimal

import pytest
from catalog.courses.models import Course
from sqlalchemy import delete, func, insert, select, update

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


SORTED = {
    "newest": (Course.first_published_at.desc(), Course.id.desc()),
    "popular": (Course.enrolled_students_count.desc(), Course.id.desc()),
    "rating": (Course.avg_rating.desc(), Course.total_reviews.desc(), Course.id.desc()),
    "price": (Course.price_now, Course.id),
}


async def in_order(database, sort, *wanted):
    """Ids of the published courses that are wanted, by a plain scan."""
    async with database.transaction() as session:
        statement = select(Course.id).where(Course.is_published, *wanted).order_by(*SORTED[sort])
        return list(await session.scalars(statement))
