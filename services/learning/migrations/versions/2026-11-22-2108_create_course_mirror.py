"""Create the mirror of catalog's courses."""

import sqlalchemy as sa
from alembic import op

revision = "create_course_mirror"
down_revision = "create_preferences"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "learning_course",
        sa.Column("course_id", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("version", sa.BigInteger(), server_default="0", nullable=False),
        sa.Column("details_version", sa.BigInteger(), server_default="0", nullable=False),
        sa.Column("title", sa.Text(), server_default="", nullable=False),
        sa.Column("slug", sa.Text(), server_default="", nullable=False),
        sa.Column("created_by_id", sa.BigInteger(), nullable=False),
        sa.Column("has_certificate", sa.Boolean(), server_default=sa.false(), nullable=False),
        sa.Column("is_published", sa.Boolean(), server_default=sa.false(), nullable=False),
        sa.Column("was_published", sa.Boolean(), server_default=sa.false(), nullable=False),
        sa.Column("is_deleted", sa.Boolean(), server_default=sa.false(), nullable=False),
        sa.Column("outline_version", sa.BigInteger(), server_default="0", nullable=False),
        sa.Column("lesson_ids_version", sa.BigInteger(), server_default="0", nullable=False),
        sa.Column("lesson_ids", sa.ARRAY(sa.BigInteger()), server_default="{}", nullable=False),
        sa.Column("recounted_lessons", sa.ARRAY(sa.BigInteger()), nullable=True),
        sa.Column("updated_at", sa.DateTime(timezone=True), server_default=sa.func.now(), nullable=False),
        sa.PrimaryKeyConstraint("course_id", name="pk_learning_course"),
    )
    op.create_index("ix_learning_course_created_by_id", "learning_course", ["created_by_id"])
    op.create_table(
        "learning_lesson",
        sa.Column("lesson_id", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("course_id", sa.BigInteger(), nullable=False),
        sa.Column("module_id", sa.BigInteger(), nullable=False),
        sa.Column("title", sa.Text(), server_default="", nullable=False),
        sa.Column("position", sa.Integer(), nullable=False),
        sa.Column("duration_minutes", sa.Integer(), nullable=True),
        sa.Column("access_level", sa.String(), nullable=False),
        sa.Column("type", sa.String(), nullable=False),
        sa.Column("has_assessment", sa.Boolean(), server_default=sa.false(), nullable=False),
        sa.Column("module_is_published", sa.Boolean(), nullable=False),
        sa.Column("is_listed", sa.Boolean(), server_default=sa.false(), nullable=False),
        sa.ForeignKeyConstraint(
            ["course_id"],
            ["learning_course.course_id"],
            name="fk_learning_lesson_course_id_learning_course",
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("lesson_id", name="pk_learning_lesson"),
    )
    op.create_index("ix_learning_lesson_course_id_position", "learning_lesson", ["course_id", "position"])
    op.create_table(
        "course_recounts",
        sa.Column("course_id", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("after_enrollment_id", sa.BigInteger(), nullable=False),
        sa.Column("since", sa.DateTime(timezone=True), server_default=sa.func.now(), nullable=False),
        sa.PrimaryKeyConstraint("course_id", name="pk_course_recounts"),
    )
    op.create_table(
        "removals",
        sa.Column("kind", sa.String(), nullable=False),
        sa.Column("object_id", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("since", sa.DateTime(timezone=True), server_default=sa.func.now(), nullable=False),
        sa.CheckConstraint("kind IN ('lesson', 'course')", name="ck_removals_kind_known"),
        sa.PrimaryKeyConstraint("kind", "object_id", name="pk_removals"),
    )


def downgrade() -> None:
    op.drop_table("removals")
    op.drop_table("course_recounts")
    op.drop_table("learning_lesson")
    op.drop_table("learning_course")
