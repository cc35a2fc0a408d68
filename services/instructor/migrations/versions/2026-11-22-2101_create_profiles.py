"""Create instructor_portal_instructorprofile and instructor_portal_instructorprofile_expertise_areas."""

import sqlalchemy as sa
from alembic import op

revision = "create_profiles"
down_revision = "create_chassis_tables"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "instructor_portal_instructorprofile",
        sa.Column("id", sa.BigInteger(), sa.Identity(), nullable=False),
        sa.Column("user_id", sa.BigInteger(), nullable=False),
        sa.Column("display_name", sa.String(), server_default="", nullable=False),
        sa.Column("bio", sa.Text(), server_default="", nullable=False),
        sa.Column("title", sa.String(), server_default="", nullable=False),
        sa.Column("organization", sa.String(), server_default="", nullable=False),
        sa.Column("years_experience", sa.Integer(), server_default="0", nullable=False),
        sa.Column("website", sa.String(), server_default="", nullable=False),
        sa.Column("linkedin_profile", sa.String(), server_default="", nullable=False),
        sa.Column("twitter_handle", sa.String(), server_default="", nullable=False),
        sa.Column("profile_image", sa.String(), nullable=True),
        sa.Column("cover_image", sa.String(), nullable=True),
        sa.Column("status", sa.String(), server_default="pending", nullable=False),
        sa.Column("is_verified", sa.Boolean(), server_default=sa.false(), nullable=False),
        sa.Column("tier", sa.String(), server_default="bronze", nullable=False),
        sa.Column("email_notifications", sa.Boolean(), server_default=sa.true(), nullable=False),
        sa.Column("marketing_emails", sa.Boolean(), server_default=sa.false(), nullable=False),
        sa.Column("public_profile", sa.Boolean(), server_default=sa.true(), nullable=False),
        sa.Column("approved_by_id", sa.BigInteger(), nullable=True),
        sa.Column("approval_date", sa.DateTime(timezone=True), nullable=True),
        sa.Column("suspension_reason", sa.Text(), server_default="", nullable=False),
        sa.Column("created_date", sa.DateTime(timezone=True), server_default=sa.func.now(), nullable=False),
        sa.Column("updated_date", sa.DateTime(timezone=True), server_default=sa.func.now(), nullable=False),
        sa.Column("last_login", sa.DateTime(timezone=True), nullable=True),
        sa.Column("state_version", sa.BigInteger(), server_default="0", nullable=False),
        sa.CheckConstraint(
            "status IN ('pending', 'active', 'suspended', 'rejected')",
            name="ck_instructor_portal_instructorprofile_status_known",
        ),
        sa.CheckConstraint(
            "tier IN ('bronze', 'silver', 'gold', 'platinum')",
            name="ck_instructor_portal_instructorprofile_tier_known",
        ),
        sa.CheckConstraint("years_experience >= 0 AND years_experience <= 80", name="valid_experience_years"),
        sa.PrimaryKeyConstraint("id", name="pk_instructor_portal_instructorprofile"),
        sa.UniqueConstraint("user_id", name="uq_instructor_portal_instructorprofile_user_id"),
    )
    op.create_index("instructor_status_tier_idx", "instructor_portal_instructorprofile", ["status", "tier"])
    op.create_index(
        "instructor_status_verified_idx", "instructor_portal_instructorprofile", ["status", "is_verified"]
    )
    op.create_index(
        "instructor_tier_created_idx",
        "instructor_portal_instructorprofile",
        ["tier", sa.text("created_date DESC")],
    )
    op.create_index(
        "ix_instructor_portal_instructorprofile_approved_by_id",
        "instructor_portal_instructorprofile",
        ["approved_by_id"],
    )
    op.create_table(
        "instructor_portal_instructorprofile_expertise_areas",
        sa.Column("id", sa.BigInteger(), sa.Identity(), nullable=False),
        sa.Column("instructorprofile_id", sa.BigInteger(), nullable=False),
        sa.Column("category_id", sa.BigInteger(), nullable=False),
        sa.ForeignKeyConstraint(
            ["instructorprofile_id"],
            ["instructor_portal_instructorprofile.id"],
            name="fk_instructor_portal_instructorprofile_expertise_areas__60b7",
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("id", name="pk_instructor_portal_instructorprofile_expertise_areas"),
        sa.UniqueConstraint(
            "instructorprofile_id", "category_id", name="unique_together_instructorprofile_expertise_areas"
        ),
    )
    op.create_index(
        "ix_instructorprofile_expertise_areas_category_id",
        "instructor_portal_instructorprofile_expertise_areas",
        ["category_id"],
    )


def downgrade() -> None:
    op.drop_table("instructor_portal_instructorprofile_expertise_areas")
    op.drop_table("instructor_portal_instructorprofile")
