"""Courses: what is offered, at which price, in which version."""

from datetime import datetime
from decimal import Decimal

from chassis.db import Base, now
from sqlalchemy import (
    BigInteger,
    Boolean,
    CheckConstraint,
    Computed,
    DateTime,
    ForeignKey,
    Identity,
    Index,
    Integer,
    Numeric,
    SmallInteger,
    String,
    Text,
    UniqueConstraint,
    event,
    false,
    func,
    text,
    true,
)
from sqlalchemy.dialects.postgresql import JSONB, TSVECTOR
from sqlalchemy.orm import Mapped, mapped_column

from catalog.courses.listings import CREATE_TAGS, POPULAR_STEP, RATING_STEP, TAGS, TITLE


class SearchVector(TSVECTOR):
    """The tsvector of PostgreSQL, which the driver hands over as text."""

    cache_ok = True

    @property
    def python_type(self) -> type[str]:
        return str


SORTED_BY = {
    "newest": ("first_published_at DESC", "course_id DESC"),
    "popular": ("enrolled_students_count DESC", "course_id DESC"),
    "rating": ("avg_rating DESC", "total_reviews DESC", "course_id DESC"),
    "price": ("price_now", "course_id"),
}
"""The orders of lists, each with an index of its own."""


class Course(Base):
    """A course, or one version of it: a row with `parent_version_id`, which those who teach the course alone see.

    `is_draft` marks an unpublished version row; a version that is no draft is what was published, and stays so.
    `preview_token` is stored hashed. The counters are
    kept by events: `avg_rating` and `total_reviews` over approved reviews, `enrolled_students_count`
    equal to the course statistics' total_students. `published_date` is of the latest publication,
    `first_published_at` of the first: it stays set when the course is taken off the catalogue.
    """

    __tablename__ = "courses_course"

    id: Mapped[int] = mapped_column(BigInteger, Identity(), primary_key=True)
    created_date: Mapped[datetime] = mapped_column(DateTime(timezone=True), server_default=func.now())
    updated_date: Mapped[datetime] = mapped_column(
        DateTime(timezone=True), server_default=func.now(), onupdate=now
    )
    slug: Mapped[str] = mapped_column(String)
    duration_minutes: Mapped[int | None] = mapped_column(Integer)
    is_published: Mapped[bool] = mapped_column(Boolean, server_default=false())
    published_date: Mapped[datetime | None] = mapped_column(DateTime(timezone=True))
    view_count: Mapped[int] = mapped_column(Integer, server_default="0")
    last_accessed: Mapped[datetime] = mapped_column(DateTime(timezone=True), server_default=func.now())
    title: Mapped[str] = mapped_column(String, server_default="")
    subtitle: Mapped[str | None] = mapped_column(String)
    description: Mapped[str] = mapped_column(Text, server_default="")
    category_id: Mapped[int] = mapped_column(
        BigInteger, ForeignKey("courses_category.id", ondelete="CASCADE")
    )
    thumbnail: Mapped[str | None] = mapped_column(String)
    price: Mapped[Decimal] = mapped_column(Numeric(12, 2), server_default="0")
    discount_price: Mapped[Decimal | None] = mapped_column(Numeric(12, 2))
    discount_ends: Mapped[datetime | None] = mapped_column(DateTime(timezone=True))
    level: Mapped[str] = mapped_column(String, server_default="all_levels")
    has_certificate: Mapped[bool] = mapped_column(Boolean, server_default=false())
    is_featured: Mapped[bool] = mapped_column(Boolean, server_default=false())
    requirements: Mapped[list[str]] = mapped_column(JSONB, server_default="[]")
    skills: Mapped[list[str]] = mapped_column(JSONB, server_default="[]")
    learning_objectives: Mapped[list[str]] = mapped_column(JSONB, server_default="[]")
    target_audience: Mapped[str | None] = mapped_column(Text)
    creation_method: Mapped[str] = mapped_column(String, server_default="manual")
    completion_status: Mapped[str] = mapped_column(String, server_default="not_started")
    completion_percentage: Mapped[int] = mapped_column(Integer, server_default="0")
    version: Mapped[Decimal] = mapped_column(Numeric(6, 2), server_default="1")
    is_draft: Mapped[bool] = mapped_column(Boolean, server_default=true())
    parent_version_id: Mapped[int | None] = mapped_column(
        BigInteger, ForeignKey("courses_course.id", ondelete="SET NULL")
    )
    meta_keywords: Mapped[str | None] = mapped_column(String)
    meta_description: Mapped[str | None] = mapped_column(Text)
    preview_token: Mapped[str | None] = mapped_column(String)
    preview_expiry: Mapped[datetime | None] = mapped_column(DateTime(timezone=True))
    enrolled_students_count: Mapped[int] = mapped_column(Integer, server_default="0")
    avg_rating: Mapped[Decimal] = mapped_column(Numeric(3, 2), server_default="0")
    total_reviews: Mapped[int] = mapped_column(Integer, server_default="0")
    last_enrollment_date: Mapped[datetime | None] = mapped_column(DateTime(timezone=True))
    state_version: Mapped[int] = mapped_column(BigInteger, server_default="0")
    created_by_id: Mapped[int] = mapped_column(BigInteger, index=True)
    counted_in_id: Mapped[int | None] = mapped_column(BigInteger)
    """The category in whose size the course is counted; null while it is not published."""
    first_published_at: Mapped[datetime | None] = mapped_column(DateTime(timezone=True))
    published_by_id: Mapped[int | None] = mapped_column(BigInteger)
    language: Mapped[str] = mapped_column(String, server_default="en")
    price_now: Mapped[Decimal] = mapped_column(Numeric(12, 2), server_default="0")
    """What lists are sorted by: the effective price when it was last written or settled. A discount that has ended
    since is still in it, so it is never above what the course costs."""

    __table_args__ = (
        UniqueConstraint("slug", name="unique_course_slug"),
        CheckConstraint("price >= 0", name="course_price_positive"),
        CheckConstraint(
            "discount_price IS NULL OR discount_price >= 0", name="course_discount_price_positive"
        ),
        CheckConstraint("version > 0", name="course_version_positive"),
        CheckConstraint("language ~ '^[a-z]{2}$'", name="ck_courses_course_language_code"),
        CheckConstraint(
            "discount_price IS NULL OR discount_price < price", name="course_discount_less_than_price"
        ),
        CheckConstraint(
            "level IN ('beginner', 'intermediate', 'advanced', 'all_levels')",
            name="ck_courses_course_level_known",
        ),
        CheckConstraint(
            "creation_method IN ('manual', 'wizard', 'template', 'ai', 'import')",
            name="ck_courses_course_creation_method_known",
        ),
        CheckConstraint(
            "completion_status IN ('not_started', 'partial', 'complete')",
            name="ck_courses_course_completion_status_known",
        ),
        Index("courses_cou_created_7da7d5_idx", "created_date"),
        Index("courses_cou_updated_517180_idx", "updated_date"),
        Index("courses_cou_is_publ_4b99b9_idx", "is_published"),
        Index("courses_cou_publish_80f4bd_idx", "published_date"),
        Index("courses_cou_view_co_55d4de_idx", "view_count"),
        Index("courses_cou_last_ac_9655a6_idx", "last_accessed"),
        Index("courses_cou_categor_e9e0ba_idx", "category_id", "is_published"),
        Index("courses_cou_is_feat_6821f1_idx", "is_featured", "is_published"),
        Index("courses_cou_level_a2b259_idx", "level", "is_published"),
        Index("courses_cou_parent__886ac7_idx", "parent_version_id", "version"),
        Index("courses_cou_creatio_6175b0_idx", "creation_method"),
        Index("courses_cou_complet_a28d16_idx", "completion_status"),
        Index("courses_cou_is_draf_460a8b_idx", "is_draft"),
        Index("courses_cou_price_1fbd18_idx", "price"),
        Index("courses_cou_avg_rat_82cd8e_idx", "avg_rating"),
        Index(
            "ix_courses_course_same_title", func.lower(text("title")), postgresql_where=text("is_published")
        ),
        Index(
            "ix_courses_course_discounted",
            "discount_ends",
            postgresql_where=text("price_now < price AND discount_ends IS NOT NULL"),
        ),
        Index(
            "ix_courses_course_one_draft",
            "parent_version_id",
            unique=True,
            postgresql_where=text("is_draft AND parent_version_id IS NOT NULL"),
        ),
        Index(
            "ix_courses_course_preview_token",
            "preview_token",
            unique=True,
            postgresql_where=text("preview_token IS NOT NULL"),
        ),
    )


