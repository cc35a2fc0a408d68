"""Enrolling, listing, dropping."""

import asyncio

from contracts.learning import EnrollmentCreated, EnrollmentDropped, EnrollmentProgressChanged
from learning.activity.models import Activity
from sqlalchemy import select


async def test_enrolling_in_a_free_course(ada, catalog, published):
    answer = await ada.enroll()
    assert answer.status_code == 201
    enrollment = answer.json()
    assert (enrollment["user_id"], enrollment["course_id"], enrollment["status"]) == (7, 12, "active")
    created, state = await published()
    assert isinstance(created, EnrollmentCreated)
    assert (str(created.price_paid), created.currency, created.payment_id) == ("0.00", "EUR", None)
    assert created.reactivated is False
    assert isinstance(state, EnrollmentProgressChanged)
    assert (state.total_lessons, state.lessons_completed, state.version) == (4, 0, 2)


async def test_enrolling_again_answers_the_first_enrollment(ada, catalog, published):
    first = await ada.enroll()
    second = await ada.enroll()
    assert (first.status_code, second.status_code) == (201, 200)
    assert first.json() == second.json()
    assert len(await published()) == 2


async def test_two_enrolls_at_once_make_one_enrollment(ada, catalog, published):
    answers = await asyncio.gather(*(ada.enroll() for _ in range(5)))
    assert sorted(a.status_code for a in answers) == [200, 200, 200, 200, 201]
    assert len({a.json()["id"] for a in answers}) == 1
    events = await published()
    assert len([e for e in events if isinstance(e, EnrollmentCreated)]) == 1


async def test_an_idempotency_key_answers_the_first_answer_again(ada, catalog, published):
    body = {"course_id": 12}
    first = await ada.post("/enrollments", body, **{"Idempotency-Key": "k1"})
    again = await ada.post("/enrollments", body, **{"Idempotency-Key": "k1"})
    assert (first.status_code, again.status_code) == (201, 201)
    assert again.headers["idempotency-replayed"] == "true"
    other = await ada.post("/enrollments", {"course_id": 13}, **{"Idempotency-Key": "k1"})
    assert other.status_code == 422


async def test_a_guest_cannot_enroll(guest, catalog):
    answer = await guest.enroll()
    assert answer.status_code == 401
    assert answer.headers["www-authenticate"].startswith("Bearer")


async def test_bad_input_is_refused(ada, catalog, published):
    for body in (
        {},
        {"course_id": 0},
        {"course_id": "12"},
        {"course_id": True},
        {"course_id": 2**63},
        {"course_id": 12, "extra": 1},
        {"course_id": 12, "payment": {"provider": "nobody", "token": "tok_ok"}},
        {"course_id": 12, "payment": {"provider": "sandbox"}},
        {"course_id": 12, "payment": {"provider": "sandbox", "token": ""}},
        {"course_id": 12, "user_id": 8},
    ):
        answer = await ada.post("/enrollments", body)
        assert answer.status_code == 422, body
        assert answer.headers["content-type"] == "application/problem+json"
        assert answer.json()["errors"]
    assert await published() == []


async def test_a_course_catalog_does_not_have(ada, catalog):
    answer = await ada.enroll(99)
    assert answer.status_code == 404
    assert answer.json()["type"] == "/problems/course-not-found"


async def test_a_draft_is_nobodys_business(ada, catalog, make):
    catalog.has(make.course(13), is_published=False)
    answer = await ada.enroll(13)
    assert answer.status_code == 404
    assert answer.json()["type"] == "/problems/course-not-found"


async def test_an_unpublished_course_takes_no_enrollments(ada, person, catalog, deliver, make):
    enrollment_id = await ada.enrolled()
    await deliver(make.course())
    catalog.has(make.course(), is_published=False, version=6)

    refused = await person(8).enroll()
    assert refused.status_code == 409
    assert refused.json()["type"] == "/problems/enrollment-closed"
    # Those enrolled keep what they have.
    assert (await ada.enroll()).status_code == 200
    assert (await ada.complete(enrollment_id, 101)).status_code == 200


async def test_no_answer_from_catalog_is_no_yes(ada, catalog, published):
    catalog.upstream.will_answer("/internal/courses/12/offer", {}, status=503)
    answer = await ada.enroll()
    assert answer.status_code == 503
    assert "retry-after" in answer.headers
    assert await published() == []


async def test_a_known_course_is_enrolled_in_without_its_outline(ada, catalog, deliver, make):
    await deliver(make.course())
    await ada.enrolled()
    assert [path for _, path in catalog.upstream.asked] == ["/internal/courses/12/offer"]


async def test_a_mirror_that_is_behind_asks_for_the_outline(ada, catalog, deliver, published, make):
    await deliver(make.course(version=5))
    catalog.has(make.course(version=9, modules=(make.module(10, *make.course().modules[0].lessons),)))
    await ada.enrolled()
    state = (await published())[-1]
    assert state.total_lessons == 2


