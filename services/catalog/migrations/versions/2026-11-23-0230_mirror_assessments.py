"""Mirror assessments."""

import sqlalchemy as sa
from alembic import op

revision = "mirror_assessments"
down_revision = "keep_files"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "catalog_assessment",
        sa.Column("assessment_id", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("version", sa.BigInteger(), nullable=False),
        sa.Column("lesson_id", sa.BigInteger(), nullable=False),
        sa.Column("is_removed", sa.Boolean(), nullable=False),
        sa.PrimaryKeyConstraint("assessment_id", name="pk_catalog_assessment"),
    )
    op.create_index("ix_catalog_assessment_lesson_id", "catalog_assessment", ["lesson_id"])


def downgrade() -> None:
    op.drop_table("catalog_assessment")