class _Listed:
    """What lists are narrowed and sorted by."""

    course_id: Mapped[int] = mapped_column(
        BigInteger,
        ForeignKey("courses_course.id", ondelete="CASCADE"),
        primary_key=True,
        autoincrement=False,
        sort_order=-1,
    )
    category_id: Mapped[int] = mapped_column(BigInteger)
    first_published_at: Mapped[datetime | None] = mapped_column(DateTime(timezone=True))
    discount_ends: Mapped[datetime | None] = mapped_column(DateTime(timezone=True))
    enrolled_students_count: Mapped[int] = mapped_column(Integer)
    total_reviews: Mapped[int] = mapped_column(Integer)
    is_published: Mapped[bool] = mapped_column(Boolean)
    has_certificate: Mapped[bool] = mapped_column(Boolean)
    is_featured: Mapped[bool] = mapped_column(Boolean)
    avg_rating: Mapped[Decimal] = mapped_column(Numeric(3, 2))
    price_now: Mapped[Decimal] = mapped_column(Numeric(12, 2))
    price: Mapped[Decimal] = mapped_column(Numeric(12, 2))
    discount_price: Mapped[Decimal | None] = mapped_column(Numeric(12, 2))
    level: Mapped[str] = mapped_column(String)
    language: Mapped[str] = mapped_column(String)


class Listing(_Listed, Base):
    """A course as lists go through it, in a row as narrow as can be, with an index for each order.

    A trigger keeps it and Found with the course and in the same transaction; versions have neither.
    """

    __tablename__ = "catalog_listing"

    __table_args__ = tuple(
        Index(
            f"ix_catalog_listing_{name}",
            *(text(column) for column in columns),
            postgresql_where=text("is_published"),
        )
        for name, columns in SORTED_BY.items()
    )


class Found(_Listed, Base):
    """A course as it is found by words and tags. Its index goes by what seldom changes: an enrollment writes the row
    and, but where it is the first of a step, no entry.

    `words` is all that is searched, and which word follows which: `catalog_search_words` makes it. It stands outside
    of the row: most of what reads the rows has no use for it.
    """

    __tablename__ = "catalog_found"

    popular_step: Mapped[int] = mapped_column(SmallInteger, Computed(POPULAR_STEP, persisted=True))
    rating_step: Mapped[int] = mapped_column(SmallInteger, Computed(RATING_STEP, persisted=True))
    words: Mapped[str] = mapped_column(SearchVector, deferred=True)

    __table_args__ = (
        Index(
            "ix_catalog_found_found",
            "words",
            text(TAGS),
            text(TITLE),
            postgresql_using="gin",
            postgresql_where=text("is_published"),
            # What was changed last is read by every search until it is sorted in: a megabyte, not four.
            postgresql_with={"gin_pending_list_limit": 1024},
        ),
    )


event.listen(Found.__table__, "before_create", CREATE_TAGS)
