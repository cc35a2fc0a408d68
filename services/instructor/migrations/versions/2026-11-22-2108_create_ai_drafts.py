"""Create ai_course_builder_aicoursebuilderdraft."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "create_ai_drafts"
down_revision = "create_co_teaching"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "ai_course_builder_aicoursebuilderdraft",
        sa.Column("id", sa.BigInteger(), sa.Identity(), nullable=False),
        sa.Column("instructor_id", sa.BigInteger(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), server_default=sa.func.now(), nullable=False),
        sa.Column("updated_at", sa.DateTime(timezone=True), server_default=sa.func.now(), nullable=False),
        sa.Column("status", sa.String(), server_default="draft", nullable=False),
        sa.Column("title", sa.String(), nullable=True),
        sa.Column("description", sa.Text(), nullable=True),
        sa.Column(
            "course_objectives",
            postgresql.JSONB(
                none_as_null=True,
            ),
            nullable=True,
        ),
        sa.Column(
            "target_audience",
            postgresql.JSONB(
                none_as_null=True,
            ),
            nullable=True,
        ),
        sa.Column("difficulty_level", sa.String(), nullable=True),
        sa.Column("duration_minutes", sa.Integer(), nullable=True),
        sa.Column("price", sa.Numeric(precision=12, scale=2), nullable=True),
        sa.Column(
            "outline",
            postgresql.JSONB(
                none_as_null=True,
            ),
            nullable=True,
        ),
        sa.Column(
            "content",
            postgresql.JSONB(
                none_as_null=True,
            ),
            nullable=True,
        ),
        sa.Column(
            "assessments",
            postgresql.JSONB(
                none_as_null=True,
            ),
            nullable=True,
        ),
        sa.Column("has_outline", sa.Boolean(), server_default=sa.false(), nullable=False),
        sa.Column("has_modules", sa.Boolean(), server_default=sa.false(), nullable=False),
        sa.Column("has_lessons", sa.Boolean(), server_default=sa.false(), nullable=False),
        sa.Column("has_assessments", sa.Boolean(), server_default=sa.false(), nullable=False),
        sa.Column(
            "generation_metadata",
            postgresql.JSONB(
                none_as_null=True,
            ),
            nullable=True,
        ),
        sa.CheckConstraint(
            "status IN ('draft', 'generating', 'ready', 'failed', 'finalized')",
            name="ck_ai_course_builder_aicoursebuilderdraft_status_known",
        ),
        sa.PrimaryKeyConstraint("id", name="pk_ai_course_builder_aicoursebuilderdraft"),
    )
    op.create_index(
        "ix_ai_course_builder_aicoursebuilderdraft_instructor_id",
        "ai_course_builder_aicoursebuilderdraft",
        ["instructor_id"],
    )


def downgrade() -> None:
    op.drop_table("ai_course_builder_aicoursebuilderdraft")
