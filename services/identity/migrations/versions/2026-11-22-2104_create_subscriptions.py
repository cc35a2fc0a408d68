"""Create users_subscription."""

import sqlalchemy as sa
from alembic import op

revision = "create_subscriptions"
down_revision = "create_profiles"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "users_subscription",
        sa.Column("id", sa.BigInteger(), sa.Identity(), nullable=False),
        sa.Column("user_id", sa.BigInteger(), nullable=False),
        sa.Column("tier", sa.String(), server_default="free", nullable=False),
        sa.Column("status", sa.String(), server_default="active", nullable=False),
        sa.Column("start_date", sa.DateTime(timezone=True), server_default=sa.func.now(), nullable=False),
        sa.Column("end_date", sa.DateTime(timezone=True), nullable=True),
        sa.Column("is_auto_renew", sa.Boolean(), server_default=sa.false(), nullable=False),
        sa.Column("last_payment_date", sa.DateTime(timezone=True), nullable=True),
        sa.Column("payment_method", sa.String(), nullable=True),
        sa.Column("payment_id", sa.String(), nullable=True),
        sa.Column("state_version", sa.BigInteger(), server_default="0", nullable=False),
        sa.CheckConstraint(
            "status IN ('active', 'cancelled', 'past_due', 'expired')",
            name="ck_users_subscription_status_known",
        ),
        sa.CheckConstraint("tier IN ('free', 'basic', 'premium')", name="ck_users_subscription_tier_known"),
        sa.ForeignKeyConstraint(
            ["user_id"],
            ["users_customuser.id"],
            name="fk_users_subscription_user_id_users_customuser",
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("id", name="pk_users_subscription"),
        sa.UniqueConstraint("user_id", name="uq_users_subscription_user_id"),
    )


def downgrade() -> None:
    op.drop_table("users_subscription")
