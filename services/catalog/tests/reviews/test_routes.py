"""Reviews over HTTP: who writes, who reads, who moderates, and what they come to."""

import asyncio
import random
from collections.abc import Callable
from typing import Any

import pytest
from catalog.reviews.rules import average
from chassis.testing import Deliver, Published
from contracts.catalog import CourseDeleted, ReviewChanged, ReviewRemoved

ADMIN, LEARNER, OTHER = 1, 7, 4


@pytest.fixture(autouse=True)
def nobody_is_enrolled(upstream: Any) -> None:
    """Learning knows of no enrollment unless a test says so: an unknown path is answered with a 404."""


async def write(
    studio: Any, course: Any, user: int = LEARNER, rating: int = 5, **given: Any
) -> dict[str, Any]:
    body = {"rating": rating, "content": "I built it.", **given}
    found: dict[str, Any] = await studio.ask(
        "POST", f"/courses/{course.id}/reviews", expect=201, headers=studio.auth(user), json=body
    )
    return found


async def rating_of(studio: Any, course: Any) -> tuple[float, int]:
    found = await studio.ask("GET", f"/courses/{course.id}")
    return found["avg_rating"], found["total_reviews"]


async def test_a_review_counts_from_the_moment_it_is_written(studio: Any, published: Published) -> None:
    course = await studio.published()
    review = await write(studio, course, title="Clear and deep")
    assert review["rating"] == 5
    assert review["is_approved"]
    assert not review["is_verified_purchase"]
    assert await rating_of(studio, course) == (5.0, 1)
    (told,) = [e for e in await published() if isinstance(e, ReviewChanged)]
    assert (told.review_id, told.course_id, told.user_id, told.rating) == (
        review["id"],
        course.id,
        LEARNER,
        5,
    )
    assert told.version == 1
    listed = await studio.ask("GET", f"/courses/{course.id}/reviews")
    assert [one["id"] for one in listed["items"]] == [review["id"]]


async def test_a_person_reviews_a_course_once_even_twice_at_once(studio: Any) -> None:
    course = await studio.published()
    path, headers = f"/api/v1/courses/{course.id}/reviews", studio.learner
    answers = await asyncio.gather(
        *(studio.client.post(path, headers=headers, json={"rating": n}) for n in (1, 2, 3, 4, 5))
    )
    made = [one.json() for one in answers if one.status_code == 201]
    assert len(made) == 1
    refused = [one for one in answers if one.status_code == 409]
    assert len(refused) == 4
    assert {one.json()["type"] for one in refused} == {"/problems/already-reviewed"}
    assert {one.json()["review_id"] for one in refused} == {made[0]["id"]}
    assert await rating_of(studio, course) == (made[0]["rating"], 1)


async def test_the_rating_is_exact_when_many_write_change_and_delete_at_once(studio: Any) -> None:
    course = await studio.published()
    path = f"/api/v1/courses/{course.id}/reviews"
    dice = random.Random(4)

    async def live(user: int) -> int | None:
        headers = studio.auth(user)
        made = await studio.client.post(path, headers=headers, json={"rating": dice.randint(1, 5)})
        assert made.status_code == 201, made.text
        review = f"/api/v1/reviews/{made.json()['id']}"
        final = dice.randint(1, 5)
        changed = await studio.client.patch(review, headers=headers, json={"rating": final})
        assert changed.status_code == 200, changed.text
        if user % 3 == 0:
            assert (await studio.client.delete(review, headers=headers)).status_code == 204
            return None
        if user % 3 == 1:
            hidden = await studio.client.post(
                f"{review}/moderate", headers=studio.admin, json={"is_approved": False}
            )
            assert hidden.status_code == 200, hidden.text
            return None
        return final

    lived = await asyncio.gather(*(live(user) for user in range(100, 124)))
    left = [rating for rating in lived if rating is not None]
    assert await rating_of(studio, course) == (float(average(sum(left), len(left))), len(left))


async def test_who_enrolled_is_verified_now_or_when_the_event_comes(
    studio: Any, deliver: Deliver, events: Any, learning_says: Callable[[int, int, str], None]
) -> None:
    course = await studio.published()
    await deliver(events.enrolled(42, 20, course.id), events.dropped(42, 20, course.id))
    assert (await write(studio, course, 20))["is_verified_purchase"], "who dropped it knows it too"
    learning_says(21, course.id, "active")
    assert (await write(studio, course, 21))["is_verified_purchase"], "learning knew before the event came"
    late = await write(studio, course, 22)
    assert not late["is_verified_purchase"]
    await deliver(events.enrolled(43, 22, course.id), times=2)
    found = await studio.ask("GET", f"/reviews/{late['id']}")
    assert found["is_verified_purchase"]
    listed = await studio.ask("GET", f"/courses/{course.id}/reviews?verified=false")
    assert listed["items"] == []


