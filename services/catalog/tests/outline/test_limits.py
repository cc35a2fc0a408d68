"""Courses as large as a course can be: everything works up to the limit, and past it all is refused."""

import asyncio
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import pytest
from catalog.settings import Settings
from chassis.db import Database
from chassis.outbox import OutboxRow
from sqlalchemy import Text, cast, event, func, select, text

LIMIT = Settings.model_fields["max_lessons_per_course"].default
MODULES = 20


@pytest.fixture
def as_configured(app: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    """The limits that a platform has unless told otherwise; the other tests have small ones."""
    for name in ("max_lessons_per_course", "max_modules_per_course"):
        monkeypatch.setitem(app.state.settings.__dict__, name, Settings.model_fields[name].default)


async def fill(database: Database, course_id: int, lessons: int, title: str = "Lesson ") -> None:
    """Write a course's modules and lessons into the database: over HTTP it would take minutes."""
    async with database.transaction() as session:
        await session.execute(
            text(
                'INSERT INTO courses_module (course_id, title, "order") '
                "SELECT :course, 'Part ' || n, n FROM generate_series(0, :modules - 1) AS n"
            ),
            {"course": course_id, "modules": MODULES},
        )
        await session.execute(
            text(
                'INSERT INTO courses_lesson (module_id, title, content, duration_minutes, "order") '
                "SELECT m.id, :title || n, repeat('word ', 40), 12, n "
                "FROM courses_module AS m, generate_series(0, :each - 1) AS n WHERE m.course_id = :course"
            ),
            {"course": course_id, "each": lessons // MODULES, "title": title},
        )


@contextmanager
def counting(app: Any) -> Iterator[list[str]]:
    """Every statement that the service sends."""
    seen: list[str] = []
    engine = app.state.database.engine.sync_engine

    def note(_connection: Any, _cursor: Any, statement: str, *_: Any) -> None:
        seen.append(statement)

    event.listen(engine, "before_cursor_execute", note)
    try:
        yield seen
    finally:
        event.remove(engine, "before_cursor_execute", note)


async def outline_of(studio: Any, course_id: int) -> list[tuple[int, list[int]]]:
    shown = await studio.ask("GET", f"/courses/{course_id}", headers=studio.author)
    return [(module["id"], [each["id"] for each in module["lessons"]]) for module in shown["modules"]]


async def sizes(database: Database) -> dict[str, int]:
    """The largest event of each type."""
    length = func.max(func.octet_length(cast(OutboxRow.payload, Text)))
    async with database.transaction() as session:
        rows = await session.execute(select(OutboxRow.type, length).group_by(OutboxRow.type))
        return {kind: int(size) for kind, size in rows}


async def rows(database: Database, table: str) -> int:
    async with database.transaction() as session:
        return int(await session.scalar(text(f"SELECT count(*) FROM {table}")) or 0)


@pytest.mark.usefixtures("as_configured")
async def test_a_course_at_the_limit_lives_as_any_other(
    studio: Any, app: Any, database: Database, settings: Any
) -> None:
    course = await studio.course("As large as can be", price="1.00", level="beginner")
    await fill(database, course.id, LIMIT)
    before = await outline_of(studio, course.id)
    assert sum(len(lessons) for _, lessons in before) == LIMIT

    reversed_places = [{"id": m, "lessons": lessons[::-1]} for m, lessons in before[::-1]]
    with counting(app) as statements:
        await studio.ask(
            "PUT", f"/courses/{course.id}/order", headers=studio.author, json={"modules": reversed_places}
        )
    assert len(statements) < 40, "not one for every lesson"
    assert await outline_of(studio, course.id) == [(m, lessons[::-1]) for m, lessons in before[::-1]]

    with counting(app) as statements:
        await studio.ask("POST", f"/courses/{course.id}/publish", headers=studio.author)
    assert len(statements) < 60
    learners = await studio.ask("GET", f"/courses/{course.id}")
    assert sum(len(module["lessons"]) for module in learners["modules"]) == LIMIT

    draft = await studio.ask(
        "POST", f"/courses/{course.id}/versions", expect=201, headers=studio.author, json={}
    )
    copied = await outline_of(studio, draft["id"])
    await studio.ask("DELETE", f"/lessons/{copied[0][1][0]}", expect=204, headers=studio.author)
    await studio.ask("DELETE", f"/modules/{copied[1][0]}", expect=204, headers=studio.author)
    with counting(app) as statements:
        await studio.ask("POST", f"/courses/{draft['id']}/publish", headers=studio.author)
    assert len(statements) < 80
    left = await outline_of(studio, course.id)
    assert sum(len(lessons) for _, lessons in left) == LIMIT - 1 - LIMIT // MODULES

    history = await studio.ask("GET", f"/courses/{course.id}/versions", headers=studio.author)
    (first,) = [each["id"] for each in history["items"] if each["version"] == "1.0"]
    with counting(app) as statements:
        await studio.ask("POST", f"/courses/{course.id}/versions/{first}/restore", headers=studio.author)
    assert len(statements) < 80
    assert [(m, lessons[::-1]) for m, lessons in before[::-1]] == await outline_of(studio, course.id)

    told = await sizes(database)
    assert max(told.values()) < settings.kafka_max_message_bytes
    with counting(app) as statements:
        await studio.ask("DELETE", f"/courses/{course.id}", expect=204, headers=studio.author)
    assert len(statements) < 40
    assert await rows(database, "courses_lesson") == 0


@pytest.mark.usefixtures("as_configured")
async def test_one_more_than_the_limit_is_refused_wherever_it_comes_from(
    studio: Any, client: Any, database: Database, published: Any
) -> None:
    course = await studio.course("Full", price="1.00", level="beginner")
    await fill(database, course.id, LIMIT)
    places = await outline_of(studio, course.id)
    told = len(await published())
    module = places[0][0]
    path = f"/api/v1/modules/{module}/lessons"
    answer = await client.post(path, headers=studio.author, json={"title": "One more"})
    assert (answer.status_code, answer.json()["type"]) == (409, "/problems/too-many-lessons")
    # Two ask for the place that is left, at once.
    last = places[-1][1][-1]
    await studio.ask("DELETE", f"/lessons/{last}", expect=204, headers=studio.author)
    answers = await asyncio.gather(
        *(client.post(path, headers=studio.author, json={"title": f"L {n}"}) for n in range(2))
    )
    assert sorted(answer.status_code for answer in answers) == [201, 409]
    assert await rows(database, "courses_lesson") == LIMIT

    now = await outline_of(studio, course.id)
    foreign = {"modules": [{"id": m, "lessons": [*lessons, 10**9]} for m, lessons in now]}
    many = {"modules": [{"id": now[0][0], "lessons": list(range(1, 10_002))}]}
    twice = {"modules": [{"id": m, "lessons": lessons * 2} for m, lessons in now]}
    for body in (foreign, many, twice):
        answer = await client.put(f"/api/v1/courses/{course.id}/order", headers=studio.author, json=body)
        assert answer.status_code == 422, answer.text[:300]
    assert await outline_of(studio, course.id) == now
    draft_told = len(await published())
    assert draft_told == told + 2, "one lesson went and one came"

    # In a version of the course too.
    await studio.ask("POST", f"/courses/{course.id}/publish", headers=studio.author)
    draft = await studio.ask(
        "POST", f"/courses/{course.id}/versions", expect=201, headers=studio.author, json={}
    )
    module = (await outline_of(studio, draft["id"]))[0][0]
    answer = await client.post(
        f"/api/v1/modules/{module}/lessons", headers=studio.author, json={"title": "One more"}
    )
    assert (answer.status_code, answer.json()["type"]) == (409, "/problems/too-many-lessons")


@pytest.mark.usefixtures("as_configured")
async def test_what_no_broker_would_take_is_refused_before_anything_is_published(
    studio: Any, client: Any, database: Database, published: Any
) -> None:
    """As many lessons as can be, each with as long a title: the outline is more than an event can tell."""
    course = await studio.course("Too much to tell", price="1.00", level="beginner")
    await fill(database, course.id, LIMIT, title="\u6578" * 190)
    told = await published()
    answer = await client.post(f"/api/v1/courses/{course.id}/publish", headers=studio.author)
    assert (answer.status_code, answer.json()["type"]) == (413, "/problems/event-too-large"), answer.text
    shown = await studio.ask("GET", f"/courses/{course.id}", headers=studio.author)
    assert (shown["is_published"], shown["version"]) == (False, "1.0")
    assert await published() == told
    assert await rows(database, "courses_course") == 1, "and no version of it is left"
