"""Find previews."""

import sqlalchemy as sa
from alembic import op

revision = "find_previews"
down_revision = "moderate_reviews"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_index(
        "ix_courses_course_preview_token",
        "courses_course",
        ["preview_token"],
        unique=True,
        postgresql_where=sa.text("preview_token IS NOT NULL"),
    )


def downgrade() -> None:
    op.drop_index("ix_courses_course_preview_token", "courses_course")
