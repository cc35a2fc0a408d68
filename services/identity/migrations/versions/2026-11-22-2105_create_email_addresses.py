"""Create account_emailaddress and account_emailconfirmation."""

import sqlalchemy as sa
from alembic import op

revision = "create_email_addresses"
down_revision = "create_subscriptions"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "account_emailaddress",
        sa.Column("id", sa.BigInteger(), sa.Identity(), nullable=False),
        sa.Column("user_id", sa.BigInteger(), nullable=False),
        sa.Column("email", sa.String(), nullable=False),
        sa.Column("verified", sa.Boolean(), server_default=sa.false(), nullable=False),
        sa.Column("primary", sa.Boolean(), server_default=sa.false(), nullable=False),
        sa.ForeignKeyConstraint(
            ["user_id"],
            ["users_customuser.id"],
            name="fk_account_emailaddress_user_id_users_customuser",
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("id", name="pk_account_emailaddress"),
        sa.UniqueConstraint("user_id", "email", name="unique_together_account_emailaddress"),
    )
    op.create_index("ix_account_emailaddress_email", "account_emailaddress", ["email"])
    op.create_index(
        "unique_primary_email",
        "account_emailaddress",
        ["user_id", "primary"],
        unique=True,
        postgresql_where=sa.text('"primary"'),
    )
    op.create_index(
        "unique_verified_email",
        "account_emailaddress",
        ["email"],
        unique=True,
        postgresql_where=sa.text("verified"),
    )
    op.create_table(
        "account_emailconfirmation",
        sa.Column("id", sa.BigInteger(), sa.Identity(), nullable=False),
        sa.Column("email_address_id", sa.BigInteger(), nullable=False),
        sa.Column("created", sa.DateTime(timezone=True), server_default=sa.func.now(), nullable=False),
        sa.Column("sent", sa.DateTime(timezone=True), nullable=True),
        sa.Column("key", sa.String(), nullable=False),
        sa.ForeignKeyConstraint(
            ["email_address_id"],
            ["account_emailaddress.id"],
            name="fk_account_emailconfirmation_email_address_id_account_e_f18f",
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("id", name="pk_account_emailconfirmation"),
        sa.UniqueConstraint("key", name="uq_account_emailconfirmation_key"),
    )
    op.create_index(
        "ix_account_emailconfirmation_email_address_id", "account_emailconfirmation", ["email_address_id"]
    )


def downgrade() -> None:
    op.drop_table("account_emailconfirmation")
    op.drop_table("account_emailaddress")
