"""Categories: the tree in which courses are filed."""

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
    String,
    Text,
    UniqueConstraint,
    false,
    func,
    true,
)
from sqlalchemy.orm import Mapped, mapped_column


class CategorySize(Base):
    """How many published courses are filed directly in a category; no row is none."""

    __tablename__ = "catalog_category_size"

    category_id: Mapped[int] = mapped_column(
        BigInteger,
        ForeignKey("courses_category.id", ondelete="CASCADE"),
        primary_key=True,
        autoincrement=False,
    )
    courses: Mapped[int] = mapped_column(Integer, server_default="0")

    __table_args__ = (CheckConstraint("courses >= 0", name="ck_catalog_category_size_courses_positive"),)


class Category(Base):
    """A node in the tree of categories."""

    __tablename__ = "courses_category"

    id: Mapped[int] = mapped_column(BigInteger, Identity(), primary_key=True)
    created_date: Mapped[datetime] = mapped_column(DateTime(timezone=True), server_default=func.now())
    updated_date: Mapped[datetime] = mapped_column(
        DateTime(timezone=True), server_default=func.now(), onupdate=now
    )
    slug: Mapped[str] = mapped_column(String)
    is_active: Mapped[bool] = mapped_column(Boolean, server_default=true())
    name: Mapped[str] = mapped_column(String, unique=True)
    description: Mapped[str | None] = mapped_column(Text)
    icon: Mapped[str | None] = mapped_column(String)
    sort_order: Mapped[int] = mapped_column(Integer, server_default="0")
    parent_id: Mapped[int | None] = mapped_column(
        BigInteger, ForeignKey("courses_category.id", ondelete="CASCADE")
    )
    featured: Mapped[bool] = mapped_column(Boolean, server_default=false())
    state_version: Mapped[int] = mapped_column(BigInteger, server_default="0")

    __table_args__ = (
        UniqueConstraint("slug", name="unique_category_slug"),
        CheckConstraint("sort_order >= 0", name="category_sort_order_positive"),
        Index("courses_cat_created_8cf2cb_idx", "created_date"),
        Index("courses_cat_updated_67ffb8_idx", "updated_date"),
        Index("courses_cat_is_acti_61a38c_idx", "is_active"),
        Index("courses_cat_sort_or_896e38_idx", "sort_order"),
        Index("courses_cat_parent__abacdd_idx", "parent_id"),
    )
