"""What is read most: each page is one statement and one round trip, whoever asks and however long it is; and its bytes
are what the model they stand for would write."""

import asyncio
import json
from dataclasses import dataclass

import pytest
from catalog.categories.schemas import CategoryNode
from catalog.courses.schemas import CourseOut, CoursePage, LessonOutline
from catalog.lessons.schemas import LessonOut
from catalog.modules.schemas import ModuleOut
from catalog.resources.schemas import ResourceOut
from catalog.reviews.schemas import ReviewOut
from catalog.testimonials import schemas as testimonials
from chassis.pagination import Page
from sqlalchemy import event, text

LEARNER, STRANGER, CO_TEACHER = 7, 8, 4
MANY = 60
# What makes lists long, beyond what the API would let one author do.
FILL = [
    (
        'INSERT INTO courses_module (course_id, "order", title, published_date) '
        "SELECT {course}, n, 'Module ' || n, now() FROM generate_series(10, 9 + {many}) AS n"
    ),
    (
        'INSERT INTO courses_lesson (module_id, "order", title, published_at) '
        "SELECT {module}, n, 'Lesson ' || n, now() FROM generate_series(10, 9 + {many}) AS n"
    ),
    (
        'INSERT INTO courses_resource (lesson_id, "order", title, type, url, premium) SELECT {lesson}, n, '
        "'Resource ' || n, 'link', 'https://engine.example/' || n, n % 2 = 0 FROM generate_series(10, 9 + {many}) AS n"
    ),
    (
        "INSERT INTO courses_review (course_id, user_id, rating, title, content) "
        "SELECT {course}, 1000 + n, 1 + n % 5, 'Of note', 'Line' FROM generate_series(1, {many}) AS n"
    ),
    (
        "INSERT INTO content_testimonial (name, role, content, rating, featured) "
        "SELECT 'Person ' || n, '', 'It works.', 5, n % 2 = 0 FROM generate_series(1, {many}) AS n"
    ),
    (
        "INSERT INTO courses_category (name, slug, parent_id) "
        "SELECT 'Below ' || n, 'below-' || n, {category} FROM generate_series(1, {many}) AS n"
    ),
    (
        "INSERT INTO courses_course (slug, title, category_id, price, is_published, is_draft, first_published_at, "
        "published_date, created_by_id) SELECT 'more-' || n, 'More brass ' || n, {category}, n, true, false, "
        "now() - n * interval '1 day', now(), 3 FROM generate_series(1, {many}) AS n"
    ),
]


@dataclass
class Library:
    """A published course with everything, and the pages that show it."""

    studio: object
    course: int
    slug: str
    module: int
    lesson: int

    @property
    def pages(self):
        return {
            "courses": "/courses?limit=100",
            "popular": "/courses?sort=popular&level=all_levels&max_price=30.00&limit=2",
            "in a category": "/courses?category=mathematics&sort=rating",
            "searched": "/courses?q=brass&limit=50",
            "searched and sorted": "/courses?q=brass&sort=newest",
            "course by id": f"/courses/{self.course}",
            "course by slug": f"/courses/{self.slug}",
            "categories": "/categories",
            "modules": f"/courses/{self.course}/modules?limit=100",
            "lessons": f"/modules/{self.module}/lessons?limit=100",
            "lesson": f"/lessons/{self.lesson}",
            "resources": f"/lessons/{self.lesson}/resources?limit=100",
            "reviews": f"/courses/{self.course}/reviews?limit=100",
            "helpful reviews": f"/courses/{self.course}/reviews?sort=helpful&rating=5&verified=false",
            "testimonials": "/testimonials?limit=100",
        }

    async def read(self, page, headers):
        answer = await self.studio.client.get(f"/api/v1{self.pages[page]}", headers=headers)
        assert answer.status_code == 200, (page, answer.text)
        return answer


@pytest.fixture
async def library(studio, database, deliver, events):
    course = await studio.published("Of brass wheels", price="49.00")
    await deliver(
        events.user(3, 'Charles "Brass" Bäbbage'),
        events.enrolled(1, LEARNER, course.id),
        events.co_instructor(course.id, CO_TEACHER),
    )
    for title in ("First", "Second"):
        await studio.ask(
            "POST",
            f"/lessons/{course.lessons[0][0]}/resources",
            expect=201,
            headers=studio.author,
            json={"title": title, "type": "link", "url": "https://engine.example/", "premium": True},
        )
    review = {"rating": 5, "title": "Ω – clear", "content": 'line\nline \t\u0007 \\ " / \u2028 😀'}
    await studio.ask("POST", f"/courses/{course.id}/reviews", expect=201, headers=studio.learner, json=review)
    said = {"name": "Ada", "role": "Analyst", "content": "It works.", "rating": 5}
    await studio.ask("POST", "/testimonials", expect=201, headers=studio.admin, json=said)
    return Library(studio, course.id, course.slug, course.modules[0], course.lessons[0][0])


