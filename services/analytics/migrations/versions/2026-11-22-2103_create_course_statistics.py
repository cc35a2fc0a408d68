"""Create courses_coursestats."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "create_course_statistics"
down_revision = "create_user_statistics"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "courses_coursestats",
        sa.Column("id", sa.BigInteger(), sa.Identity(), nullable=False),
        sa.Column("created_date", sa.DateTime(timezone=True), server_default=sa.func.now(), nullable=False),
        sa.Column("updated_date", sa.DateTime(timezone=True), server_default=sa.func.now(), nullable=False),
        sa.Column("course_id", sa.BigInteger(), nullable=False),
        sa.Column("total_students", sa.Integer(), server_default="0", nullable=False),
        sa.Column("active_students", sa.Integer(), server_default="0", nullable=False),
        sa.Column("completion_count", sa.Integer(), server_default="0", nullable=False),
        sa.Column("average_completion_days", sa.Integer(), server_default="0", nullable=False),
        sa.Column("engagement_score", sa.Numeric(precision=5, scale=2), server_default="0", nullable=False),
        sa.Column("assessment_stats", postgresql.JSONB(), server_default="{}", nullable=False),
        sa.Column("revenue_data", postgresql.JSONB(), server_default="{}", nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_courses_coursestats"),
        sa.UniqueConstraint("course_id", name="uq_courses_coursestats_course_id"),
    )


def downgrade() -> None:
    op.drop_table("courses_coursestats")
