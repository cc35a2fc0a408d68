"""Create courses_resource."""

import sqlalchemy as sa
from alembic import op

revision = "create_resources"
down_revision = "create_outline"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "courses_resource",
        sa.Column("id", sa.BigInteger(), sa.Identity(), nullable=False),
        sa.Column("created_date", sa.DateTime(timezone=True), server_default=sa.func.now(), nullable=False),
        sa.Column("updated_date", sa.DateTime(timezone=True), server_default=sa.func.now(), nullable=False),
        sa.Column("order", sa.Integer(), nullable=False),
        sa.Column("duration_minutes", sa.Integer(), nullable=True),
        sa.Column("storage_key", sa.String(), nullable=True),
        sa.Column("uploaded", sa.Boolean(), server_default=sa.false(), nullable=False),
        sa.Column("file_size", sa.BigInteger(), nullable=True),
        sa.Column("mime_type", sa.String(), nullable=True),
        sa.Column("lesson_id", sa.BigInteger(), nullable=False),
        sa.Column("title", sa.String(), server_default="", nullable=False),
        sa.Column("type", sa.String(), server_default="document", nullable=False),
        sa.Column("description", sa.Text(), nullable=True),
        sa.Column("file", sa.String(), nullable=True),
        sa.Column("url", sa.String(), nullable=True),
        sa.Column("premium", sa.Boolean(), server_default=sa.false(), nullable=False),
        sa.Column("download_count", sa.Integer(), server_default="0", nullable=False),
        sa.CheckConstraint(
            "type IN ('document', 'video', 'audio', 'image', 'code', 'link')",
            name="ck_courses_resource_type_known",
        ),
        sa.ForeignKeyConstraint(
            ["lesson_id"],
            ["courses_lesson.id"],
            name="fk_courses_resource_lesson_id_courses_lesson",
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("id", name="pk_courses_resource"),
        sa.UniqueConstraint("lesson_id", "order", name="unique_resource_order"),
    )
    op.create_index("courses_res_created_2d1e4f_idx", "courses_resource", ["created_date"])
    op.create_index("courses_res_mime_ty_616554_idx", "courses_resource", ["mime_type"])
    op.create_index("courses_res_order_e289a6_idx", "courses_resource", ["order"])
    op.create_index("courses_res_premium_945503_idx", "courses_resource", ["premium"])
    op.create_index("courses_res_type_380823_idx", "courses_resource", ["type"])
    op.create_index("courses_res_updated_5e9c80_idx", "courses_resource", ["updated_date"])
    op.create_index("courses_res_uploade_42c1ed_idx", "courses_resource", ["uploaded"])


def downgrade() -> None:
    op.drop_table("courses_resource")
