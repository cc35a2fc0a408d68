"""Making, showing, changing and deleting courses."""

import asyncio

from contracts.catalog import CourseChanged, CourseDeleted
from contracts.envelope import Event

HTML = "<script>alert('x')</script><b onclick=\"y\">&amp; ' \" \\ \u2028 🜚"


async def test_a_course_begins_as_a_draft_of_its_author(studio, published):
    category = (await studio.ask("GET", "/categories"))["items"][0]["id"]
    body = {"title": "  A first course ", "category_id": category}
    made = await studio.client.post("/api/v1/courses", headers=studio.author, json=body)
    assert made.status_code == 201
    course = made.json()
    assert made.headers["etag"] == '"1"'
    assert (course["title"], course["slug"]) == ("A first course", "a-first-course")
    assert (course["created_by_id"], course["is_published"], course["is_draft"]) == (3, False, True)
    assert (course["price"], course["effective_price"], course["discount_price"]) == ("0.00", "0.00", None)
    assert (course["level"], course["version"], course["modules"]) == ("all_levels", "1.0", [])
    assert (course["completion_percentage"], course["completion_status"]) == (57, "partial")
    (told,) = [e for e in await published() if isinstance(e, CourseChanged)]
    assert (told.course_id, told.created_by_id, told.version, told.lesson_ids) == (course["id"], 3, 1, ())
    assert (told.is_published, told.first_published_at, told.currency) == (False, None, "USD")


async def test_only_approved_instructors_and_admins_author(studio, events, deliver, upstream):
    category = (await studio.ask("GET", "/categories"))["items"][0]["id"]
    body = {"title": "A course", "category_id": category}
    await studio.ask("POST", "/courses", expect=401, json=body)
    for status in ("pending", "suspended", "rejected"):
        await deliver(events.instructor(20, status=status, version=len(status)))
        # The token's role gives no right.
        headers = studio.auth(20, "instructor")
        refused = await studio.ask("POST", "/courses", expect=403, headers=headers, json=body)
        assert refused["type"] == "/problems/instructor-not-approved"
    await studio.ask("POST", "/courses", expect=201, headers=studio.admin, json=body)
    assert ("GET", "/internal/instructors/by-user/20") in upstream.asked


async def test_an_approval_that_is_still_on_its_way_is_asked_for(studio, upstream):
    category = (await studio.ask("GET", "/categories"))["items"][0]["id"]
    answer = {"profile_id": 120, "user_id": 20, "status": "active", "tier": "bronze"}
    upstream.will_answer("/internal/instructors/by-user/20", answer)
    body = {"title": "A course", "category_id": category}
    headers = studio.auth(20, "student")
    made = await studio.ask("POST", "/courses", expect=201, headers=headers, json=body)
    assert made["created_by_id"] == 20


async def test_an_instructor_that_does_not_answer_is_not_a_no(studio, upstream):
    category = (await studio.ask("GET", "/categories"))["items"][0]["id"]
    upstream.will_answer("/internal/instructors/by-user/20", {}, status=500)
    body = {"title": "A course", "category_id": category}
    await studio.ask("POST", "/courses", expect=503, headers=studio.auth(20, "instructor"), json=body)


async def test_titles_may_repeat_and_slugs_do_not(studio):
    slugs = [(await studio.course("Twice told")).slug for _ in range(3)]
    assert slugs == ["twice-told", "twice-told-2", "twice-told-3"]
    numbered = [(await studio.course("2026")).slug, (await studio.course("!?")).slug]
    assert numbered == ["course-2026", "course"]
    foreign = [(await studio.course(title)).slug for title in ("数学", "Основы", "数学")]
    assert foreign == ["shu-xue", "osnovy", "shu-xue-2"]


async def test_slugs_are_unique_under_a_race(studio):
    category = (await studio.ask("GET", "/categories"))["items"][0]["id"]
    body = {"title": "Contested", "category_id": category}
    answers = await asyncio.gather(
        *(studio.client.post("/api/v1/courses", headers=studio.author, json=body) for _ in range(12))
    )
    assert {a.status_code for a in answers} == {201}
    assert len({a.json()["slug"] for a in answers}) == 12


