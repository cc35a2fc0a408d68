"""Version courses."""

import sqlalchemy as sa
from alembic import op

revision = "version_courses"
down_revision = "count_courses"
branch_labels = None
depends_on = None

# What is published today becomes a version to go back to.
KEEP_COURSES = """
INSERT INTO courses_course (
    slug, title, subtitle, description, level, duration_minutes, has_certificate, requirements, skills,
    learning_objectives, target_audience, meta_keywords, meta_description, category_id, price, discount_price,
    discount_ends, is_featured, creation_method, completion_status, completion_percentage, version, is_draft,
    parent_version_id, published_date, created_by_id
)
SELECT
    'version:' || replace(gen_random_uuid()::text, '-', ''), c.title, c.subtitle, c.description, c.level,
    c.duration_minutes, c.has_certificate, c.requirements, c.skills, c.learning_objectives, c.target_audience,
    c.meta_keywords, c.meta_description, c.category_id, c.price, c.discount_price, c.discount_ends, c.is_featured,
    c.creation_method, c.completion_status, c.completion_percentage, c.version, false, c.id, c.published_date,
    c.created_by_id
FROM courses_course AS c JOIN catalog_course_publication AS p ON p.course_id = c.id
"""
KEEP_MODULES = """
INSERT INTO courses_module (
    course_id, origin_id, "order", title, description, duration_minutes, is_published, published_date
)
SELECT v.id, m.id, m."order", m.title, m.description, m.duration_minutes, m.is_published, m.published_date
FROM courses_module AS m
JOIN catalog_course_publication AS p ON p.course_id = m.course_id
JOIN courses_course AS v ON v.parent_version_id = m.course_id AND v.slug LIKE 'version:%'
"""
KEEP_LESSONS = """
INSERT INTO courses_lesson (
    module_id, origin_id, "order", title, content, guest_content, registered_content, access_level, activity_type,
    has_lab, is_free_preview, video_url, transcript, duration_minutes, has_assessment, published_at
)
SELECT
    k.id, l.id, l."order", l.title, l.content, l.guest_content, l.registered_content, l.access_level,
    l.activity_type, l.has_lab, l.is_free_preview, l.video_url, l.transcript, l.duration_minutes,
    l.has_assessment, l.published_at
FROM courses_lesson AS l JOIN courses_module AS k ON k.origin_id = l.module_id
"""
NAME_ARCHIVES = """
UPDATE catalog_course_publication AS p SET archive_id = v.id
FROM courses_course AS v WHERE v.parent_version_id = p.course_id AND v.slug LIKE 'version:%'
"""
# Without `origin_id` nothing tells a version's rows from a course's own.
FORGET_VERSIONS = "DELETE FROM courses_course WHERE slug LIKE 'version:%'"


def upgrade() -> None:
    op.add_column("courses_course", sa.Column("published_by_id", sa.BigInteger(), nullable=True))
    op.add_column("courses_module", sa.Column("origin_id", sa.BigInteger(), nullable=True))
    op.add_column("courses_lesson", sa.Column("origin_id", sa.BigInteger(), nullable=True))
    op.add_column("courses_lesson", sa.Column("retired_from_id", sa.BigInteger(), nullable=True))
    op.add_column("catalog_course_publication", sa.Column("archive_id", sa.BigInteger(), nullable=True))
    for statement in (KEEP_COURSES, KEEP_MODULES, KEEP_LESSONS, NAME_ARCHIVES):
        op.execute(statement)
    op.create_index(
        "ix_courses_course_one_draft",
        "courses_course",
        ["parent_version_id"],
        unique=True,
        postgresql_where=sa.text("is_draft AND parent_version_id IS NOT NULL"),
    )
    op.create_index(
        "ix_courses_module_origin_id",
        "courses_module",
        ["course_id", "origin_id"],
        unique=True,
        postgresql_where=sa.text("origin_id IS NOT NULL"),
    )
    op.create_index(
        "ix_courses_lesson_origin_id",
        "courses_lesson",
        ["origin_id"],
        postgresql_where=sa.text("origin_id IS NOT NULL"),
    )
    op.create_index(
        "ix_courses_lesson_retired_from_id",
        "courses_lesson",
        ["retired_from_id"],
        postgresql_where=sa.text("retired_from_id IS NOT NULL"),
    )


def downgrade() -> None:
    op.execute(FORGET_VERSIONS)
    op.drop_index("ix_courses_lesson_retired_from_id", "courses_lesson")
    op.drop_index("ix_courses_lesson_origin_id", "courses_lesson")
    op.drop_index("ix_courses_module_origin_id", "courses_module")
    op.drop_index("ix_courses_course_one_draft", "courses_course")
    op.drop_column("catalog_course_publication", "archive_id")
    op.drop_column("courses_lesson", "retired_from_id")
    op.drop_column("courses_lesson", "origin_id")
    op.drop_column("courses_module", "origin_id")
    op.drop_column("courses_course", "published_by_id")
