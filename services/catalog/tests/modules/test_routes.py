"""Modules and lessons as those who teach edit them, and the order of all."""

import asyncio
import random

from contracts.catalog import CourseChanged

HTML = "<script>alert('x')</script>[link](javascript:alert(1)) &amp; \\"


async def outline(studio, course, headers=None):
    shown = await studio.ask("GET", f"/courses/{course.id}", headers=headers or studio.author)
    return [(m["id"], [lesson["id"] for lesson in m["lessons"]]) for m in shown["modules"]]


async def test_what_has_no_order_is_appended(studio):
    course = await studio.course()
    await studio.module(course, "First")
    await studio.module(course, "Fifth", order=5)
    await studio.module(course, "Sixth")
    await studio.module(course, "Third", order=3)
    path = f"/courses/{course.id}/modules"
    listed = await studio.ask("GET", path, headers=studio.author)
    orders = [(m["title"], m["order"]) for m in listed["items"]]
    assert orders == [("First", 0), ("Third", 3), ("Fifth", 5), ("Sixth", 6)]
    taken = await studio.ask("POST", path, expect=409, headers=studio.author, json={"title": "x", "order": 3})
    assert taken["type"] == "/problems/order-taken"
    await studio.lesson(course, 0, "B", order=1)
    await studio.lesson(course, 0, "C")
    await studio.lesson(course, 0, "A", order=0)
    lessons = await studio.ask("GET", f"/modules/{course.modules[0]}/lessons", headers=studio.author)
    assert [(x["title"], x["order"]) for x in lessons["items"]] == [("A", 0), ("B", 1), ("C", 2)]
    assert "content" not in lessons["items"][0]
    path, body = f"/lessons/{course.lessons[0][0]}", {"order": 2}
    await studio.ask("PATCH", path, expect=409, headers=studio.author, json=body)
    await studio.ask("PATCH", path, headers=studio.author, json={"order": 1})
    assert (await studio.ask("PATCH", path, headers=studio.author, json={"order": 9}))["order"] == 9


async def test_appending_is_safe_from_races(studio, published):
    course = await studio.course()
    path = f"/api/v1/courses/{course.id}/modules"
    answers = await asyncio.gather(
        *(studio.client.post(path, headers=studio.author, json={"title": f"M{n}"}) for n in range(8))
    )
    assert {a.status_code for a in answers} == {201}
    assert sorted(a.json()["order"] for a in answers) == list(range(8))
    path = f"/api/v1/modules/{answers[0].json()['id']}/lessons"
    answers = await asyncio.gather(
        *(studio.client.post(path, headers=studio.author, json={"title": f"L{n}"}) for n in range(8))
    )
    assert {a.status_code for a in answers} == {201}
    assert sorted(a.json()["order"] for a in answers) == list(range(8))
    told = [e.version for e in await published() if isinstance(e, CourseChanged)]
    assert told == list(range(1, 18))


async def test_a_course_is_put_in_order_in_one_go(studio, published):
    course = await studio.outlined()
    (a, (a1, a2)), (b, (b1, b2)) = await outline(studio, course)
    wanted = [(b, [a2, b2, b1]), (a, [a1])]
    body = {"modules": [{"id": m, "lessons": lessons} for m, lessons in wanted]}
    shown = await studio.ask("PUT", f"/courses/{course.id}/order", headers=studio.author, json=body)
    assert [(m["id"], [x["id"] for x in m["lessons"]]) for m in shown["modules"]] == wanted
    assert [m["order"] for m in shown["modules"]] == [0, 1]
    assert [x["order"] for x in shown["modules"][0]["lessons"]] == [0, 1, 2]
    assert {x["module_id"] for x in shown["modules"][0]["lessons"]} == {b}
    assert (await published())[-1].lesson_ids == (a2, b2, b1, a1)
    again = await studio.ask("PUT", f"/courses/{course.id}/order", headers=studio.author, json=body)
    assert [(m["id"], [x["id"] for x in m["lessons"]]) for m in again["modules"]] == wanted


async def test_every_order_can_be_reached(studio):
    course = await studio.outlined()
    chance = random.Random(11)
    for _ in range(12):
        modules = list(course.modules)
        lessons = [lesson for some in course.lessons for lesson in some]
        chance.shuffle(modules)
        chance.shuffle(lessons)
        cut = chance.randint(0, len(lessons))
        wanted = list(zip(modules, (lessons[:cut], lessons[cut:]), strict=True))
        body = {"modules": [{"id": m, "lessons": some} for m, some in wanted]}
        await studio.ask("PUT", f"/courses/{course.id}/order", headers=studio.author, json=body)
        assert await outline(studio, course) == wanted


