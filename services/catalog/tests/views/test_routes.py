"""What the gateway brings is counted: every batch once, every view exactly."""

import asyncio
import random
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import uuid4

import httpx
import pytest
from catalog.courses.models import Course
from chassis.db import Database
from chassis.testing import Deliver, Published
from contracts.catalog import CourseViewed
from sqlalchemy import select, update

PATH = "/internal/course-views"
LONG_AGO = datetime(2026, 11, 20, 12, tzinfo=UTC)


@dataclass
class Teller:
    """The gateway, as catalog hears it."""

    client: httpx.AsyncClient
    headers: dict[str, str]

    async def send(self, views: Any, batch: str | None = None, **headers: str) -> httpx.Response:
        named = {"Idempotency-Key": batch or str(uuid4())}
        return await self.client.post(
            PATH, headers={**self.headers, **named, **headers}, json={"views": views}
        )

    async def __call__(self, views: Any, batch: str | None = None) -> httpx.Response:
        answer = await self.send(views, batch)
        assert answer.status_code == 204, answer.text
        assert answer.content == b""
        return answer


@pytest.fixture
def tell(client: httpx.AsyncClient, service_auth: Callable[[str], dict[str, str]]) -> Teller:
    return Teller(client, service_auth("gateway"))


def of(course: int, count: int = 1, last_at: datetime = LONG_AGO) -> dict[str, Any]:
    return {"course_id": course, "count": count, "last_at": last_at.isoformat()}


async def told(published: Published) -> list[tuple[int, int]]:
    return [(one.course_id, one.views) for one in await published() if isinstance(one, CourseViewed)]


async def row(database: Database, course: int) -> Any:
    statement = select(
        Course.view_count, Course.last_accessed, Course.updated_date, Course.state_version
    ).where(Course.id == course)
    async with database.transaction() as session:
        return (await session.execute(statement)).one()


async def test_a_batch_counts_and_tells_of_each_course_once(
    studio: Any, tell: Teller, published: Published, database: Database
) -> None:
    one, other, unseen = [await studio.published(f"Course {number}") for number in range(3)]
    before = {course.id: await row(database, course.id) for course in (one, other, unseen)}
    etag = (await studio.client.get(f"/api/v1/courses/{one.id}")).headers["etag"]
    events = len(await published())
    await tell([of(other.id, 5), of(one.id, 17)])
    await tell([of(one.id, 3)])
    for course, views in ((one, 20), (other, 5), (unseen, 0)):
        answer = await studio.client.get(f"/api/v1/courses/{course.id}", headers=studio.author)
        assert answer.json()["view_count"] == views
        now = await row(database, course.id)
        assert now.updated_date == before[course.id].updated_date, "that is the authors'"
        assert now.state_version == before[course.id].state_version
    assert (await studio.client.get(f"/api/v1/courses/{one.id}")).headers["etag"] == etag
    assert await told(published) == [(one.id, 17), (other.id, 5), (one.id, 3)]
    assert len(await published()) == events + 3, "nothing else is told"


async def test_the_last_look_never_goes_back_nor_into_the_future(
    studio: Any, tell: Teller, database: Database
) -> None:
    course = await studio.published()
    async with database.transaction() as session:
        await session.execute(update(Course).values(last_accessed=LONG_AGO))
    for at, kept in (
        (LONG_AGO - timedelta(days=1), LONG_AGO),
        (LONG_AGO + timedelta(hours=1), LONG_AGO + timedelta(hours=1)),
        (LONG_AGO, LONG_AGO + timedelta(hours=1)),
    ):
        await tell([of(course.id, last_at=at)])
        assert (await row(database, course.id)).last_accessed == kept
    before = datetime.now(UTC)
    await tell([of(course.id, last_at=before + timedelta(days=400))])
    assert before <= (await row(database, course.id)).last_accessed <= datetime.now(UTC)


async def test_a_batch_that_comes_again_changes_nothing(
    studio: Any, tell: Teller, published: Published, database: Database
) -> None:
    course = await studio.published()
    batch = str(uuid4())
    first = await tell([of(course.id, 4)], batch)
    assert "idempotency-replayed" not in first.headers
    for _ in range(2):
        again = await tell([of(course.id, 4)], batch)
        assert again.headers["idempotency-replayed"] == "true"
    assert (await row(database, course.id)).view_count == 4
    assert await told(published) == [(course.id, 4)]
    other = await tell.send([of(course.id, 5)], batch)
    assert other.status_code == 422, "one id is one batch"
    assert (await row(database, course.id)).view_count == 4


async def test_one_batch_sent_many_times_at_once_counts_once(
    studio: Any, tell: Teller, published: Published, database: Database
) -> None:
    course = await studio.published()
    batch = str(uuid4())
    answers = await asyncio.gather(*(tell.send([of(course.id, 9)], batch) for _ in range(10)))
    # Who comes while the first is still counting is to come again.
    assert {answer.status_code for answer in answers} <= {204, 409}
    assert any(answer.status_code == 204 for answer in answers)
    await tell([of(course.id, 9)], batch)
    assert (await row(database, course.id)).view_count == 9
    assert await told(published) == [(course.id, 9)]


