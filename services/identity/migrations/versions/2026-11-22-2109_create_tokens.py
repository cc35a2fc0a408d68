"""Create the tables of tokens."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "create_tokens"
down_revision = "create_sessions"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "signing_keys",
        sa.Column("kid", sa.Text(), nullable=False),
        sa.Column("public_jwk", postgresql.JSONB(), nullable=False),
        sa.Column("private_encrypted", sa.LargeBinary(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), server_default=sa.func.now(), nullable=False),
        sa.Column("not_before", sa.DateTime(timezone=True), server_default=sa.func.now(), nullable=False),
        sa.Column("retires_at", sa.DateTime(timezone=True), nullable=True),
        sa.PrimaryKeyConstraint("kid", name="pk_signing_keys"),
    )
    op.create_table(
        "token_blacklist_outstandingtoken",
        sa.Column("id", sa.BigInteger(), sa.Identity(), nullable=False),
        sa.Column("user_id", sa.BigInteger(), nullable=True),
        sa.Column("jti", sa.String(), nullable=False),
        sa.Column("token", sa.Text(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("expires_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("session_id", sa.BigInteger(), nullable=True),
        sa.ForeignKeyConstraint(
            ["user_id"],
            ["users_customuser.id"],
            name="fk_token_blacklist_outstandingtoken_user_id_users_customuser",
            ondelete="SET NULL",
        ),
        sa.ForeignKeyConstraint(
            ["session_id"],
            ["users_usersession.id"],
            name="fk_token_blacklist_outstandingtoken_session_id_users_us_e342",
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("id", name="pk_token_blacklist_outstandingtoken"),
        sa.UniqueConstraint("jti", name="uq_token_blacklist_outstandingtoken_jti"),
    )
    op.create_index(
        "ix_token_blacklist_outstandingtoken_user_id", "token_blacklist_outstandingtoken", ["user_id"]
    )
    op.create_index(
        "ix_token_blacklist_outstandingtoken_expires_at", "token_blacklist_outstandingtoken", ["expires_at"]
    )
    op.create_index(
        "ix_token_blacklist_outstandingtoken_session_id", "token_blacklist_outstandingtoken", ["session_id"]
    )
    op.create_table(
        "token_blacklist_blacklistedtoken",
        sa.Column("id", sa.BigInteger(), sa.Identity(), nullable=False),
        sa.Column("token_id", sa.BigInteger(), nullable=False),
        sa.Column("blacklisted_at", sa.DateTime(timezone=True), server_default=sa.func.now(), nullable=False),
        sa.ForeignKeyConstraint(
            ["token_id"],
            ["token_blacklist_outstandingtoken.id"],
            name="fk_token_blacklist_blacklistedtoken_token_id_token_blac_c1fe",
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("id", name="pk_token_blacklist_blacklistedtoken"),
        sa.UniqueConstraint("token_id", name="uq_token_blacklist_blacklistedtoken_token_id"),
    )


def downgrade() -> None:
    op.drop_table("token_blacklist_blacklistedtoken")
    op.drop_table("token_blacklist_outstandingtoken")
    op.drop_table("signing_keys")
