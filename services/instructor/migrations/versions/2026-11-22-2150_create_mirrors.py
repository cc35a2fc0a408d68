"""Create the mirrors of people and courses."""

import sqlalchemy as sa
from alembic import op

revision = "create_instructor_mirrors"
down_revision = "create_ai_drafts"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "instructor_person",
        sa.Column("user_id", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("display_name", sa.String(), nullable=False),
        sa.Column("is_active", sa.Boolean(), nullable=False),
        sa.Column("version", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("user_id", name="pk_instructor_person"),
    )
    op.create_table(
        "instructor_course",
        sa.Column("course_id", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("created_by_id", sa.BigInteger(), nullable=False),
        sa.Column("is_deleted", sa.Boolean(), server_default=sa.false(), nullable=False),
        sa.Column("version", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("course_id", name="pk_instructor_course"),
    )
    op.create_index("ix_instructor_course_created_by_id", "instructor_course", ["created_by_id"])


def downgrade() -> None:
    op.drop_table("instructor_course")
    op.drop_table("instructor_person")
