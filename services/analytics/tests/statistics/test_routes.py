"""The statistics over HTTP: what they answer, and to whom."""

from datetime import UTC, datetime, timedelta
from decimal import Decimal

import orjson
import pytest
from chassis.db import now
from contracts.catalog import CourseChanged, CoursePublished, ReviewChanged
from contracts.instructor import CoInstructorChanged, CoInstructorRemoved, InstructorChanged
from contracts.learning import (
    CertificateIssued,
    CourseCompleted,
    EnrollmentCreated,
    EnrollmentProgressChanged,
    LessonCompleted,
    LessonProgressed,
)

LEAD, CO, LEARNER, STRANGER, PROFILE, COURSE = 3, 5, 7, 8, 2, 12
BEGUN = now() - timedelta(minutes=10)


def example(event, **changes):
    data = {**event.model_config["json_schema_extra"]["examples"][0], **changes}
    return event.model_validate_json(orjson.dumps(data))


def taught(user_id=LEAD, **changes):
    return example(
        CoInstructorChanged,
        user_id=user_id,
        effective_from=(BEGUN - timedelta(days=1)).isoformat(),
        **{"profile_id": PROFILE if user_id == LEAD else None, **changes},
    )


@pytest.fixture
async def path(deliver):
    """One learner's path: an instructor with a course of one lesson, bought, studied and completed."""
    at = BEGUN.isoformat()
    ids = {"enrollment_id": 42, "user_id": LEARNER, "course_id": COURSE}
    await deliver(
        example(InstructorChanged, status="active"),
        example(CourseChanged, version=1, is_published=False, first_published_at=None),
        example(CoursePublished, version=2),
        taught(),
        example(EnrollmentCreated, **ids, enrolled_at=at, price_paid="39.00", version=1),
        example(LessonProgressed, **ids, time_spent_delta_seconds=4000),
        example(LessonCompleted, **ids),
        example(
            EnrollmentProgressChanged,
            **ids,
            status="completed",
            progress_percentage="100.00",
            enrolled_at=at,
            completed_date=at,
            version=3,
        ),
        example(CourseCompleted, **ids, enrolled_at=at, completed_at=at, version=2),
        example(CertificateIssued, **ids, certificate_id=9),
        example(ReviewChanged, user_id=LEARNER, rating=4, created_at=at),
        times=2,
    )


async def ok(client, path, headers=None):
    answer = await client.get(f"/api/v1{path}", headers=headers)
    assert answer.status_code == 200, answer.text
    return answer.json()


async def test_a_learners_path_is_in_their_statistics(path, client, auth):
    mine = await ok(client, "/stats/users/me", auth(LEARNER))
    assert mine["user_id"] == LEARNER
    assert (mine["courses_enrolled"], mine["courses_completed"]) == (1, 1)
    assert (mine["total_time_spent_seconds"], mine["hours_spent"]) == (4000, 1)
    assert (mine["assessment_avg_score"], mine["average_score"]) == (0.0, 0.0)
    assert mine["activity_streak"] == 1
    assert sum(mine["learning_habits"]["by_hour"]) == 5
    assert sum(mine["learning_habits"]["by_weekday"]) == 5
    assert len(mine["learning_habits"]["by_hour"]) == 24
    assert mine["last_activity"].endswith("Z")
    assert mine["as_of"] >= mine["last_activity"]
    assert 0 <= mine["lag_seconds"] < 60
    assert await ok(client, f"/stats/users/{LEARNER}", auth(1, role="admin")) == mine


async def test_a_path_is_in_the_courses_statistics(path, client, auth):
    course = await ok(client, f"/stats/courses/{COURSE}", auth(LEAD))
    assert course["course_id"] == COURSE
    assert (course["total_students"], course["active_students"], course["completion_count"]) == (1, 1, 1)
    assert course["average_completion_days"] == 0
    assert course["engagement_score"] == 100.0
    assert course["assessment_stats"] == {}
    month = f"{BEGUN:%Y-%m}"
    assert course["revenue_data"] == {
        "total": "39.00",
        "by_month": {month: "39.00"},
        "purchases": 1,
        "refunds": 0,
    }
    assert course["as_of"]


async def test_a_path_is_in_the_platforms_statistics_for_guests_too(path, client, auth):
    platform = await ok(client, "/stats/platform")
    counted = {name: number for name, number in platform.items() if name.startswith("total_")}
    assert counted == {
        "total_courses": 1,
        "total_students": 1,
        "total_instructors": 1,
        "total_lessons_completed": 1,
        "total_certificates_issued": 1,
    }
    assert await ok(client, "/stats/platform", auth(LEARNER)) == platform
    refused = await client.get("/api/v1/stats/platform", headers={"Authorization": "Bearer forged"})
    assert refused.status_code == 401


