"""Keeping facts: every event once, under the ids of living users or of tombstones."""

from collections.abc import AsyncIterator, Collection, Sequence
from typing import Any

from chassis.consumer import Received
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


async def erase(session: AsyncSession, received: Sequence[Received[Any]]) -> list[Erasure]:
    """Rewrite the kept facts of the users that these events erase; those not erased before."""
    erased = []
    for one in received:
        event = one.data
        if isinstance(event, UserErased) and await queries.remember_erased(
            session, event.user_id, event.tombstone_id, event.erased_at
        ):
            await queries.rewrite_facts(session, event.user_id, event.tombstone_id)
            erased.append((event.user_id, event.tombstone_id))
    return erased


async def record(session: AsyncSession, received: Sequence[Received[Any]]) -> list[Fact]:
    """Keep each event as a fact; the facts that were not kept before, tombstones in the place of the erased."""
    people = {user for one in received for user in people_in(one.data)}
    tombstones = await queries.tombstones_of(session, people)
    facts = {
        one.id: Fact(one.id, one.time, under_tombstones(one.data, tombstones) if tombstones else one.data)
        for one in received
    }
    mine, others = [], []
    for fact in facts.values():
        owner = owner_of(fact.event)
        if owner is not None:
            mine.append(_activity(fact, owner))
        else:
            others.append(_other(fact))
    new = await queries.insert_activities(session, mine) | await queries.insert_others(session, others)
    return [fact for fact in facts.values() if fact.id in new]


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
