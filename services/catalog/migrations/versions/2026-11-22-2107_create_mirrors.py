"""Create the mirrors of identity's accounts, instructor's rights and learning's enrollments."""

import sqlalchemy as sa
from alembic import op

revision = "create_mirrors"
down_revision = "create_testimonials"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "catalog_person",
        sa.Column("user_id", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("version", sa.BigInteger(), nullable=False),
        sa.Column("display_name", sa.Text(), server_default="", nullable=False),
        sa.Column("picture_url", sa.Text(), nullable=True),
        sa.Column("tombstone_id", sa.BigInteger(), nullable=True),
        sa.PrimaryKeyConstraint("user_id", name="pk_catalog_person"),
    )
    op.create_table(
        "catalog_instructor",
        sa.Column("profile_id", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("version", sa.BigInteger(), nullable=False),
        sa.Column("user_id", sa.BigInteger(), nullable=False),
        sa.Column("status", sa.String(), nullable=False),
        sa.PrimaryKeyConstraint("profile_id", name="pk_catalog_instructor"),
    )
    op.create_index("ix_catalog_instructor_user_id", "catalog_instructor", ["user_id"])
    op.create_table(
        "catalog_co_instructor",
        sa.Column("course_id", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("user_id", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("version", sa.BigInteger(), nullable=False),
        sa.Column("is_active", sa.Boolean(), server_default=sa.false(), nullable=False),
        sa.Column("can_edit_content", sa.Boolean(), server_default=sa.false(), nullable=False),
        sa.PrimaryKeyConstraint("course_id", "user_id", name="pk_catalog_co_instructor"),
    )
    op.create_index("ix_catalog_co_instructor_user_id", "catalog_co_instructor", ["user_id"])
    op.create_table(
        "catalog_enrollment",
        sa.Column("enrollment_id", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("version", sa.BigInteger(), nullable=False),
        sa.Column("user_id", sa.BigInteger(), nullable=False),
        sa.Column("course_id", sa.BigInteger(), nullable=False),
        sa.Column("is_active", sa.Boolean(), nullable=False),
        sa.Column("enrolled_at", sa.DateTime(timezone=True), nullable=True),
        sa.PrimaryKeyConstraint("enrollment_id", name="pk_catalog_enrollment"),
    )
    op.create_index("ix_catalog_enrollment_user_id_course_id", "catalog_enrollment", ["user_id", "course_id"])
    op.create_index(
        "ix_catalog_enrollment_course_id_enrolled_at", "catalog_enrollment", ["course_id", "enrolled_at"]
    )
    op.create_index(
        "ix_catalog_enrollment_active",
        "catalog_enrollment",
        ["course_id", "user_id"],
        postgresql_where=sa.text("is_active"),
    )


def downgrade() -> None:
    op.drop_table("catalog_enrollment")
    op.drop_table("catalog_co_instructor")
    op.drop_table("catalog_instructor")
    op.drop_table("catalog_person")
