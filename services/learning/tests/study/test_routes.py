"""Reporting progress and completing lessons."""

import asyncio
from datetime import UTC, date, datetime, timedelta

from contracts.catalog import CourseUnpublished
from contracts.learning import (
    CertificateIssued,
    CourseCompleted,
    EnrollmentProgressChanged,
    LessonCompleted,
    LessonProgressed,
)
from learning.activity.models import Activity
from learning.enrollments.models import Enrollment
from learning.progress.models import CourseProgress
from sqlalchemy import select, update


async def an_hour_ago(database, enrollment_id: int) -> None:
    """Let an hour pass since time was last counted."""
    async with database.transaction() as session:
        instant = datetime.now(UTC) - timedelta(hours=1)
        statement = update(Enrollment).where(Enrollment.id == enrollment_id)
        await session.execute(statement.values(time_counted_until=instant))


async def test_time_counts_up_to_what_passed(ada, catalog, published, database):
    enrollment_id = await ada.enrolled()
    await an_hour_ago(database, enrollment_id)
    first = (await ada.report(enrollment_id, 101, time_spent_delta=600, progress_percentage=40)).json()
    assert (first["time_spent_counted"], first["time_spent"], first["progress_percentage"]) == (600, 600, 40)
    # The rest of the hour is gone: it was not reported when it could be.
    second = (await ada.report(enrollment_id, 102, time_spent_delta=3000)).json()
    assert second["time_spent_counted"] <= 5

    await an_hour_ago(database, enrollment_id)
    capped = (await ada.report(enrollment_id, 102, time_spent_delta=86_400)).json()
    assert 3600 <= capped["time_spent_counted"] <= 3605

    told = [e for e in await published() if isinstance(e, LessonProgressed)]
    total = sum(e.time_spent_delta_seconds for e in told)
    enrollment = (await ada.get(f"/enrollments/{enrollment_id}")).json()
    assert (
        enrollment["total_time_spent"] == total == 600 + second["time_spent_counted"] + capped["time_spent"]
    )
    assert enrollment["last_lesson_accessed_id"] == 102
    async with database.transaction() as session:
        logged = (await session.scalars(select(Activity).where(Activity.action == "progress"))).all()
        record = (await session.scalars(select(CourseProgress))).one()
    assert sum(row.seconds for row in logged) == total
    assert (record.total_time_spent, record.current_lesson_id) == (total, 102)


async def test_time_counts_from_the_enrollment_at_first(ada, catalog):
    enrollment_id = await ada.enrolled()
    answer = (await ada.report(enrollment_id, 101, time_spent_delta=3600)).json()
    assert answer["time_spent_counted"] <= 5


async def test_reports_at_once_do_not_count_the_same_time_twice(ada, catalog, database):
    enrollment_id = await ada.enrolled()
    await an_hour_ago(database, enrollment_id)
    reports = (ada.report(enrollment_id, lesson, time_spent_delta=3600) for lesson in (101, 102, 201, 202))
    counted = [answer.json()["time_spent_counted"] for answer in await asyncio.gather(*reports)]
    assert 3600 <= sum(counted) <= 3605


async def test_a_percentage_never_goes_back(ada, catalog):
    enrollment_id = await ada.enrolled()
    for given, expected in ((40, 40), (20, 40), (100, 100)):
        answer = (await ada.report(enrollment_id, 101, progress_percentage=given)).json()
        assert (answer["progress_percentage"], answer["is_completed"]) == (expected, False)
    await ada.completes(enrollment_id, 101)
    assert (await ada.report(enrollment_id, 101, progress_percentage=1)).json()["progress_percentage"] == 100


async def test_notes_are_kept_changed_and_taken_out(ada, catalog, published):
    enrollment_id = await ada.enrolled()
    before = len(await published())
    assert (await ada.report(enrollment_id, 101, notes=" cards ")).json()["notes"] == "cards"
    assert (await ada.report(enrollment_id, 101, time_spent_delta=0)).json()["notes"] == "cards"
    assert (await ada.report(enrollment_id, 101, notes=None)).json()["notes"] is None
    assert len(await published()) == before, "a note is not told"


