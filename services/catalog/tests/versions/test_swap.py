"""What publishing a version and going back to one do to lessons, their ids and what hangs on them."""

import pytest
from catalog.courses import rules as course_rules
from catalog.courses.models import Course
from catalog.outline import versions as outlines
from catalog.outline.models import Lesson, Module
from catalog.resources.models import Resource
from contracts.catalog import CourseChanged, CoursePublished
from sqlalchemy import select, text


def ids(held):
    return [[lesson for lesson, _, _ in lessons] for _, _, lessons in held]


def bodies(held):
    return {lesson: body for _, _, lessons in held for lesson, _, body in lessons}


def copies(view):
    return [[lesson["id"] for lesson in module["lessons"]] for module in view["modules"]]


async def test_a_draft_is_worked_on_in_peace_and_takes_the_courses_place(studio, editor, published):
    course = await studio.published()
    first = bodies(await editor.held(course.id))
    before = len(await published())
    draft = await editor.draft(course.id)
    assert (draft["version"], draft["is_draft"], draft["parent_version_id"]) == ("1.1", True, course.id)
    assert await editor.held(draft["id"]) == await editor.held(course.id), "all of it, each by its origin"
    (one, two), (three, four) = copies(draft)
    assert not {one, two, three, four} & {lesson for row in course.lessons for lesson in row}

    # Rewritten, moved to the other module, dropped, added, and the modules change places.
    await editor.write(one, "second edition")
    m0, m1 = (module["id"] for module in draft["modules"])
    order = {"modules": [{"id": m1, "lessons": [three, one, four]}, {"id": m0, "lessons": [two]}]}
    await studio.ask("PUT", f"/courses/{draft['id']}/order", headers=studio.author, json=order)
    await studio.ask("DELETE", f"/lessons/{four}", expect=204, headers=studio.author)
    new = await studio.ask(
        "POST",
        f"/modules/{m0}/lessons",
        expect=201,
        headers=studio.author,
        json={"title": "New", "content": "brand new"},
    )
    added = await studio.ask(
        "POST", f"/courses/{draft['id']}/modules", expect=201, headers=studio.author, json={"title": "Third"}
    )
    last = await studio.ask(
        "POST",
        f"/modules/{added['id']}/lessons",
        expect=201,
        headers=studio.author,
        json={"title": "Last", "content": "the end"},
    )
    body = {"title": "Notes, revised", "level": "advanced"}
    await studio.ask("PATCH", f"/courses/{draft['id']}", headers=studio.author, json=body)
    assert bodies(await editor.held(course.id)) == first, "the course is as it was"
    assert len(await published()) == before, "and nobody was told anything"

    shown = await editor.publish(draft["id"])
    (a, b), (c, d) = course.lessons
    assert (shown["id"], shown["slug"], shown["version"]) == (course.id, course.slug, "1.1")
    assert (shown["title"], shown["level"], shown["is_published"]) == ("Notes, revised", "advanced", True)
    held = await editor.held(course.id)
    assert [module for module, _, _ in held] == [course.modules[1], course.modules[0], added["id"]]
    assert ids(held) == [[c, a], [b, new["id"]], [last["id"]]], "who survives keeps the id"
    assert copies(shown) == ids(held)
    assert bodies(held)[a] == "second edition"
    assert (await studio.ask("GET", f"/lessons/{new['id']}", headers=studio.author))["course_id"] == course.id
    await studio.ask("GET", f"/lessons/{d}", expect=404)
    archived = await editor.id_of(course.id, "1.0")
    assert bodies(await editor.held(archived)) == first

    events = (await published())[before:]
    assert [type(e) for e in events] == [CoursePublished, CourseChanged], "told once"
    assert [[x.id for x in m.lessons] for m in events[0].modules] == ids(held)
    assert (events[0].course_id, events[0].course_version) == (course.id, "1.1")
    assert sorted(events[1].lesson_ids) == sorted([a, b, c, d, new["id"], last["id"]]), (
        "d is kept, not deleted"
    )


async def test_what_was_dropped_comes_back_under_its_id_with_what_hangs_on_it(studio, editor, database):
    course = await studio.published()
    gone = course.lessons[1][1]
    async with database.transaction() as session:
        session.add(Resource(lesson_id=gone, order=0, title="Tables"))
    first = await editor.held(course.id)
    draft = await editor.draft(course.id)
    await studio.ask("DELETE", f"/lessons/{copies(draft)[1][1]}", expect=204, headers=studio.author)
    await editor.publish(draft["id"])
    assert ids(await editor.held(course.id)) == [course.lessons[0], [course.lessons[1][0]]]
    old = await editor.id_of(course.id, "1.0")
    assert await editor.held(old) == first
    await studio.ask("GET", f"/lessons/{gone}", expect=404)
    kept = await studio.ask("GET", f"/lessons/{gone}", headers=studio.author)
    assert kept["course_id"] == old

    shown = await editor.restore(course.id, old)
    assert (shown["id"], shown["version"]) == (course.id, "1.2")
    assert await editor.held(course.id) == first
    assert await editor.held(old) == first, "an archive stays as it is"
    assert (await studio.ask("GET", f"/lessons/{gone}"))["course_id"] == course.id
    assert await editor.versions(course.id) == [("1.2", "current"), ("1.1", "archived"), ("1.0", "archived")]
    async with database.transaction() as session:
        assert (await session.scalars(select(Resource.lesson_id))).all() == [gone]
        assert await session.scalar(select(Lesson.retired_from_id).where(Lesson.id == gone)) is None