async def test_a_path_is_in_the_instructors_statistics(path, client, auth):
    mine = await ok(client, "/stats/instructors/me", auth(LEAD, role="instructor"))
    fresh = ("as_of", "lag_seconds", "last_updated", "last_calculated")
    assert {name: value for name, value in mine.items() if name not in fresh} == {
        "user_id": LEAD,
        "instructor_id": PROFILE,
        "courses_created": 1,
        "total_students": 1,
        "total_courses": 1,
        "average_rating": 4.0,
        "total_reviews": 1,
        "total_revenue": "39.00",
        "monthly_revenue": "39.00",
        "completion_rate": 100.0,
        "student_satisfaction_rate": 100.0,
    }
    assert await ok(client, f"/stats/instructors/{PROFILE}", auth(1, role="admin")) == mine


async def test_the_unknown_reads_as_defaults(client, auth):
    admin = auth(1, role="admin")
    user = await ok(client, "/stats/users/99", admin)
    assert (user["user_id"], user["courses_enrolled"], user["last_activity"]) == (99, 0, None)
    assert user["learning_habits"] == {"by_hour": [0] * 24, "by_weekday": [0] * 7, "active_days": 0}
    course = await ok(client, "/stats/courses/99", admin)
    assert course["revenue_data"] == {"total": "0.00", "by_month": {}, "purchases": 0, "refunds": 0}
    platform = await ok(client, "/stats/platform")
    assert (platform["total_students"], platform["as_of"], platform["lag_seconds"]) == (0, None, 0.0)
    instructor = await ok(client, "/stats/instructors/99", admin)
    assert (instructor["instructor_id"], instructor["user_id"], instructor["total_revenue"]) == (
        99,
        None,
        "0.00",
    )
    mine = await ok(client, "/stats/instructors/me", auth(LEARNER))
    assert (mine["user_id"], mine["instructor_id"], mine["total_students"]) == (LEARNER, None, 0)


SEEN = {
    # by a guest, by somebody, by the course's lead, by an admin
    "/stats/users/me": (401, 200, 200, 200),
    f"/stats/users/{LEARNER}": (401, 403, 403, 200),
    "/stats/instructors/me": (401, 200, 200, 200),
    f"/stats/instructors/{PROFILE}": (401, 403, 403, 200),
    f"/stats/courses/{COURSE}": (401, 403, 200, 200),
    "/stats/platform": (200, 200, 200, 200),
    "/activity/me": (401, 200, 200, 200),
    "/activity": (401, 403, 403, 200),
    "/analytics/freshness": (401, 403, 403, 200),
}


async def test_who_may_see_what(path, client, auth):
    callers = (None, auth(STRANGER), auth(LEAD, role="instructor"), auth(1, role="admin"))
    for path_, statuses in SEEN.items():
        answers = [await client.get(f"/api/v1{path_}", headers=caller) for caller in callers]
        assert tuple(answer.status_code for answer in answers) == statuses, path_


async def test_the_staff_see_what_they_may(path, client, auth):
    needed = {
        f"/stats/users/{LEARNER}": "analytics.view_statistics",
        f"/stats/instructors/{PROFILE}": "analytics.view_statistics",
        f"/stats/courses/{COURSE}": "analytics.view_statistics",
        "/analytics/freshness": "analytics.view_statistics",
        "/activity": "analytics.view_activity",
    }
    for path_, permission in needed.items():
        for held in ("analytics.view_statistics", "analytics.view_activity"):
            answer = await client.get(f"/api/v1{path_}", headers=auth(STRANGER, permissions=[held]))
            assert answer.status_code == (200 if held == permission else 403), (path_, held)
    refused = await client.post(
        "/api/v1/analytics/rebuild", headers=auth(STRANGER, permissions=list(needed.values()))
    )
    assert (refused.status_code, refused.json()["permission"]) == (403, "analytics.rebuild_statistics")


async def test_what_is_not_understood_is_refused(client, auth):
    for path_ in (
        "/stats/platform?as_of=2026-11-22T00:00:00Z",
        "/stats/users/me?limit=3",
        "/stats/users/0",
        "/stats/users/9223372036854775808",
        "/stats/users/ada",
        "/stats/courses/12?x=1",
        "/stats/instructors/-1",
        "/stats/instructors/me?x=",
        "/activity?course_id=none",
        "/activity/me?limit=101",
        "/activity/me?user_id=7",
        "/activity/me?cursor=e30",
    ):
        answer = await client.get(f"/api/v1{path_}", headers=auth(1, role="admin"))
        assert answer.status_code == 422, path_
        assert answer.headers["content-type"] == "application/problem+json"


