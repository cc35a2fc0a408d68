"""Who is erased goes on counting, and is nowhere to be found."""

import re
from dataclasses import replace
from datetime import timedelta
from uuid import UUID

from analytics.facts.rules import Fact
from analytics_story.simulator import NOW, Story
from contracts.identity import UserErased
from contracts.platform import ErasureCompleted
from sqlalchemy import text

TOMBSTONE = 777_777_777


def busiest_learner(story):
    seen = [fact.event.user_id for fact in story.facts if hasattr(fact.event, "enrollment_id")]
    return max(set(seen), key=seen.count)


async def everything(database):
    """Every row of every table, as text, by table; the ids of erased users are kept in one of them on purpose."""
    async with database.transaction() as session:
        tables = await session.scalars(
            text(
                "SELECT relname FROM pg_class WHERE relkind IN ('r', 'p') AND NOT relispartition "
                "AND relnamespace = 'public'::regnamespace "
                "AND relname NOT IN ('erased_people', 'ended_sessions')"
            )
        )
        return {
            table: list(await session.scalars(text(f'SELECT t::text FROM "{table}" t'))) for table in tables
        }


async def test_no_row_names_an_erased_learner(database, deliver, fold_in, tables_of, published):
    story = Story(9, steps=300, erasures=False)
    # An id that nothing else could be mistaken for.
    gone, stand_in = busiest_learner(story), 555_000_111
    facts = [
        replace(fact, event=fact.event.model_copy(update={"user_id": stand_in}))
        if getattr(fact.event, "user_id", None) == gone
        else fact
        for fact in story.facts
    ]
    await fold_in(database, facts, NOW)
    before = await tables_of(database)
    assert before["users"][stand_in]["courses_enrolled"] > 0

    await deliver(UserErased(user_id=stand_in, tombstone_id=TOMBSTONE, erased_at=NOW), times=2)

    rows = await everything(database)
    named = {
        table: [row for row in found if re.search(rf"\b{stand_in}\b", row)] for table, found in rows.items()
    }
    # The report to identity says whom it is about, as the event that asked did.
    report = [row for row in named.pop("outbox") if "erasure.completed" not in row]
    assert report == []
    assert {table: found for table, found in named.items() if found} == {}

    after = await tables_of(database)
    assert stand_in not in after["users"]
    # Asked with a later `now`, so what decays may differ; what was done does not.
    for name in ("courses_enrolled", "courses_completed", "total_time_spent_seconds", "last_activity"):
        assert after["users"][TOMBSTONE][name] == before["users"][stand_in][name]
    assert after["platform"][1] == before["platform"][1]
    assert {k: v["total_students"] for k, v in after["courses"].items()} == {
        k: v["total_students"] for k, v in before["courses"].items()
    }
    assert [event for event in await published() if isinstance(event, ErasureCompleted)] == [
        ErasureCompleted(
            user_id=stand_in,
            tombstone_id=TOMBSTONE,
            service="analytics",
            completed_at=(await published())[0].completed_at,
        )
    ]


async def test_facts_that_come_after_the_erasure_count_under_the_tombstone(
    database, new_database, fold_in, tables_of
):
    facts = Story(9, steps=200, erasures=False).facts
    learner = busiest_learner(Story(9, steps=200, erasures=False))
    erased = UserErased(user_id=learner, tombstone_id=TOMBSTONE, erased_at=NOW)
    told = Fact(UUID(int=1), NOW - timedelta(hours=1), erased)
    await fold_in(database, [*facts, told], NOW)
    late = await new_database()
    await fold_in(late, [told], NOW)
    await fold_in(late, facts[:200], NOW)
    await fold_in(late, facts[200:], NOW)
    assert await tables_of(late) == await tables_of(database)
    rows = await everything(late)
    assert not [row for row in rows["courses_useractivity"] if f'"user_id": {learner},' in row]
