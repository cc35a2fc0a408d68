"""Export and erasure, table by table: a row about each of two people in every one, made from the metadata."""

import json
from datetime import UTC, datetime

import pytest
from catalog.personal_data import NOT_EXPORTED, SECTIONS
from chassis.personal_data import unaccounted_for
from chassis.planting import Planted, plant, rows_of, tables_of, traces, unexcused
from contracts.identity import UserErased

SERVICE = "catalog"
ADA, BEN = 70_007_007, 80_008_008
TOMBSTONE = 90_412_412
AT = datetime(2026, 12, 1, 8, tzinfo=UTC)
ERASED = UserErased(user_id=ADA, tombstone_id=TOMBSTONE, erased_at=AT)

GIVEN = {
    "courses_course.discount_price": None,
    "courses_course.language": "en",
    "courses_course.counted_in_id": None,
}
# Counted by what happens to courses.
NOBODYS = ("catalog_category_size",)

# What stays as it is when a person is erased: it says nothing of them.
KEPT = {
    "courses_category": "the platform's",
    "catalog_unwanted_file": "a file about to be removed",
    "content_testimonial": "what the platform prints; tied to no account",
    "courses_course": "a course goes on without its author: learners keep what they enrolled in",
    "courses_module": "the same",
    "courses_lesson": "the same",
    "courses_resource": "the same",
    "catalog_course_publication": "the same",
    "catalog_person.user_id": "beside the tombstone, for events that come late",
    "erased_people.user_id": "so that no late event brings them back",
    "ended_sessions.user_id": "so that no token of theirs is taken; deleted when none can live any more",
}


@pytest.fixture
async def planted(database):
    """Ada and Ben, with a row of each in every table."""
    people = (Planted(ADA, "ADASWORD", 11), Planted(BEN, "BENSWORD", 12))
    async with database.transaction() as session:
        for person in people:
            await plant(session, SERVICE, person, given=GIVEN, without=NOBODYS)
    return people


def test_every_table_is_exported_or_excused():
    assert unaccounted_for(tables_of(SERVICE), SECTIONS, NOT_EXPORTED) == []


async def test_the_export_has_all_of_one_and_nothing_of_others(planted, client, service_auth):
    answer = await client.get(f"/internal/users/{ADA}/export", headers=service_auth("identity"))
    assert answer.status_code == 200
    *rows, last = [json.loads(line) for line in answer.text.splitlines()]
    assert last["complete"] == {section.name: 1 for section in SECTIONS}
    told = json.dumps(rows)
    assert "ADASWORD" in told
    assert "BENSWORD" not in told
    assert str(BEN) not in told
    for section in SECTIONS:
        for column in section.leaves_out:
            assert f"{section.table}.{column}" not in told


async def test_nobody_but_identity_gathers(client, service_auth, auth):
    path = f"/internal/users/{ADA}/export"
    other = "learning"
    assert (await client.get(path, headers=service_auth(other))).status_code == 403
    assert (await client.get(path, headers=auth(ADA, role="admin"))).status_code == 401
    assert (await client.get(path)).status_code == 401


async def test_erasure_leaves_nothing_but_what_is_excused(planted, deliver, database):
    ada, ben = planted
    async with database.transaction() as session:
        before = await rows_of(session, SERVICE, ben)
    assert before
    # Asked again, as identity does when a report is late, it changes nothing more.
    for _ in range(2):
        await deliver(ERASED)
        async with database.transaction() as session:
            left = await traces(session, SERVICE, ada.needles)
            assert unexcused(left, KEPT) == set()
            assert await rows_of(session, SERVICE, ben) == before
