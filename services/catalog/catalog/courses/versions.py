"""The versions of a course: drafts to edit it in, archives of what was published, and the way back.

A version is a course's row with modules and lessons of its own. Its slug is random, so that nobody comes across it;
nothing is told of it, and nobody enrolls in it. Whoever calls holds the row of the course itself.
"""

import secrets
from collections.abc import Collection, Sequence
from datetime import datetime
from decimal import Decimal
from typing import Any

from chassis.pagination import PageParams
from sqlalchemy.ext.asyncio import AsyncSession

from catalog.courses import locks, queries, version_queries
from catalog.courses.errors import CourseNotFound, EditedInDraft, NotVersioned, VersionArchived
from catalog.courses.models import Course
from catalog.courses.rules import LIVE, VERSIONED
from catalog.outline import versions as outlines

# --- what may be changed where ----------------------------------------------------------------------------------


def is_archived(course: Course) -> bool:
    """Whether this is what was published once, which nobody changes any more."""
    return course.parent_version_id is not None and not course.is_draft


def check_not_archived(course: Course) -> None:
    """Raise VersionArchived for what was published once."""
    if is_archived(course):
        raise VersionArchived(course_id=course.parent_version_id)


async def check_no_draft(session: AsyncSession, course: Course) -> None:
    """Raise EditedInDraft while the course is edited in a draft version."""
    draft_id = await version_queries.draft_of(session, course.id)
    if draft_id is not None:
        raise EditedInDraft(draft_id=draft_id)


async def check_fields(session: AsyncSession, course: Course, changed: Collection[str]) -> None:
    """Raise where these fields are not changed in this row: EditedInDraft, NotVersioned."""
    live = sorted(name for name in changed if name in LIVE)
    if course.parent_version_id is not None and live:
        raise NotVersioned(fields=live, course_id=course.parent_version_id)
    if len(live) < len(changed):
        await check_no_draft(session, course)


async def keep_in_step(session: AsyncSession, course: Course, changed: Collection[str]) -> None:
    """Have the rows of a course's versions say what its own says of what is never versioned."""
    if any(name in LIVE for name in changed):
        await version_queries.keep_in_step(session, course)


# --- drafts and archives ------------------------------------------------------------------------------------------


async def parent_of(session: AsyncSession, course_id: int) -> int | None:
    """The course whose version this is; None for a course itself, and for what is not there."""
    return await version_queries.parent_of(session, course_id)


async def list_versions(
    session: AsyncSession, course: Course, params: PageParams, *, archive_id: int | None
) -> tuple[Sequence[Course], str | None]:
    """A page of the course and its versions, the newest first; the archive of the current one is left out, for that
    is the course."""
    current = None if archive_id is None else await queries.by_id(session, archive_id)
    but = current.id if current is not None and current.version == course.version else None
    return await version_queries.page_of(session, course.id, params, but=but)


async def find_archived(session: AsyncSession, course_id: int, version_id: int) -> Course | None:
    """An archived version of this course."""
    version = await queries.by_id(session, version_id)
    if version is None or version.parent_version_id != course_id or not is_archived(version):
        return None
    return version


async def add_draft(session: AsyncSession, course: Course, version: Decimal) -> Course:
    """A draft with all that the course has now."""
    return await _add(session, course, version, is_draft=True)


async def keep(session: AsyncSession, course: Course) -> Course:
    """An archive of the course as it is now, under the version it has."""
    return await _add(session, course, course.version, is_draft=False)


async def _add(session: AsyncSession, course: Course, version: Decimal, *, is_draft: bool) -> Course:
    await session.flush()
    values: dict[str, Any] = {
        # No slug made from a title has a colon, and nobody guesses 128 bits.
        "slug": f"version:{secrets.token_hex(16)}",
        "version": version,
        "is_draft": is_draft,
        "parent_version_id": course.id,
    }
    version_id = await version_queries.add(session, course.id, values)
    await outlines.copy(session, course.id, version_id)
    added = await queries.by_id(session, version_id)
    assert added is not None
    return added


async def put_in_place(session: AsyncSession, course: Course, version: Course) -> None:
    """Give the course all that the version has, each lesson under the id it is known by."""
    for name in VERSIONED:
        setattr(course, name, getattr(version, name))
    await outlines.put_in_place(session, course.id, version.id)


async def differ(session: AsyncSession, one: Course, other: Course) -> bool:
    """Whether two of a course's versions, itself among them, differ in anything that is versioned."""
    if any(getattr(one, name) != getattr(other, name) for name in VERSIONED):
        return True
    return await outlines.differ(session, one.id, other.id)


async def hold_draft(session: AsyncSession, course_id: int, draft_id: int) -> Course:
    """The course's draft, its row held. Raises CourseNotFound, VersionArchived when it was published meanwhile."""
    draft = await queries.lock(session, draft_id)
    if draft is None or draft.parent_version_id != course_id:
        raise CourseNotFound
    check_not_archived(draft)
    return draft


def close(archive: Course, published_at: datetime, published_by_id: int) -> None:
    """Have a version stand for what was published at this instant, from now on unchanged."""
    archive.is_draft = False
    archive.published_date = published_at
    archive.published_by_id = published_by_id
    archive.preview_token, archive.preview_expiry = None, None


async def discard(session: AsyncSession, draft: Course) -> None:
    """Remove a draft, and all that is in it."""
    await queries.remove(session, draft)


async def remove_of(session: AsyncSession, course_id: int) -> None:
    """Remove every version of a course that is being deleted."""
    await version_queries.remove_of(session, course_id)


async def replace_publisher(session: AsyncSession, user_id: int, tombstone_id: int) -> None:
    """Have the tombstone stand for the user wherever they published."""
    await version_queries.replace_publisher(session, user_id, tombstone_id)


async def hold_originals(session: AsyncSession, course_ids: Collection[int]) -> list[int]:
    """The courses that these are, or are versions of, by id, their rows held: nothing moves between versions."""
    return await locks.lock_many(session, await version_queries.originals_of(session, course_ids))


async def count_edit(session: AsyncSession, course_ids: Collection[int]) -> None:
    """Have these rows be a version further, which is their ETag, for what changed in them without their authors."""
    await version_queries.count_edit(session, course_ids)
