"""Put a course into the catalogue, take it out, delete it, and tell others its outline and its offer."""

from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from typing import TYPE_CHECKING, Any, cast

from chassis.db import now
from chassis.outbox import emit
from contracts.catalog import CoursePublished, CourseUnpublished, PublishedLesson, PublishedModule
from contracts.fields import CourseLevel, LessonAccess, LessonType
from sqlalchemy.ext.asyncio import AsyncSession

from catalog.courses import rules
from catalog.courses import service as courses
from catalog.courses.errors import CourseIncomplete, CourseNotFound
from catalog.outline import service as outlines
from catalog.outline.service import Part
from catalog.publishing import queries
from catalog.reviews import service as reviews
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
    session: AsyncSession, calls: "InternalCalls", principal: "Principal", course_id: int
) -> courses.View:
    """Publish a course as it is now, or again with what was changed since.

    A course published and unchanged since is answered as it is. Raises CourseIncomplete with what is missing,
    EventTooLarge for an outline that could not be told, and what `courses.open_for_editing` does.
    """
    course = await courses.open_for_editing(session, calls, principal, course_id, staff=PUBLISH)
    last = await queries.publication(session, course_id)
    if course.is_published and last is not None and last.course_state_version == course.state_version:
        return await courses.view(session, course)
    lacking = await courses.missing(session, course)
    if lacking:
        raise CourseIncomplete(missing=lacking)
    instant = now()
    if last is not None:
        course.version = rules.next_version(course.version)
    course.is_published, course.is_draft = True, False
    course.published_date = instant
    course.first_published_at = course.first_published_at or instant
    await outlines.mark_published(session, course_id, instant)
    course.state_version += 1
    event = _published(course, await outlines.load(session, course_id), settings_of(session).currency)
    emit(session, event)
    await courses.record_change(session, course)
    await queries.keep_publication(
        session,
        {
            "course_id": course_id,
            "version": event.version,
            "course_state_version": course.state_version,
            "payload": event.model_dump(mode="json"),
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


async def unpublish(
    session: AsyncSession, calls: "InternalCalls", principal: "Principal", course_id: int
) -> courses.View:
    """Take a course off the catalogue; those enrolled keep their access. Repeated, it changes nothing."""
    course = await courses.open_for_editing(session, calls, principal, course_id, staff=PUBLISH)
    if not course.is_published:
        return await courses.view(session, course)
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
    return await courses.view(session, course)


async def delete(
    session: AsyncSession, calls: "InternalCalls", principal: "Principal", course_id: int
) -> None:
    """Remove a course nobody ever enrolled in, its reviews told one by one. Raises OnlyTheLeadDeletes,
    CourseHasStudents, and what `courses.open_for_editing` does."""
    course = await courses.open_for_deletion(session, calls, principal, course_id)
    await reviews.remove_of_course(session, course_id)
    await courses.delete(session, course)


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
