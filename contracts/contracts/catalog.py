"""What catalog tells: categories, courses with their outlines, views, downloads, reviews."""

from typing import Annotated

from pydantic import Field

from contracts.envelope import Event, example
from contracts.fields import (
    Count,
    CourseLevel,
    Currency,
    Id,
    LessonAccess,
    LessonType,
    Many,
    Money,
    Part,
    UtcTime,
    Version,
)

CourseVersion = Annotated[str, Field(pattern=r"^\d+\.\d+$")]
"""The author's version of a course's content, `"1.0"`; not the `version` that orders events."""


class CategoryChanged(
    Event,
    type="catalog.category.changed.v1",
    key="category_id",
    subject="categories/{category_id}",
    kind="state",
):
    """A category as it is now; `is_deleted` once it is gone (its last event)."""

    category_id: Id
    name: str
    slug: str
    parent_id: Id | None
    sort_order: Count
    featured: bool
    is_active: bool
    is_deleted: bool
    version: Version

    model_config = example(
        {
            "category_id": 4,
            "name": "Mathematics",
            "slug": "mathematics",
            "parent_id": None,
            "sort_order": 0,
            "featured": True,
            "is_active": True,
            "is_deleted": False,
            "version": 1,
        }
    )


class CourseChanged(
    Event, type="catalog.course.changed.v1", key="course_id", subject="courses/{course_id}", kind="state"
):
    """A course's own row as it is now, published or not: who leads it, its price, whether it is public.

    `created_by_id` is the lead. `first_published_at` stays set for ever: it counts courses ever published.
    `lesson_ids` are all lessons the course has now; those a reader knows and does not find here were deleted.
    Course events share one counter: each takes the next `version`.
    """

    course_id: Id
    created_by_id: Id
    title: str
    slug: str
    category_id: Id
    level: CourseLevel
    price: Money
    discount_price: Money | None
    discount_ends: UtcTime | None
    currency: Currency
    has_certificate: bool
    is_published: bool
    is_draft: bool
    parent_version_id: Id | None
    course_version: CourseVersion
    first_published_at: UtcTime | None
    lesson_ids: Many[Id]
    version: Version

    model_config = example(
        {
            "course_id": 12,
            "created_by_id": 3,
            "title": "Notes on the Analytical Engine",
            "slug": "notes-on-the-analytical-engine",
            "category_id": 4,
            "level": "beginner",
            "price": "49.00",
            "discount_price": "39.00",
            "discount_ends": "2026-12-01T00:00:00Z",
            "currency": "EUR",
            "has_certificate": True,
            "is_published": True,
            "is_draft": False,
            "parent_version_id": None,
            "course_version": "1.0",
            "first_published_at": "2026-11-22T19:50:00Z",
            "lesson_ids": [101, 102],
            "version": 6,
        }
    )


class PublishedLesson(Part):
    """One lesson of a published outline; its bodies stay in catalog. `duration_minutes` None: not stated."""

    id: Id
    title: str
    order: Count
    duration_minutes: Count | None
    access_level: LessonAccess
    type: LessonType
    is_free_preview: bool
    has_assessment: bool


class PublishedModule(Part):
    """One module of a published outline; learners do not see it while `is_published` is false."""

    id: Id
    title: str
    order: Count
    is_published: bool
    lessons: Many[PublishedLesson]


