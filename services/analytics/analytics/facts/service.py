"""Keeping facts: every event once, under the ids of living users or of tombstones."""

from collections.abc import AsyncIterator, Collection, Sequence
from dataclasses import replace
from typing import Any

from chassis.erasure import tombstones_of
from chassis.pagination import PageParams, page
from contracts.envelope import Event
from contracts.identity import UserErased
from sqlalchemy.ext.asyncio import AsyncSession

from analytics.facts import queries
from analytics.facts.rules import (
    BY_TYPE,
    Fact,
    kept_data,
    objects_of,
    owner_of,
    people_in,
    type_of,
    under_tombstones,
)

Erasure = tuple[int, int]
"""A user's id and the tombstone that stands in its place."""


async def erase(session: AsyncSession, facts: Sequence[Fact]) -> list[Erasure]:
    """Rewrite the kept facts of the users that these facts erase; all of them, for identity asks again when a
    report did not reach it."""
    erased = []
    for fact in facts:
        event = fact.event
        if isinstance(event, UserErased):
            await rewrite(session, event.user_id, event.tombstone_id)
            erased.append((event.user_id, event.tombstone_id))
    return erased


async def rewrite(session: AsyncSession, user_id: int, tombstone_id: int) -> None:
    """Write the tombstone over a user in every kept fact."""
    await queries.rewrite_facts(session, user_id, tombstone_id)


async def record(session: AsyncSession, facts: Sequence[Fact]) -> list[Fact]:
    """Keep these facts; those that were not kept before, tombstones in the place of the erased."""
    people = {user for fact in facts for user in people_in(fact.event)}
    # The consumer has looked too, but before the fold's lock: the erasure may be of this very batch, or have come first.
    tombstones = await tombstones_of(session, people)
    by_id = {fact.id: fact for fact in facts}
    if tombstones:
        by_id = {
            fact.id: replace(fact, event=under_tombstones(fact.event, tombstones)) for fact in by_id.values()
        }
    mine, others = [], []
    for fact in by_id.values():
        owner = owner_of(fact.event)
        if owner is not None:
            mine.append(_activity(fact, owner))
        else:
            others.append(_other(fact))
    new = await queries.insert_activities(session, mine) | await queries.insert_others(session, others)
    return [fact for fact in by_id.values() if fact.id in new]


def _activity(fact: Fact, owner: int) -> dict[str, Any]:
    return {
        "event_id": fact.id,
        "created_date": fact.time,
        "user_id": owner,
        "activity_type": type_of(fact.event),
        **objects_of(fact.event),
        "data": kept_data(fact.event),
    }


def _other(fact: Fact) -> dict[str, Any]:
    return {
        "event_id": fact.id,
        "fact_type": type_of(fact.event),
        "subject": fact.event.event_subject(),
        "version": getattr(fact.event, "version", None),
        "data": kept_data(fact.event),
        "created_date": fact.time,
    }


async def all_facts(
    session: AsyncSession, events: Collection[type[Event]], chunk: int
) -> AsyncIterator[list[Fact]]:
    """Every kept fact of these events, `chunk` at a time, in no order that means anything."""
    async for rows in queries.read_all(session, {type_of(event) for event in events}, chunk):
        yield [Fact(id_, time, BY_TYPE[type_].model_validate_json(data)) for id_, time, type_, data in rows]


async def activity(
    session: AsyncSession, params: PageParams, *, user_id: int | None = None, course_id: int | None = None
) -> tuple[Sequence[Any], str | None]:
    """A page of the facts of users, the latest first, and the cursor of the next."""
    statement = queries.activities(user_id=user_id, course_id=course_id)
    return await page(session, statement, params, key=queries.LATEST_FIRST)
