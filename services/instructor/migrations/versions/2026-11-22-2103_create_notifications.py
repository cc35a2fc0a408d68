"""Create instructor_portal_instructornotification."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "create_notifications"
down_revision = "create_dashboards"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "instructor_portal_instructornotification",
        sa.Column("id", sa.BigInteger(), sa.Identity(), nullable=False),
        sa.Column("instructor_id", sa.BigInteger(), nullable=False),
        sa.Column("notification_type", sa.String(), nullable=False),
        sa.Column("priority", sa.String(), server_default="normal", nullable=False),
        sa.Column("title", sa.String(), server_default="", nullable=False),
        sa.Column("message", sa.Text(), server_default="", nullable=False),
        sa.Column("action_url", sa.String(), server_default="", nullable=False),
        sa.Column("action_text", sa.String(), server_default="", nullable=False),
        sa.Column("metadata", postgresql.JSONB(), server_default="{}", nullable=False),
        sa.Column("is_read", sa.Boolean(), server_default=sa.false(), nullable=False),
        sa.Column("read_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("is_dismissed", sa.Boolean(), server_default=sa.false(), nullable=False),
        sa.Column("dismissed_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("email_sent", sa.Boolean(), server_default=sa.false(), nullable=False),
        sa.Column("email_sent_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("created_date", sa.DateTime(timezone=True), server_default=sa.func.now(), nullable=False),
        sa.Column("expires_at", sa.DateTime(timezone=True), nullable=True),
        sa.CheckConstraint(
            "notification_type IN ('enrollment', 'review', 'completion', 'payout', 'draft', 'account', 'system')",
            name="ck_instructornotification_notification_type_known",
        ),
        sa.CheckConstraint(
            "priority IN ('low', 'normal', 'high', 'urgent')",
            name="ck_instructor_portal_instructornotification_priority_known",
        ),
        sa.ForeignKeyConstraint(
            ["instructor_id"],
            ["instructor_portal_instructorprofile.id"],
            name="fk_instructor_portal_instructornotification_instructor__b07d",
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("id", name="pk_instructor_portal_instructornotification"),
    )
    op.create_index(
        "instructor__expires_657510_idx", "instructor_portal_instructornotification", ["expires_at"]
    )
    op.create_index(
        "instructor__instruc_7d1457_idx",
        "instructor_portal_instructornotification",
        ["instructor_id", "is_read", sa.text("created_date DESC")],
    )
    op.create_index(
        "instructor__instruc_bf496b_idx",
        "instructor_portal_instructornotification",
        ["instructor_id", "notification_type"],
    )
    op.create_index(
        "instructor__priorit_1cb57a_idx",
        "instructor_portal_instructornotification",
        ["priority", "created_date"],
    )


def downgrade() -> None:
    op.drop_table("instructor_portal_instructornotification")
