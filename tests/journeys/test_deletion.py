"""A course is deleted while people enroll in it: it is gone and nobody is enrolled, or it is there for who is."""

import asyncio

import httpx
import pytest
from lyceum.testing import Person, Platform, join, publish_course, sign_in

pytestmark = pytest.mark.stack

ROUNDS = 6


async def test_a_course_goes_or_somebody_enrolls_and_never_both(
    stack: Platform, http: httpx.AsyncClient, admin: Person
) -> None:
    author = await sign_in(http, "instructor", stack.accounts["instructor"])
    category = await admin.ask(
        "POST", "/api/v1/categories", json={"name": "Short-lived subjects"}, expect=(201, 409)
    )
    category_id = category.get("id")
    if category_id is None:
        listed = await admin.ask("GET", "/api/v1/categories")
        category_id = listed["items"][0]["id"]
    learners = [await join(http, stack.spool, f"racer{n}") for n in range(3)]
    for number in range(ROUNDS):
        course = await publish_course(author, category_id, modules=1, lessons=1)
        path = f"/api/v1/courses/{course.id}"

        async def enroll(learner: Person, wait: float, course_id: int = course.id) -> int:
            await asyncio.sleep(wait)
            answer = await learner.send("POST", "/api/v1/enrollments", json={"course_id": course_id})
            return answer.status_code

        deleting = asyncio.create_task(author.send("DELETE", path))
        enrolling = [enroll(learner, 0.01 * number * each) for each, learner in enumerate(learners)]
        codes = await asyncio.gather(*enrolling)
        deleted = (await deleting).status_code
        assert set(codes) <= {201, 404, 409}, codes
        assert deleted in (204, 409)
        assert (deleted == 204) == (201 not in codes), (deleted, codes)
        shown = await author.send("GET", path)
        assert shown.status_code == (404 if deleted == 204 else 200)
        if deleted == 409:
            assert shown.json()["is_published"], "it is back for the others"