async def test_who_teaches_it_does_not_review_it(studio: Any, deliver: Deliver, events: Any) -> None:
    course = await studio.published()
    await deliver(events.co_instructor(course.id, OTHER))
    for headers in (studio.author, studio.other):
        answer = await studio.client.post(
            f"/api/v1/courses/{course.id}/reviews", headers=headers, json={"rating": 5}
        )
        assert answer.status_code == 403
        assert answer.json()["type"] == "/problems/own-course"


async def test_a_course_nobody_may_see_has_no_reviews(studio: Any) -> None:
    draft = await studio.outlined()
    path = f"/api/v1/courses/{draft.id}/reviews"
    assert (await studio.client.get(path)).status_code == 404
    answer = await studio.client.post(path, headers=studio.learner, json={"rating": 5})
    assert answer.status_code == 404


@pytest.mark.parametrize(
    "body",
    [
        {},
        {"rating": 0},
        {"rating": 6},
        {"rating": "many"},
        {"rating": 4.5},
        {"rating": 5, "is_approved": True},
        {"rating": 5, "is_verified_purchase": True},
        {"rating": 5, "user_id": 3},
        {"rating": 5, "content": "x" * 10_001},
        {"rating": 5, "title": "x" * 201},
        {"rating": 5, "content": "a\x00b"},
    ],
)
async def test_bad_reviews_are_refused(studio: Any, body: dict[str, Any]) -> None:
    course = await studio.published()
    path = f"/api/v1/courses/{course.id}/reviews"
    answer = await studio.client.post(path, headers=studio.learner, json=body)
    assert answer.status_code == 422, answer.text
    assert await rating_of(studio, course) == (0.0, 0)


async def test_a_review_is_changed_by_its_author_who_has_its_newest_state(studio: Any) -> None:
    course = await studio.published()
    review = await write(studio, course)
    path = f"/api/v1/reviews/{review['id']}"
    tag = (await studio.client.get(path)).headers["etag"]
    stranger = await studio.client.patch(path, headers=studio.auth(8), json={"rating": 1})
    assert stranger.status_code == 403
    changed = await studio.client.patch(
        path, headers={**studio.learner, "If-Match": tag}, json={"rating": 3, "title": None}
    )
    assert changed.status_code == 200
    assert changed.json()["rating"] == 3
    stale = await studio.client.patch(path, headers={**studio.learner, "If-Match": tag}, json={"rating": 1})
    assert stale.status_code == 412
    assert await rating_of(studio, course) == (3.0, 1)


async def test_what_a_moderator_hides_counts_no_more_and_only_its_author_sees_it(
    studio: Any, published: Published
) -> None:
    course = await studio.published()
    review, other = await write(studio, course, rating=1), await write(studio, course, 8, rating=4)
    path = f"/reviews/{review['id']}"
    await studio.ask("POST", f"{path}/moderate", headers=studio.admin, json={"is_featured": True})
    decided = {"is_approved": False, "moderation_notes": "Advertises."}
    shown = await studio.ask("POST", f"{path}/moderate", headers=studio.admin, json=decided)
    assert shown["moderation_notes"] == "Advertises."
    assert not shown["is_featured"], "what is hidden is not featured either"
    assert await rating_of(studio, course) == (4.0, 1)
    for headers, seen in ((None, 404), (studio.auth(9), 404), (studio.learner, 200), (studio.admin, 200)):
        await studio.ask("GET", path, expect=seen, headers=headers)
    own = await studio.ask("GET", path, headers=studio.learner)
    assert "moderation_notes" not in own
    listed = await studio.ask("GET", f"/courses/{course.id}/reviews")
    assert [one["id"] for one in listed["items"]] == [other["id"]]
    mine = await studio.ask("GET", f"/courses/{course.id}/reviews", headers=studio.learner)
    assert {one["id"] for one in mine["items"]} == {review["id"], other["id"]}
    told = [e for e in await published() if isinstance(e, ReviewChanged) and e.review_id == review["id"]]
    assert [(e.version, e.is_approved) for e in told] == [(1, True), (2, True), (3, False)]
    again = await studio.ask("POST", f"{path}/moderate", headers=studio.admin, json={"is_approved": True})
    assert again["is_approved"]
    assert await rating_of(studio, course) == (2.5, 2)


