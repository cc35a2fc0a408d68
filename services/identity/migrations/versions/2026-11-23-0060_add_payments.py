"""Add payments."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects.postgresql import JSONB

revision = "add_payments"
down_revision = "add_second_factors"
branch_labels = None
depends_on = None

OPEN = "status IN ('pending', 'confirming')"


def upgrade() -> None:
    _add_to_subscriptions()
    _create_payments()
    _create_refunds_and_customers()
    _create_sandbox()


def _add_to_subscriptions() -> None:
    op.add_column("users_subscription", sa.Column("anchor_day", sa.SmallInteger(), nullable=True))
    op.add_column("users_subscription", sa.Column("next_tier", sa.String(), nullable=True))
    op.add_column("users_subscription", sa.Column("renew_at", sa.DateTime(timezone=True), nullable=True))
    op.add_column(
        "users_subscription",
        sa.Column("failed_renewals", sa.SmallInteger(), server_default="0", nullable=False),
    )
    op.create_check_constraint(
        "ck_users_subscription_anchor_day_of_a_month",
        "users_subscription",
        "anchor_day BETWEEN 1 AND 31",
    )
    op.create_check_constraint(
        "ck_users_subscription_next_tier_known", "users_subscription", "next_tier IN ('basic', 'premium')"
    )
    op.create_index(
        "ix_users_subscription_renew_at",
        "users_subscription",
        ["renew_at"],
        postgresql_where=sa.text("renew_at IS NOT NULL"),
    )
    op.create_index(
        "ix_users_subscription_ending",
        "users_subscription",
        ["end_date"],
        postgresql_where=sa.text("status <> 'expired' AND end_date IS NOT NULL"),
    )


def _create_payments() -> None:
    op.create_table(
        "subscription_payments",
        sa.Column("id", sa.BigInteger(), sa.Identity(), nullable=False),
        sa.Column("user_id", sa.BigInteger(), nullable=False),
        sa.Column("kind", sa.String(), nullable=False),
        sa.Column("tier", sa.String(), nullable=False),
        sa.Column("amount", sa.Numeric(12, 2), nullable=False),
        sa.Column("currency", sa.String(3), nullable=False),
        sa.Column("for_end", sa.DateTime(timezone=True), nullable=True),
        sa.Column("period_start", sa.DateTime(timezone=True), nullable=True),
        sa.Column("period_end", sa.DateTime(timezone=True), nullable=True),
        sa.Column("status", sa.String(), server_default="pending", nullable=False),
        sa.Column("provider", sa.String(), nullable=False),
        sa.Column("payment_key", sa.Text(), nullable=False),
        sa.Column("method", sa.Text(), nullable=False),
        sa.Column("method_label", sa.Text(), nullable=True),
        sa.Column("provider_payment_id", sa.Text(), nullable=True),
        sa.Column("failure_code", sa.String(), nullable=True),
        sa.Column("confirmation", JSONB(), nullable=True),
        sa.Column("receipt", JSONB(), nullable=True),
        sa.Column("refunded_amount", sa.Numeric(12, 2), server_default="0", nullable=False),
        sa.Column("dispute", sa.String(), nullable=True),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("check_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("settled_at", sa.DateTime(timezone=True), nullable=True),
        sa.PrimaryKeyConstraint("id", name="pk_subscription_payments"),
        sa.UniqueConstraint("payment_key", name="uq_subscription_payments_payment_key"),
        sa.CheckConstraint(
            "kind IN ('start', 'upgrade', 'renewal', 'method')", name="ck_subscription_payments_kind_known"
        ),
        sa.CheckConstraint("tier IN ('basic', 'premium')", name="ck_subscription_payments_tier_known"),
        sa.CheckConstraint(
            "status IN ('pending', 'confirming', 'succeeded', 'returned', 'failed', 'cancelled')",
            name="ck_subscription_payments_status_known",
        ),
        sa.CheckConstraint(
            "amount >= 0 AND (amount = 0 OR kind <> 'method')", name="ck_subscription_payments_amount_due"
        ),
        sa.CheckConstraint(
            "refunded_amount BETWEEN 0 AND amount", name="ck_subscription_payments_refunded_at_most_paid"
        ),
        sa.CheckConstraint(
            "dispute IN ('open', 'won', 'lost')", name="ck_subscription_payments_dispute_known"
        ),
    )
    op.create_index("ix_subscription_payments_user_id_id", "subscription_payments", ["user_id", "id"])
    op.create_index(
        "uq_subscription_payments_user_id_open",
        "subscription_payments",
        ["user_id"],
        unique=True,
        postgresql_where=sa.text(OPEN),
    )
    op.create_index(
        "uq_subscription_payments_renewal",
        "subscription_payments",
        ["user_id", "for_end"],
        unique=True,
        postgresql_where=sa.text("kind = 'renewal' AND status IN ('pending', 'confirming', 'succeeded')"),
    )
    op.create_index(
        "uq_subscription_payments_provider_payment_id",
        "subscription_payments",
        ["provider", "provider_payment_id"],
        unique=True,
        postgresql_where=sa.text("provider_payment_id IS NOT NULL"),
    )
    op.create_index(
        "ix_subscription_payments_check_at",
        "subscription_payments",
        ["check_at"],
        postgresql_where=sa.text(OPEN),
    )


def _create_refunds_and_customers() -> None:
    op.create_table(
        "payment_refunds",
        sa.Column("id", sa.BigInteger(), sa.Identity(), nullable=False),
        sa.Column("payment_id", sa.BigInteger(), nullable=False),
        sa.Column("amount", sa.Numeric(12, 2), nullable=False),
        sa.Column("refund_key", sa.Text(), nullable=False),
        sa.Column("reason", sa.Text(), server_default="", nullable=False),
        sa.Column("requested_by_id", sa.BigInteger(), nullable=True),
        sa.Column("status", sa.String(), server_default="pending", nullable=False),
        sa.Column("provider_refund_id", sa.Text(), nullable=True),
        sa.Column("failure_code", sa.String(), nullable=True),
        sa.Column("receipt", JSONB(), nullable=True),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("check_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("settled_at", sa.DateTime(timezone=True), nullable=True),
        sa.PrimaryKeyConstraint("id", name="pk_payment_refunds"),
        sa.UniqueConstraint("refund_key", name="uq_payment_refunds_refund_key"),
        sa.ForeignKeyConstraint(
            ["payment_id"],
            ["subscription_payments.id"],
            name="fk_payment_refunds_payment_id_subscription_payments",
            ondelete="RESTRICT",
        ),
        sa.CheckConstraint("amount > 0", name="ck_payment_refunds_amount_positive"),
        sa.CheckConstraint(
            "status IN ('pending', 'succeeded', 'failed')", name="ck_payment_refunds_status_known"
        ),
    )
    op.create_index("ix_payment_refunds_payment_id", "payment_refunds", ["payment_id"])
    op.create_index(
        "ix_payment_refunds_check_at",
        "payment_refunds",
        ["check_at"],
        postgresql_where=sa.text("status = 'pending'"),
    )
    op.create_table(
        "payment_customers",
        sa.Column("id", sa.BigInteger(), sa.Identity(), nullable=False),
        sa.Column("user_id", sa.BigInteger(), nullable=False),
        sa.Column("provider", sa.String(), nullable=False),
        sa.Column("customer_id", sa.Text(), nullable=False),
        sa.Column("method_id", sa.Text(), nullable=True),
        sa.Column("method_label", sa.Text(), nullable=True),
        sa.Column("created_at", sa.DateTime(timezone=True), server_default=sa.func.now(), nullable=False),
        sa.Column("forget_at", sa.DateTime(timezone=True), nullable=True),
        sa.PrimaryKeyConstraint("id", name="pk_payment_customers"),
        sa.UniqueConstraint("user_id", "provider", name="uq_payment_customers_user_id_provider"),
        sa.UniqueConstraint("provider", "customer_id", name="uq_payment_customers_provider_customer_id"),
    )
    op.create_index(
        "ix_payment_customers_forget_at",
        "payment_customers",
        ["forget_at"],
        postgresql_where=sa.text("forget_at IS NOT NULL"),
    )
    op.create_table(
        "payment_notices",
        sa.Column("provider", sa.String(), nullable=False),
        sa.Column("event_id", sa.Text(), nullable=False),
        sa.Column("type", sa.Text(), nullable=False),
        sa.Column("received_at", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("provider", "event_id", name="pk_payment_notices"),
    )
    op.create_index("ix_payment_notices_received_at", "payment_notices", ["received_at"])


def _create_sandbox() -> None:
    op.create_table(
        "sandbox_methods",
        sa.Column("method_id", sa.Text(), nullable=False),
        sa.Column("customer_id", sa.Text(), nullable=False),
        sa.Column("token", sa.Text(), nullable=False),
        sa.Column("charges", sa.Integer(), server_default="0", nullable=False),
        sa.Column("is_confirmed", sa.Boolean(), server_default=sa.false(), nullable=False),
        sa.Column("detached_at", sa.DateTime(timezone=True), nullable=True),
        sa.PrimaryKeyConstraint("method_id", name="pk_sandbox_methods"),
    )
    op.create_index("ix_sandbox_methods_customer_id", "sandbox_methods", ["customer_id"])
    op.create_table(
        "sandbox_intents",
        sa.Column("intent_id", sa.Text(), nullable=False),
        sa.Column("payment_key", sa.Text(), nullable=False),
        sa.Column("customer_id", sa.Text(), nullable=False),
        sa.Column("method_id", sa.Text(), nullable=True),
        sa.Column("amount", sa.Numeric(12, 2), nullable=False),
        sa.Column("currency", sa.String(3), nullable=False),
        sa.Column("status", sa.String(), nullable=False),
        sa.Column("failure_code", sa.String(), nullable=True),
        sa.Column("client_secret", sa.Text(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("settled_at", sa.DateTime(timezone=True), nullable=True),
        sa.PrimaryKeyConstraint("intent_id", name="pk_sandbox_intents"),
        sa.UniqueConstraint("payment_key", name="uq_sandbox_intents_payment_key"),
        sa.CheckConstraint(
            "status IN ('succeeded', 'confirming', 'failed', 'cancelled')",
            name="ck_sandbox_intents_status_known",
        ),
        sa.CheckConstraint("amount >= 0", name="ck_sandbox_intents_amount_not_negative"),
    )
    op.create_table(
        "sandbox_refunds",
        sa.Column("refund_id", sa.Text(), nullable=False),
        sa.Column("refund_key", sa.Text(), nullable=False),
        sa.Column("intent_id", sa.Text(), nullable=False),
        sa.Column("amount", sa.Numeric(12, 2), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("refund_id", name="pk_sandbox_refunds"),
        sa.UniqueConstraint("refund_key", name="uq_sandbox_refunds_refund_key"),
        sa.ForeignKeyConstraint(
            ["intent_id"],
            ["sandbox_intents.intent_id"],
            name="fk_sandbox_refunds_intent_id_sandbox_intents",
            ondelete="RESTRICT",
        ),
        sa.CheckConstraint("amount > 0", name="ck_sandbox_refunds_amount_positive"),
    )
    op.create_index("ix_sandbox_refunds_intent_id", "sandbox_refunds", ["intent_id"])


def downgrade() -> None:
    for table in (
        "sandbox_refunds",
        "sandbox_intents",
        "sandbox_methods",
        "payment_notices",
        "payment_customers",
        "payment_refunds",
        "subscription_payments",
    ):
        op.drop_table(table)
    op.drop_index("ix_users_subscription_ending", "users_subscription")
    op.drop_index("ix_users_subscription_renew_at", "users_subscription")
    op.drop_constraint("ck_users_subscription_next_tier_known", "users_subscription")
    op.drop_constraint("ck_users_subscription_anchor_day_of_a_month", "users_subscription")
    for column in ("failed_renewals", "renew_at", "next_tier", "anchor_day"):
        op.drop_column("users_subscription", column)
