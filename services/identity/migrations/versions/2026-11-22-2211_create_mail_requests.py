"""Create mail requests."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "create_mail_requests"
down_revision = "create_instructor_standing"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "mail_requests",
        sa.Column("id", sa.BigInteger(), sa.Identity(), nullable=False),
        sa.Column("kind", sa.String(), nullable=False),
        sa.Column("email", sa.String(), nullable=False),
        sa.Column("ip_address", postgresql.INET(), nullable=False),
        sa.Column("attempts", sa.SmallInteger(), server_default="0", nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), server_default=sa.func.now(), nullable=False),
        sa.CheckConstraint("kind IN ('verification', 'reset')", name="ck_mail_requests_kind_known"),
        sa.PrimaryKeyConstraint("id", name="pk_mail_requests"),
    )


def downgrade() -> None:
    op.drop_table("mail_requests")