@pytest.fixture
def fill(library, database):
    async def fill(many=MANY):
        async with database.transaction() as session:
            category = await session.scalar(text("SELECT min(id) FROM courses_category"))
            names = {"course": library.course, "module": library.module, "lesson": library.lesson}
            for statement in FILL:
                await session.execute(text(statement.format(**names, category=category, many=many)))

    return fill


@pytest.fixture
def readers(library, auth):
    return {
        "guest": {},
        "stranger": auth(STRANGER, "student"),
        "premium": auth(STRANGER, "student", tier="premium"),
        "enrolled": auth(LEARNER, "student"),
        "lead": auth(3, "instructor"),
        "co-instructor": auth(CO_TEACHER, "instructor"),
        "admin": auth(1, "admin"),
    }


@pytest.fixture
def asked(app):
    """Everything the database is asked, by either way to it, transactions included."""
    seen = []

    def note(what):
        # Who is signed in no more is looked up beside, once a second, for all requests together.
        if "ended_" not in what:
            seen.append(what)

    def note_transaction(what):
        def took_place(connection):
            if connection.get_execution_options().get("isolation_level") != "AUTOCOMMIT":
                seen.append(what)

        return took_place

    ways = app.state.database
    for engine in (ways.engine.sync_engine, ways.reading_engine.sync_engine):
        event.listen(engine, "before_cursor_execute", lambda *given: note(given[2]))
    for what in ("begin", "commit"):
        event.listen(ways.engine.sync_engine, what, note_transaction(what))
    return seen


async def test_each_page_is_one_statement_whoever_asks(library, readers, asked, fill):
    for page in library.pages:
        for reader, headers in readers.items():
            asked.clear()
            await library.read(page, headers)
            assert len(asked) == 1, (page, reader, asked)
    few = {page: len((await library.read(page, {})).content) for page in library.pages}
    await fill()
    for page in library.pages:
        for reader, headers in readers.items():
            asked.clear()
            answer = await library.read(page, headers)
            assert len(asked) == 1, (page, reader, asked)
        if page not in ("popular", "lesson", "helpful reviews"):
            assert len(answer.content) > few[page] + 2000, page


async def test_later_pages_are_one_statement_too(library, readers, asked, fill):
    await fill()
    for path in (
        "/courses?limit=3",
        "/courses?sort=price&free=false&limit=3",
        "/courses?category=mathematics&limit=3",
        f"/courses/{library.course}/modules?limit=3",
        f"/modules/{library.module}/lessons?limit=3",
        f"/lessons/{library.lesson}/resources?limit=3",
        f"/courses/{library.course}/reviews?sort=lowest&limit=3",
        "/testimonials?featured=true&limit=3",
    ):
        first = await library.studio.ask("GET", path)
        asked.clear()
        second = await library.studio.ask("GET", f"{path}&cursor={first['next_cursor']}")
        assert len(asked) == 1, (path, asked)
        ids = [item["id"] for item in first["items"] + second["items"]]
        assert len(ids) == len(set(ids)) == 6, path


async def test_a_list_without_anything_in_it_is_told_from_one_that_is_not_there(library, studio, asked):
    bare = await studio.course("Bare")
    module = await studio.module(bare)
    lesson = await studio.lesson(bare, 0)
    for path, headers, found in (
        (f"/modules/{await studio.module(bare)}/lessons", studio.author, True),
        (f"/lessons/{lesson}/resources", studio.author, True),
        (f"/lessons/{lesson}/resources", studio.other, False),
        (f"/modules/{module}/lessons", studio.other, False),
        (f"/courses/{bare.id}/reviews", studio.author, True),
        (f"/courses/{bare.id}/reviews", {}, False),
        (f"/courses/{bare.id}/modules", studio.learner, False),
        ("/courses/999999/modules", studio.admin, False),
        ("/modules/999999/lessons", studio.admin, False),
        ("/lessons/999999/resources", studio.admin, False),
        ("/lessons/999999", studio.admin, False),
    ):
        asked.clear()
        answer = await studio.client.get(f"/api/v1{path}", headers=headers)
        assert answer.status_code == (200 if found else 404), (path, answer.text)
        assert len(asked) == 1, (path, asked)
        if found:
            assert answer.json() == {"items": [], "next_cursor": None}