async def test_bad_reports_are_refused(ada, catalog):
    enrollment_id = await ada.enrolled()
    path = f"/api/v1/enrollments/{enrollment_id}/lessons/101/progress"
    for body in (
        {"progress_percentage": 101},
        {"progress_percentage": -1},
        {"progress_percentage": "50"},
        {"progress_percentage": 50.5},
        {"time_spent_delta": -1},
        {"time_spent_delta": 86_401},
        {"time_spent_delta": True},
        {"notes": "x" * 10_001},
        {"notes": "a\u0000b"},
        {"is_completed": True},
        [],
    ):
        answer = await ada.client.put(path, json=body, headers=ada.headers)
        assert answer.status_code == 422, body
        assert answer.headers["content-type"] == "application/problem+json"


async def test_malformed_json_is_refused(ada, catalog):
    enrollment_id = await ada.enrolled()
    path = f"/api/v1/enrollments/{enrollment_id}/lessons/101/progress"
    headers = {**ada.headers, "Content-Type": "application/json"}
    answer = await ada.client.put(path, content=b'{"notes": ', headers=headers)
    assert (answer.status_code, answer.json()["type"]) == (422, "/problems/malformed-json")


async def test_completing_twice_is_completing_once(ada, catalog, published):
    enrollment_id = await ada.enrolled()
    first, second = [await ada.complete(enrollment_id, 101) for _ in range(2)]
    assert (first.status_code, second.status_code) == (200, 200)
    assert first.json() == second.json()
    assert first.json()["progress_percentage"] == 100
    assert len([e for e in await published() if isinstance(e, LessonCompleted)]) == 1


async def test_the_last_lesson_completed_by_two_at_once_completes_the_course_once(ada, catalog, published):
    enrollment_id = await ada.enrolled()
    await ada.completes(enrollment_id, 101, 102)
    pending = [ada.complete(enrollment_id, lesson) for lesson in (201, 202, 201, 202)]
    answers = await asyncio.gather(*pending)
    assert [a.status_code for a in answers] == [200] * 4
    events = await published()
    for event, times in ((LessonCompleted, 4), (CourseCompleted, 1), (CertificateIssued, 1)):
        assert len([e for e in events if isinstance(e, event)]) == times, event
    assert len((await ada.get("/certificates")).json()["items"]) == 1
    versions = [e.version for e in events if hasattr(e, "version")]
    assert versions == list(range(1, len(versions) + 1))


async def test_a_course_without_certificate_is_completed_without(ada, catalog, published, make):
    catalog.has(make.course(13, modules=(make.module(1, make.lesson(1)),), has_certificate=False))
    enrollment_id = await ada.enrolled(13)
    assert (await ada.complete(enrollment_id, 1)).json()["enrollment_status"] == "completed"
    assert (await ada.get("/certificates")).json()["items"] == []
    assert not [e for e in await published() if isinstance(e, CertificateIssued)]


async def test_a_completed_course_goes_on(ada, catalog):
    enrollment_id = await ada.enrolled()
    await ada.completes(enrollment_id, 101, 102, 201, 202)
    assert (await ada.report(enrollment_id, 101, time_spent_delta=0)).status_code == 200
    assert (await ada.get(f"/enrollments/{enrollment_id}")).json()["status"] == "completed"


async def test_lessons_that_are_not_there(ada, catalog, make):
    hidden = make.module(20, make.lesson(201), order=1, published=False)
    catalog.has(make.course(12, modules=(make.module(10, make.lesson(101)), hidden)))
    catalog.has(make.course(13, modules=(make.module(30, make.lesson(301)),)))
    enrollment_id = await ada.enrolled()
    await ada.enrolled(13)
    for lesson_id in (201, 301, 999):
        for answer in (
            await ada.complete(enrollment_id, lesson_id),
            await ada.report(enrollment_id, lesson_id, progress_percentage=1),
        ):
            assert (answer.status_code, answer.json()["type"]) == (404, "/problems/lesson-not-found")
    assert (await ada.complete(enrollment_id, 101)).json()["enrollment_status"] == "completed"


async def test_a_lesson_published_a_moment_ago_is_asked_for(ada, catalog, deliver, published, make):
    await deliver(make.course())
    enrollment_id = await ada.enrolled()
    longer = (*make.course().modules, make.module(30, make.lesson(301), order=2))
    catalog.has(make.course(version=6, modules=longer))
    assert (await ada.complete(enrollment_id, 301)).status_code == 200
    state = [e for e in await published() if isinstance(e, EnrollmentProgressChanged)][-1]
    assert (state.lessons_completed, state.total_lessons) == (1, 5)
    # Its event comes after all, and still recounts those whom nobody has touched.
    await deliver(make.course(version=6, modules=longer))
    state = [e for e in await published() if isinstance(e, EnrollmentProgressChanged)][-1]
    assert (state.lessons_completed, state.total_lessons) == (1, 5)


