"""Remember erased people."""

import sqlalchemy as sa
from alembic import op

revision = "remember_erased_people"
down_revision = "create_instructor_mirrors"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "erased_people",
        sa.Column("user_id", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("tombstone_id", sa.BigInteger(), nullable=False),
        sa.Column("erased_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.Column("swept_at", sa.DateTime(timezone=True)),
        sa.PrimaryKeyConstraint("user_id", name="pk_erased_people"),
    )
    op.create_index(
        "ix_erased_people_unswept",
        "erased_people",
        ["erased_at"],
        postgresql_where=sa.text("swept_at IS NULL"),
    )


def downgrade() -> None:
    op.drop_table("erased_people")