async def test_a_co_instructor_sees_a_course_while_they_may(path, deliver, client, auth):
    async def status():
        answer = await client.get(f"/api/v1/stats/courses/{COURSE}", headers=auth(CO, role="instructor"))
        return answer.status_code

    assert await status() == 403
    await deliver(taught(CO, version=1, is_lead=False, can_view_analytics=True))
    assert await status() == 200
    await deliver(taught(CO, version=2, is_lead=False, can_view_analytics=False))
    assert await status() == 403
    await deliver(taught(CO, version=3, is_lead=False, is_active=False))
    assert await status() == 403
    await deliver(taught(CO, version=4, is_lead=False))
    assert await status() == 200
    await deliver(example(CoInstructorRemoved, user_id=CO, version=5))
    assert await status() == 403


async def test_a_draft_is_not_there_for_others(deliver, client, auth):
    await deliver(example(CourseChanged, version=1, is_published=False, first_published_at=None))
    assert (await client.get(f"/api/v1/stats/courses/{COURSE}", headers=auth(LEAD))).status_code == 200
    answer = await client.get(f"/api/v1/stats/courses/{COURSE}", headers=auth(STRANGER))
    assert (answer.status_code, answer.json()["type"]) == (404, "/problems/course-not-found")


async def test_catalog_is_asked_before_the_lead_of_a_new_course_is_refused(client, auth, upstream):
    path = f"/internal/courses/{COURSE}/offer"
    upstream.will_answer(path, {"course_id": COURSE, "created_by_id": LEAD, "is_published": False})
    assert (await client.get(f"/api/v1/stats/courses/{COURSE}", headers=auth(LEAD))).status_code == 200
    assert (await client.get(f"/api/v1/stats/courses/{COURSE}", headers=auth(STRANGER))).status_code == 404
    upstream.will_answer(path, {"course_id": COURSE, "created_by_id": LEAD, "is_published": True})
    answer = await client.get(f"/api/v1/stats/courses/{COURSE}", headers=auth(STRANGER))
    assert (answer.status_code, answer.json()["type"]) == (403, "/problems/not-an-instructor-here")
    assert upstream.asked == [("GET", path)] * 3


async def test_without_catalog_the_answer_is_what_we_know(client, auth, upstream):
    upstream.will_answer(f"/internal/courses/{COURSE}/offer", {}, status=503)
    assert (await client.get(f"/api/v1/stats/courses/{COURSE}", headers=auth(LEAD))).status_code == 404


async def test_numbers_are_there_when_the_batch_is_committed(deliver, client, auth):
    from analytics.freshness.service import FRESHNESS

    def count():
        return next(s.value for s in FRESHNESS.collect()[0].samples if s.name.endswith("_count"))

    before = count()
    event = example(EnrollmentCreated, user_id=LEARNER, version=1)
    await deliver(event, time=datetime(2026, 11, 22, 20, tzinfo=UTC))
    assert count() == before + 1
    fresh = await ok(client, "/analytics/freshness", auth(1, role="admin"))
    assert fresh["as_of"] == "2026-11-22T20:00:00Z"
    assert (fresh["facts"], fresh["rebuild"]) == (1, None)
    assert (await ok(client, "/stats/users/me", auth(LEARNER)))["as_of"] == "2026-11-22T20:00:00Z"
    metrics = (await client.get("/metrics")).text
    assert "lyceum_statistics_freshness_seconds_bucket" in metrics


async def test_money_is_split_by_the_share_at_the_instant_of_the_purchase(path, deliver, client, auth):
    lead = taught().model_copy(
        update={
            "version": 2,
            "effective_from": BEGUN + timedelta(minutes=1),
            "revenue_share_percentage": Decimal("70.00"),
        }
    )
    bought = example(
        EnrollmentCreated,
        enrollment_id=43,
        user_id=STRANGER,
        payment_id="pay_2",
        price_paid="10.01",
        enrolled_at=(BEGUN + timedelta(minutes=2)).isoformat(),
        version=1,
    )
    await deliver(bought, lead)
    mine = await ok(client, "/stats/instructors/me", auth(LEAD))
    assert mine["total_revenue"] == "46.01"  # 39.00 + 10.01 x 0.7 = 46.007
    assert mine["total_students"] == 2