async def test_a_quiz_has_to_be_passed(ada, catalog, published, make):
    catalog.has(make.course(12, modules=(make.module(10, make.lesson(101, has_assessment=True)),)))
    enrollment_id = await ada.enrolled()
    path = "/internal/lessons/101/passed?user_id=7"
    catalog.upstream.will_answer(path, {"passed": False})
    refused = await ada.complete(enrollment_id, 101)
    assert (refused.status_code, refused.json()["type"]) == (409, "/problems/assessment-not-passed")
    assert not [e for e in await published() if isinstance(e, LessonCompleted)]

    catalog.upstream.will_answer(path, {}, status=503)
    assert (await ada.complete(enrollment_id, 101)).status_code == 503

    catalog.upstream.will_answer(path, {"passed": True})
    assert (await ada.complete(enrollment_id, 101)).json()["enrollment_status"] == "completed"


async def test_a_quiz_that_came_to_a_course_off_the_catalogue_has_to_be_passed(ada, catalog, deliver, make):
    """Nobody told of it: the course would be back on the catalogue."""
    enrollment_id = await ada.enrolled()
    await deliver(make.course())
    assert (await ada.complete(enrollment_id, 101)).status_code == 200
    asked = [path for _, path in catalog.upstream.asked]
    assert not [path for path in asked if path.endswith("/passed?user_id=7")], "on it, it is not asked for"
    off = CourseUnpublished(
        course_id=12, created_by_id=3, unpublished_at=make.course().published_at, version=6
    )
    await deliver(off)
    path = "/internal/lessons/102/passed?user_id=7"
    catalog.upstream.will_answer(path, {"passed": False})
    refused = await ada.complete(enrollment_id, 102)
    assert (refused.status_code, refused.json()["type"]) == (409, "/problems/assessment-not-passed")
    assert (await ada.complete(enrollment_id, 201)).status_code == 200, "there is none"


async def test_progress_is_the_learners_alone(ada, person, guest, catalog):
    enrollment_id = await ada.enrolled()
    for caller, status in (
        (person(8), 404),
        (person(3, role="instructor"), 404),
        (person(1, role="admin"), 403),
        (guest, 401),
    ):
        assert (await caller.complete(enrollment_id, 101)).status_code == status
        assert (await caller.report(enrollment_id, 101, progress_percentage=1)).status_code == status


async def test_progress_of_a_course_is_mine(ada, person, guest, catalog):
    enrollment_id = await ada.enrolled()
    await ada.completes(enrollment_id, 101)
    seen = (await ada.get("/courses/12/progress")).json()
    assert (seen["enrollment_id"], seen["lessons_completed"], seen["completion_percentage"]) == (
        enrollment_id,
        1,
        25.0,
    )
    assert seen["last_study_date"] == datetime.now(UTC).date().isoformat()
    assert (await person(8).get("/courses/12/progress")).status_code == 404
    assert (await person(1, role="admin").get("/courses/12/progress")).status_code == 404
    assert (await guest.get("/courses/12/progress")).status_code == 401


async def test_a_streak_grows_and_reads_zero_once_broken(ada, catalog, database):
    enrollment_id = await ada.enrolled()
    await ada.completes(enrollment_id, 101)

    async def studied(last: date, streak: int) -> None:
        async with database.transaction() as session:
            values = {"last_study_date": last, "study_streak_days": streak}
            await session.execute(update(CourseProgress).values(**values))

    async def streak() -> int:
        return (await ada.get(f"/enrollments/{enrollment_id}/progress")).json()["study_streak_days"]

    today = datetime.now(UTC).date()
    await studied(today - timedelta(days=1), 4)
    assert await streak() == 4
    await ada.completes(enrollment_id, 102)
    assert await streak() == 5
    await studied(today - timedelta(days=2), 5)
    assert await streak() == 0
    await ada.completes(enrollment_id, 201)
    assert await streak() == 1
