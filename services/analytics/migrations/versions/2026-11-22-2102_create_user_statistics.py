"""Create content_userlearningstatistics and courses_userstats."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "create_user_statistics"
down_revision = "create_facts"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "content_userlearningstatistics",
        sa.Column("id", sa.BigInteger(), sa.Identity(), nullable=False),
        sa.Column("user_id", sa.BigInteger(), nullable=False),
        sa.Column("courses_completed", sa.Integer(), server_default="0", nullable=False),
        sa.Column("hours_spent", sa.Integer(), server_default="0", nullable=False),
        sa.Column("average_score", sa.Double(), server_default="0", nullable=False),
        sa.Column("last_updated", sa.DateTime(timezone=True), server_default=sa.func.now(), nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_content_userlearningstatistics"),
        sa.UniqueConstraint("user_id", name="uq_content_userlearningstatistics_user_id"),
    )
    op.create_table(
        "courses_userstats",
        sa.Column("id", sa.BigInteger(), sa.Identity(), nullable=False),
        sa.Column("created_date", sa.DateTime(timezone=True), server_default=sa.func.now(), nullable=False),
        sa.Column("updated_date", sa.DateTime(timezone=True), server_default=sa.func.now(), nullable=False),
        sa.Column("user_id", sa.BigInteger(), nullable=False),
        sa.Column("courses_enrolled", sa.Integer(), server_default="0", nullable=False),
        sa.Column("courses_completed", sa.Integer(), server_default="0", nullable=False),
        sa.Column("total_time_spent_seconds", sa.BigInteger(), server_default="0", nullable=False),
        sa.Column(
            "assessment_avg_score", sa.Numeric(precision=5, scale=2), server_default="0", nullable=False
        ),
        sa.Column("last_activity", sa.DateTime(timezone=True), nullable=True),
        sa.Column("activity_streak", sa.Integer(), server_default="0", nullable=False),
        sa.Column("learning_habits", postgresql.JSONB(), server_default="{}", nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_courses_userstats"),
        sa.UniqueConstraint("user_id", name="uq_courses_userstats_user_id"),
    )


def downgrade() -> None:
    op.drop_table("courses_userstats")
    op.drop_table("content_userlearningstatistics")
