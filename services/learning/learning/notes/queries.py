"""Every statement on notes."""

from collections.abc import Sequence

from sqlalchemy import Select, or_, select, update
from sqlalchemy.ext.asyncio import AsyncSession

from learning.notes.models import Note


async def get(session: AsyncSession, note_id: int) -> Note | None:
    return await session.get(Note, note_id)


async def lock_own(session: AsyncSession, note_id: int, user_id: int) -> Note | None:
    statement = select(Note).where(Note.id == note_id, Note.user_id == user_id)
    return await session.scalar(statement.with_for_update())


def of_user(user_id: int, *, course_id: int | None, lesson_id: int | None) -> Select[Note]:
    statement = select(Note).where(Note.user_id == user_id)
    if course_id is not None:
        statement = statement.where(Note.course_id == course_id)
    if lesson_id is not None:
        statement = statement.where(Note.lesson_id == lesson_id)
    return statement


def visible_on_lesson(lesson_id: int, user_id: int) -> Select[Note]:
    """A user's own notes on a lesson, and the public ones of the others."""
    return select(Note).where(
        Note.lesson_id == lesson_id, or_(Note.user_id == user_id, Note.is_private.is_(False))
    )


async def lock_of_lesson(session: AsyncSession, lesson_id: int, limit: int) -> Sequence[Note]:
    statement = select(Note).where(Note.lesson_id == lesson_id).order_by(Note.id).limit(limit)
    return (await session.scalars(statement.with_for_update())).all()


async def replace_user(session: AsyncSession, user_id: int, tombstone_id: int) -> None:
    await session.execute(
        update(Note)
        .where(Note.user_id == user_id)
        .values(user_id=tombstone_id, content="", tags=[], is_private=True)
        .execution_options(synchronize_session=False)
    )
