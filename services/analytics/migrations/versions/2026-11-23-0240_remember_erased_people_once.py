"""Remember erased people once.

What the chassis keeps of them in every service says all that this service kept beside it.
"""

import sqlalchemy as sa
from alembic import op

revision = "remember_erased_people_once"
down_revision = "follow_revocations"
branch_labels = None
depends_on = None


def upgrade() -> None:
    # Those from before the chassis remembered; they were swept long ago.
    op.execute(
        "INSERT INTO erased_people (user_id, tombstone_id, erased_at, swept_at) "
        "SELECT user_id, tombstone_id, erased_at, now() FROM erased_users ON CONFLICT DO NOTHING"
    )
    op.drop_table("erased_users")


def downgrade() -> None:
    op.create_table(
        "erased_users",
        sa.Column("user_id", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("tombstone_id", sa.BigInteger(), nullable=False),
        sa.Column("erased_at", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("user_id", name="pk_erased_users"),
    )
    op.execute("INSERT INTO erased_users SELECT user_id, tombstone_id, erased_at FROM erased_people")
