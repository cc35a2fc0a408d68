"""Create instructor standing."""

import sqlalchemy as sa
from alembic import op

revision = "create_instructor_standing"
down_revision = "create_social"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "identity_instructor",
        sa.Column("profile_id", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("user_id", sa.BigInteger(), nullable=False),
        sa.Column("status", sa.String(), nullable=False),
        sa.Column("version", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("profile_id", name="pk_identity_instructor"),
    )
    op.create_index("ix_identity_instructor_user_id", "identity_instructor", ["user_id"])


def downgrade() -> None:
    op.drop_table("identity_instructor")