async def test_dropping_and_coming_back(ada, catalog, published, database):
    enrollment_id = await ada.enrolled()
    await ada.completes(enrollment_id, 101)
    dropped = await ada.post(f"/enrollments/{enrollment_id}/drop")
    assert (dropped.status_code, dropped.json()["status"]) == (200, "dropped")
    assert (await ada.post(f"/enrollments/{enrollment_id}/drop")).json() == dropped.json()

    refused = await ada.complete(enrollment_id, 102)
    assert (refused.status_code, refused.json()["type"]) == (409, "/problems/enrollment-dropped")
    assert (await ada.report(enrollment_id, 102, progress_percentage=5)).status_code == 409

    back = await ada.enroll()
    assert (back.status_code, back.json()["id"], back.json()["status"]) == (201, enrollment_id, "active")
    assert back.json()["progress_percentage"] == 25
    assert back.json()["enrolled_date"] > dropped.json()["enrolled_date"]

    events = await published()
    assert len([e for e in events if isinstance(e, EnrollmentDropped)]) == 1
    assert [e.reactivated for e in events if isinstance(e, EnrollmentCreated)] == [False, True]
    states = [e for e in events if isinstance(e, EnrollmentProgressChanged)]
    assert [(s.status, s.lessons_completed) for s in states] == [
        ("active", 0),
        ("active", 1),
        ("dropped", 1),
        ("active", 1),
    ]
    async with database.transaction() as session:
        actions = (await session.scalars(select(Activity.action).order_by(Activity.id))).all()
    assert actions == ["enroll", "complete_lesson", "drop", "enroll"]


async def test_a_completed_course_is_not_dropped(ada, catalog):
    enrollment_id = await ada.enrolled()
    await ada.completes(enrollment_id, 101, 102, 201, 202)
    answer = await ada.post(f"/enrollments/{enrollment_id}/drop")
    assert (answer.status_code, answer.json()["type"]) == (409, "/problems/enrollment-completed")


async def test_a_list_is_mine_filtered_and_paged(ada, person, catalog, make):
    for course_id in (12, 13, 14):
        lessons = (make.module(course_id * 10),)
        catalog.has(make.course(course_id, modules=lessons))
        await ada.enrolled(course_id)
    await person(8).enrolled(12)
    first = (await ada.get("/enrollments?limit=2")).json()
    assert [row["course_id"] for row in first["items"]] == [14, 13]
    second = (await ada.get(f"/enrollments?limit=2&cursor={first['next_cursor']}")).json()
    assert [row["course_id"] for row in second["items"]] == [12]
    assert second["next_cursor"] is None

    await ada.post(f"/enrollments/{second['items'][0]['id']}/drop")
    dropped = (await ada.get("/enrollments?status=dropped")).json()["items"]
    assert [row["course_id"] for row in dropped] == [12]
    for wrong in ("status=lost", "limit=0", "limit=101", "sort=id", "cursor=rubbish"):
        assert (await ada.get(f"/enrollments?{wrong}")).status_code == 422, wrong


async def test_an_enrollment_is_its_learners_and_admins(ada, person, guest, catalog):
    enrollment_id = await ada.enrolled()
    admin, other = person(1, role="admin"), person(8)
    for path in (f"/enrollments/{enrollment_id}", f"/enrollments/{enrollment_id}/progress"):
        assert (await ada.get(path)).status_code == 200
        assert (await admin.get(path)).status_code == 200
        assert (await other.get(path)).status_code == 404
        assert (await person(3, role="instructor").get(path)).status_code == 404
        assert (await guest.get(path)).status_code == 401
    for action in ("drop", "refund"):
        assert (await other.post(f"/enrollments/{enrollment_id}/{action}")).status_code == 404
        assert (await guest.post(f"/enrollments/{enrollment_id}/{action}")).status_code == 401
    assert (await admin.post(f"/enrollments/{enrollment_id}/drop")).status_code == 200
    for path in (
        "/enrollments/999999",
        "/enrollments/0",
        "/enrollments/x",
        "/enrollments/9223372036854775808",
    ):
        assert (await ada.get(path)).status_code in (404, 422)


async def test_another_service_asks_for_an_enrollment(ada, client, catalog, service_auth, auth):
    enrollment_id = await ada.enrolled()
    path = "/internal/enrollments?user_id=7&course_id=12"
    answer = await client.get(path, headers=service_auth("assessment"))
    assert answer.json() == {"enrollment_id": enrollment_id, "status": "active"}
    nobody = await client.get("/internal/enrollments?user_id=8&course_id=12", headers=service_auth("catalog"))
    assert nobody.status_code == 404
    # A person's token, however mighty, opens no internal door.
    assert (await client.get(path, headers=auth(1, "admin"))).status_code == 401
    assert (await client.get(path)).status_code == 401
