"""Create users_customuser."""

import sqlalchemy as sa
from alembic import op

revision = "create_accounts"
down_revision = "create_chassis_tables"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "users_customuser",
        sa.Column("id", sa.BigInteger(), sa.Identity(), nullable=False),
        sa.Column("password", sa.String(), nullable=False),
        sa.Column("is_superuser", sa.Boolean(), server_default=sa.false(), nullable=False),
        sa.Column("first_name", sa.String(), server_default="", nullable=False),
        sa.Column("last_name", sa.String(), server_default="", nullable=False),
        sa.Column("is_staff", sa.Boolean(), server_default=sa.false(), nullable=False),
        sa.Column("email", sa.String(), nullable=False),
        sa.Column("username", sa.String(), nullable=False),
        sa.Column("role", sa.String(), server_default="student", nullable=False),
        sa.Column("is_email_verified", sa.Boolean(), server_default=sa.false(), nullable=False),
        sa.Column("date_joined", sa.DateTime(timezone=True), server_default=sa.func.now(), nullable=False),
        sa.Column("last_login", sa.DateTime(timezone=True), nullable=True),
        sa.Column("failed_login_attempts", sa.Integer(), server_default="0", nullable=False),
        sa.Column("temporary_ban_until", sa.DateTime(timezone=True), nullable=True),
        sa.Column("is_active", sa.Boolean(), server_default=sa.true(), nullable=False),
        sa.Column("state_version", sa.BigInteger(), server_default="0", nullable=False),
        sa.CheckConstraint(
            "role IN ('student', 'instructor', 'admin')", name="ck_users_customuser_role_known"
        ),
        sa.PrimaryKeyConstraint("id", name="pk_users_customuser"),
        sa.UniqueConstraint("email", name="uq_users_customuser_email"),
        sa.UniqueConstraint("username", name="uq_users_customuser_username"),
    )
    op.create_index(
        "uq_users_customuser_lower_email", "users_customuser", [sa.text("lower(email)")], unique=True
    )
    op.create_index(
        "uq_users_customuser_lower_username", "users_customuser", [sa.text("lower(username)")], unique=True
    )
    op.create_table(
        "reserved_usernames",
        sa.Column("username", sa.String(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), server_default=sa.func.now(), nullable=False),
        sa.PrimaryKeyConstraint("username", name="pk_reserved_usernames"),
    )


def downgrade() -> None:
    op.drop_table("reserved_usernames")
    op.drop_table("users_customuser")
