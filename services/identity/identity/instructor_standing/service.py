"""Keep the newest standing, and let the role follow it."""

from sqlalchemy import update
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncSession

from identity.accounts import service as accounts
from identity.instructor_standing.models import MirrorInstructor
from identity.sessions import service as sessions


async def follow(session: AsyncSession, *, profile_id: int, user_id: int, status: str, version: int) -> None:
    """Take over a standing unless a newer one is known; the account's role follows, and who loses it is logged out:
    their tokens say what is not so any more."""
    statement = insert(MirrorInstructor).values(
        profile_id=profile_id, user_id=user_id, status=status, version=version
    )
    newer = await session.scalar(
        statement.on_conflict_do_update(
            index_elements=[MirrorInstructor.profile_id],
            set_={"user_id": user_id, "status": status, "version": version},
            where=MirrorInstructor.version < version,
        ).returning(MirrorInstructor.profile_id)
    )
    if newer is not None and await accounts.follow_standing(session, user_id, status):
        await sessions.end_all(session, user_id, "role_changed")


async def replace_user(session: AsyncSession, user_id: int, tombstone_id: int) -> None:
    """Write the tombstone over an erased person; their profile goes on under it in the instructor service."""
    await session.execute(
        update(MirrorInstructor).where(MirrorInstructor.user_id == user_id).values(user_id=tombstone_id)
    )
