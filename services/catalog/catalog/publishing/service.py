"""Put a course into the catalogue, take it out, delete it, and tell others its outline and its offer."""

import json
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from typing import TYPE_CHECKING, Any, cast

from chassis.db import now
from chassis.outbox import emit
from contracts.catalog import CoursePublished, CourseUnpublished, PublishedLesson, PublishedModule
from contracts.fields import CourseLevel, LessonAccess, LessonType
from sqlalchemy.ext.asyncio import AsyncSession

from catalog.courses import rules, versions
from catalog.courses import service as courses
from catalog.courses.errors import CourseIncomplete, CourseNotFound
from catalog.outline import service as outlines
from catalog.outline.service import Part
from catalog.publishing import queries
from catalog.settings import settings_of

if TYPE_CHECKING:
    from chassis.auth import Principal
    from chassis.internal import InternalCalls

    from catalog.courses.models import Course

PUBLISH = "catalog.publish_course"
"""The permission of the staff who publish what they do not teach."""


@dataclass(frozen=True, slots=True)
class Offer:
    """What enrolling in a course would mean at this instant."""

    course_id: int
    title: str
    slug: str
    is_published: bool
    price: Decimal
    effective_price: Decimal
    currency: str
    certificate: bool
    created_by_id: int
    version: int


async def publish(
    session: AsyncSession,
    calls: "InternalCalls",
    principal: "Principal",
    course_id: int,
    unchanged: "Callable[[Course], None]",
) -> courses.View:
    """Publish a course as it is now, or again with what was changed since; a draft version takes the course's place.

    A course published and unchanged since is answered as it is. `unchanged` raises when somebody else changed it
    meanwhile. Raises CourseIncomplete with what is missing, EventTooLarge for an outline that could not be told,
    EditedInDraft for a course that has a draft, and what `courses.open_for_editing` does.
    """
    parent_id = await versions.parent_of(session, course_id)
    if parent_id is not None:
        return await _publish_draft(session, calls, principal, parent_id, course_id, unchanged)
    course = await courses.open_for_editing(session, calls, principal, course_id, staff=PUBLISH)
    unchanged(course)
    await versions.check_no_draft(session, course)
    last = await queries.publication(session, course_id)
    if course.is_published and last is not None and last.course_state_version == course.state_version:
        return await courses.view(session, course)
    await _check_complete(session, course)
    if last is not None:
        course.version = rules.next_version(course.version)
    return await _tell(session, principal, course, None)


async def _publish_draft(
    session: AsyncSession,
    calls: "InternalCalls",
    principal: "Principal",
    course_id: int,
    draft_id: int,
    unchanged: "Callable[[Course], None]",
) -> courses.View:
    """Put a draft in the course's place; its row stays, as what was published then."""
    # Of the draft first: whoever may not know of it learns nothing. Held is the course before its draft, by everyone.
    await courses.check_may_edit(session, calls, principal, draft_id, staff=PUBLISH)
    course = await courses.open_for_editing(session, calls, principal, course_id, staff=PUBLISH)
    draft = await versions.hold_draft(session, course_id, draft_id)
    unchanged(draft)
    await _check_complete(session, draft)
    await versions.put_in_place(session, course, draft)
    course.version = draft.version
    return await _tell(session, principal, course, draft)


async def restore(
    session: AsyncSession, principal: "Principal", course: "Course", version: "Course"
) -> courses.View:
    """Make an archived version the course's newest; the caller holds the course's row.

    What was edited since the latest publication is kept as a version first. A course off the catalogue stays off it;
    one that is this version already is answered as it is.
    Raises CourseIncomplete, for example when the version's category takes no courses any more.
    """
    last = await queries.publication(session, course.id)
    current = None
    if last is not None and last.archive_id is not None:
        current = await versions.find_archived(session, course.id, last.archive_id)
    is_edited = current is None or await versions.differ(session, course, current)
    if course.is_published and current is version and not is_edited:
        return await courses.view(session, course)
    if is_edited:
        course.version = rules.next_version(course.version)
        await versions.keep(session, course)
    await versions.put_in_place(session, course, version)
    await session.flush()
    if not course.is_published:
        await courses.record_change(session, course)
        return await courses.view(session, course)
    await _check_complete(session, course)
    course.version = rules.next_version(course.version)
    return await _tell(session, principal, course, None)


async def archive_of_current(session: AsyncSession, course_id: int) -> int | None:
    """The version that keeps what was published last."""
    last = await queries.publication(session, course_id)
    return None if last is None else last.archive_id


async def _check_complete(session: AsyncSession, course: "Course") -> None:
    lacking = await courses.missing(session, course)
    if lacking:
        raise CourseIncomplete(missing=lacking)


async def _tell(
    session: AsyncSession, principal: "Principal", course: "Course", archive: "Course | None"
) -> courses.View:
    """Have the course be published as it is now, tell it, and keep it in a version: in `archive`, or in a new one."""
    instant = now()
    course.is_published, course.is_draft = True, False
    course.published_date, course.published_by_id = instant, principal.user_id
    course.first_published_at = course.first_published_at or instant
    await outlines.mark_published(session, course.id, instant)
    course.state_version += 1
    event = _published(course, await outlines.load(session, course.id), settings_of(session).currency)
    emit(session, event)
    await courses.record_change(session, course)
    if archive is None:
        archive = await versions.keep(session, course)
    await outlines.mark_published(session, archive.id, instant)
    versions.close(archive, instant, principal.user_id)
    await queries.keep_publication(
        session,
        {
            "course_id": course.id,
            "version": event.version,
            "course_state_version": course.state_version,
            "payload": event.model_dump(mode="json"),
            "archive_id": archive.id,
        },
    )
    return await courses.view(session, course)


