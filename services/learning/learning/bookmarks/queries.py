"""Every statement on bookmarks."""

import hashlib
from collections.abc import Sequence

from sqlalchemy import Select, func, select, text, update
from sqlalchemy.ext.asyncio import AsyncSession

from learning.bookmarks.models import Bookmark


async def lock_list(session: AsyncSession, user_id: int) -> None:
    """One change of a user's list at a time: places are handed out, and the list has an end."""
    digest = hashlib.blake2b(f"bookmarks\0{user_id}".encode(), digest_size=8).digest()
    key = int.from_bytes(digest, "big", signed=True)
    await session.execute(text("SELECT pg_advisory_xact_lock(:key)"), {"key": key})


async def count_and_next_position(session: AsyncSession, user_id: int) -> tuple[int, int]:
    statement = select(func.count(), func.coalesce(func.max(Bookmark.position) + 1, 0))
    row = (await session.execute(statement.where(Bookmark.user_id == user_id))).one()
    return int(row[0]), int(row[1])


async def find(session: AsyncSession, user_id: int, content_type: str, object_id: int) -> Bookmark | None:
    statement = select(Bookmark).where(
        Bookmark.user_id == user_id,
        Bookmark.content_type == content_type,
        Bookmark.object_id == object_id,
    )
    return await session.scalar(statement)


async def own(session: AsyncSession, bookmark_id: int, user_id: int, *, lock: bool) -> Bookmark | None:
    statement = select(Bookmark).where(Bookmark.id == bookmark_id, Bookmark.user_id == user_id)
    return await session.scalar(statement.with_for_update() if lock else statement)


def of_user(user_id: int, content_type: str | None) -> Select[Bookmark]:
    statement = select(Bookmark).where(Bookmark.user_id == user_id)
    return statement if content_type is None else statement.where(Bookmark.content_type == content_type)


async def all_of_user(session: AsyncSession, user_id: int) -> Sequence[Bookmark]:
    statement = select(Bookmark).where(Bookmark.user_id == user_id).order_by(Bookmark.id)
    return (await session.scalars(statement.with_for_update())).all()


async def lock_of_lesson(session: AsyncSession, lesson_id: int, limit: int) -> Sequence[Bookmark]:
    statement = select(Bookmark).where(Bookmark.lesson_id == lesson_id).order_by(Bookmark.id).limit(limit)
    return (await session.scalars(statement.with_for_update())).all()


async def lock_of_course(session: AsyncSession, course_id: int, limit: int) -> Sequence[Bookmark]:
    statement = select(Bookmark).where(Bookmark.course_id == course_id).order_by(Bookmark.id).limit(limit)
    return (await session.scalars(statement.with_for_update())).all()


async def replace_user(session: AsyncSession, user_id: int, tombstone_id: int) -> None:
    await session.execute(
        update(Bookmark)
        .where(Bookmark.user_id == user_id)
        .values(user_id=tombstone_id, title="", notes="")
        .execution_options(synchronize_session=False)
    )