async def test_an_order_names_everything_once(studio):
    course, other = await studio.outlined(), await studio.outlined("Another")
    before = await outline(studio, course)
    (a, (a1, a2)), (b, (b1, b2)) = before
    stranger = other.lessons[0][0]
    for modules in (
        [],
        [(a, [a1, a2])],
        [(a, [a1, a2]), (b, [b1])],
        [(a, [a1, a2]), (b, [b1, b2, b2])],
        [(a, [a1, a2]), (b, [b1, b2]), (a, [])],
        [(a, [a1, a2]), (b, [b1, b2, stranger])],
        [(a, [a1, a2]), (b, [b1, stranger])],
        [(a, [a1, a2]), (other.modules[0], [b1, b2])],
    ):
        body = {"modules": [{"id": m, "lessons": lessons} for m, lessons in modules]}
        refused = await studio.ask(
            "PUT", f"/courses/{course.id}/order", expect=422, headers=studio.author, json=body
        )
        assert refused["type"] == "/problems/order-incomplete", modules
    assert await outline(studio, course) == before
    body = {"modules": [{"id": a, "lessons": [a1, a2]}, {"id": b, "lessons": [b1, stranger]}]}
    refused = await studio.ask(
        "PUT", f"/courses/{course.id}/order", expect=422, headers=studio.author, json=body
    )
    assert refused["lessons"] == {"missing": [b2], "unknown": [stranger]}


async def test_two_orders_at_once_leave_one_of_them(studio):
    course = await studio.outlined()
    (a, a_lessons), (b, b_lessons) = await outline(studio, course)
    wanted = [[(a, a_lessons + b_lessons), (b, [])], [(b, b_lessons[::-1] + a_lessons), (a, [])]]

    def put(modules):
        body = {"modules": [{"id": m, "lessons": lessons} for m, lessons in modules]}
        path = f"/api/v1/courses/{course.id}/order"
        return studio.client.put(path, headers=studio.author, json=body)

    answers = await asyncio.gather(*(put(wanted[n % 2]) for n in range(6)))
    assert {x.status_code for x in answers} == {200}
    assert await outline(studio, course) in wanted


async def test_a_module_and_what_is_in_it_are_removed(studio, published):
    course = await studio.outlined()
    await studio.ask("DELETE", f"/modules/{course.modules[0]}", expect=204, headers=studio.author)
    await studio.ask("GET", f"/modules/{course.modules[0]}", expect=404, headers=studio.author)
    await studio.ask("GET", f"/lessons/{course.lessons[0][0]}", expect=404, headers=studio.author)
    await studio.ask("DELETE", f"/lessons/{course.lessons[1][0]}", expect=204, headers=studio.author)
    assert (await published())[-1].lesson_ids == (course.lessons[1][1],)
    shown = await studio.ask("GET", f"/courses/{course.id}", headers=studio.author)
    assert shown["completion_status"] == "complete"
    await studio.ask("DELETE", f"/lessons/{course.lessons[1][1]}", expect=204, headers=studio.author)
    shown = await studio.ask("GET", f"/courses/{course.id}", headers=studio.author)
    assert (shown["completion_status"], shown["completion_percentage"]) == ("partial", 85)


async def test_a_course_holds_so_many_modules_and_lessons(studio):
    course = await studio.course()
    for number in range(12):
        await studio.module(course, f"M{number}")
    refused = await studio.ask(
        "POST",
        f"/courses/{course.id}/modules",
        expect=409,
        headers=studio.author,
        json={"title": "One more"},
    )
    assert refused["type"] == "/problems/too-many-modules"
    for number in range(40):
        await studio.lesson(course, number % 12)
    path = f"/modules/{course.modules[0]}/lessons"
    refused = await studio.ask("POST", path, expect=409, headers=studio.author, json={"title": "One more"})
    assert refused["type"] == "/problems/too-many-lessons"


async def test_a_stale_edit_changes_nothing(studio):
    course = await studio.outlined()
    for path, field in (
        (f"/modules/{course.modules[0]}", "title"),
        (f"/lessons/{course.lessons[0][0]}", "content"),
    ):
        read = (await studio.client.get(f"/api/v1{path}", headers=studio.author)).headers["etag"]
        headers = {**studio.author, "If-Match": read}
        changed = await studio.client.patch(f"/api/v1{path}", headers=headers, json={field: "one"})
        assert changed.headers["etag"] != read
        await studio.ask("PATCH", path, expect=412, headers=headers, json={field: "other"})
        assert (await studio.ask("GET", path, headers=studio.author))[field] == "one"
        headers["If-Match"] = changed.headers["etag"]
        await studio.ask("PATCH", path, headers=headers, json={field: "one"})
        again = (await studio.client.get(f"/api/v1{path}", headers=studio.author)).headers["etag"]
        assert again == changed.headers["etag"], "nothing changed"


