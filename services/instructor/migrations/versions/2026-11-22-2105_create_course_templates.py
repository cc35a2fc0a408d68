"""Create instructor_portal_coursetemplate."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "create_course_templates"
down_revision = "create_sessions"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "instructor_portal_coursetemplate",
        sa.Column("id", sa.BigInteger(), sa.Identity(), nullable=False),
        sa.Column("name", sa.String(), server_default="", nullable=False),
        sa.Column("description", sa.Text(), server_default="", nullable=False),
        sa.Column("template_type", sa.String(), server_default="standard", nullable=False),
        sa.Column("template_data", postgresql.JSONB(), server_default="{}", nullable=False),
        sa.Column("is_active", sa.Boolean(), server_default=sa.true(), nullable=False),
        sa.Column("is_premium", sa.Boolean(), server_default=sa.false(), nullable=False),
        sa.Column("required_tier", sa.String(), server_default="bronze", nullable=False),
        sa.Column("usage_count", sa.Integer(), server_default="0", nullable=False),
        sa.Column("success_rate", sa.Numeric(precision=5, scale=2), server_default="0", nullable=False),
        sa.Column("created_by_id", sa.BigInteger(), nullable=True),
        sa.Column("tags", postgresql.JSONB(), server_default="[]", nullable=False),
        sa.Column("created_date", sa.DateTime(timezone=True), server_default=sa.func.now(), nullable=False),
        sa.Column("updated_date", sa.DateTime(timezone=True), server_default=sa.func.now(), nullable=False),
        sa.CheckConstraint(
            "required_tier IN ('bronze', 'silver', 'gold', 'platinum')",
            name="ck_instructor_portal_coursetemplate_required_tier_known",
        ),
        sa.CheckConstraint(
            "template_type IN ('standard', 'bootcamp', 'workshop', 'certification', 'micro')",
            name="ck_instructor_portal_coursetemplate_template_type_known",
        ),
        sa.PrimaryKeyConstraint("id", name="pk_instructor_portal_coursetemplate"),
    )
    op.create_index(
        "instructor__is_acti_bb05a8_idx", "instructor_portal_coursetemplate", ["is_active", "required_tier"]
    )
    op.create_index(
        "instructor__templat_e5f5ef_idx", "instructor_portal_coursetemplate", ["template_type", "is_active"]
    )
    op.create_index("instructor__usage_c_377784_idx", "instructor_portal_coursetemplate", ["usage_count"])
    op.create_index(
        "ix_instructor_portal_coursetemplate_created_by_id",
        "instructor_portal_coursetemplate",
        ["created_by_id"],
    )


def downgrade() -> None:
    op.drop_table("instructor_portal_coursetemplate")