def _published(course: "Course", outline: list[Part], currency: str) -> CoursePublished:
    assert course.published_date is not None
    assert course.first_published_at is not None
    return CoursePublished(
        course_id=course.id,
        created_by_id=course.created_by_id,
        title=course.title,
        slug=course.slug,
        thumbnail_url=course.thumbnail,
        category_id=course.category_id,
        level=cast("CourseLevel", course.level),
        price=course.price,
        discount_price=course.discount_price,
        discount_ends=course.discount_ends,
        currency=currency,
        has_certificate=course.has_certificate,
        course_version=rules.version_text(course.version),
        published_at=course.published_date,
        first_published_at=course.first_published_at,
        modules=tuple(_module(part) for part in outline),
        version=course.state_version,
    )


def _module(part: Part) -> PublishedModule:
    return PublishedModule(
        id=part.module.id,
        title=part.module.title,
        order=part.module.order,
        is_published=part.module.is_published,
        lessons=tuple(
            PublishedLesson(
                id=lesson.id,
                title=lesson.title,
                order=lesson.order,
                duration_minutes=lesson.duration_minutes,
                access_level=cast("LessonAccess", lesson.access_level),
                type=cast("LessonType", lesson.activity_type),
                is_free_preview=lesson.is_free_preview,
                has_assessment=lesson.has_assessment,
            )
            for lesson in part.lessons
        ),
    )


async def tell_again(session: AsyncSession, course_id: int) -> None:
    """Tell a course's outline as it was published, with what shows at once: the course's details, which lessons are
    still there, which of them have an assessment. The caller holds the course's row, which is a version further.

    A course that is off the catalogue is not told: it would be back on it. Who asks for its outline is given this.
    """
    last = await queries.publication(session, course_id)
    if last is None:
        return
    course = await courses.find_any(session, course_id)
    outline = await outlines.load(session, course_id)
    # Events are strict about types, and JSON has neither dates nor decimals.
    told = CoursePublished.model_validate_json(json.dumps(last.payload))
    as_now = _published(course, [], settings_of(session).currency)
    kept = {name: getattr(told, name) for name in ("course_version", "published_at", "first_published_at")}
    version = course.state_version if course.is_published else told.version
    event = as_now.model_copy(
        update={**kept, "modules": tuple(_still_there(told.modules, outline)), "version": version}
    )
    if course.is_published:
        emit(session, event)
    was_unchanged = last.course_state_version == course.state_version - 1
    await queries.keep_publication(
        session,
        {
            "course_id": course_id,
            "version": version,
            "course_state_version": course.state_version if was_unchanged else last.course_state_version,
            "payload": event.model_dump(mode="json"),
            "archive_id": last.archive_id,
        },
    )


def _still_there(modules: Sequence[PublishedModule], outline: list[Part]) -> Iterator[PublishedModule]:
    """What was published and was not deleted since, where it was; each lesson marked as it is now."""
    standing = {part.module.id for part in outline}
    marked = {lesson.id: lesson.has_assessment for part in outline for lesson in part.lessons}
    for module in modules:
        lessons = tuple(
            lesson.model_copy(update={"has_assessment": marked[lesson.id]})
            for lesson in module.lessons
            if lesson.id in marked
        )
        if lessons or module.id in standing:
            yield module.model_copy(update={"lessons": lessons})


async def unpublish(
    session: AsyncSession, calls: "InternalCalls", principal: "Principal", course_id: int
) -> courses.View:
    """Take a course off the catalogue; those enrolled keep their access. Repeated, it changes nothing."""
    course = await courses.open_for_editing(session, calls, principal, course_id, staff=PUBLISH)
    if course.is_published:
        await take_off(session, course)
    return await courses.view(session, course)


async def take_off(session: AsyncSession, course: "Course") -> None:
    """Take a published course off the catalogue; the caller holds its row."""
    course.is_published, course.is_draft = False, True
    course.state_version += 1
    emit(
        session,
        CourseUnpublished(
            course_id=course.id,
            created_by_id=course.created_by_id,
            unpublished_at=now(),
            version=course.state_version,
        ),
    )
    await courses.record_change(session, course)


async def put_back(session: AsyncSession, course: "Course", *, unchanged: bool) -> None:
    """Have a course be on the catalogue again as it was published, `unchanged` since or not; the caller holds its
    row."""
    course.is_published, course.is_draft = True, False
    course.state_version += 1
    await session.flush()
    await tell_again(session, course.id)
    await courses.record_change(session, course)
    if unchanged:
        await queries.count_as_unchanged(session, course.id, course.state_version)


async def offer(session: AsyncSession, course_id: int, at: datetime) -> Offer:
    """What enrolling in the course would cost at `at`, published or not; CourseNotFound when there is none."""
    course = await courses.find_any(session, course_id)
    return Offer(
        course_id=course.id,
        title=course.title,
        slug=course.slug,
        is_published=course.is_published,
        price=course.price,
        effective_price=rules.effective_price(course.price, course.discount_price, course.discount_ends, at),
        currency=settings_of(session).currency,
        certificate=course.has_certificate,
        created_by_id=course.created_by_id,
        version=course.state_version,
    )


async def last_told_outline(session: AsyncSession, course_id: int) -> dict[str, Any]:
    """The data of the course's latest CoursePublished; CourseNotFound when it never was published."""
    publication = await queries.publication(session, course_id)
    if publication is None:
        raise CourseNotFound
    return publication.payload


async def replace_user(session: AsyncSession, user_id: int, tombstone_id: int) -> None:
    """Have the tombstone lead what was published by the user."""
    await queries.replace_author(session, user_id, tombstone_id)
