"""The lead's row follows the course; events come twice and in any order."""

from itertools import permutations
from typing import Any

import httpx
import pytest
from chassis.db import Database, now
from contracts.catalog import CourseChanged, CourseDeleted
from contracts.instructor import CoInstructorChanged, CoInstructorRemoved
from sqlalchemy import text


def course(version: int, **changed: Any) -> CourseChanged:
    (example,) = CourseChanged.model_config["json_schema_extra"]["examples"]  # type: ignore[index,call-overload,misc]
    given = {**example, "course_id": 12, "created_by_id": 3, "version": version, **changed}
    return CourseChanged.model_validate_json(__import__("json").dumps(given))


def deleted(version: int) -> CourseDeleted:
    (example,) = CourseDeleted.model_config["json_schema_extra"]["examples"]  # type: ignore[index,call-overload,misc]
    given = {**example, "course_id": 12, "version": version}
    return CourseDeleted.model_validate_json(__import__("json").dumps(given))


async def rows(database: Database) -> list[tuple[Any, ...]]:
    columns = "course_id, instructor_id, role, is_lead, revenue_share_percentage::text"
    async with database.transaction() as session:
        found = await session.execute(text(f"SELECT {columns} FROM instructor_portal_courseinstructor"))
        return [tuple(row) for row in found]


async def test_the_author_leads_with_the_whole_share(
    deliver: Any, database: Database, published: Any
) -> None:
    await deliver(course(1), course(2), times=2)
    assert await rows(database) == [(12, 3, "lead", True, "100.00")]
    (event,) = await published()
    assert isinstance(event, CoInstructorChanged)
    assert (event.user_id, event.profile_id, str(event.revenue_share_percentage), event.version) == (
        3,
        None,
        "100.00",
        1,
    )


@pytest.mark.parametrize("order", list(permutations(range(3))))
async def test_a_deleted_course_stays_deleted_in_any_order(
    deliver: Any, database: Database, published: Any, order: tuple[int, ...]
) -> None:
    events = [course(1), course(2), deleted(3)]
    for index in order:
        await deliver(events[index], times=2)
    assert await rows(database) == []
    told = await published()
    assert [type(event) for event in told] in ([], [CoInstructorChanged, CoInstructorRemoved])


async def test_a_profile_made_later_is_told(
    client: httpx.AsyncClient, auth: Any, deliver: Any, published: Any
) -> None:
    await deliver(course(1), time=now())
    answer = await client.post("/api/v1/instructors/apply", json={"display_name": "Charles"}, headers=auth(3))
    told = [event for event in await published() if isinstance(event, CoInstructorChanged)]
    assert [(event.profile_id, event.version) for event in told] == [(None, 1), (answer.json()["id"], 2)]
    assert told[0].effective_from == told[1].effective_from


async def test_a_draft_version_is_nobodys_course(deliver: Any, database: Database) -> None:
    await deliver(course(1, is_draft=True, parent_version_id=11))
    assert await rows(database) == []
