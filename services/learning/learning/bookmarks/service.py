"""Bookmark, order and remove."""

from collections.abc import Sequence
from datetime import datetime
from typing import TYPE_CHECKING, Any, Literal, cast

from chassis.db import now
from chassis.errors import NotFound
from chassis.outbox import emit
from chassis.pagination import PageParams, page
from contracts.fields import BookmarkTarget
from contracts.learning import BookmarkCreated, BookmarkRemoved
from sqlalchemy.ext.asyncio import AsyncSession

from learning.bookmarks import queries
from learning.bookmarks.errors import (
    AlreadyBookmarked,
    BookmarkNotFound,
    OrderOutdated,
    ResourceNotFound,
    TooManyBookmarks,
)
from learning.bookmarks.models import Bookmark
from learning.course_mirror import service as course_mirror
from learning.course_mirror.errors import LessonNotFound

if TYPE_CHECKING:
    from chassis.internal import InternalCalls

AT_MOST = 1000
"""Bookmarks a user may have: the whole list is ordered in one request."""

Target = Literal["course", "lesson", "resource"]


async def add(
    session: AsyncSession,
    calls: "InternalCalls",
    user_id: int,
    *,
    content_type: Target,
    object_id: int,
    title: str,
    notes: str,
) -> Bookmark:
    """Bookmark something at the end of the user's list.

    Raises CourseNotFound, LessonNotFound or ResourceNotFound; AlreadyBookmarked; TooManyBookmarks.
    """
    course_id, lesson_id, its_title = await _place(session, calls, content_type, object_id)
    await queries.lock_list(session, user_id)
    known = await queries.find(session, user_id, content_type, object_id)
    if known is not None:
        raise AlreadyBookmarked(bookmark_id=known.id)
    count, position = await queries.count_and_next_position(session, user_id)
    if count >= AT_MOST:
        raise TooManyBookmarks(f"There are {AT_MOST} already.")
    instant = now()
    bookmark = Bookmark(
        created_date=instant,
        updated_date=instant,
        user_id=user_id,
        content_type=content_type,
        object_id=object_id,
        title=title or its_title,
        notes=notes,
        position=position,
        course_id=course_id,
        lesson_id=lesson_id,
    )
    session.add(bookmark)
    await session.flush()
    created = BookmarkCreated(
        bookmark_id=bookmark.id,
        user_id=user_id,
        content_type=content_type,
        object_id=object_id,
        course_id=course_id,
        lesson_id=lesson_id,
        created_at=instant,
    )
    emit(session, created, time=instant)
    return bookmark


async def _place(
    session: AsyncSession, calls: "InternalCalls", content_type: Target, object_id: int
) -> tuple[int, int | None, str]:
    """Course and lesson that something belongs to, and what it is called."""
    if content_type == "course":
        course = await course_mirror.require_course(session, calls, object_id)
        return course.course_id, None, course.title
    if content_type == "lesson":
        lesson = await course_mirror.find_lesson(session, object_id)
        if lesson is None:
            raise LessonNotFound
        return lesson.course_id, lesson.lesson_id, lesson.title
    try:
        resource = await calls.get("catalog", f"/internal/resources/{object_id}")
    except NotFound as error:
        raise ResourceNotFound from error
    return int(resource["course_id"]), int(resource["lesson_id"]), str(resource.get("title", ""))


async def show(session: AsyncSession, user_id: int, bookmark_id: int) -> Bookmark:
    """A bookmark of the user's. Raises BookmarkNotFound."""
    bookmark = await queries.own(session, bookmark_id, user_id, lock=False)
    if bookmark is None:
        raise BookmarkNotFound
    return bookmark


async def change(session: AsyncSession, user_id: int, bookmark_id: int, changes: dict[str, Any]) -> Bookmark:
    """Change a bookmark's title or notes. Raises BookmarkNotFound."""
    bookmark = await queries.own(session, bookmark_id, user_id, lock=True)
    if bookmark is None:
        raise BookmarkNotFound
    for name, value in changes.items():
        setattr(bookmark, name, value)
    await session.flush()
    return bookmark


async def remove(session: AsyncSession, user_id: int, bookmark_id: int) -> None:
    """Remove a bookmark of the user's. Raises BookmarkNotFound."""
    bookmark = await queries.own(session, bookmark_id, user_id, lock=True)
    if bookmark is None:
        raise BookmarkNotFound
    await _remove(session, bookmark, now())


async def _remove(session: AsyncSession, bookmark: Bookmark, instant: datetime) -> None:
    await session.delete(bookmark)
    if bookmark.course_id is None:
        return  # Carried over from elsewhere, and never told: nobody counts it.
    removed = BookmarkRemoved(
        bookmark_id=bookmark.id,
        user_id=bookmark.user_id,
        content_type=cast(BookmarkTarget, bookmark.content_type),
        object_id=bookmark.object_id,
        course_id=bookmark.course_id,
        lesson_id=bookmark.lesson_id,
        removed_at=instant,
    )
    emit(session, removed, time=instant)


async def list_of(
    session: AsyncSession, user_id: int, content_type: Target | None, params: PageParams
) -> tuple[Sequence[Bookmark], str | None]:
    """A user's bookmarks in their order."""
    statement = queries.of_user(user_id, content_type)
    return await page(session, statement, params, key=[(Bookmark.position, "asc"), (Bookmark.id, "asc")])


async def order(session: AsyncSession, user_id: int, ids: Sequence[int]) -> None:
    """Put all of a user's bookmarks in this order. Raises OrderOutdated unless each is named once."""
    await queries.lock_list(session, user_id)
    bookmarks = {each.id: each for each in await queries.all_of_user(session, user_id)}
    if len(ids) != len(bookmarks) or set(ids) != bookmarks.keys():
        raise OrderOutdated
    for position, bookmark_id in enumerate(ids):
        bookmarks[bookmark_id].position = position


async def remove_of_lesson(session: AsyncSession, lesson_id: int, instant: datetime, limit: int) -> int:
    """Remove up to `limit` bookmarks of a lesson that is gone, and of what was in it; how many."""
    return await _remove_all(session, await queries.lock_of_lesson(session, lesson_id, limit), instant)


async def remove_of_course(session: AsyncSession, course_id: int, instant: datetime, limit: int) -> int:
    """Remove up to `limit` bookmarks of a course that is gone, and of what was in it; how many."""
    return await _remove_all(session, await queries.lock_of_course(session, course_id, limit), instant)


async def _remove_all(session: AsyncSession, found: Sequence[Bookmark], instant: datetime) -> int:
    for bookmark in found:
        await _remove(session, bookmark, instant)
    return len(found)


async def replace_user(session: AsyncSession, user_id: int, tombstone_id: int) -> None:
    """Put the tombstone in place of a person; their bookmarks stay as a number, without a word."""
    await queries.replace_user(session, user_id, tombstone_id)
