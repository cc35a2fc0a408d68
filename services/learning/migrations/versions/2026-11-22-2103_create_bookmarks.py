"""Create courses_bookmark."""

import sqlalchemy as sa
from alembic import op

revision = "create_bookmarks"
down_revision = "create_progress"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "courses_bookmark",
        sa.Column("id", sa.BigInteger(), sa.Identity(), nullable=False),
        sa.Column("created_date", sa.DateTime(timezone=True), server_default=sa.func.now(), nullable=False),
        sa.Column("updated_date", sa.DateTime(timezone=True), server_default=sa.func.now(), nullable=False),
        sa.Column("user_id", sa.BigInteger(), nullable=False),
        sa.Column("content_type", sa.Text(), nullable=False),
        sa.Column("object_id", sa.BigInteger(), nullable=False),
        sa.Column("title", sa.String(), server_default="", nullable=False),
        sa.Column("notes", sa.Text(), server_default="", nullable=False),
        sa.Column("position", sa.Integer(), server_default="0", nullable=False),
        sa.Column("course_id", sa.BigInteger(), nullable=True),
        sa.Column("lesson_id", sa.BigInteger(), nullable=True),
        sa.CheckConstraint(
            "content_type IN ('course', 'lesson', 'resource')", name="ck_courses_bookmark_content_type_known"
        ),
        sa.PrimaryKeyConstraint("id", name="pk_courses_bookmark"),
        sa.UniqueConstraint("user_id", "content_type", "object_id", name="unique_together_courses_bookmark"),
    )
    op.create_index("courses_boo_user_id_9a294c_idx", "courses_bookmark", ["user_id", "position"])
    op.create_index("ix_courses_bookmark_content_type", "courses_bookmark", ["content_type"])
    op.create_index("ix_courses_bookmark_course_id", "courses_bookmark", ["course_id"])
    op.create_index("ix_courses_bookmark_lesson_id", "courses_bookmark", ["lesson_id"])


def downgrade() -> None:
    op.drop_table("courses_bookmark")