async def test_a_slug_stays_when_the_title_changes(studio):
    course = await studio.course("Old name")
    changed = await studio.ask(
        "PATCH", f"/courses/{course.id}", headers=studio.author, json={"title": "New name"}
    )
    assert (changed["title"], changed["slug"]) == ("New name", "old-name")
    assert (await studio.ask("GET", "/courses/old-name", headers=studio.author))["id"] == course.id


async def test_a_draft_is_shown_to_those_who_teach_it_alone(studio, events, deliver):
    course = await studio.course()
    await deliver(events.co_instructor(course.id, 20, can_edit_content=False))
    for headers in (studio.author, studio.admin, studio.auth(20, "instructor")):
        assert (await studio.ask("GET", f"/courses/{course.id}", headers=headers))["id"] == course.id
        assert (await studio.ask("GET", f"/courses/{course.slug}", headers=headers))["id"] == course.id
    for headers in ({}, studio.other, studio.learner):
        await studio.ask("GET", f"/courses/{course.id}", expect=404, headers=headers)
        await studio.ask("GET", f"/courses/{course.slug}", expect=404, headers=headers)


async def test_what_is_no_course_is_not_found(studio):
    for what in ("0", "99999999999999999999", "-1", "no-such-course", "A%00B", "%F0%9F%9C%9A", "x" * 500):
        answer = await studio.client.get(f"/api/v1/courses/{what}")
        assert answer.status_code in (404, 422), what
        assert answer.headers["content-type"] == "application/problem+json"


async def test_a_course_of_another_is_hidden_until_it_is_public(studio):
    draft, public = await studio.outlined("A draft"), await studio.published("A public one")
    title = {"json": {"title": "Mine now"}}
    attempts = (
        ("PATCH", "/courses/{id}", title),
        ("DELETE", "/courses/{id}", {}),
        ("POST", "/courses/{id}/publish", {}),
        ("POST", "/courses/{id}/unpublish", {}),
        ("PUT", "/courses/{id}/order", {"json": {"modules": []}}),
        ("POST", "/courses/{id}/modules", title),
        ("PATCH", "/modules/{module}", title),
        ("DELETE", "/modules/{module}", {}),
        ("POST", "/modules/{module}/lessons", title),
        ("PATCH", "/lessons/{lesson}", title),
        ("DELETE", "/lessons/{lesson}", {}),
    )
    callers = (({}, 401, 401), (studio.other, 404, 403), (studio.learner, 404, 403))
    for method, path, body in attempts:
        for headers, unseen, seen in callers:
            for course, expected in ((draft, unseen), (public, seen)):
                filled = path.format(id=course.id, module=course.modules[0], lesson=course.lessons[0][0])
                await studio.ask(method, filled, expect=expected, headers=headers, **body)
    shown = await studio.ask("GET", f"/courses/{draft.id}", headers=studio.author)
    assert [[x["id"] for x in m["lessons"]] for m in shown["modules"]] == draft.lessons
    assert (await studio.ask("GET", f"/courses/{public.id}"))["title"] == "A public one"


async def test_co_instructors_edit_where_they_may(studio, events, deliver):
    course = await studio.course()
    path, body = f"/courses/{course.id}", {"subtitle": "By two"}
    await deliver(events.instructor(20), events.instructor(21))
    await deliver(
        events.co_instructor(course.id, 20), events.co_instructor(course.id, 21, can_edit_content=False)
    )
    await studio.ask("PATCH", path, headers=studio.auth(20, "instructor"), json=body)
    refused = await studio.ask("PATCH", path, expect=403, headers=studio.auth(21, "instructor"), json=body)
    assert refused["type"] == "/problems/no-right-to-edit"
    refused = await studio.ask("DELETE", path, expect=403, headers=studio.auth(20, "instructor"))
    assert refused["type"] == "/problems/only-the-lead-deletes"
    await deliver(events.no_co_instructor(course.id, 20, version=2))
    await studio.ask("PATCH", path, expect=404, headers=studio.auth(20, "instructor"), json=body)


async def test_a_suspended_author_reads_and_does_not_edit(studio, events, deliver):
    course = await studio.course()
    await deliver(events.instructor(3, status="suspended", version=2))
    await studio.ask("GET", f"/courses/{course.id}", headers=studio.author)
    refused = await studio.ask(
        "PATCH", f"/courses/{course.id}", expect=403, headers=studio.author, json={"subtitle": "x"}
    )
    assert refused["type"] == "/problems/instructor-not-approved"