async def test_a_lesson_deleted_for_good_comes_back_under_its_id(studio, editor, published):
    course = await studio.published()
    first = await editor.held(course.id)
    gone, last = course.lessons[0][0], course.lessons[1][1]
    await studio.ask("DELETE", f"/lessons/{gone}", expect=204, headers=studio.author)
    changed = (await published())[-1]
    assert isinstance(changed, CourseChanged)
    assert gone not in changed.lesson_ids, "deleted is deleted for those who learn"
    await studio.ask("DELETE", f"/modules/{course.modules[1]}", expect=204, headers=studio.author)
    assert (await editor.publish(course.id))["version"] == "1.1"
    await editor.restore(course.id, await editor.id_of(course.id, "1.0"))
    assert await editor.held(course.id) == first
    assert (await studio.ask("GET", f"/lessons/{last}"))["title"] == "Lesson 1B"
    new = await studio.lesson(course, 0, "Another")
    assert new > last, "ids are not used twice"


async def test_each_publication_in_place_is_kept_as_it_was_published(studio, editor):
    course = await studio.published()
    lesson = course.lessons[0][0]
    await editor.write(lesson, "second")
    held = bodies(await editor.held(await editor_archive(editor, course)))
    assert held[lesson] == "whole 0A", "the archive has what was published, not what was edited since"
    await editor.publish(course.id)
    await editor.write(lesson, "third")
    await editor.publish(course.id)
    assert await editor.versions(course.id) == [("1.2", "current"), ("1.1", "archived"), ("1.0", "archived")]
    for version, body in (("1.0", "whole 0A"), ("1.1", "second")):
        assert bodies(await editor.held(await editor.id_of(course.id, version)))[lesson] == body
    draft = await editor.draft(course.id, json={"bump": "major"})
    assert draft["version"] == "2.0"
    await editor.publish(draft["id"])
    assert bodies(await editor.held(await editor.id_of(course.id, "1.2")))[lesson] == "third"


async def editor_archive(editor, course):
    async with editor.database.transaction() as session:
        statement = select(Course.id).where(Course.parent_version_id == course.id)
        return (await session.scalars(statement)).one()


async def test_going_back_loses_no_edit(studio, editor):
    course = await studio.published()
    lesson = course.lessons[0][0]
    extra = await studio.lesson(course, 0, "Never published", content="a gem")
    await editor.write(lesson, "botched")
    await studio.ask("PATCH", f"/courses/{course.id}", headers=studio.author, json={"subtitle": "Botched"})
    shown = await editor.restore(course.id, course.id)
    assert (shown["version"], shown["subtitle"]) == ("1.2", None)
    held = bodies(await editor.held(course.id))
    assert (held[lesson], extra in held) == ("whole 0A", False)
    history = await editor.history(course.id)
    assert [(v["version"], v["state"], v["published_date"] is None) for v in history] == [
        ("1.2", "current", False),
        ("1.1", "archived", True),
        ("1.0", "archived", False),
    ]
    shown = await editor.restore(course.id, history[1]["id"])
    held = bodies(await editor.held(course.id))
    assert (shown["version"], shown["subtitle"]) == ("1.3", "Botched")
    assert (held[lesson], held[extra]) == ("botched", "a gem")
    assert (await studio.ask("GET", f"/lessons/{extra}"))["id"] == extra, "shown to learners by now"
    same = await editor.restore(course.id, course.id)
    assert same["version"] == "1.3", "nothing to undo, nothing done"


async def test_a_course_off_the_catalogue_goes_back_and_stays_off(studio, editor, published):
    course = await studio.published()
    first = await editor.held(course.id)
    await editor.write(course.lessons[0][0], "second")
    await editor.publish(course.id)
    await studio.ask("POST", f"/courses/{course.id}/unpublish", headers=studio.author)
    told = [e for e in await published() if isinstance(e, CoursePublished)]
    shown = await editor.restore(course.id, await editor.id_of(course.id, "1.0"))
    assert (shown["is_published"], shown["version"]) == (False, "1.1")
    assert await editor.held(course.id) == first
    assert [e for e in await published() if isinstance(e, CoursePublished)] == told
    assert (await editor.publish(course.id))["version"] == "1.2"


