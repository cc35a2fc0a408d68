"""Create the append-only history of what learners did."""

import sqlalchemy as sa
from alembic import op

revision = "create_activity_log"
down_revision = "create_payments"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "activity_log",
        sa.Column("id", sa.BigInteger(), sa.Identity(), nullable=False),
        sa.Column("happened_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("action", sa.String(), nullable=False),
        sa.Column("user_id", sa.BigInteger(), nullable=False),
        sa.Column("course_id", sa.BigInteger(), nullable=False),
        sa.Column("enrollment_id", sa.BigInteger(), nullable=False),
        sa.Column("lesson_id", sa.BigInteger(), nullable=True),
        sa.Column("seconds", sa.Integer(), server_default="0", nullable=False),
        sa.Column("progress_percentage", sa.Integer(), nullable=True),
        sa.CheckConstraint(
            "action IN ('enroll', 'progress', 'complete_lesson', 'complete_course', 'drop', 'refund')",
            name="ck_activity_log_action_known",
        ),
        sa.CheckConstraint("seconds >= 0", name="ck_activity_log_seconds_positive"),
        sa.PrimaryKeyConstraint("id", name="pk_activity_log"),
    )
    op.create_index("ix_activity_log_course_id_happened_at", "activity_log", ["course_id", "happened_at"])
    op.create_index("ix_activity_log_enrollment_id", "activity_log", ["enrollment_id"])
    op.create_index("ix_activity_log_user_id_happened_at", "activity_log", ["user_id", "happened_at"])


def downgrade() -> None:
    op.drop_table("activity_log")
