"""Create courses_userpreference."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "create_preferences"
down_revision = "create_notifications"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "courses_userpreference",
        sa.Column("id", sa.BigInteger(), sa.Identity(), nullable=False),
        sa.Column("created_date", sa.DateTime(timezone=True), server_default=sa.func.now(), nullable=False),
        sa.Column("updated_date", sa.DateTime(timezone=True), server_default=sa.func.now(), nullable=False),
        sa.Column("user_id", sa.BigInteger(), nullable=False),
        sa.Column("email_notifications", sa.Boolean(), server_default=sa.true(), nullable=False),
        sa.Column("reminder_frequency", sa.String(), server_default="weekly", nullable=False),
        sa.Column("theme", sa.String(), server_default="system", nullable=False),
        sa.Column("language", sa.String(), server_default="en", nullable=False),
        sa.Column("content_filters", postgresql.JSONB(), server_default="{}", nullable=False),
        sa.Column("accessibility", postgresql.JSONB(), server_default="{}", nullable=False),
        sa.CheckConstraint(
            "reminder_frequency IN ('never', 'daily', 'weekly')",
            name="ck_courses_userpreference_reminder_frequency_known",
        ),
        sa.CheckConstraint(
            "theme IN ('system', 'light', 'dark')", name="ck_courses_userpreference_theme_known"
        ),
        sa.PrimaryKeyConstraint("id", name="pk_courses_userpreference"),
        sa.UniqueConstraint("user_id", name="uq_courses_userpreference_user_id"),
    )


def downgrade() -> None:
    op.drop_table("courses_userpreference")
