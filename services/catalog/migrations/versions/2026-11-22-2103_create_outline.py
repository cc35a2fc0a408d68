"""Create courses_module and courses_lesson."""

import sqlalchemy as sa
from alembic import op

revision = "create_outline"
down_revision = "create_courses"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "courses_module",
        sa.Column("id", sa.BigInteger(), sa.Identity(), nullable=False),
        sa.Column("created_date", sa.DateTime(timezone=True), server_default=sa.func.now(), nullable=False),
        sa.Column("updated_date", sa.DateTime(timezone=True), server_default=sa.func.now(), nullable=False),
        sa.Column("order", sa.Integer(), nullable=False),
        sa.Column("duration_minutes", sa.Integer(), nullable=True),
        sa.Column("is_published", sa.Boolean(), server_default=sa.true(), nullable=False),
        sa.Column("published_date", sa.DateTime(timezone=True), nullable=True),
        sa.Column("course_id", sa.BigInteger(), nullable=False),
        sa.Column("title", sa.String(), server_default="", nullable=False),
        sa.Column("description", sa.Text(), nullable=True),
        sa.Column("revision", sa.BigInteger(), server_default="1", nullable=False),
        sa.ForeignKeyConstraint(
            ["course_id"],
            ["courses_course.id"],
            name="fk_courses_module_course_id_courses_course",
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("id", name="pk_courses_module"),
        sa.UniqueConstraint("course_id", "order", name="unique_module_order"),
    )
    op.create_index("courses_mod_course__92d7f3_idx", "courses_module", ["course_id", "is_published"])
    op.create_index("courses_mod_created_9a6a7d_idx", "courses_module", ["created_date"])
    op.create_index("courses_mod_is_publ_875329_idx", "courses_module", ["is_published"])
    op.create_index("courses_mod_order_e9c068_idx", "courses_module", ["order"])
    op.create_index("courses_mod_publish_823717_idx", "courses_module", ["published_date"])
    op.create_index("courses_mod_updated_141b50_idx", "courses_module", ["updated_date"])
    op.create_table(
        "courses_lesson",
        sa.Column("id", sa.BigInteger(), sa.Identity(), nullable=False),
        sa.Column("created_date", sa.DateTime(timezone=True), server_default=sa.func.now(), nullable=False),
        sa.Column("updated_date", sa.DateTime(timezone=True), server_default=sa.func.now(), nullable=False),
        sa.Column("order", sa.Integer(), nullable=False),
        sa.Column("duration_minutes", sa.Integer(), nullable=True),
        sa.Column("module_id", sa.BigInteger(), nullable=False),
        sa.Column("title", sa.String(), server_default="", nullable=False),
        sa.Column("content", sa.Text(), server_default="", nullable=False),
        sa.Column("guest_content", sa.Text(), nullable=True),
        sa.Column("registered_content", sa.Text(), nullable=True),
        sa.Column("access_level", sa.String(), server_default="registered", nullable=False),
        sa.Column("type", sa.String(), sa.Computed("activity_type", persisted=True), nullable=False),
        sa.Column("activity_type", sa.String(), server_default="reading", nullable=False),
        sa.Column("has_assessment", sa.Boolean(), server_default=sa.false(), nullable=False),
        sa.Column("has_lab", sa.Boolean(), server_default=sa.false(), nullable=False),
        sa.Column("is_free_preview", sa.Boolean(), server_default=sa.false(), nullable=False),
        sa.Column("video_url", sa.String(), nullable=True),
        sa.Column("transcript", sa.Text(), nullable=True),
        sa.Column("published_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("revision", sa.BigInteger(), server_default="1", nullable=False),
        sa.CheckConstraint(
            "access_level IN ('guest', 'registered', 'premium')", name="ck_courses_lesson_access_level_known"
        ),
        sa.CheckConstraint(
            "activity_type IN ('reading', 'video', 'interactive', 'quiz', 'lab')",
            name="ck_courses_lesson_activity_type_known",
        ),
        sa.ForeignKeyConstraint(
            ["module_id"],
            ["courses_module.id"],
            name="fk_courses_lesson_module_id_courses_module",
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("id", name="pk_courses_lesson"),
        sa.UniqueConstraint("module_id", "order", name="unique_lesson_order"),
    )
    op.create_index("courses_les_access__657329_idx", "courses_lesson", ["access_level"])
    op.create_index("courses_les_activit_845908_idx", "courses_lesson", ["activity_type"])
    op.create_index("courses_les_created_7fbce2_idx", "courses_lesson", ["created_date"])
    op.create_index("courses_les_has_ass_d9b62a_idx", "courses_lesson", ["has_assessment"])
    op.create_index("courses_les_has_lab_01b267_idx", "courses_lesson", ["has_lab"])
    op.create_index("courses_les_is_free_a8e681_idx", "courses_lesson", ["is_free_preview"])
    op.create_index("courses_les_order_ffd43c_idx", "courses_lesson", ["order"])
    op.create_index("courses_les_type_805272_idx", "courses_lesson", ["type"])
    op.create_index("courses_les_updated_ac21ad_idx", "courses_lesson", ["updated_date"])


def downgrade() -> None:
    op.drop_table("courses_lesson")
    op.drop_table("courses_module")
