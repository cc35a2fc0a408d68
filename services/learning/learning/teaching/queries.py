"""Every statement on the mirror of who teaches what."""

from typing import Any

from sqlalchemy import delete, select, update
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncSession

from learning.teaching.models import MirrorInstructor, MirrorTeaching


async def keep_instructor(session: AsyncSession, values: dict[str, Any]) -> None:
    statement = insert(MirrorInstructor).values(values)
    changed = {name: statement.excluded[name] for name in values if name != "profile_id"}
    await session.execute(
        statement.on_conflict_do_update(
            index_elements=[MirrorInstructor.profile_id],
            set_=changed,
            where=statement.excluded.version > MirrorInstructor.version,
        )
    )


async def keep_teaching(session: AsyncSession, values: dict[str, Any]) -> None:
    statement = insert(MirrorTeaching).values(values)
    changed = {name: statement.excluded[name] for name in values if name not in ("course_id", "user_id")}
    await session.execute(
        statement.on_conflict_do_update(
            index_elements=[MirrorTeaching.course_id, MirrorTeaching.user_id],
            set_=changed,
            where=statement.excluded.version > MirrorTeaching.version,
        )
    )


async def status_of(session: AsyncSession, user_id: int) -> str | None:
    """The status of a user's instructor profile; None without one."""
    statement = select(MirrorInstructor.status).where(MirrorInstructor.user_id == user_id)
    return await session.scalar(statement.order_by(MirrorInstructor.profile_id.desc()).limit(1))


async def teaching(session: AsyncSession, course_id: int, user_id: int) -> MirrorTeaching | None:
    return await session.get(MirrorTeaching, (course_id, user_id))


async def replace_user(session: AsyncSession, user_id: int, tombstone_id: int) -> None:
    # A learner's rows are rewritten, for they count; rights are not: an erased teacher has none.
    await session.execute(delete(MirrorTeaching).where(MirrorTeaching.user_id == user_id))
    await session.execute(
        update(MirrorInstructor).where(MirrorInstructor.user_id == user_id).values(user_id=tombstone_id)
    )
