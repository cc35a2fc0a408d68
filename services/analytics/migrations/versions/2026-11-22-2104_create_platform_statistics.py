"""Create content_platformstatistics."""

import sqlalchemy as sa
from alembic import op

revision = "create_platform_statistics"
down_revision = "create_course_statistics"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "content_platformstatistics",
        sa.Column("id", sa.BigInteger(), sa.Identity(), nullable=False),
        sa.Column("total_courses", sa.Integer(), server_default="0", nullable=False),
        sa.Column("total_students", sa.Integer(), server_default="0", nullable=False),
        sa.Column("total_instructors", sa.Integer(), server_default="0", nullable=False),
        sa.Column("total_lessons_completed", sa.Integer(), server_default="0", nullable=False),
        sa.Column("total_certificates_issued", sa.Integer(), server_default="0", nullable=False),
        sa.Column("last_updated", sa.DateTime(timezone=True), server_default=sa.func.now(), nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_content_platformstatistics"),
    )


def downgrade() -> None:
    op.drop_table("content_platformstatistics")
