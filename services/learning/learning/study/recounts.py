"""Recount a course's enrollments when its lessons changed: a batch a transaction, set by set.

The handler of the event does the first batch; a course with more enrollments than that leaves the rest to the
worker's job, for each enrollment takes a lock of the outbox at commit and PostgreSQL's lock table is finite.
"""

from chassis.db import Database, now
from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncSession

from learning.course_mirror import service as course_mirror
from learning.enrollments import service as enrollments
from learning.progress import service as progress
from learning.settings import settings_of

CHANNEL = "lyceum_recounts"


async def recount(session: AsyncSession, course_id: int) -> None:
    """Recount, if the lessons learners see are not those counted over last."""
    lessons = await course_mirror.take_recount(session, course_id)
    if lessons is not None:
        await _recount_batch(session, course_id, 0, lessons)


async def continue_recounts(database: Database) -> None:
    """Go on with what the handlers left, a batch a transaction, until nothing is left."""
    while True:
        async with database.transaction() as session:
            unfinished = await course_mirror.next_recount(session)
            if unfinished is None:
                return
            course_id, after_id = unfinished
            lessons = await course_mirror.lesson_ids_of(session, course_id)
            await _recount_batch(session, course_id, after_id, lessons)


async def _recount_batch(session: AsyncSession, course_id: int, after_id: int, lessons: list[int]) -> None:
    limit = settings_of(session).recount_batch
    batch = await enrollments.lock_batch(session, course_id, after_id, limit)
    standings = await progress.standings(session, [each.id for each in batch], lessons)
    records = await progress.records_of(session, course_id, [each.user_id for each in batch])
    instant = now()
    for each in batch:
        await enrollments.take_standing(session, each, records.get(each.user_id), standings[each.id], instant)
    if len(batch) < limit:
        await course_mirror.end_recount(session, course_id)
        return
    await course_mirror.leave_recount(session, course_id, batch[-1].id)
    await session.execute(text(f"SELECT pg_notify('{CHANNEL}', '')"))
