"""Create courses_note."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "create_notes"
down_revision = "create_bookmarks"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "courses_note",
        sa.Column("id", sa.BigInteger(), sa.Identity(), nullable=False),
        sa.Column("created_date", sa.DateTime(timezone=True), server_default=sa.func.now(), nullable=False),
        sa.Column("updated_date", sa.DateTime(timezone=True), server_default=sa.func.now(), nullable=False),
        sa.Column("user_id", sa.BigInteger(), nullable=False),
        sa.Column("lesson_id", sa.BigInteger(), nullable=False),
        sa.Column("content", sa.Text(), server_default="", nullable=False),
        sa.Column("timestamp_seconds", sa.Integer(), server_default="0", nullable=False),
        sa.Column("is_private", sa.Boolean(), server_default=sa.true(), nullable=False),
        sa.Column("tags", postgresql.JSONB(), server_default="[]", nullable=False),
        sa.Column("course_id", sa.BigInteger(), nullable=True),
        sa.PrimaryKeyConstraint("id", name="pk_courses_note"),
    )
    op.create_index("courses_not_is_priv_3def52_idx", "courses_note", ["is_private"])
    op.create_index("courses_not_lesson__5f16a2_idx", "courses_note", ["lesson_id", "is_private"])
    op.create_index("courses_not_user_id_eece44_idx", "courses_note", ["user_id", "lesson_id"])
    op.create_index("ix_courses_note_course_id", "courses_note", ["course_id"])


def downgrade() -> None:
    op.drop_table("courses_note")