async def test_files_of_what_was_added_come_along(studio, editor, database):
    course = await studio.published()
    draft = await editor.draft(course.id)
    path = f"/modules/{draft['modules'][0]['id']}/lessons"
    new = await studio.ask("POST", path, expect=201, headers=studio.author, json={"title": "New"})
    async with database.transaction() as session:
        session.add(Resource(lesson_id=new["id"], order=0, title="Tables"))
    await editor.publish(draft["id"])
    assert new["id"] in ids(await editor.held(course.id))[0]
    async with database.transaction() as session:
        assert (await session.scalars(select(Resource.lesson_id))).all() == [new["id"]]


async def test_what_is_not_complete_is_not_put_in_place(studio, editor, published):
    course = await studio.published()
    first = await editor.held(course.id)
    draft = await editor.draft(course.id)
    await studio.ask("DELETE", f"/modules/{draft['modules'][1]['id']}", expect=204, headers=studio.author)
    for lesson in copies(draft)[0]:
        await studio.ask("DELETE", f"/lessons/{lesson}", expect=204, headers=studio.author)
    body = {"description": "Short."}
    seen = await studio.ask("PATCH", f"/courses/{draft['id']}", headers=studio.author, json=body)
    assert seen["completion_percentage"] == 71
    before = len(await published())
    path = f"/courses/{draft['id']}/publish"
    refused = await studio.ask("POST", path, expect=422, headers=studio.author)
    assert [lack["field"] for lack in refused["missing"]] == ["description", "lessons"]
    assert await editor.held(course.id) == first
    assert len(await published()) == before


async def everything(database):
    """All that the database has of courses and their outlines."""
    async with database.transaction() as session:
        return [
            (await session.execute(select(table.__table__).order_by(table.id))).all()
            for table in (Course, Module, Lesson)
        ]


@pytest.mark.parametrize(
    ("table", "doing", "at_commit"),
    [
        ("courses_module", "UPDATE", False),
        ("courses_lesson", "INSERT", False),
        ("courses_lesson", "UPDATE", False),
        ("courses_lesson", "DELETE", False),
        ("catalog_course_publication", "UPDATE", False),
        ("outbox", "INSERT", False),
        ("courses_course", "UPDATE", True),
    ],
)
async def test_what_breaks_in_the_middle_changes_nothing(
    studio, editor, database, published, table, doing, at_commit
):
    course = await studio.published()
    draft = await editor.draft(course.id)
    await editor.write(copies(draft)[0][0], "second")
    module, gone = draft["modules"][0]["id"], copies(draft)[1][1]
    await studio.ask("DELETE", f"/lessons/{gone}", expect=204, headers=studio.author)
    path = f"/modules/{module}/lessons"
    await studio.ask("POST", path, expect=201, headers=studio.author, json={"title": "New"})
    before, told = await everything(database), len(await published())
    late = "CONSTRAINT TRIGGER" if at_commit else "TRIGGER"
    when = "DEFERRABLE INITIALLY DEFERRED" if at_commit else ""
    async with database.transaction() as session:
        await session.execute(
            text(
                "CREATE FUNCTION break_here() RETURNS trigger LANGUAGE plpgsql "
                "AS $$BEGIN RAISE EXCEPTION 'here it breaks'; END$$"
            )
        )
        await session.execute(
            text(
                f"CREATE {late} broken AFTER {doing} ON {table} {when} FOR EACH ROW EXECUTE FUNCTION break_here()"
            )
        )
    path = f"/courses/{draft['id']}/publish"
    await studio.ask("POST", path, expect=500, headers=studio.author)
    async with database.transaction() as session:
        await session.execute(text(f"DROP TRIGGER broken ON {table}"))
    assert await everything(database) == before
    assert len(await published()) == told
    assert (await editor.publish(draft["id"]))["version"] == "1.1"


# --- every column is decided on ---------------------------------------------------------------------------------

OF_THE_ROW = {
    Course: """
        id created_date updated_date slug is_published published_date view_count last_accessed thumbnail
        creation_method completion_status completion_percentage version is_draft parent_version_id preview_token
        preview_expiry enrolled_students_count avg_rating total_reviews last_enrollment_date state_version
        created_by_id counted_in_id first_published_at published_by_id price_now
    """,
    Module: "id created_date updated_date order published_date course_id revision origin_id",
    Lesson: """
        id created_date updated_date order module_id type has_assessment published_at revision origin_id
        retired_from_id
    """,
}


@pytest.mark.parametrize(
    ("table", "versioned"),
    [
        (Course, {*course_rules.VERSIONED, *course_rules.LIVE}),
        (Module, set(outlines.MODULE)),
        (Lesson, set(outlines.LESSON)),
    ],
)
def test_every_column_is_versioned_or_belongs_to_the_row(table, versioned):
    rest = set(OF_THE_ROW[table].split())
    assert versioned | rest == {column.name for column in table.__table__.columns}
    assert not versioned & rest
