"""Create users_emailverification and users_passwordreset."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "create_one_time_tokens"
down_revision = "create_email_addresses"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "users_emailverification",
        sa.Column("id", sa.BigInteger(), sa.Identity(), nullable=False),
        sa.Column("user_id", sa.BigInteger(), nullable=False),
        sa.Column("token", sa.Uuid(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), server_default=sa.func.now(), nullable=False),
        sa.Column("expires_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("verified_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("is_used", sa.Boolean(), server_default=sa.false(), nullable=False),
        sa.ForeignKeyConstraint(
            ["user_id"],
            ["users_customuser.id"],
            name="fk_users_emailverification_user_id_users_customuser",
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("id", name="pk_users_emailverification"),
        sa.UniqueConstraint("token", name="uq_users_emailverification_token"),
    )
    op.create_index("users_email_user_id_8f79bf_idx", "users_emailverification", ["user_id", "is_used"])
    op.create_table(
        "users_passwordreset",
        sa.Column("id", sa.BigInteger(), sa.Identity(), nullable=False),
        sa.Column("user_id", sa.BigInteger(), nullable=False),
        sa.Column("token", sa.Uuid(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), server_default=sa.func.now(), nullable=False),
        sa.Column("expires_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("used_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("is_used", sa.Boolean(), server_default=sa.false(), nullable=False),
        sa.Column("ip_address", postgresql.INET(), nullable=True),
        sa.ForeignKeyConstraint(
            ["user_id"],
            ["users_customuser.id"],
            name="fk_users_passwordreset_user_id_users_customuser",
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("id", name="pk_users_passwordreset"),
        sa.UniqueConstraint("token", name="uq_users_passwordreset_token"),
    )
    op.create_index("users_passw_user_id_61b761_idx", "users_passwordreset", ["user_id", "is_used"])


def downgrade() -> None:
    op.drop_table("users_passwordreset")
    op.drop_table("users_emailverification")
