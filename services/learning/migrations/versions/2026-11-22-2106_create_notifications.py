"""Create courses_notification."""

import sqlalchemy as sa
from alembic import op

revision = "create_notifications"
down_revision = "create_certificates"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "courses_notification",
        sa.Column("id", sa.BigInteger(), sa.Identity(), nullable=False),
        sa.Column("created_date", sa.DateTime(timezone=True), server_default=sa.func.now(), nullable=False),
        sa.Column("updated_date", sa.DateTime(timezone=True), server_default=sa.func.now(), nullable=False),
        sa.Column("user_id", sa.BigInteger(), nullable=False),
        sa.Column("title", sa.String(), server_default="", nullable=False),
        sa.Column("message", sa.Text(), server_default="", nullable=False),
        sa.Column("notification_type", sa.String(), nullable=False),
        sa.Column("course_id", sa.BigInteger(), nullable=True),
        sa.Column("is_read", sa.Boolean(), server_default=sa.false(), nullable=False),
        sa.Column("read_date", sa.DateTime(timezone=True), nullable=True),
        sa.Column("action_url", sa.String(), server_default="", nullable=False),
        sa.CheckConstraint(
            "notification_type IN ('enrollment', 'progress', 'certificate', 'assessment', 'review', "
            "'reminder', 'system')",
            name="ck_courses_notification_notification_type_known",
        ),
        sa.PrimaryKeyConstraint("id", name="pk_courses_notification"),
    )
    op.create_index("courses_not_is_read_7c54d4_idx", "courses_notification", ["is_read"])
    op.create_index("courses_not_notific_2eee2c_idx", "courses_notification", ["notification_type"])
    op.create_index(
        "courses_not_user_id_149621_idx", "courses_notification", ["user_id", sa.text("created_date DESC")]
    )
    op.create_index("ix_courses_notification_course_id", "courses_notification", ["course_id"])


def downgrade() -> None:
    op.drop_table("courses_notification")
