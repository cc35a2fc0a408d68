"""Create users_usersession."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "create_sessions"
down_revision = "create_logins"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "users_usersession",
        sa.Column("id", sa.BigInteger(), sa.Identity(), nullable=False),
        sa.Column("user_id", sa.BigInteger(), nullable=False),
        sa.Column("session_key", sa.String(), nullable=False),
        sa.Column("ip_address", postgresql.INET(), nullable=False),
        sa.Column("user_agent", sa.Text(), server_default="", nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), server_default=sa.func.now(), nullable=False),
        sa.Column("expires_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("last_activity", sa.DateTime(timezone=True), server_default=sa.func.now(), nullable=False),
        sa.Column("is_active", sa.Boolean(), server_default=sa.true(), nullable=False),
        sa.Column("device_type", sa.String(), server_default="", nullable=False),
        sa.Column("location", sa.String(), server_default="", nullable=False),
        sa.Column("login_method", sa.String(), nullable=True),
        sa.CheckConstraint(
            "login_method IN ('password', 'oidc', 'token', 'passkey')",
            name="ck_users_usersession_login_method_known",
        ),
        sa.ForeignKeyConstraint(
            ["user_id"],
            ["users_customuser.id"],
            name="fk_users_usersession_user_id_users_customuser",
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("id", name="pk_users_usersession"),
    )
    op.create_index("users_users_session_70af4d_idx", "users_usersession", ["session_key"])
    op.create_index("users_users_user_id_3887fe_idx", "users_usersession", ["user_id", "is_active"])


def downgrade() -> None:
    op.drop_table("users_usersession")
