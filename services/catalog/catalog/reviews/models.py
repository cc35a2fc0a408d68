"""Reviews: what learners say about a course, and who found it helpful."""

from datetime import datetime

from chassis.db import Base, now
from sqlalchemy import (
    BigInteger,
    Boolean,
    CheckConstraint,
    DateTime,
    ForeignKey,
    Identity,
    Index,
    Integer,
    SmallInteger,
    String,
    Text,
    UniqueConstraint,
    desc,
    false,
    func,
    text,
    true,
)
from sqlalchemy.orm import Mapped, mapped_column


class Review(Base):
    """A learner's review of a course, once each; shown while approved."""

    __tablename__ = "courses_review"

    id: Mapped[int] = mapped_column(BigInteger, Identity(), primary_key=True)
    created_date: Mapped[datetime] = mapped_column(DateTime(timezone=True), server_default=func.now())
    updated_date: Mapped[datetime] = mapped_column(
        DateTime(timezone=True), server_default=func.now(), onupdate=now
    )
    user_id: Mapped[int] = mapped_column(BigInteger)
    course_id: Mapped[int] = mapped_column(BigInteger, ForeignKey("courses_course.id", ondelete="CASCADE"))
    rating: Mapped[int] = mapped_column(SmallInteger)
    title: Mapped[str | None] = mapped_column(String)
    content: Mapped[str] = mapped_column(Text, server_default="")
    helpful_count: Mapped[int] = mapped_column(Integer, server_default="0")
    is_verified_purchase: Mapped[bool] = mapped_column(Boolean, server_default=false())
    is_approved: Mapped[bool] = mapped_column(Boolean, server_default=true())
    is_featured: Mapped[bool] = mapped_column(Boolean, server_default=false())
    moderation_notes: Mapped[str | None] = mapped_column(Text)
    state_version: Mapped[int] = mapped_column(BigInteger, server_default="0")

    __table_args__ = (
        UniqueConstraint("user_id", "course_id", name="unique_user_course_review"),
        CheckConstraint("rating BETWEEN 1 AND 5", name="ck_courses_review_rating_one_to_five"),
        Index("courses_rev_course__c5c65a_idx", "course_id", created_date.desc()),
        Index("courses_rev_user_id_6a1f95_idx", "user_id", created_date.desc()),
        Index("courses_rev_rating_004eae_idx", "rating"),
        Index("courses_rev_is_appr_03a92f_idx", "is_approved", "is_featured"),
        # The aggregates are counted from this alone, without reading a review.
        Index(
            "ix_courses_review_approved",
            "course_id",
            "rating",
            desc("id"),
            postgresql_where=text("is_approved"),
        ),
        Index("ix_courses_review_helpful", "course_id", desc("helpful_count"), desc("id")),
    )


class ReviewVote(Base):
    """Somebody found a review helpful; once each."""

    __tablename__ = "catalog_review_vote"

    review_id: Mapped[int] = mapped_column(
        BigInteger, ForeignKey("courses_review.id", ondelete="CASCADE"), primary_key=True
    )
    user_id: Mapped[int] = mapped_column(BigInteger, primary_key=True, autoincrement=False)
    created_at: Mapped[datetime] = mapped_column(DateTime(timezone=True), server_default=func.now())

    __table_args__ = (Index("ix_catalog_review_vote_user_id", "user_id"),)
