"""Count the courses of a category."""

import sqlalchemy as sa
from alembic import op

revision = "count_courses"
down_revision = "find_previews"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "catalog_category_size",
        sa.Column("category_id", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("courses", sa.Integer(), server_default="0", nullable=False),
        sa.CheckConstraint("courses >= 0", name="ck_catalog_category_size_courses_positive"),
        sa.ForeignKeyConstraint(
            ["category_id"],
            ["courses_category.id"],
            name="fk_catalog_category_size_category_id_courses_category",
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("category_id", name="pk_catalog_category_size"),
    )
    op.add_column("courses_course", sa.Column("counted_in_id", sa.BigInteger(), nullable=True))
    op.execute("UPDATE courses_course SET counted_in_id = category_id WHERE is_published")
    op.execute(
        "INSERT INTO catalog_category_size (category_id, courses) "
        "SELECT category_id, count(*) FROM courses_course WHERE is_published GROUP BY category_id"
    )


def downgrade() -> None:
    op.drop_column("courses_course", "counted_in_id")
    op.drop_table("catalog_category_size")