MODELS = {
    "courses": CoursePage,
    "popular": CoursePage,
    "searched": CoursePage,
    "course by id": CourseOut,
    "course by slug": CourseOut,
    "categories": Page[CategoryNode],
    "modules": Page[ModuleOut],
    "lessons": Page[LessonOutline],
    "lesson": LessonOut,
    "resources": Page[ResourceOut],
    "reviews": Page[ReviewOut],
    "testimonials": Page[testimonials.TestimonialOut],
}
VARIED = [
    (
        "UPDATE courses_course SET subtitle = E'tab\\t quote\" back\\\\ \\u0001 \\u007f – 漢字 😀', thumbnail = NULL, "
        "avg_rating = 4.33, discount_price = 39.5, discount_ends = NULL, requirements = '[\"Bräss & <b>\"]', "
        "skills = '[]', published_date = '2026-11-22T19:50:00.000001Z', duration_minutes = 0 WHERE id = {course}"
    ),
    (
        "UPDATE courses_course SET discount_price = 0, discount_ends = now() - interval '1 second', avg_rating = 5, "
        "price = 9999999999.99, first_published_at = '2020-02-29T23:59:59Z', created_by_id = 987 WHERE slug = 'more-1'"
    ),
    (
        "UPDATE courses_course SET discount_price = 0.05, discount_ends = now() + interval '1 day', price = 0.10, "
        "price_now = 0.05, avg_rating = 0.01, thumbnail = 'https://lyceum.example/a.webp' WHERE slug = 'more-2'"
    ),
    "UPDATE courses_module SET description = E'a\\nb \\u2028', duration_minutes = 7 WHERE id = {module}",
    (
        "UPDATE courses_lesson SET content = E'# Ä\\r\\n\\u000b*x*', video_url = 'https://engine.example/v', "
        "transcript = E'\"', is_free_preview = true WHERE id = {lesson}"
    ),
    "UPDATE courses_category SET description = E'\\b\\f', icon = 'ω', is_active = false WHERE slug = 'below-2'",
    (
        "INSERT INTO courses_category (name, slug, parent_id) SELECT 'Deep', 'deep', id FROM courses_category "
        "WHERE slug = 'below-1'"
    ),
]


def _members(text):
    """Every object as the list of its members, in their order; a whole number is what it is with a fraction of 0."""
    return json.loads(text, object_pairs_hook=list)


async def test_the_bytes_are_those_of_the_model(library, readers, database, fill):
    await fill(4)
    async with database.transaction() as session:
        for statement in VARIED:
            names = {"course": library.course, "module": library.module, "lesson": library.lesson}
            await session.execute(text(statement.format(**names)))
    for page, model in MODELS.items():
        for reader, headers in readers.items():
            told = (await library.read(page, headers)).content
            written = model.model_validate_json(told).model_dump_json()
            assert _members(told) == _members(written), (page, reader)
            if model in (CourseOut, LessonOut):
                assert list(json.loads(told)) == list(model.model_fields)
            else:
                assert json.loads(told)["items"], page


async def test_what_is_read_is_what_was_answered_to_its_author(library, studio):
    """The two ways an answer is made, from the row that was edited and from one that is read, tell the same."""
    for path, change in (
        (f"/courses/{library.course}", {"subtitle": "Brass – and more", "discount_price": "9.90"}),
        (f"/modules/{library.module}", {"description": "All of it"}),
        (f"/lessons/{library.lesson}", {"content": "# Brass", "transcript": "…"}),
    ):
        changed = await studio.client.patch(f"/api/v1{path}", headers=studio.author, json=change)
        read = await studio.client.get(f"/api/v1{path}", headers=studio.author)
        assert (changed.status_code, read.status_code) == (200, 200)
        assert read.json() == changed.json()
        assert read.headers["etag"] == changed.headers["etag"]
    review = (await studio.ask("GET", f"/courses/{library.course}/reviews"))["items"][0]
    assert review == await studio.ask("GET", f"/reviews/{review['id']}")
    resource = (await studio.ask("GET", f"/lessons/{library.lesson}/resources", headers=studio.author))[
        "items"
    ][0]
    assert resource == await studio.ask("GET", f"/resources/{resource['id']}", headers=studio.author)


async def test_many_may_read_at_once(library, readers):
    pages = [library.read(page, headers) for page in library.pages for headers in readers.values()]
    assert len(await asyncio.gather(*pages)) == len(pages)
