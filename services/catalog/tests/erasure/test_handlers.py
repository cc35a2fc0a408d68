"""A person is forgotten, and nothing that comes late brings them back."""

import itertools

from catalog.enrollment_mirror.models import CatalogEnrollment
from catalog.instructor_mirror.models import CatalogCoInstructor, CatalogInstructor
from catalog.people.models import CatalogPerson
from chassis.outbox import OutboxRow
from contracts.platform import ErasureCompleted
from sqlalchemy import select, text

TOMBSTONE = 90_412
KEPT_ON_PURPOSE = ("erased_people", "ended_sessions")


async def anywhere(database, user_id):
    """The tables and columns in which the id still stands, events included."""
    found = []
    async with database.transaction() as session:
        columns = await session.execute(
            text(
                "SELECT table_name, column_name FROM information_schema.columns WHERE table_schema = 'public' "
                "AND column_name IN ('user_id', 'created_by_id')"
            )
        )
        for table, column in columns.all():
            rows = await session.scalar(
                text(f'SELECT count(*) FROM "{table}" WHERE "{column}" = :id'), {"id": user_id}
            )
            if rows and table not in KEPT_ON_PURPOSE:
                found.append(f"{table}.{column}")
        payloads = await session.scalars(
            select(OutboxRow.payload).where(OutboxRow.type.not_like("platform.%"))
        )
        for payload in payloads:
            found += [f"outbox:{n}" for n in ("user_id", "created_by_id") if payload.get(n) == user_id]
    return found


async def test_an_author_is_forgotten(studio, events, deliver, database, published, client, service_auth):
    course = await studio.published()
    await deliver(events.user(3, "Charles Babbage"), events.co_instructor(999, 3))
    await deliver(events.erased(3, TOMBSTONE), times=2)
    assert await anywhere(database, 3) == ["catalog_person.user_id"]
    shown = await studio.ask("GET", f"/courses/{course.id}")
    assert shown["instructor"] == {"user_id": TOMBSTONE, "display_name": "", "picture_url": None}
    outline = await client.get(f"/internal/courses/{course.id}/outline", headers=service_auth("learning"))
    assert outline.json()["created_by_id"] == TOMBSTONE
    assert (outline.json()["title"], len(outline.json()["modules"])) == (course.slug and shown["title"], 2)
    told = await published()
    assert [e.created_by_id for e in told if getattr(e, "course_id", None) == course.id][-1] == TOMBSTONE
    (report,) = [e for e in told if isinstance(e, ErasureCompleted)]
    assert (report.user_id, report.tombstone_id, report.service) == (3, TOMBSTONE, "catalog")


async def test_late_events_bring_nobody_back(studio, events, deliver, database):
    course = await studio.published()
    late = [
        events.user(7, "Ada Lovelace", version=5),
        events.instructor(7, version=2),
        events.co_instructor(course.id, 7),
        events.no_co_instructor(course.id, 7, version=2),
        events.enrolled(1, 7, course.id),
    ]
    for before in (0, 3, 5):
        for event in late[:before]:
            await deliver(event)
        await deliver(events.erased(7, TOMBSTONE))
        for event in itertools.chain(late, late[::-1]):
            await deliver(event)
        assert await anywhere(database, 7) == ["catalog_person.user_id"]
    async with database.transaction() as session:
        person = await session.get(CatalogPerson, 7)
        assert (person.display_name, person.picture_url, person.tombstone_id) == ("", None, TOMBSTONE)
        assert await session.scalar(select(CatalogEnrollment.user_id)) == TOMBSTONE
        # Rights that come late stand under the tombstone, which nobody can sign in as.
        assert set(await session.scalars(select(CatalogCoInstructor.user_id))) <= {TOMBSTONE}
        standing = select(CatalogInstructor.user_id).where(CatalogInstructor.profile_id == 107)
        assert await session.scalar(standing) == TOMBSTONE
    shown = await studio.ask("GET", f"/courses/{course.id}")
    assert shown["enrolled_students_count"] == 1, "totals stay right"