async def test_edits_are_told_and_bare_repeats_are_not(studio, published):
    course = await studio.course(price="49.00")
    path = f"/courses/{course.id}"
    body = {"discount_price": "39.00", "discount_ends": "2027-01-01T01:00:00+01:00", "skills": ["sums"]}
    for _ in range(2):
        changed = await studio.ask("PATCH", path, headers=studio.author, json=body)
    assert (changed["effective_price"], changed["discount_ends"]) == ("39.00", "2027-01-01T00:00:00Z")
    told = [e for e in await published() if isinstance(e, CourseChanged)]
    assert [e.version for e in told] == [1, 2]
    assert str(told[-1].discount_price) == "39.00"
    ended = await studio.ask("PATCH", path, headers=studio.author, json={"discount_price": None})
    assert (ended["discount_price"], ended["discount_ends"]) == (None, None)


async def test_a_stale_edit_changes_nothing(studio):
    course = await studio.course()
    path = f"/courses/{course.id}"
    read = (await studio.client.get(f"/api/v1{path}", headers=studio.author)).headers["etag"]
    headers = {**studio.author, "If-Match": read}
    answers = await asyncio.gather(
        *(
            studio.client.patch(f"/api/v1{path}", headers=headers, json={"subtitle": f"By {n}"})
            for n in range(4)
        )
    )
    assert sorted(a.status_code for a in answers) == [200, 412, 412, 412]
    (winner,) = [a for a in answers if a.status_code == 200]
    shown = await studio.ask("GET", path, headers=studio.author)
    assert shown["subtitle"] == winner.json()["subtitle"]
    # The outline is part of what was read.
    read = winner.headers["etag"]
    await studio.module(course)
    headers["If-Match"] = read
    await studio.ask("PATCH", path, expect=412, headers=headers, json={"subtitle": "Late"})


async def test_a_course_nobody_enrolled_in_is_deleted(studio, published):
    course = await studio.published()
    await studio.ask("DELETE", f"/courses/{course.id}", expect=204, headers=studio.author)
    await studio.ask("GET", f"/courses/{course.id}", expect=404, headers=studio.author)
    await studio.ask("GET", f"/lessons/{course.lessons[0][0]}", expect=404, headers=studio.author)
    await studio.ask("DELETE", f"/courses/{course.id}", expect=404, headers=studio.author)
    told = [e for e in await published() if getattr(e, "course_id", None) == course.id]
    assert isinstance(told[-1], CourseDeleted)
    assert [e.version for e in told] == list(range(1, len(told) + 1))


async def test_a_course_ever_enrolled_in_stays(studio, events, deliver):
    course = await studio.published()
    await deliver(events.enrolled(1, 7, course.id), events.dropped(1, 7, course.id))
    refused = await studio.ask("DELETE", f"/courses/{course.id}", expect=409, headers=studio.author)
    assert refused["type"] == "/problems/course-has-students"
    await studio.ask("DELETE", f"/courses/{course.id}", expect=409, headers=studio.admin)


async def test_only_admins_feature(studio):
    category = (await studio.ask("GET", "/categories"))["items"][0]["id"]
    body = {"title": "Look at me", "category_id": category, "is_featured": True}
    await studio.ask("POST", "/courses", expect=403, headers=studio.author, json=body)
    course = await studio.course()
    path, body = f"/courses/{course.id}", {"is_featured": True}
    await studio.ask("PATCH", path, expect=403, headers=studio.author, json=body)
    assert (await studio.ask("PATCH", path, headers=studio.admin, json=body))["is_featured"]
    # What is not changed is not refused.
    await studio.ask("PATCH", path, headers=studio.author, json={"is_featured": True, "subtitle": "x"})


