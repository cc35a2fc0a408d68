"""A person who asked to be forgotten is in no attempt any more; the attempts still count."""

from typing import Any

from chassis.db import Database, now
from contracts.identity import UserErased
from contracts.platform import ErasureCompleted
from sqlalchemy import text


async def test_attempts_keep_counting_under_the_tombstone(
    deliver: Any, database: Database, published: Any, client: Any
) -> None:
    async with database.transaction() as session:
        lesson = await session.execute(
            text("INSERT INTO courses_assessment (lesson_id, title) VALUES (101, 'Quiz') RETURNING id")
        )
        await session.execute(
            text("INSERT INTO courses_assessmentattempt (user_id, assessment_id) VALUES (7, :a), (8, :a)"),
            {"a": lesson.scalar_one()},
        )
    await deliver(UserErased(user_id=7, tombstone_id=900, erased_at=now()), times=2)
    async with database.transaction() as session:
        found = await session.scalars(text("SELECT user_id FROM courses_assessmentattempt ORDER BY user_id"))
        assert list(found) == [8, 900]
    (event,) = await published()
    assert isinstance(event, ErasureCompleted)
    assert (event.user_id, event.tombstone_id, event.service) == (7, 900, "assessment")
    assert (await client.get("/readyz")).json() == {"status": "ready"}