async def test_the_sums_are_exact_whoever_counts_at_the_same_time(
    studio: Any, tell: Teller, published: Published, database: Database, deliver: Deliver, events: Any
) -> None:
    """Twenty batches in any order of courses, beside enrollments that count in the same rows."""
    courses = [(await studio.published(f"Course {number}")).id for number in range(6)]
    dice = random.Random(11)
    batches = []
    for _ in range(20):
        chosen = dice.sample(courses, dice.randint(2, 6))
        batches.append([of(course, dice.randint(1, 50)) for course in chosen])
    enrolled = [
        deliver(
            *(events.enrolled(100 * n + k, 1000 + n, course) for k, course in enumerate(courses[::step], 1))
        )
        for n, step in enumerate((1, -1, 2, -2))
    ]
    await asyncio.gather(*(tell(batch) for batch in batches), *enrolled)
    expected: Counter[int] = Counter()
    for batch in batches:
        for one in batch:
            expected[one["course_id"]] += one["count"]
    found = {course: (await row(database, course)).view_count for course in courses}
    assert found == dict(expected)
    sums: Counter[int] = Counter()
    for course, views in await told(published):
        sums[course] += views
    assert sums == expected
    assert len(await told(published)) == sum(map(len, batches))
    shown = [(await studio.ask("GET", f"/courses/{course}"))["enrolled_students_count"] for course in courses]
    assert shown == [3, 3, 3, 3, 3, 3]


async def test_what_is_no_course_any_more_or_a_version_is_passed_over(
    studio: Any, tell: Teller, published: Published, database: Database
) -> None:
    course = await studio.published()
    version = await studio.ask("POST", f"/courses/{course.id}/versions", expect=201, headers=studio.author)
    gone = await studio.outlined("Deleted before it was counted")
    await studio.ask("DELETE", f"/courses/{gone.id}", expect=204, headers=studio.author)
    await tell([of(gone.id, 2), of(2**62, 2), of(version["id"], 2), of(course.id, 2)])
    assert await told(published) == [(course.id, 2)]
    assert (await row(database, course.id)).view_count == 2
    assert (await row(database, version["id"])).view_count == 0
    await tell([of(gone.id, 2)])
    assert await told(published) == [(course.id, 2)]


async def test_a_full_counter_stays_full_and_holds_up_nobody(
    studio: Any, tell: Teller, published: Published, database: Database
) -> None:
    full, other = await studio.published("Seen by everybody"), await studio.published("Seen by few")
    async with database.transaction() as session:
        await session.execute(update(Course).where(Course.id == full.id).values(view_count=2**31 - 2))
    await tell([of(full.id, 1), of(other.id, 1)])
    await tell([of(full.id, 2**31 - 1), of(other.id, 1)])
    assert (await row(database, full.id)).view_count == 2**31 - 1
    assert (await row(database, other.id)).view_count == 2
    assert (full.id, 2**31 - 1) in await told(published), "the event is not bound to the column"


async def test_as_many_courses_as_the_gateway_sends_go_in_one_batch(
    studio: Any, tell: Teller, database: Database
) -> None:
    course = await studio.published()
    await tell([of(course.id, 3), *(of(10**9 + number) for number in range(999))])
    assert (await row(database, course.id)).view_count == 3


@pytest.mark.parametrize(
    "views",
    [
        [],
        [{"course_id": 1, "count": 0, "last_at": "2026-11-22T20:00:00Z"}],
        [{"course_id": 1, "count": -1, "last_at": "2026-11-22T20:00:00Z"}],
        [{"course_id": 1, "count": 2**31, "last_at": "2026-11-22T20:00:00Z"}],
        [{"course_id": 1, "count": 1.5, "last_at": "2026-11-22T20:00:00Z"}],
        [{"course_id": 0, "count": 1, "last_at": "2026-11-22T20:00:00Z"}],
        [{"course_id": 2**63, "count": 1, "last_at": "2026-11-22T20:00:00Z"}],
        [{"course_id": 1, "count": 1, "last_at": "2026-11-22T20:00:00"}],
        [{"course_id": 1, "count": 1}],
        [{"course_id": 1, "count": 1, "last_at": "2026-11-22T20:00:00Z", "user_id": 7}],
        [{"course_id": 1, "count": 1, "last_at": "2026-11-22T20:00:00Z"}] * 2,
        [{"course_id": n, "count": 1, "last_at": "2026-11-22T20:00:00Z"} for n in range(1, 1002)],
    ],
    ids=str,
)
async def test_a_bad_batch_is_refused(tell: Teller, published: Published, views: Any) -> None:
    assert (await tell.send(views)).status_code == 422
    assert await told(published) == []


async def test_a_batch_without_an_id_is_refused(studio: Any, tell: Teller, database: Database) -> None:
    course = await studio.published()
    answer = await tell.client.post(PATH, headers=tell.headers, json={"views": [of(course.id)]})
    assert answer.status_code == 422
    assert (await tell.send([of(course.id)], "not-a-uuid")).status_code == 422
    assert (await row(database, course.id)).view_count == 0


async def test_only_the_gateway_counts(
    studio: Any, tell: Teller, database: Database, service_auth: Callable[[str], dict[str, str]]
) -> None:
    course = await studio.published()
    views = [of(course.id)]
    for headers in (studio.admin, studio.author, {"Authorization": "Bearer x"}):
        assert (await tell.send(views, **headers)).status_code == 401
    guest = await tell.client.post(PATH, headers={"Idempotency-Key": str(uuid4())}, json={"views": views})
    assert guest.status_code == 401
    for service in ("learning", "identity", "analytics", "catalog"):
        assert (await tell.send(views, **service_auth(service))).status_code == 403
    assert (await row(database, course.id)).view_count == 0
