"""Create unknown_login_attempts and users_loginlog."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "create_logins"
down_revision = "create_one_time_tokens"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "unknown_login_attempts",
        sa.Column("id", sa.BigInteger(), sa.Identity(), nullable=False),
        sa.Column("name_digest", sa.LargeBinary(), nullable=False),
        sa.Column("timestamp", sa.DateTime(timezone=True), server_default=sa.func.now(), nullable=False),
        sa.Column("ip_address", postgresql.INET(), nullable=False),
        sa.Column("user_agent", sa.Text(), server_default="", nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_unknown_login_attempts"),
    )
    op.create_index(
        "ix_unknown_login_attempts_ip_address_timestamp",
        "unknown_login_attempts",
        ["ip_address", "timestamp"],
    )
    op.create_index(
        "ix_unknown_login_attempts_name_digest_timestamp",
        "unknown_login_attempts",
        ["name_digest", "timestamp"],
    )
    op.create_index("ix_unknown_login_attempts_timestamp", "unknown_login_attempts", ["timestamp"])
    op.create_table(
        "users_loginlog",
        sa.Column("id", sa.BigInteger(), sa.Identity(), nullable=False),
        sa.Column("user_id", sa.BigInteger(), nullable=False),
        sa.Column("timestamp", sa.DateTime(timezone=True), server_default=sa.func.now(), nullable=False),
        sa.Column("ip_address", postgresql.INET(), nullable=False),
        sa.Column("user_agent", sa.Text(), server_default="", nullable=False),
        sa.Column("successful", sa.Boolean(), server_default=sa.false(), nullable=False),
        sa.ForeignKeyConstraint(
            ["user_id"],
            ["users_customuser.id"],
            name="fk_users_loginlog_user_id_users_customuser",
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("id", name="pk_users_loginlog"),
    )
    op.create_index("users_login_ip_addr_651077_idx", "users_loginlog", ["ip_address", "timestamp"])
    op.create_index("users_login_user_id_312dc6_idx", "users_loginlog", ["user_id", "timestamp"])


def downgrade() -> None:
    op.drop_table("users_loginlog")
    op.drop_table("unknown_login_attempts")
