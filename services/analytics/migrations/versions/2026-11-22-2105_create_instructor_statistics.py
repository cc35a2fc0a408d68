"""Create the tables of instructor statistics."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "create_instructor_statistics"
down_revision = "create_platform_statistics"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "content_instructorstatistics",
        sa.Column("id", sa.BigInteger(), sa.Identity(), nullable=False),
        sa.Column("user_id", sa.BigInteger(), nullable=False),
        sa.Column("courses_created", sa.Integer(), server_default="0", nullable=False),
        sa.Column("total_students", sa.Integer(), server_default="0", nullable=False),
        sa.Column("average_rating", sa.Double(), server_default="0", nullable=False),
        sa.Column("last_updated", sa.DateTime(timezone=True), server_default=sa.func.now(), nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_content_instructorstatistics"),
        sa.UniqueConstraint("user_id", name="uq_content_instructorstatistics_user_id"),
    )
    op.create_table(
        "instructor_portal_instructoranalytics",
        sa.Column("id", sa.BigInteger(), sa.Identity(), nullable=False),
        sa.Column("instructor_id", sa.BigInteger(), nullable=False),
        sa.Column("total_students", sa.Integer(), server_default="0", nullable=False),
        sa.Column("total_courses", sa.Integer(), server_default="0", nullable=False),
        sa.Column("average_rating", sa.Numeric(precision=3, scale=2), server_default="0", nullable=False),
        sa.Column("total_reviews", sa.Integer(), server_default="0", nullable=False),
        sa.Column("total_revenue", sa.Numeric(precision=12, scale=2), server_default="0", nullable=False),
        sa.Column("completion_rate", sa.Numeric(precision=5, scale=2), server_default="0", nullable=False),
        sa.Column(
            "student_satisfaction_rate", sa.Numeric(precision=5, scale=2), server_default="0", nullable=False
        ),
        sa.Column("monthly_revenue", sa.Numeric(precision=12, scale=2), server_default="0", nullable=False),
        sa.Column("last_updated", sa.DateTime(timezone=True), server_default=sa.func.now(), nullable=False),
        sa.Column("last_calculated", sa.DateTime(timezone=True), nullable=True),
        sa.CheckConstraint("average_rating >= 0 AND average_rating <= 5", name="analytics_valid_rating"),
        sa.CheckConstraint("total_revenue >= 0 AND monthly_revenue >= 0", name="analytics_positive_revenue"),
        sa.PrimaryKeyConstraint("id", name="pk_instructor_portal_instructoranalytics"),
        sa.UniqueConstraint("instructor_id", name="uq_instructor_portal_instructoranalytics_instructor_id"),
    )
    op.create_index(
        "instructor__instruc_b18673_idx",
        "instructor_portal_instructoranalytics",
        ["instructor_id", "last_updated"],
    )
    op.create_index(
        "instructor__total_s_6586c2_idx",
        "instructor_portal_instructoranalytics",
        ["total_students", "average_rating"],
    )
    op.create_table(
        "instructor_portal_instructoranalyticshistory",
        sa.Column("id", sa.BigInteger(), sa.Identity(), nullable=False),
        sa.Column("instructor_id", sa.BigInteger(), nullable=False),
        sa.Column("date", sa.DateTime(timezone=True), nullable=False),
        sa.Column("total_students", sa.Integer(), server_default="0", nullable=False),
        sa.Column("total_courses", sa.Integer(), server_default="0", nullable=False),
        sa.Column("average_rating", sa.Numeric(precision=3, scale=2), server_default="0", nullable=False),
        sa.Column("total_revenue", sa.Numeric(precision=12, scale=2), server_default="0", nullable=False),
        sa.Column("completion_rate", sa.Numeric(precision=5, scale=2), server_default="0", nullable=False),
        sa.Column("data_type", sa.String(), nullable=False),
        sa.Column("additional_data", postgresql.JSONB(), server_default="{}", nullable=False),
        sa.CheckConstraint(
            "data_type IN ('daily', 'weekly', 'monthly')",
            name="ck_instructor_portal_instructoranalyticshistory_data_type_known",
        ),
        sa.PrimaryKeyConstraint("id", name="pk_instructor_portal_instructoranalyticshistory"),
    )
    op.create_index(
        "instructor__instruc_105e89_idx",
        "instructor_portal_instructoranalyticshistory",
        ["instructor_id", "data_type", sa.text("date DESC")],
    )
    op.create_index(
        "instructor__instruc_a853b6_idx",
        "instructor_portal_instructoranalyticshistory",
        ["instructor_id", sa.text("date DESC")],
    )


def downgrade() -> None:
    op.drop_table("instructor_portal_instructoranalyticshistory")
    op.drop_table("instructor_portal_instructoranalytics")
    op.drop_table("content_instructorstatistics")
