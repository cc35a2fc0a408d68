"""Erasing a person: their id is nowhere, what they did still counts."""

import json
from datetime import UTC, datetime

import pytest
from chassis.dead_letters import DeadLetter
from contracts.identity import SubscriptionChanged, UserChanged, UserErased
from contracts.learning import CourseCompleted, EnrollmentCreated
from contracts.platform import ErasureCompleted
from learning.erasure import service
from learning.notifications.models import Notification
from learning.preferences.models import UserPreference
from learning.tables import metadata
from sqlalchemy import select, text

AT = datetime(2026, 12, 1, 8, 0, tzinfo=UTC)
ADA, TOMBSTONE = 70_007_007, 90_412_412
LEFT = {"outbox": 1, "erased_people": 1, "ended_sessions": 1}
ERASED = UserErased(user_id=ADA, tombstone_id=TOMBSTONE, erased_at=AT)


@pytest.fixture
async def ada(person, catalog, deliver, database, make):
    """Somebody who left traces in every table."""
    catalog.has(make.course(12, price="39.00"))
    ada = person(ADA)
    enrollment_id = await ada.enrolled(token="tok_ok")
    await ada.report(enrollment_id, 101, notes="my own words", time_spent_delta=0)
    await ada.post("/notes", {"lesson_id": 101, "content": "my own words", "is_private": False})
    bookmark = {"content_type": "course", "object_id": 12, "notes": "my own words"}
    await ada.post("/bookmarks", bookmark, **{"Idempotency-Key": "k1"})
    await ada.completes(enrollment_id, 101, 102, 201, 202)
    named = {"username": "ada", "display_name": "Ada Lovelace", "picture_url": None, "role": "student"}
    tier = {"tier": "basic", "status": "active", "starts": AT, "ends": None, "is_auto_renew": True}
    await deliver(
        UserChanged(user_id=ADA, is_active=True, version=1, **named),
        SubscriptionChanged(user_id=ADA, version=1, **tier),
    )
    async with database.transaction() as session:
        session.add(Notification(user_id=ADA, notification_type="system", message="my own words"))
        session.add(UserPreference(user_id=ADA))
    return ada


def a_letter() -> DeadLetter:
    value = json.dumps({"course_id": 12, "user_id": ADA}).encode()
    return DeadLetter(
        fingerprint="f1",
        type="instructor.co_instructor.changed.v1",
        topic="instructor.events",
        partition=0,
        offset=1,
        key=b"12",
        headers=[],
        value=value.replace(b" ", b""),
        error="",
        traceback="",
    )


def traces(row: dict[str, object], needles: tuple[str, ...]) -> bool:
    text = " ".join(str(v.decode() if isinstance(v, bytes) else v) for v in row.values())
    return any(needle in text for needle in needles)


async def rows_with(database, *needles: str) -> dict[str, int]:
    """How many rows of each table carry any of these texts, in whatever column."""
    found = {}
    async with database.transaction() as session:
        # What this database has, not what the metadata knows: in one test run all services' tables are in it.
        names = set(
            await session.scalars(text("SELECT tablename FROM pg_tables WHERE schemaname = 'public'"))
        )
        for table in (table for table in metadata.sorted_tables if table.name in names):
            rows = (await session.execute(select(table))).mappings()
            count = sum(traces(dict(row), needles) for row in rows)
            if count:
                found[table.name] = count
    return found


async def test_an_erased_persons_id_is_nowhere(ada, deliver, database):
    left_traces = await rows_with(database, str(ADA))
    assert len(left_traces) >= 12, left_traces
    await deliver(ERASED, times=2)
    # What speaks of them still: the report to identity that it is done, and what keeps late events and tokens away.
    assert await rows_with(database, str(ADA)) == LEFT
    assert await rows_with(database, "my own words", "Ada Lovelace") == {}


async def test_a_dead_letter_about_them_says_nothing_any_more(database):
    async with database.transaction() as session:
        session.add(a_letter())
    async with database.transaction() as session:
        await service.erase(session, ADA, TOMBSTONE)
    assert await rows_with(database, str(ADA)) == {"erased_people": 1, "ended_sessions": 1}


async def test_what_they_did_still_counts(ada, deliver, published, person, guest):
    (certificate,) = (await ada.get("/certificates")).json()["items"]
    await deliver(ERASED)
    events = await published()
    kinds = (EnrollmentCreated, CourseCompleted)
    assert [e.user_id for e in events if isinstance(e, kinds)] == [TOMBSTONE, TOMBSTONE]
    (done,) = [e for e in events if isinstance(e, ErasureCompleted)]
    assert (done.user_id, done.tombstone_id, done.service) == (ADA, TOMBSTONE, "learning")
    students = (await person(1, role="admin").get("/courses/12/students")).json()["items"]
    assert [(s["user_id"], s["display_name"], s["status"]) for s in students] == [
        (TOMBSTONE, None, "completed")
    ]
    checked = (await guest.get(f"/certificates/verify/{certificate['verification_hash']}")).json()
    assert (checked["is_valid"], checked["display_name"]) == (True, None)


async def test_erasing_somebody_unknown_is_reported_too(deliver, published):
    await deliver(ERASED)
    (done,) = await published()
    assert isinstance(done, ErasureCompleted)


async def test_others_keep_what_is_theirs(ada, person, deliver):
    other = person(8, tier="premium")
    enrollment_id = await other.enrolled()
    await other.report(enrollment_id, 101, notes="mine")
    await deliver(ERASED)
    seen = (await other.get(f"/enrollments/{enrollment_id}/progress")).json()
    assert (seen["user_id"], seen["lessons"][0]["notes"]) == (8, "mine")
