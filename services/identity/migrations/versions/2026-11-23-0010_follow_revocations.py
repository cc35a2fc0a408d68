"""Follow revocations."""

import sqlalchemy as sa
from alembic import op

revision = "follow_revocations"
down_revision = "create_mail_requests"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "ended_sessions",
        sa.Column("id", sa.BigInteger(), sa.Identity(), nullable=False),
        sa.Column("user_id", sa.BigInteger(), nullable=False),
        sa.Column("sid", sa.Text(), nullable=False),
        sa.Column("ended_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column(
            "transaction_id",
            sa.BigInteger(),
            server_default=sa.text("CAST(CAST(pg_current_xact_id() AS text) AS bigint)"),
            nullable=False,
        ),
        sa.PrimaryKeyConstraint("id", name="pk_ended_sessions"),
        sa.UniqueConstraint("user_id", "sid", name="uq_ended_sessions_user_id_sid"),
    )
    op.create_index("ix_ended_sessions_transaction_id", "ended_sessions", ["transaction_id"])
    op.create_index("ix_ended_sessions_ended_at", "ended_sessions", ["ended_at"])


def downgrade() -> None:
    op.drop_table("ended_sessions")
