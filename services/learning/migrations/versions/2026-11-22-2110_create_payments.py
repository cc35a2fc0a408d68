"""Create purchases, and the sandbox provider's books."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "create_payments"
down_revision = "create_people_mirrors"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "purchases",
        sa.Column("id", sa.BigInteger(), sa.Identity(), nullable=False),
        sa.Column("enrollment_id", sa.BigInteger(), nullable=False),
        sa.Column("user_id", sa.BigInteger(), nullable=False),
        sa.Column("course_id", sa.BigInteger(), nullable=False),
        sa.Column("amount", sa.Numeric(precision=12, scale=2), nullable=False),
        sa.Column("currency", sa.String(length=3), nullable=False),
        sa.Column("provider", sa.String(), nullable=False),
        sa.Column("payment_key", sa.Text(), nullable=False),
        sa.Column("payment_id", sa.Text(), nullable=False),
        sa.Column("receipt", postgresql.JSONB(), nullable=False),
        sa.Column("status", sa.String(), server_default="paid", nullable=False),
        sa.Column("purchased_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("refunded_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("refund_receipt", postgresql.JSONB(), nullable=True),
        sa.CheckConstraint("status IN ('paid', 'refunded')", name="ck_purchases_status_known"),
        sa.CheckConstraint("amount > 0", name="ck_purchases_amount_positive"),
        sa.CheckConstraint(
            "(status = 'refunded') = (refunded_at IS NOT NULL)", name="ck_purchases_refunded_has_its_time"
        ),
        sa.ForeignKeyConstraint(
            ["enrollment_id"],
            ["courses_enrollment.id"],
            name="fk_purchases_enrollment_id_courses_enrollment",
            ondelete="RESTRICT",
        ),
        sa.PrimaryKeyConstraint("id", name="pk_purchases"),
        sa.UniqueConstraint("payment_id", name="uq_purchases_payment_id"),
        sa.UniqueConstraint("payment_key", name="uq_purchases_payment_key"),
    )
    op.create_index("ix_purchases_course_id_purchased_at", "purchases", ["course_id", "purchased_at"])
    op.create_index("ix_purchases_enrollment_id", "purchases", ["enrollment_id"])
    op.create_index("ix_purchases_user_id", "purchases", ["user_id"])
    op.create_index(
        "uq_purchases_enrollment_id_paid",
        "purchases",
        ["enrollment_id"],
        unique=True,
        postgresql_where=sa.text("status = 'paid'"),
    )
    op.create_table(
        "sandbox_charges",
        sa.Column("payment_id", sa.Text(), nullable=False),
        sa.Column("payment_key", sa.Text(), nullable=False),
        sa.Column("amount", sa.Numeric(precision=12, scale=2), nullable=False),
        sa.Column("currency", sa.String(length=3), nullable=False),
        sa.Column("charged_at", sa.DateTime(timezone=True), server_default=sa.func.now(), nullable=False),
        sa.Column("refunded_at", sa.DateTime(timezone=True), nullable=True),
        sa.PrimaryKeyConstraint("payment_id", name="pk_sandbox_charges"),
        sa.UniqueConstraint("payment_key", name="uq_sandbox_charges_payment_key"),
    )


def downgrade() -> None:
    op.drop_table("sandbox_charges")
    op.drop_table("purchases")
