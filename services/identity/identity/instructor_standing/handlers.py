"""What is heard from the instructor service."""

from chassis.consumer import Received
from contracts.instructor import InstructorChanged
from sqlalchemy.ext.asyncio import AsyncSession

from identity.instructor_standing import service


async def on_instructor_changed(session: AsyncSession, received: Received[InstructorChanged]) -> None:
    """Approved: role instructor. Suspended or rejected: role student. Admins stay what they are."""
    changed = received.data
    await service.follow(
        session,
        profile_id=changed.profile_id,
        user_id=changed.user_id,
        status=changed.status,
        version=changed.version,
    )
