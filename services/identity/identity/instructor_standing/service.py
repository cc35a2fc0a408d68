"""Keep the newest standing, and let the role follow it."""

from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncSession

from identity.accounts import service as accounts
from identity.instructor_standing.models import MirrorInstructor


async def follow(session: AsyncSession, *, profile_id: int, user_id: int, status: str, version: int) -> None:
    """Take over a standing unless a newer one is known; the account's role follows."""
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
    if newer is not None:
        await accounts.follow_standing(session, user_id, status)
