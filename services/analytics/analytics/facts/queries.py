"""Every statement on the facts."""

from collections.abc import AsyncIterator, Collection, Sequence
from datetime import datetime
from typing import Any
from uuid import UUID

import orjson
from chassis.pagination import Key
from sqlalchemy import Select, select, text
from sqlalchemy.ext.asyncio import AsyncSession

from analytics.facts.models import UserActivity
from analytics.facts.rules import PEOPLE

_INSERT_ACTIVITIES = text("""
    INSERT INTO courses_useractivity
        (event_id, created_date, user_id, activity_type, course_id, lesson_id, resource_id, assessment_id, data)
    SELECT event_id, created_date, user_id, activity_type, course_id, lesson_id, resource_id, assessment_id, data
      FROM json_populate_recordset(NULL::courses_useractivity, CAST(CAST(:rows AS text) AS json))
        ON CONFLICT (event_id, created_date) DO NOTHING
    RETURNING event_id
""")

_INSERT_OTHERS = text("""
    INSERT INTO other_facts (event_id, fact_type, subject, version, data, created_date)
    SELECT event_id, fact_type, subject, version, data, created_date
      FROM json_populate_recordset(NULL::other_facts, CAST(CAST(:rows AS text) AS json))
        ON CONFLICT (event_id) DO NOTHING
    RETURNING event_id
""")

_READ_ACTIVITIES = text("""
    SELECT id, event_id, created_date, activity_type, data::text FROM courses_useractivity
     WHERE id > :after AND activity_type = ANY(CAST(:types AS text[])) ORDER BY id LIMIT :limit
""")

_READ_OTHERS = text("""
    SELECT event_id, event_id, created_date, fact_type, data::text FROM other_facts
     WHERE event_id > :after AND fact_type = ANY(CAST(:types AS text[])) ORDER BY event_id LIMIT :limit
""")

_USER = "CAST(CAST(:user_id AS bigint) AS text)"
_TOMBSTONE = "CAST(:tombstone_id AS bigint)"
# The id may stand in several fields of the payload; each is replaced where it is this user's.
_REPLACED = "data" + "".join(
    f" || CASE WHEN data ->> '{name}' = {_USER} THEN jsonb_build_object('{name}', {_TOMBSTONE}) ELSE '{{}}' END"
    for name in PEOPLE
)
_NAMED = " OR ".join(f"data ->> '{name}' = {_USER}" for name in PEOPLE)

_ERASE = (
    text(
        f"UPDATE courses_useractivity SET user_id = {_TOMBSTONE}, data = {_REPLACED} "  # noqa: S608 - our own names
        "WHERE user_id = CAST(:user_id AS bigint)"
    ),
    text(
        f"UPDATE other_facts SET data = {_REPLACED}, subject = regexp_replace("  # noqa: S608
        f"subject, '/instructors/' || {_USER} || '$', '/instructors/' || {_TOMBSTONE}) WHERE {_NAMED}"
    ),
)


async def insert_activities(session: AsyncSession, rows: Sequence[dict[str, Any]]) -> set[UUID]:
    """Keep facts of users; the ids of those that were not kept before."""
    if not rows:
        return set()
    return set(await session.scalars(_INSERT_ACTIVITIES, {"rows": orjson.dumps(rows).decode()}))


async def insert_others(session: AsyncSession, rows: Sequence[dict[str, Any]]) -> set[UUID]:
    """Keep other facts; the ids of those that were not kept before."""
    if not rows:
        return set()
    return set(await session.scalars(_INSERT_OTHERS, {"rows": orjson.dumps(rows).decode()}))


async def read_all(
    session: AsyncSession, types: Collection[str], chunk: int
) -> AsyncIterator[list[tuple[UUID, datetime, str, str]]]:
    """Every kept fact of these types, `chunk` at a time, in no order that means anything: id, time, type, JSON."""
    for statement, first in ((_READ_OTHERS, UUID(int=0)), (_READ_ACTIVITIES, 0)):
        after: Any = first
        while True:
            given = {"after": after, "types": sorted(types), "limit": chunk}
            found = (await session.execute(statement, given)).all()
            if not found:
                break
            after = found[-1][0]
            yield [(row[1], row[2], row[3], row[4]) for row in found]


async def rewrite_facts(session: AsyncSession, user_id: int, tombstone_id: int) -> None:
    """Write the tombstone over a user in every fact."""
    for statement in _ERASE:
        await session.execute(statement, {"user_id": user_id, "tombstone_id": tombstone_id})


LATEST_FIRST: Key = [(UserActivity.created_date, "desc"), (UserActivity.id, "desc")]


def activities(*, user_id: int | None, course_id: int | None) -> Select[Any]:
    """The facts of users, of one user or in one course where these are given."""
    statement = select(UserActivity)
    if user_id is not None:
        statement = statement.where(UserActivity.user_id == user_id)
    if course_id is not None:
        statement = statement.where(UserActivity.course_id == course_id)
    return statement
