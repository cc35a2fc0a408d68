"""Create courses_assessment."""

import sqlalchemy as sa
from alembic import op

revision = "create_assessments"
down_revision = "create_chassis_tables"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "courses_assessment",
        sa.Column("id", sa.BigInteger(), sa.Identity(), nullable=False),
        sa.Column("created_date", sa.DateTime(timezone=True), server_default=sa.func.now(), nullable=False),
        sa.Column("updated_date", sa.DateTime(timezone=True), server_default=sa.func.now(), nullable=False),
        sa.Column("lesson_id", sa.BigInteger(), nullable=False),
        sa.Column("title", sa.String(), server_default="", nullable=False),
        sa.Column("description", sa.Text(), nullable=True),
        sa.Column("passing_score", sa.Integer(), server_default="70", nullable=False),
        sa.Column("max_attempts", sa.Integer(), server_default="0", nullable=False),
        sa.Column("time_limit", sa.Integer(), server_default="0", nullable=False),
        sa.Column(
            "time_limit_minutes", sa.Integer(), sa.Computed("time_limit", persisted=True), nullable=False
        ),
        sa.Column("randomize_questions", sa.Boolean(), server_default=sa.false(), nullable=False),
        sa.Column("show_correct_answers", sa.Boolean(), server_default=sa.false(), nullable=False),
        sa.Column("show_results", sa.Boolean(), server_default=sa.true(), nullable=False),
        sa.Column("state_version", sa.BigInteger(), server_default="0", nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_courses_assessment"),
        sa.UniqueConstraint("lesson_id", name="uq_courses_assessment_lesson_id"),
    )
    op.create_index("courses_ass_passing_b8a83e_idx", "courses_assessment", ["passing_score"])


def downgrade() -> None:
    op.drop_table("courses_assessment")
