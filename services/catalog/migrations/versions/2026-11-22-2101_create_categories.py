"""Create courses_category."""

import sqlalchemy as sa
from alembic import op

revision = "create_categories"
down_revision = "create_chassis_tables"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "courses_category",
        sa.Column("id", sa.BigInteger(), sa.Identity(), nullable=False),
        sa.Column("created_date", sa.DateTime(timezone=True), server_default=sa.func.now(), nullable=False),
        sa.Column("updated_date", sa.DateTime(timezone=True), server_default=sa.func.now(), nullable=False),
        sa.Column("slug", sa.String(), nullable=False),
        sa.Column("is_active", sa.Boolean(), server_default=sa.true(), nullable=False),
        sa.Column("name", sa.String(), nullable=False),
        sa.Column("description", sa.Text(), nullable=True),
        sa.Column("icon", sa.String(), nullable=True),
        sa.Column("sort_order", sa.Integer(), server_default="0", nullable=False),
        sa.Column("parent_id", sa.BigInteger(), nullable=True),
        sa.Column("featured", sa.Boolean(), server_default=sa.false(), nullable=False),
        sa.Column("state_version", sa.BigInteger(), server_default="0", nullable=False),
        sa.CheckConstraint("sort_order >= 0", name="category_sort_order_positive"),
        sa.ForeignKeyConstraint(
            ["parent_id"],
            ["courses_category.id"],
            name="fk_courses_category_parent_id_courses_category",
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("id", name="pk_courses_category"),
        sa.UniqueConstraint("name", name="uq_courses_category_name"),
        sa.UniqueConstraint("slug", name="unique_category_slug"),
    )
    op.create_index("courses_cat_created_8cf2cb_idx", "courses_category", ["created_date"])
    op.create_index("courses_cat_is_acti_61a38c_idx", "courses_category", ["is_active"])
    op.create_index("courses_cat_parent__abacdd_idx", "courses_category", ["parent_id"])
    op.create_index("courses_cat_sort_or_896e38_idx", "courses_category", ["sort_order"])
    op.create_index("courses_cat_updated_67ffb8_idx", "courses_category", ["updated_date"])


def downgrade() -> None:
    op.drop_table("courses_category")
