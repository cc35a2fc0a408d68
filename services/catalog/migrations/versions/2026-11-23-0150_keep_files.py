"""Keep files."""

import sqlalchemy as sa
from alembic import op

revision = "keep_files"
down_revision = "search_courses"
branch_labels = None
depends_on = None

# Rows go by cascades too (a lesson, a module, a course, a version of one): whatever deletes the owner of a file, the
# file is written down for removal in the same transaction.
UNWANT = """
CREATE FUNCTION catalog_unwant_file() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE
    named text := to_jsonb(OLD) ->> TG_ARGV[0];
BEGIN
    INSERT INTO catalog_unwanted_file (key, remove_after) VALUES (regexp_replace(named, '^/media/', ''), now())
    ON CONFLICT (key) DO NOTHING;
    PERFORM pg_notify('lyceum_unwanted_files', '');
    RETURN NULL;
END $$
"""
# Of a picture the URL is kept; what the old site's data says there is not in the storage.
OWNERS = {
    "courses_resource": ("storage_key", "OLD.storage_key IS NOT NULL"),
    "courses_course": (
        "thumbnail",
        "OLD.thumbnail LIKE '/media/courses/%' AND OLD.parent_version_id IS NULL",
    ),
    "content_testimonial": ("avatar", "OLD.avatar LIKE '/media/testimonials/%'"),
}


def upgrade() -> None:
    op.create_table(
        "catalog_unwanted_file",
        sa.Column("key", sa.String(), nullable=False),
        sa.Column("remove_after", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("key", name="pk_catalog_unwanted_file"),
    )
    op.create_index("ix_catalog_unwanted_file_remove_after", "catalog_unwanted_file", ["remove_after"])
    op.add_column("courses_resource", sa.Column("sha256", sa.String(64), nullable=True))
    op.add_column(
        "courses_resource", sa.Column("revision", sa.BigInteger(), server_default="1", nullable=False)
    )
    op.create_index("ix_courses_resource_storage_key", "courses_resource", ["storage_key"])
    op.execute(UNWANT)
    for table, (column, condition) in OWNERS.items():
        op.execute(
            f"CREATE TRIGGER {table}_leaves_no_file AFTER DELETE ON {table} "
            f"FOR EACH ROW WHEN ({condition}) EXECUTE FUNCTION catalog_unwant_file('{column}')"
        )


def downgrade() -> None:
    for table in OWNERS:
        op.execute(f"DROP TRIGGER {table}_leaves_no_file ON {table}")
    op.execute("DROP FUNCTION catalog_unwant_file()")
    op.drop_index("ix_courses_resource_storage_key", "courses_resource")
    op.drop_column("courses_resource", "revision")
    op.drop_column("courses_resource", "sha256")
    op.drop_table("catalog_unwanted_file")