async def test_moderation_takes_the_right_to_moderate(studio: Any) -> None:
    course = await studio.published()
    review = await write(studio, course)
    path, body = f"/api/v1/reviews/{review['id']}/moderate", {"is_approved": False}
    assert (await studio.client.post(path, json=body)).status_code == 401
    for headers in (
        studio.learner,
        studio.author,
        studio.auth(9, permissions=["catalog.change_testimonial"]),
    ):
        assert (await studio.client.post(path, headers=headers, json=body)).status_code == 403
    moderator = studio.auth(9, permissions=["catalog.moderate_review"])
    assert (await studio.client.post(path, headers=moderator, json=body)).status_code == 200
    assert (await studio.client.delete(path.removesuffix("/moderate"), headers=moderator)).status_code == 204


async def test_helpful_is_said_once_a_person_whoever_says_it_at_once(studio: Any) -> None:
    course = await studio.published()
    review = await write(studio, course)
    path = f"/api/v1/reviews/{review['id']}/helpful"
    own = await studio.client.post(path, headers=studio.learner)
    assert own.status_code == 403
    voters = [user for user in range(30, 38) for _ in range(3)]
    answers = await asyncio.gather(*(studio.client.post(path, headers=studio.auth(u)) for u in voters))
    assert {one.status_code for one in answers} == {200}
    assert (await studio.ask("GET", f"/reviews/{review['id']}"))["helpful_count"] == 8
    backs = await asyncio.gather(*(studio.client.delete(path, headers=studio.auth(30)) for _ in range(3)))
    assert {one.status_code for one in backs} == {204}
    found = await studio.ask("GET", f"/reviews/{review['id']}")
    assert found["helpful_count"] == 7
    assert found["updated_date"] == review["updated_date"]


async def test_lists_are_paged_sorted_and_filtered(studio: Any) -> None:
    course = await studio.published()
    made = [await write(studio, course, 50 + n, rating=1 + n % 5) for n in range(7)]
    await studio.ask("POST", f"/reviews/{made[3]['id']}/helpful", headers=studio.auth(99))

    async def ids(query: str) -> list[int]:
        found, cursor = [], ""
        while True:
            page = await studio.ask("GET", f"/courses/{course.id}/reviews?limit=2&{query}{cursor}")
            found += [one["id"] for one in page["items"]]
            if page["next_cursor"] is None:
                return found
            cursor = f"&cursor={page['next_cursor']}"

    everyone = [one["id"] for one in made]
    assert await ids("") == everyone[::-1]
    assert (await ids("sort=helpful"))[0] == made[3]["id"]
    by_rating = {one["id"]: one["rating"] for one in made}
    assert [by_rating[one] for one in await ids("sort=highest")] == [5, 4, 3, 2, 2, 1, 1]
    assert [by_rating[one] for one in await ids("sort=lowest")] == [1, 1, 2, 2, 3, 4, 5]
    assert set(await ids("rating=2")) == {made[1]["id"], made[6]["id"]}
    await studio.ask("GET", f"/courses/{course.id}/reviews?sort=colour", expect=422)


async def test_a_course_that_goes_tells_of_every_review_it_takes_with_it(
    studio: Any, published: Published
) -> None:
    course = await studio.published()
    review = await write(studio, course)
    await studio.ask("DELETE", f"/courses/{course.id}", expect=204, headers=studio.author)
    await studio.ask("GET", f"/reviews/{review['id']}", expect=404)
    gone = [e for e in await published() if isinstance(e, ReviewRemoved | CourseDeleted)]
    assert [type(e) for e in gone] == [ReviewRemoved, CourseDeleted]
    assert gone[0].version == 2


async def test_the_author_deletes_and_may_write_again(studio: Any) -> None:
    course = await studio.published()
    review = await write(studio, course, rating=1)
    await studio.ask("DELETE", f"/reviews/{review['id']}", expect=403, headers=studio.auth(8))
    await studio.ask("DELETE", f"/reviews/{review['id']}", expect=204, headers=studio.learner)
    await studio.ask("DELETE", f"/reviews/{review['id']}", expect=404, headers=studio.learner)
    assert await rating_of(studio, course) == (0.0, 0)
    assert (await write(studio, course, rating=4))["id"] != review["id"]
    assert await rating_of(studio, course) == (4.0, 1)
