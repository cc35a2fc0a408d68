"""Catalog asks before it deletes a course: whoever was faster is counted, whoever was slower enrolls no more."""

import asyncio

import pytest
from contracts.learning import EnrollmentCreated


@pytest.fixture
def close(client, service_auth):
    async def ask(course_id=12, *, version=7):
        body = {"version": version, "created_by_id": 3}
        path = f"/internal/courses/{course_id}/closing"
        answer = await client.post(path, json=body, headers=service_auth("catalog"))
        assert answer.status_code == 200, answer.text
        return answer.json()["enrolled"]

    return ask


async def test_who_enrolled_is_counted_dropped_or_not(ada, catalog, close):
    assert await close(99) is False, "nobody ever heard of it"
    enrollment_id = await ada.enrolled()
    assert await close() is True
    await ada.post(f"/enrollments/{enrollment_id}/drop")
    assert await close() is True


async def test_an_older_offer_opens_nothing_any_more(ada, person, catalog, close, make, published):
    assert await close(version=7) is False
    # The stand-in still offers the course at version 5, as catalog did a moment ago.
    refused = await ada.enroll()
    assert (refused.status_code, refused.json()["type"]) == (409, "/problems/enrollment-closed")
    assert await published() == []
    # It was not deleted after all, and is offered again.
    catalog.has(make.course(version=9))
    assert (await person(8).enroll()).status_code == 201


async def test_those_enrolled_stay_so(ada, catalog, close):
    await ada.enrolled()
    assert await close(version=7) is True
    assert (await ada.enroll()).status_code == 200


async def test_of_the_two_at_once_one_knows_of_the_other(person, catalog, close, make, published):
    """Nobody enrolls in a course of which was said that nobody had."""
    seen = set()
    for number in range(12):
        course_id = 100 + number
        lesson = make.lesson(10_000 + number)
        catalog.has(make.course(course_id, modules=(make.module(5_000 + number, lesson),)))
        learners = [person(user_id).enroll(course_id) for user_id in range(7, 11)]
        asked = asyncio.create_task(_after(number % 4, close(course_id, version=7)))
        answers = await asyncio.gather(*learners)
        enrolled = await asked
        through = [answer for answer in answers if answer.status_code == 201]
        assert {answer.status_code for answer in answers} <= {201, 409}
        if not enrolled:
            assert through == [], "said to be empty, and then was not"
        seen.add((enrolled, bool(through)))
        created = [e for e in await published() if isinstance(e, EnrollmentCreated)]
        assert len([e for e in created if e.course_id == course_id]) == len(through)
    assert (True, True) in seen or (False, False) in seen


async def _after(hundredths, awaited):
    await asyncio.sleep(hundredths / 100)
    return await awaited


async def test_it_is_for_services_alone(ada, client):
    path = "/internal/courses/12/closing"
    body = {"version": 7, "created_by_id": 3}
    assert (await client.post(path, json=body)).status_code == 401
    assert (await client.post(path, json=body, headers=ada.headers)).status_code == 401
