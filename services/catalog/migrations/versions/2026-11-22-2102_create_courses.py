"""Create courses_course and catalog_course_publication."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "create_courses"
down_revision = "create_categories"
branch_labels = None
depends_on = None

SEARCHED = (
    "setweight(to_tsvector('english'::regconfig, title), 'A') || "
    "setweight(jsonb_to_tsvector('english'::regconfig, skills, '[\"string\"]'), 'B') || "
    "setweight(to_tsvector('english'::regconfig, description), 'C')"
)


def upgrade() -> None:
    op.create_table(
        "courses_course",
        sa.Column("id", sa.BigInteger(), sa.Identity(), nullable=False),
        sa.Column("created_date", sa.DateTime(timezone=True), server_default=sa.func.now(), nullable=False),
        sa.Column("updated_date", sa.DateTime(timezone=True), server_default=sa.func.now(), nullable=False),
        sa.Column("slug", sa.String(), nullable=False),
        sa.Column("duration_minutes", sa.Integer(), nullable=True),
        sa.Column("is_published", sa.Boolean(), server_default=sa.false(), nullable=False),
        sa.Column("published_date", sa.DateTime(timezone=True), nullable=True),
        sa.Column("view_count", sa.Integer(), server_default="0", nullable=False),
        sa.Column("last_accessed", sa.DateTime(timezone=True), server_default=sa.func.now(), nullable=False),
        sa.Column("title", sa.String(), server_default="", nullable=False),
        sa.Column("subtitle", sa.String(), nullable=True),
        sa.Column("description", sa.Text(), server_default="", nullable=False),
        sa.Column("category_id", sa.BigInteger(), nullable=False),
        sa.Column("thumbnail", sa.String(), nullable=True),
        sa.Column("price", sa.Numeric(precision=12, scale=2), server_default="0", nullable=False),
        sa.Column("discount_price", sa.Numeric(precision=12, scale=2), nullable=True),
        sa.Column("discount_ends", sa.DateTime(timezone=True), nullable=True),
        sa.Column("level", sa.String(), server_default="all_levels", nullable=False),
        sa.Column("has_certificate", sa.Boolean(), server_default=sa.false(), nullable=False),
        sa.Column("is_featured", sa.Boolean(), server_default=sa.false(), nullable=False),
        sa.Column("requirements", postgresql.JSONB(), server_default="[]", nullable=False),
        sa.Column("skills", postgresql.JSONB(), server_default="[]", nullable=False),
        sa.Column("learning_objectives", postgresql.JSONB(), server_default="[]", nullable=False),
        sa.Column("target_audience", sa.Text(), nullable=True),
        sa.Column("creation_method", sa.String(), server_default="manual", nullable=False),
        sa.Column("completion_status", sa.String(), server_default="not_started", nullable=False),
        sa.Column("completion_percentage", sa.Integer(), server_default="0", nullable=False),
        sa.Column("version", sa.Numeric(precision=6, scale=2), server_default="1", nullable=False),
        sa.Column("is_draft", sa.Boolean(), server_default=sa.true(), nullable=False),
        sa.Column("parent_version_id", sa.BigInteger(), nullable=True),
        sa.Column("meta_keywords", sa.String(), nullable=True),
        sa.Column("meta_description", sa.Text(), nullable=True),
        sa.Column("preview_token", sa.String(), nullable=True),
        sa.Column("preview_expiry", sa.DateTime(timezone=True), nullable=True),
        sa.Column("enrolled_students_count", sa.Integer(), server_default="0", nullable=False),
        sa.Column("avg_rating", sa.Numeric(precision=3, scale=2), server_default="0", nullable=False),
        sa.Column("total_reviews", sa.Integer(), server_default="0", nullable=False),
        sa.Column("last_enrollment_date", sa.DateTime(timezone=True), nullable=True),
        sa.Column("state_version", sa.BigInteger(), server_default="0", nullable=False),
        sa.Column("created_by_id", sa.BigInteger(), nullable=False),
        sa.Column("first_published_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("search", postgresql.TSVECTOR(), sa.Computed(SEARCHED, persisted=True), nullable=False),
        sa.CheckConstraint(
            "completion_status IN ('not_started', 'partial', 'complete')",
            name="ck_courses_course_completion_status_known",
        ),
        sa.CheckConstraint(
            "creation_method IN ('manual', 'wizard', 'template', 'ai', 'import')",
            name="ck_courses_course_creation_method_known",
        ),
        sa.CheckConstraint(
            "level IN ('beginner', 'intermediate', 'advanced', 'all_levels')",
            name="ck_courses_course_level_known",
        ),
        sa.CheckConstraint(
            "discount_price IS NULL OR discount_price < price", name="course_discount_less_than_price"
        ),
        sa.CheckConstraint(
            "discount_price IS NULL OR discount_price >= 0", name="course_discount_price_positive"
        ),
        sa.CheckConstraint("price >= 0", name="course_price_positive"),
        sa.CheckConstraint("version > 0", name="course_version_positive"),
        sa.ForeignKeyConstraint(
            ["category_id"],
            ["courses_category.id"],
            name="fk_courses_course_category_id_courses_category",
            ondelete="CASCADE",
        ),
        sa.ForeignKeyConstraint(
            ["parent_version_id"],
            ["courses_course.id"],
            name="fk_courses_course_parent_version_id_courses_course",
            ondelete="SET NULL",
        ),
        sa.PrimaryKeyConstraint("id", name="pk_courses_course"),
        sa.UniqueConstraint("slug", name="unique_course_slug"),
    )
    op.create_index("courses_cou_avg_rat_82cd8e_idx", "courses_course", ["avg_rating"])
    op.create_index("courses_cou_categor_e9e0ba_idx", "courses_course", ["category_id", "is_published"])
    op.create_index("courses_cou_complet_a28d16_idx", "courses_course", ["completion_status"])
    op.create_index("courses_cou_created_7da7d5_idx", "courses_course", ["created_date"])
    op.create_index("courses_cou_creatio_6175b0_idx", "courses_course", ["creation_method"])
    op.create_index("courses_cou_is_draf_460a8b_idx", "courses_course", ["is_draft"])
    op.create_index("courses_cou_is_feat_6821f1_idx", "courses_course", ["is_featured", "is_published"])
    op.create_index("courses_cou_is_publ_4b99b9_idx", "courses_course", ["is_published"])
    op.create_index("courses_cou_last_ac_9655a6_idx", "courses_course", ["last_accessed"])
    op.create_index("courses_cou_level_a2b259_idx", "courses_course", ["level", "is_published"])
    op.create_index("courses_cou_parent__886ac7_idx", "courses_course", ["parent_version_id", "version"])
    op.create_index("courses_cou_price_1fbd18_idx", "courses_course", ["price"])
    op.create_index("courses_cou_publish_80f4bd_idx", "courses_course", ["published_date"])
    op.create_index("courses_cou_updated_517180_idx", "courses_course", ["updated_date"])
    op.create_index("courses_cou_view_co_55d4de_idx", "courses_course", ["view_count"])
    op.create_index("ix_courses_course_created_by_id", "courses_course", ["created_by_id"])
    op.create_index("ix_courses_course_search", "courses_course", ["search"], postgresql_using="gin")
    for name, columns in (
        ("newest", ["first_published_at"]),
        ("popular", ["enrolled_students_count"]),
        ("rating", ["avg_rating", "total_reviews"]),
    ):
        op.create_index(
            f"ix_courses_course_{name}",
            "courses_course",
            [sa.text(f"{column} DESC") for column in (*columns, "id")],
            postgresql_where=sa.text("is_published"),
        )
    op.create_table(
        "catalog_course_publication",
        sa.Column("course_id", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("version", sa.BigInteger(), nullable=False),
        sa.Column("course_state_version", sa.BigInteger(), nullable=False),
        sa.Column("payload", postgresql.JSONB(), nullable=False),
        sa.ForeignKeyConstraint(
            ["course_id"],
            ["courses_course.id"],
            name="fk_catalog_course_publication_course_id_courses_course",
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("course_id", name="pk_catalog_course_publication"),
    )


def downgrade() -> None:
    op.drop_table("catalog_course_publication")
    op.drop_table("courses_course")
