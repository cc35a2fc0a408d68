"""Create users_profile."""

import sqlalchemy as sa
from alembic import op

revision = "create_profiles"
down_revision = "create_rights"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "users_profile",
        sa.Column("id", sa.BigInteger(), sa.Identity(), nullable=False),
        sa.Column("user_id", sa.BigInteger(), nullable=False),
        sa.Column("profile_picture", sa.String(), nullable=True),
        sa.Column("bio", sa.Text(), server_default="", nullable=False),
        sa.Column("date_of_birth", sa.Date(), nullable=True),
        sa.Column("phone_number", sa.String(), server_default="", nullable=False),
        sa.Column("address", sa.Text(), server_default="", nullable=False),
        sa.Column("city", sa.String(), server_default="", nullable=False),
        sa.Column("state", sa.String(), server_default="", nullable=False),
        sa.Column("country", sa.String(), server_default="", nullable=False),
        sa.Column("postal_code", sa.String(), server_default="", nullable=False),
        sa.Column("website", sa.String(), server_default="", nullable=False),
        sa.Column("linkedin", sa.String(), server_default="", nullable=False),
        sa.Column("twitter", sa.String(), server_default="", nullable=False),
        sa.Column("github", sa.String(), server_default="", nullable=False),
        sa.Column("expertise", sa.String(), server_default="", nullable=False),
        sa.Column("teaching_experience", sa.Integer(), server_default="0", nullable=False),
        sa.Column("educational_background", sa.Text(), server_default="", nullable=False),
        sa.Column("interests", sa.Text(), server_default="", nullable=False),
        sa.Column("receive_email_notifications", sa.Boolean(), server_default=sa.true(), nullable=False),
        sa.Column("receive_marketing_emails", sa.Boolean(), server_default=sa.false(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), server_default=sa.func.now(), nullable=False),
        sa.Column("updated_at", sa.DateTime(timezone=True), server_default=sa.func.now(), nullable=False),
        sa.ForeignKeyConstraint(
            ["user_id"],
            ["users_customuser.id"],
            name="fk_users_profile_user_id_users_customuser",
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("id", name="pk_users_profile"),
        sa.UniqueConstraint("user_id", name="uq_users_profile_user_id"),
    )


def downgrade() -> None:
    op.drop_table("users_profile")
