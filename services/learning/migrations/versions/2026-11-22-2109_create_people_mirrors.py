"""Create the mirrors of people: names, subscriptions, and who teaches what."""

import sqlalchemy as sa
from alembic import op

revision = "create_people_mirrors"
down_revision = "create_course_mirror"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "learning_user",
        sa.Column("user_id", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("version", sa.BigInteger(), nullable=False),
        sa.Column("display_name", sa.Text(), nullable=False),
        sa.Column("picture_url", sa.Text(), nullable=True),
        sa.Column("is_active", sa.Boolean(), nullable=False),
        sa.PrimaryKeyConstraint("user_id", name="pk_learning_user"),
    )
    op.create_table(
        "learning_subscription",
        sa.Column("user_id", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("version", sa.BigInteger(), nullable=False),
        sa.Column("tier", sa.String(), nullable=False),
        sa.Column("status", sa.String(), nullable=False),
        sa.Column("ends", sa.DateTime(timezone=True), nullable=True),
        sa.Column("changed_at", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("user_id", name="pk_learning_subscription"),
    )
    op.create_table(
        "learning_instructor",
        sa.Column("profile_id", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("version", sa.BigInteger(), nullable=False),
        sa.Column("user_id", sa.BigInteger(), nullable=False),
        sa.Column("status", sa.String(), nullable=False),
        sa.PrimaryKeyConstraint("profile_id", name="pk_learning_instructor"),
    )
    op.create_index("ix_learning_instructor_user_id", "learning_instructor", ["user_id"])
    op.create_table(
        "learning_teaching",
        sa.Column("course_id", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("user_id", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("version", sa.BigInteger(), nullable=False),
        sa.Column("is_active", sa.Boolean(), nullable=False),
        sa.Column("is_lead", sa.Boolean(), nullable=False),
        sa.Column("can_manage_students", sa.Boolean(), nullable=False),
        sa.PrimaryKeyConstraint("course_id", "user_id", name="pk_learning_teaching"),
    )
    op.create_index("ix_learning_teaching_user_id", "learning_teaching", ["user_id"])


def downgrade() -> None:
    op.drop_table("learning_teaching")
    op.drop_table("learning_instructor")
    op.drop_table("learning_subscription")
    op.drop_table("learning_user")
