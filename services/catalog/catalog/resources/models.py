"""Resources: the files and links that go with a lesson."""

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
)
from sqlalchemy.orm import Mapped, mapped_column


class Resource(Base):
    """A file or a link that goes with a lesson.

    `file` is the original name, `storage_key` the object's key, `uploaded` that its stream ended
    and was accepted; `file_size` is in bytes, `sha256` of the content. `revision` counts its edits. The file of a row
    that is deleted is written down for removal by a trigger.
    """

    __tablename__ = "courses_resource"

    id: Mapped[int] = mapped_column(BigInteger, Identity(), primary_key=True)
    created_date: Mapped[datetime] = mapped_column(DateTime(timezone=True), server_default=func.now())
    updated_date: Mapped[datetime] = mapped_column(
        DateTime(timezone=True), server_default=func.now(), onupdate=now
    )
    order: Mapped[int] = mapped_column(Integer)
    duration_minutes: Mapped[int | None] = mapped_column(Integer)
    storage_key: Mapped[str | None] = mapped_column(String)
    uploaded: Mapped[bool] = mapped_column(Boolean, server_default=false())
    file_size: Mapped[int | None] = mapped_column(BigInteger)
    mime_type: Mapped[str | None] = mapped_column(String)
    lesson_id: Mapped[int] = mapped_column(BigInteger, ForeignKey("courses_lesson.id", ondelete="CASCADE"))
    title: Mapped[str] = mapped_column(String, server_default="")
    type: Mapped[str] = mapped_column(String, server_default="document")
    description: Mapped[str | None] = mapped_column(Text)
    file: Mapped[str | None] = mapped_column(String)
    url: Mapped[str | None] = mapped_column(String)
    premium: Mapped[bool] = mapped_column(Boolean, server_default=false())
    download_count: Mapped[int] = mapped_column(Integer, server_default="0")
    sha256: Mapped[str | None] = mapped_column(String(64))
    revision: Mapped[int] = mapped_column(BigInteger, server_default="1")

    __table_args__ = (
        UniqueConstraint("lesson_id", "order", name="unique_resource_order"),
        CheckConstraint(
            "type IN ('document', 'video', 'audio', 'image', 'code', 'link')",
            name="ck_courses_resource_type_known",
        ),
        Index("courses_res_created_2d1e4f_idx", "created_date"),
        Index("courses_res_updated_5e9c80_idx", "updated_date"),
        Index("courses_res_order_e289a6_idx", "order"),
        Index("courses_res_uploade_42c1ed_idx", "uploaded"),
        Index("courses_res_mime_ty_616554_idx", "mime_type"),
        Index("courses_res_type_380823_idx", "type"),
        Index("courses_res_premium_945503_idx", "premium"),
        Index("ix_courses_resource_storage_key", "storage_key"),
    )
