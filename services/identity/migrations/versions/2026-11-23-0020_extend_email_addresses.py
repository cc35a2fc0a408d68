"""Extend email addresses: one owner whatever the letters' case, mails counted, pictures taken back."""

import sqlalchemy as sa
from alembic import op

revision = "extend_email_addresses"
down_revision = "follow_revocations"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_index(
        "uq_account_emailaddress_lower_verified",
        "account_emailaddress",
        [sa.text("lower(email)")],
        unique=True,
        postgresql_where=sa.text("verified"),
    )
    op.create_index(
        "ix_account_emailconfirmation_unsent",
        "account_emailconfirmation",
        ["id"],
        postgresql_where=sa.text("sent IS NULL"),
    )
    op.create_table(
        "confirmation_mails",
        sa.Column("id", sa.BigInteger(), sa.Identity(), nullable=False),
        sa.Column("user_id", sa.BigInteger(), nullable=False),
        sa.Column("email", sa.String(), nullable=False),
        sa.Column("sent_at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(
            ["user_id"],
            ["users_customuser.id"],
            name="fk_confirmation_mails_user_id_users_customuser",
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("id", name="pk_confirmation_mails"),
    )
    op.create_index("ix_confirmation_mails_user_id", "confirmation_mails", ["user_id"])
    op.create_index("ix_confirmation_mails_email", "confirmation_mails", ["email"])
    op.create_index("ix_confirmation_mails_sent_at", "confirmation_mails", ["sent_at"])
    op.create_table(
        "unwanted_pictures",
        sa.Column("key", sa.String(), nullable=False),
        sa.Column("remove_after", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("key", name="pk_unwanted_pictures"),
    )
    op.create_index("ix_unwanted_pictures_remove_after", "unwanted_pictures", ["remove_after"])


def downgrade() -> None:
    op.drop_table("unwanted_pictures")
    op.drop_table("confirmation_mails")
    op.drop_index("ix_account_emailconfirmation_unsent", "account_emailconfirmation")
    op.drop_index("uq_account_emailaddress_lower_verified", "account_emailaddress")
