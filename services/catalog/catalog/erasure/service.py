"""Forget a person: the tombstone goes wherever their id was, their name goes nowhere."""

from chassis.db import now
from chassis.erasure import scrub_chassis_tables
from chassis.outbox import emit
from contracts.platform import ErasureCompleted
from sqlalchemy.ext.asyncio import AsyncSession

from catalog.courses import service as courses
from catalog.enrollment_mirror import service as enrollment_mirror
from catalog.erasure import queries
from catalog.instructor_mirror import service as instructor_mirror
from catalog.people import service as people
from catalog.publishing import service as publishing
from catalog.reviews import service as reviews


async def erase(session: AsyncSession, user_id: int, tombstone_id: int) -> None:
    """Write the tombstone over the user in every table, the outbox included. Done again it changes nothing."""
    await people.erase(session, user_id, tombstone_id)
    await scrub_chassis_tables(session, user_id, tombstone_id)
    await queries.scrub_authors(session, user_id, tombstone_id)
    await instructor_mirror.replace_user(session, user_id, tombstone_id)
    await publishing.replace_user(session, user_id, tombstone_id)
    await courses.replace_user(session, user_id, tombstone_id)
    await enrollment_mirror.replace_user(session, user_id, tombstone_id)
    await reviews.replace_user(session, user_id, tombstone_id)


def report(session: AsyncSession, user_id: int, tombstone_id: int) -> None:
    """Tell identity that nothing here names the user any more."""
    emit(
        session,
        ErasureCompleted(
            user_id=user_id,
            tombstone_id=tombstone_id,
            service="catalog",
            completed_at=now(),
        ),
    )
