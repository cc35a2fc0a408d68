"""Create instructor_portal_instructordashboard."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "create_dashboards"
down_revision = "create_profiles"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "instructor_portal_instructordashboard",
        sa.Column("id", sa.BigInteger(), sa.Identity(), nullable=False),
        sa.Column("instructor_id", sa.BigInteger(), nullable=False),
        sa.Column("show_analytics", sa.Boolean(), server_default=sa.true(), nullable=False),
        sa.Column("show_recent_students", sa.Boolean(), server_default=sa.true(), nullable=False),
        sa.Column("show_performance_metrics", sa.Boolean(), server_default=sa.true(), nullable=False),
        sa.Column("show_revenue_charts", sa.Boolean(), server_default=sa.true(), nullable=False),
        sa.Column("show_course_progress", sa.Boolean(), server_default=sa.true(), nullable=False),
        sa.Column("notify_new_enrollments", sa.Boolean(), server_default=sa.true(), nullable=False),
        sa.Column("notify_new_reviews", sa.Boolean(), server_default=sa.true(), nullable=False),
        sa.Column("notify_course_completions", sa.Boolean(), server_default=sa.true(), nullable=False),
        sa.Column("widget_order", postgresql.JSONB(), server_default="[]", nullable=False),
        sa.Column("custom_colors", postgresql.JSONB(), server_default="{}", nullable=False),
        sa.Column("created_date", sa.DateTime(timezone=True), server_default=sa.func.now(), nullable=False),
        sa.Column("updated_date", sa.DateTime(timezone=True), server_default=sa.func.now(), nullable=False),
        sa.ForeignKeyConstraint(
            ["instructor_id"],
            ["instructor_portal_instructorprofile.id"],
            name="fk_instructor_portal_instructordashboard_instructor_id__f210",
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("id", name="pk_instructor_portal_instructordashboard"),
        sa.UniqueConstraint("instructor_id", name="uq_instructor_portal_instructordashboard_instructor_id"),
    )


def downgrade() -> None:
    op.drop_table("instructor_portal_instructordashboard")