async def test_text_is_kept_as_it_is(studio):
    course = await studio.course()
    await studio.module(course, HTML, description=HTML)
    shown = await studio.ask("GET", f"/modules/{course.modules[0]}", headers=studio.author)
    assert (shown["title"], shown["description"]) == (HTML, HTML)
    texts = dict.fromkeys(("content", "guest_content", "registered_content", "transcript"), HTML)
    await studio.lesson(course, 0, HTML, **texts, video_url="https://video.example/?q=<b>")
    answer = await studio.client.get(f"/api/v1/lessons/{course.lessons[0][0]}", headers=studio.author)
    assert answer.headers["content-type"] == "application/json"
    shown = answer.json()
    assert {name: shown[name] for name in texts} == texts
    assert (shown["title"], shown["body"]) == (HTML, HTML)
    assert shown["video_url"] == "https://video.example/?q=<b>"


async def test_bad_modules_and_lessons_are_refused(studio, published):
    course = await studio.outlined()
    before = await published()
    both = [
        {"title": ""},
        {"title": "x" * 201},
        {"title": "A\x00"},
        {"title": None},
        {"order": -1},
        {"order": 2**31},
        {"order": "first"},
        {"duration_minutes": -5},
        {"duration_minutes": 2**40},
        {"id": 5},
        {"revision": 5},
    ]
    modules = [*both, {"description": "x" * 10_001}, {"is_published": None}, {"course_id": 1}]
    lessons = [
        *both,
        {"content": "x" * 200_001},
        {"content": None},
        {"content": "A\x00"},
        {"guest_content": "x" * 200_001},
        {"transcript": 7},
        {"access_level": "everyone"},
        {"activity_type": "dancing"},
        {"activity_type": None},
        {"type": "reading"},
        {"is_free_preview": "perhaps"},
        {"video_url": "javascript:alert(1)"},
        {"video_url": "file:///etc/passwd"},
        {"video_url": "//video.example/x"},
        {"video_url": "https://"},
        {"video_url": "https://[::1"},
        {"video_url": "https://video.example/" + "x" * 2000},
        {"has_assessment": True},
        {"module_id": 1},
        {"published_at": "2026-01-01T00:00:00Z"},
    ]
    taken = []
    for make, change, wrong in (
        (f"/courses/{course.id}/modules", f"/modules/{course.modules[0]}", modules),
        (f"/modules/{course.modules[0]}/lessons", f"/lessons/{course.lessons[0][0]}", lessons),
    ):
        for given in wrong:
            made = await studio.client.post(
                f"/api/v1{make}", headers=studio.author, json={"title": "T", **given}
            )
            changed = await studio.client.patch(f"/api/v1{change}", headers=studio.author, json=given)
            taken += [(given, a.status_code) for a in (made, changed) if a.status_code != 422]
    assert not [(str(given)[:80], status) for given, status in taken]
    path = f"/courses/{course.id}/order"
    for body in ({}, {"modules": None}, {"modules": [{"id": 1}]}, {"modules": [1]}, {"modules": [], "x": 1}):
        await studio.ask("PUT", path, expect=422, headers=studio.author, json=body)
    assert await published() == before


async def test_learners_do_not_see_what_was_not_published(studio):
    course = await studio.course()
    await studio.module(course, "Shown")
    await studio.lesson(course, 0, "Shown")
    await studio.module(course, "Hidden", is_published=False)
    await studio.lesson(course, 1, "Hidden")
    await studio.ask("POST", f"/courses/{course.id}/publish", headers=studio.author)
    await studio.lesson(course, 0, "Later")
    await studio.module(course, "Later")
    await studio.lesson(course, 2, "Later")
    learners = [(course.modules[0], [course.lessons[0][0]])]
    assert await outline(studio, course, studio.learner) == learners
    assert len(await outline(studio, course)) == 3
    for headers, modules, lessons in ((studio.learner, 1, 1), (studio.author, 3, 2)):
        listed = await studio.ask("GET", f"/courses/{course.id}/modules", headers=headers)
        assert len(listed["items"]) == modules
        listed = await studio.ask("GET", f"/modules/{course.modules[0]}/lessons", headers=headers)
        assert len(listed["items"]) == lessons
    for path in (
        f"/modules/{course.modules[1]}",
        f"/modules/{course.modules[1]}/lessons",
        f"/modules/{course.modules[2]}",
        f"/lessons/{course.lessons[1][0]}",
        f"/lessons/{course.lessons[0][1]}",
        f"/lessons/{course.lessons[2][0]}",
    ):
        await studio.ask("GET", path, expect=404, headers=studio.learner)
        await studio.ask("GET", path, headers=studio.author)
    await studio.ask("POST", f"/courses/{course.id}/publish", headers=studio.author)
    assert [m for m, _ in await outline(studio, course, studio.learner)] == [
        course.modules[0],
        course.modules[2],
    ]
