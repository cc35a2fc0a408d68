"""Create instructor_portal_courseinstructor."""

import sqlalchemy as sa
from alembic import op

revision = "create_co_teaching"
down_revision = "create_course_sessions"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "instructor_portal_courseinstructor",
        sa.Column("id", sa.BigInteger(), sa.Identity(), nullable=False),
        sa.Column("course_id", sa.BigInteger(), nullable=False),
        sa.Column("instructor_id", sa.BigInteger(), nullable=False),
        sa.Column("role", sa.String(), server_default="co_instructor", nullable=False),
        sa.Column("is_active", sa.Boolean(), server_default=sa.true(), nullable=False),
        sa.Column("is_lead", sa.Boolean(), server_default=sa.false(), nullable=False),
        sa.Column("can_edit_content", sa.Boolean(), server_default=sa.false(), nullable=False),
        sa.Column("can_manage_students", sa.Boolean(), server_default=sa.false(), nullable=False),
        sa.Column("can_view_analytics", sa.Boolean(), server_default=sa.false(), nullable=False),
        sa.Column(
            "revenue_share_percentage", sa.Numeric(precision=5, scale=2), server_default="0", nullable=False
        ),
        sa.Column("joined_date", sa.DateTime(timezone=True), server_default=sa.func.now(), nullable=False),
        sa.Column("updated_date", sa.DateTime(timezone=True), server_default=sa.func.now(), nullable=False),
        sa.Column("state_version", sa.BigInteger(), server_default="0", nullable=False),
        sa.CheckConstraint(
            "role IN ('lead', 'co_instructor', 'assistant')",
            name="ck_instructor_portal_courseinstructor_role_known",
        ),
        sa.CheckConstraint(
            "revenue_share_percentage >= 0 AND revenue_share_percentage <= 100",
            name="valid_revenue_share_percentage",
        ),
        sa.PrimaryKeyConstraint("id", name="pk_instructor_portal_courseinstructor"),
        sa.UniqueConstraint(
            "course_id", "instructor_id", name="unique_together_instructor_portal_courseinstructor"
        ),
    )
    op.create_index(
        "instructor__course__80570e_idx", "instructor_portal_courseinstructor", ["course_id", "is_active"]
    )
    op.create_index(
        "instructor__instruc_6c0904_idx", "instructor_portal_courseinstructor", ["instructor_id", "is_active"]
    )
    op.create_index(
        "instructor__role_dc193b_idx", "instructor_portal_courseinstructor", ["role", "is_active"]
    )


def downgrade() -> None:
    op.drop_table("instructor_portal_courseinstructor")
