"""Create courses_review."""

import sqlalchemy as sa
from alembic import op

revision = "create_reviews"
down_revision = "create_resources"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "courses_review",
        sa.Column("id", sa.BigInteger(), sa.Identity(), nullable=False),
        sa.Column("created_date", sa.DateTime(timezone=True), server_default=sa.func.now(), nullable=False),
        sa.Column("updated_date", sa.DateTime(timezone=True), server_default=sa.func.now(), nullable=False),
        sa.Column("user_id", sa.BigInteger(), nullable=False),
        sa.Column("course_id", sa.BigInteger(), nullable=False),
        sa.Column("rating", sa.SmallInteger(), nullable=False),
        sa.Column("title", sa.String(), nullable=True),
        sa.Column("content", sa.Text(), server_default="", nullable=False),
        sa.Column("helpful_count", sa.Integer(), server_default="0", nullable=False),
        sa.Column("is_verified_purchase", sa.Boolean(), server_default=sa.false(), nullable=False),
        sa.Column("is_approved", sa.Boolean(), server_default=sa.true(), nullable=False),
        sa.Column("is_featured", sa.Boolean(), server_default=sa.false(), nullable=False),
        sa.Column("moderation_notes", sa.Text(), nullable=True),
        sa.Column("state_version", sa.BigInteger(), server_default="0", nullable=False),
        sa.ForeignKeyConstraint(
            ["course_id"],
            ["courses_course.id"],
            name="fk_courses_review_course_id_courses_course",
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("id", name="pk_courses_review"),
        sa.UniqueConstraint("user_id", "course_id", name="unique_user_course_review"),
    )
    op.create_index(
        "courses_rev_course__c5c65a_idx", "courses_review", ["course_id", sa.text("created_date DESC")]
    )
    op.create_index("courses_rev_is_appr_03a92f_idx", "courses_review", ["is_approved", "is_featured"])
    op.create_index("courses_rev_rating_004eae_idx", "courses_review", ["rating"])
    op.create_index(
        "courses_rev_user_id_6a1f95_idx", "courses_review", ["user_id", sa.text("created_date DESC")]
    )


def downgrade() -> None:
    op.drop_table("courses_review")