async def test_text_is_kept_as_it_is_and_leaves_as_json_alone(studio):
    texts = {"subtitle": HTML, "description": HTML * 3, "target_audience": HTML}
    lists = {"requirements": [HTML], "skills": [HTML], "learning_objectives": [HTML]}
    course = await studio.course(HTML, **texts, **lists, meta_keywords=HTML, meta_description=HTML)
    answer = await studio.client.get(f"/api/v1/courses/{course.id}", headers=studio.author)
    assert answer.headers["content-type"] == "application/json"
    shown = answer.json()
    assert shown["title"] == HTML
    assert {name: shown[name] for name in texts | lists} == texts | lists
    assert (shown["meta_keywords"], shown["meta_description"]) == (HTML, HTML)
    assert set(course.slug) <= set("abcdefghijklmnopqrstuvwxyz0123456789-")


BAD: list[dict] = [
    {"title": ""},
    {"title": "  "},
    {"title": "x" * 201},
    {"title": "A\x00B"},
    {"title": None},
    {"title": ["A"]},
    {"category_id": 999_999},
    {"category_id": 0},
    {"category_id": None},
    {"price": "-0.01"},
    {"price": "-1"},
    {"price": "1.001"},
    {"price": "10000000000.00"},
    {"price": "NaN"},
    {"price": "Infinity"},
    {"price": "a lot"},
    {"price": None},
    {"price": "10.00", "discount_price": "10.00"},
    {"price": "10.00", "discount_price": "10.01"},
    {"price": "10.00", "discount_price": "-1.00"},
    {"discount_price": "0.00"},
    {"discount_ends": "2027-01-01T00:00:00Z"},
    {"price": "10.00", "discount_price": "5.00", "discount_ends": "2027-01-01T00:00:00"},
    {"price": "10.00", "discount_price": "5.00", "discount_ends": "0001-01-01T00:00:00+14:00"},
    {"price": "10.00", "discount_price": "5.00", "discount_ends": "soon"},
    {"level": "expert"},
    {"has_certificate": "perhaps"},
    {"description": "x" * 20_001},
    {"subtitle": "x" * 301},
    {"skills": ["x"] * 51},
    {"skills": ["x" * 101]},
    {"skills": [""]},
    {"requirements": "all of it"},
    {"requirements": ["A\x00B"]},
    {"duration_minutes": -1},
    {"duration_minutes": 2**40},
    {"slug": "mine"},
    {"created_by_id": 4},
    {"is_published": True},
    {"view_count": 1000},
    {"preview_token": "x"},
    {"state_version": 9},
]


async def test_bad_courses_are_refused(studio, published):
    category = (await studio.ask("GET", "/categories"))["items"][0]["id"]
    course = await studio.course()
    before = await published()
    taken = []
    for given in BAD:
        body = {"title": "A course", "category_id": category, **given}
        made = await studio.client.post("/api/v1/courses", headers=studio.author, json=body)
        changed = await studio.client.patch(f"/api/v1/courses/{course.id}", headers=studio.author, json=given)
        for answer in (made, changed):
            if answer.status_code != 422 or answer.headers["content-type"] != "application/problem+json":
                taken.append((given, answer.status_code, answer.text))
    assert not taken
    assert await published() == before, "nothing half-written, nothing told"


async def test_what_is_not_a_course_at_all_is_refused(studio):
    headers = {**studio.author, "Content-Type": "application/json"}
    for body in ("{", "[]", "null", '{"title": "\\ud800", "category_id": 1}', "", "\xff"):
        answer = await studio.client.post("/api/v1/courses", headers=headers, content=body)
        assert answer.status_code == 422, (body, answer.text)
        assert answer.headers["content-type"] == "application/problem+json"


async def test_a_course_is_not_filed_under_an_inactive_category(studio):
    closed = await studio.category("Closed", is_active=False)
    body = {"title": "A course", "category_id": closed}
    refused = await studio.ask("POST", "/courses", expect=422, headers=studio.author, json=body)
    assert refused["type"] == "/problems/category-unknown"


async def test_a_repeated_request_makes_one_course(studio, published):
    category = (await studio.ask("GET", "/categories"))["items"][0]["id"]
    headers = {**studio.author, "Idempotency-Key": "once"}
    body = {"title": "Once", "category_id": category}
    answers = [await studio.client.post("/api/v1/courses", headers=headers, json=body) for _ in range(2)]
    assert [a.status_code for a in answers] == [201, 201]
    assert answers[0].json() == answers[1].json()
    told: list[Event] = [e for e in await published() if isinstance(e, CourseChanged)]
    assert len(told) == 1
