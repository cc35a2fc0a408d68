"""Erase a person: the tombstone's id wherever theirs was, and nothing they wrote or were called."""

from chassis.db import now
from chassis.erasure import scrub_chassis_tables
from chassis.outbox import emit
from contracts.platform import ErasureCompleted
from sqlalchemy.ext.asyncio import AsyncSession

from learning.activity import service as activity
from learning.bookmarks import service as bookmarks
from learning.certificates import service as certificates
from learning.course_mirror import service as course_mirror
from learning.enrollments import service as enrollments
from learning.notes import service as notes
from learning.notifications import service as notifications
from learning.payments import service as payments
from learning.people import service as people
from learning.preferences import service as preferences
from learning.progress import service as progress
from learning.teaching import service as teaching


async def erase(session: AsyncSession, user_id: int, tombstone_id: int) -> None:
    """Rewrite every table of learning's, its outbox and dead letters included. Done again it changes nothing."""
    enrollment_ids = await enrollments.ids_of_user(session, user_id)
    # The enrollments first: who studies at this moment holds them, and takes the rest after them.
    await enrollments.replace_user(session, user_id, tombstone_id)
    await progress.replace_user(session, user_id, tombstone_id, enrollment_ids)
    counted = (certificates, payments, activity, notes, bookmarks, course_mirror, teaching)
    for slice_service in counted:
        await slice_service.replace_user(session, user_id, tombstone_id)
    for slice_service in (people, notifications, preferences):
        await slice_service.forget(session, user_id)
    await scrub_chassis_tables(session, user_id, tombstone_id)


def report(session: AsyncSession, user_id: int, tombstone_id: int) -> None:
    """Tell identity that nothing here names the user any more."""
    instant = now()
    emit(
        session,
        ErasureCompleted(
            user_id=user_id, tombstone_id=tombstone_id, service="learning", completed_at=instant
        ),
        time=instant,
    )
