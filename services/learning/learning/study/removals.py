"""What goes with a lesson or a course that catalog deleted: progress, notes, bookmarks (CASCADE across services).

Batches again: a note or bookmark removed is told under its owner's key, and each key is a lock at commit.
"""

from typing import TYPE_CHECKING

from chassis.db import Database, now
from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncSession

from learning.bookmarks import service as bookmarks
from learning.course_mirror import service as course_mirror
from learning.enrollments import service as enrollments
from learning.notes import service as notes
from learning.progress import service as progress
from learning.settings import settings_of

if TYPE_CHECKING:
    from learning.course_mirror.models import Removal

CHANNEL = "lyceum_removals"


async def begin(session: AsyncSession) -> None:
    """Wake the job when this transaction commits."""
    await session.execute(text(f"SELECT pg_notify('{CHANNEL}', '')"))


async def continue_removals(database: Database) -> None:
    """Remove what went with deleted lessons and courses, a batch a transaction, until nothing is left."""
    while True:
        async with database.transaction() as session:
            removal = await course_mirror.next_removal(session)
            if removal is None:
                return
            if not await _remove_batch(session, removal):
                await course_mirror.end_removal(session, removal)


async def _remove_batch(session: AsyncSession, removal: "Removal") -> bool:
    """Remove some; whether there may be more."""
    limit = settings_of(session).recount_batch
    instant = now()
    if removal.kind == "course":
        # Nobody ever enrolled in a course that could be deleted: there are bookmarks, and no more.
        return await bookmarks.remove_of_course(session, removal.object_id, instant, limit) == limit
    removed = await notes.remove_of_lesson(session, removal.object_id, instant, limit)
    removed += await bookmarks.remove_of_lesson(session, removal.object_id, instant, limit)
    if removed:
        return True
    await progress.forget_lesson(session, removal.object_id)
    await enrollments.forget_lesson(session, removal.object_id)
    return False
