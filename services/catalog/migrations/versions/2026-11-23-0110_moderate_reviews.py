"""Moderate reviews: votes, exact ratings, editable testimonials."""

import sqlalchemy as sa
from alembic import op

revision = "moderate_reviews"
down_revision = "follow_revocations"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "catalog_review_vote",
        sa.Column("review_id", sa.BigInteger(), nullable=False),
        sa.Column("user_id", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), server_default=sa.func.now(), nullable=False),
        sa.ForeignKeyConstraint(
            ["review_id"],
            ["courses_review.id"],
            name="fk_catalog_review_vote_review_id_courses_review",
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("review_id", "user_id", name="pk_catalog_review_vote"),
    )
    op.create_index("ix_catalog_review_vote_user_id", "catalog_review_vote", ["user_id"])
    op.create_check_constraint(
        "ck_courses_review_rating_one_to_five", "courses_review", "rating BETWEEN 1 AND 5"
    )
    op.create_index(
        "ix_courses_review_approved",
        "courses_review",
        ["course_id", "rating", sa.text("id DESC")],
        postgresql_where=sa.text("is_approved"),
    )
    op.create_index(
        "ix_courses_review_helpful",
        "courses_review",
        ["course_id", sa.text("helpful_count DESC"), sa.text("id DESC")],
    )
    op.add_column(
        "content_testimonial",
        sa.Column("state_version", sa.BigInteger(), server_default="0", nullable=False),
    )
    op.create_check_constraint(
        "ck_content_testimonial_rating_one_to_five", "content_testimonial", "rating BETWEEN 1 AND 5"
    )
    op.create_index(
        "ix_content_testimonial_featured",
        "content_testimonial",
        [sa.text("featured DESC"), sa.text("id DESC")],
    )


def downgrade() -> None:
    op.drop_index("ix_content_testimonial_featured", "content_testimonial")
    op.drop_constraint("ck_content_testimonial_rating_one_to_five", "content_testimonial")
    op.drop_column("content_testimonial", "state_version")
    op.drop_index("ix_courses_review_helpful", "courses_review")
    op.drop_index("ix_courses_review_approved", "courses_review")
    op.drop_constraint("ck_courses_review_rating_one_to_five", "courses_review")
    op.drop_table("catalog_review_vote")