class CoursePublished(
    Event, type="catalog.course.published.v1", key="course_id", subject="courses/{course_id}", kind="state"
):
    """A course was published, or republished with changes: its whole outline, in the author's order.

    Learning recounts progress from it. The price at an instant is `discount_price` before `discount_ends`
    (None: no end), else `price`. `published_at` is of this publication.
    """

    course_id: Id
    created_by_id: Id
    title: str
    slug: str
    thumbnail_url: str | None
    category_id: Id
    level: CourseLevel
    price: Money
    discount_price: Money | None
    discount_ends: UtcTime | None
    currency: Currency
    has_certificate: bool
    course_version: CourseVersion
    published_at: UtcTime
    first_published_at: UtcTime
    modules: Many[PublishedModule]
    version: Version

    model_config = example(
        {
            "course_id": 12,
            "created_by_id": 3,
            "title": "Notes on the Analytical Engine",
            "slug": "notes-on-the-analytical-engine",
            "thumbnail_url": None,
            "category_id": 4,
            "level": "beginner",
            "price": "49.00",
            "discount_price": "39.00",
            "discount_ends": "2026-12-01T00:00:00Z",
            "currency": "EUR",
            "has_certificate": True,
            "course_version": "1.0",
            "published_at": "2026-11-22T19:50:00Z",
            "first_published_at": "2026-11-22T19:50:00Z",
            "modules": [
                {
                    "id": 30,
                    "title": "Foundations",
                    "order": 0,
                    "is_published": True,
                    "lessons": [
                        {
                            "id": 101,
                            "title": "Punched cards",
                            "order": 0,
                            "duration_minutes": 12,
                            "access_level": "guest",
                            "type": "reading",
                            "is_free_preview": True,
                            "has_assessment": False,
                        },
                        {
                            "id": 102,
                            "title": "Bernoulli numbers",
                            "order": 1,
                            "duration_minutes": None,
                            "access_level": "registered",
                            "type": "quiz",
                            "is_free_preview": False,
                            "has_assessment": True,
                        },
                    ],
                }
            ],
            "version": 5,
        }
    )


class CourseUnpublished(
    Event, type="catalog.course.unpublished.v1", key="course_id", subject="courses/{course_id}"
):
    """A course was taken off the catalogue: nobody new enrolls, those enrolled keep their access."""

    course_id: Id
    created_by_id: Id
    unpublished_at: UtcTime
    version: Version

    model_config = example(
        {"course_id": 12, "created_by_id": 3, "unpublished_at": "2026-11-23T10:00:00Z", "version": 7}
    )


class CourseDeleted(Event, type="catalog.course.deleted.v1", key="course_id", subject="courses/{course_id}"):
    """A course that nobody ever enrolled in was deleted (its last event): readers forget it."""

    course_id: Id
    created_by_id: Id
    deleted_at: UtcTime
    version: Version

    model_config = example(
        {"course_id": 12, "created_by_id": 3, "deleted_at": "2026-11-24T10:00:00Z", "version": 8}
    )


class CourseViewed(Event, type="catalog.course.viewed.v1", key="course_id", subject="courses/{course_id}"):
    """A course's page was looked at `views` times since the last such event; nobody is named."""

    course_id: Id
    views: Annotated[int, Field(ge=1)]

    model_config = example({"course_id": 12, "views": 17})


class ResourceDownloaded(
    Event, type="catalog.resource.downloaded.v1", key="course_id", subject="resources/{resource_id}"
):
    """A lesson's resource was downloaded; `user_id` is None for a guest."""

    resource_id: Id
    lesson_id: Id
    course_id: Id
    user_id: Id | None
    downloaded_at: UtcTime

    model_config = example(
        {
            "resource_id": 55,
            "lesson_id": 101,
            "course_id": 12,
            "user_id": 7,
            "downloaded_at": "2026-11-22T20:10:00Z",
        }
    )


class ReviewChanged(
    Event, type="catalog.review.changed.v1", key="course_id", subject="reviews/{review_id}", kind="state"
):
    """A review as it is now: written, edited, or moderated. Its text stays in catalog."""

    review_id: Id
    course_id: Id
    user_id: Id
    rating: Annotated[int, Field(ge=1, le=5)]
    is_approved: bool
    is_featured: bool
    verified_purchase: bool
    created_at: UtcTime
    version: Version

    model_config = example(
        {
            "review_id": 81,
            "course_id": 12,
            "user_id": 7,
            "rating": 5,
            "is_approved": True,
            "is_featured": False,
            "verified_purchase": True,
            "created_at": "2026-11-25T18:00:00Z",
            "version": 1,
        }
    )


class ReviewRemoved(Event, type="catalog.review.removed.v1", key="course_id", subject="reviews/{review_id}"):
    """A review was deleted; shares the review's `version` counter, and is its last event."""

    review_id: Id
    course_id: Id
    user_id: Id
    removed_at: UtcTime
    version: Version

    model_config = example(
        {
            "review_id": 81,
            "course_id": 12,
            "user_id": 7,
            "removed_at": "2026-11-26T09:00:00Z",
            "version": 2,
        }
    )
