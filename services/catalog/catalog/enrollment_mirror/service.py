"""Keep the mirror of enrollments, and answer for the other slices who is enrolled."""

from collections.abc import Iterable, Sequence
from dataclasses import replace
from datetime import datetime
from typing import TYPE_CHECKING

from chassis.errors import NotFound
from contracts.learning import EnrollmentCreated, EnrollmentDropped
from sqlalchemy import ColumnElement, SQLColumnExpression
from sqlalchemy.ext.asyncio import AsyncSession

from catalog.enrollment_mirror import queries, rules
from catalog.people import service as people

if TYPE_CHECKING:
    from chassis.internal import InternalCalls


async def take(session: AsyncSession, events: Iterable[EnrollmentCreated | EnrollmentDropped]) -> None:
    """Keep the newest state of each enrollment these speak of."""
    enrollments = rules.newest(events)
    stand_in = await people.tombstones(session, {each.user_id for each in enrollments})
    await queries.keep_newest(
        session, [replace(each, user_id=stand_in.get(each.user_id, each.user_id)) for each in enrollments]
    )


async def totals(session: AsyncSession, course_ids: Sequence[int]) -> dict[int, tuple[int, datetime | None]]:
    """Distinct students enrolled now, and the last enrolling, of each course anybody ever enrolled in."""
    return {
        course_id: (students, last) for course_id, students, last in await queries.totals(session, course_ids)
    }


async def is_enrolled(session: AsyncSession, calls: "InternalCalls", user_id: int, course_id: int) -> bool:
    """Whether the user is enrolled now. Learning is asked once before the answer is no: who enrolled a second ago
    may be faster than the event."""
    return await queries.is_active(session, user_id, course_id) or await has_just_enrolled(
        calls, user_id, course_id
    )


def enrolled(user_id: ColumnElement[int], course_id: SQLColumnExpression[int]) -> ColumnElement[bool]:
    """Whether a user is enrolled as far as the events told, to be asked in the statement that reads the course."""
    return queries.enrolled(user_id, course_id)


async def has_just_enrolled(calls: "InternalCalls", user_id: int, course_id: int) -> bool:
    """What learning says; asked by whoever knows that the mirror has said no."""
    try:
        found = await calls.get(
            "learning", "/internal/enrollments", params={"user_id": user_id, "course_id": course_id}
        )
    except NotFound:
        return False
    return bool(found["status"] != "dropped")


async def has_enrolled(session: AsyncSession, user_id: int, course_id: int) -> bool:
    """Whether the user ever enrolled in the course, dropped since or not, as far as the events told."""
    return await queries.has_enrolled(session, user_id, course_id)


async def ever_enrolled(session: AsyncSession, course_id: int) -> bool:
    """Whether anybody ever enrolled in the course, dropped since or not."""
    return await queries.ever_enrolled(session, course_id)


async def replace_user(session: AsyncSession, user_id: int, tombstone_id: int) -> None:
    await queries.replace_user(session, user_id, tombstone_id)
