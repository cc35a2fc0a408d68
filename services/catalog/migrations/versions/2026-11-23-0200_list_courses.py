"""List courses by narrow rows of their own, found by one index of words and tags.

In steps that each hold a lock for an instant, for there may be a million courses, and people at work on them: the table
with its trigger, what is there already, the indexes beside the traffic, and last what they replace. Each step can be
done again, should one fail.
"""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "list_courses"
down_revision = "know_words"
branch_labels = None
depends_on = None

AT_ONCE = 5000
TABLE = """
CREATE TABLE IF NOT EXISTS catalog_listing (
    course_id bigint NOT NULL CONSTRAINT pk_catalog_listing PRIMARY KEY,
    category_id bigint NOT NULL,
    first_published_at timestamptz,
    discount_ends timestamptz,
    enrolled_students_count integer NOT NULL,
    total_reviews integer NOT NULL,
    is_published boolean NOT NULL,
    has_certificate boolean NOT NULL,
    is_featured boolean NOT NULL,
    avg_rating numeric(3, 2) NOT NULL,
    price_now numeric(12, 2) NOT NULL,
    price numeric(12, 2) NOT NULL,
    discount_price numeric(12, 2),
    level varchar NOT NULL,
    language varchar NOT NULL,
    words tsvector NOT NULL,
    CONSTRAINT fk_catalog_listing_course_id_courses_course
        FOREIGN KEY (course_id) REFERENCES courses_course (id) ON DELETE CASCADE
) WITH (
    -- What is searched stands outside of all but the shortest rows, and is read in pieces as it is.
    toast_tuple_target = 128,
    -- Every enrollment changes a row, and index-only reads and the pages of the index live on a table that is tidy.
    autovacuum_vacuum_scale_factor = 0.02,
    autovacuum_vacuum_insert_scale_factor = 0.02,
    autovacuum_analyze_scale_factor = 0.02
)
"""
WORDS = """
CREATE OR REPLACE FUNCTION catalog_search_words(title text, skills jsonb, description text, language text)
RETURNS tsvector LANGUAGE sql IMMUTABLE PARALLEL SAFE RETURN
    setweight(to_tsvector(catalog_search_configuration(language), title)
        || to_tsvector('simple'::regconfig, title), 'A')
    || setweight(jsonb_to_tsvector(catalog_search_configuration(language), skills, '["string"]')
        || jsonb_to_tsvector('simple'::regconfig, skills, '["string"]'), 'B')
    || setweight(to_tsvector(catalog_search_configuration(language), description)
        || to_tsvector('simple'::regconfig, description), 'C')
"""
# In a language that is not inlined: an index is used for the very expression it is on.
TAGS = """
CREATE OR REPLACE FUNCTION catalog_listing_tags(
    category_id bigint, level text, language text, has_certificate boolean, is_featured boolean,
    first_published_at timestamptz, students integer, rating numeric, price numeric
) RETURNS text[] LANGUAGE plpgsql IMMUTABLE PARALLEL SAFE AS $$
BEGIN
    RETURN array_remove(ARRAY[
        '*',
        'category:' || category_id::text,
        'level:' || level,
        'language:' || language,
        CASE WHEN has_certificate THEN 'certificate' ELSE 'no_certificate' END,
        CASE WHEN is_featured THEN 'featured' END,
        CASE WHEN price = 0 THEN 'free' END,
        'newest:' || (extract(year FROM first_published_at AT TIME ZONE 'UTC') * 12
            + extract(month FROM first_published_at AT TIME ZONE 'UTC'))::int::text,
        'popular:' || width_bucket(
            students, ARRAY[1, 4, 16, 64, 256, 1024, 4096, 16384, 65536, 262144, 1048576])::text,
        'rating:' || floor(rating * 10)::int::text,
        'price:' || width_bucket(
            price, ARRAY[0.01, 5, 10, 15, 20, 30, 50, 75, 100, 150, 200, 500, 1000])::text
    ], NULL);
END $$
"""
OWN = [
    "category_id",
    "first_published_at",
    "discount_ends",
    "enrolled_students_count",
    "total_reviews",
    "is_published",
    "has_certificate",
    "is_featured",
    "avg_rating",
    "price_now",
    "price",
    "discount_price",
    "level",
    "language",
]
TEXTS = ["title", "skills", "description", "language"]
ALL = ", ".join(["course_id", *OWN, "words"])


def _of(row: str, columns: list[str]) -> str:
    return ", ".join(f"{row}.{column}" for column in columns)


# A version is nowhere listed. What is not found is put there: the trigger is there before the rows are.
KEEP = f"""
CREATE OR REPLACE FUNCTION catalog_keep_listing() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF TG_OP = 'UPDATE' AND ({_of("NEW", TEXTS)}) IS NOT DISTINCT FROM ({_of("OLD", TEXTS)}) THEN
        IF ({_of("NEW", OWN)}) IS NOT DISTINCT FROM ({_of("OLD", OWN)}) THEN
            RETURN NULL;
        END IF;
        UPDATE catalog_listing SET ({", ".join(OWN)}) = ROW({_of("NEW", OWN)}) WHERE course_id = NEW.id;
        IF FOUND THEN
            RETURN NULL;
        END IF;
    END IF;
    INSERT INTO catalog_listing ({ALL})
    VALUES (NEW.id, {_of("NEW", OWN)}, catalog_search_words({_of("NEW", TEXTS)}))
    ON CONFLICT (course_id) DO UPDATE SET
        ({", ".join([*OWN, "words"])}) = ROW({_of("excluded", [*OWN, "words"])});
    RETURN NULL;
END $$
"""  # noqa: S608
WATCHED = ", ".join(dict.fromkeys([*OWN, *TEXTS, "parent_version_id"]))
TRIGGER = f"""
CREATE OR REPLACE TRIGGER courses_course_is_listed AFTER INSERT OR UPDATE OF {WATCHED} ON courses_course
FOR EACH ROW WHEN (NEW.parent_version_id IS NULL) EXECUTE FUNCTION catalog_keep_listing()
"""
# Held for the instant: a course that is being deleted is waited for, and then is none to list.
FILL = f"""
WITH batch AS MATERIALIZED (
    SELECT id, {", ".join(OWN)}, search FROM courses_course
    WHERE id > :after AND parent_version_id IS NULL ORDER BY id LIMIT {AT_ONCE} FOR KEY SHARE
), filled AS (
    INSERT INTO catalog_listing ({ALL}) SELECT id, {", ".join(OWN)}, search FROM batch ON CONFLICT DO NOTHING
)
SELECT max(id) FROM batch
"""  # noqa: S608
INDEXES = {
    "ix_catalog_listing_newest": "(first_published_at DESC, course_id DESC)",
    "ix_catalog_listing_popular": "(enrolled_students_count DESC, course_id DESC)",
    "ix_catalog_listing_rating": "(avg_rating DESC, total_reviews DESC, course_id DESC)",
    "ix_catalog_listing_price": "(price_now, course_id)",
    "ix_catalog_listing_found": (
        "USING gin (words, catalog_listing_tags(category_id, level, language, has_certificate, is_featured, "
        "first_published_at, enrolled_students_count, avg_rating, price_now), "
        "ts_filter(words, '{a}'::\"char\"[])) WITH (gin_pending_list_limit = 1024)"
    ),
}
REPLACED = {
    "ix_courses_course_newest": "first_published_at DESC, id DESC",
    "ix_courses_course_popular": "enrolled_students_count DESC, id DESC",
    "ix_courses_course_rating": "avg_rating DESC, total_reviews DESC, id DESC",
    "ix_courses_course_price": "price_now, id",
    "ix_courses_course_category_newest": "category_id, first_published_at DESC, id DESC",
    "ix_courses_course_category_popular": "category_id, enrolled_students_count DESC, id DESC",
    "ix_courses_course_category_rating": "category_id, avg_rating DESC, total_reviews DESC, id DESC",
    "ix_courses_course_category_price": "category_id, price_now, id",
}


def _fill() -> None:
    after: int | None = 0
    while after is not None:
        after = op.get_bind().execute(sa.text(FILL), {"after": after}).scalar()


def upgrade() -> None:
    with op.get_context().autocommit_block():
        for statement in (WORDS, TAGS, KEEP, TABLE):
            op.execute(statement)
        op.execute("ALTER TABLE catalog_listing ALTER COLUMN words SET STORAGE EXTERNAL")
        op.execute(TRIGGER)
        _fill()
        op.execute("SET maintenance_work_mem = '256MB'")
        for name, columns in INDEXES.items():
            # One that was begun and not finished is of no use to anybody.
            op.execute(f"DROP INDEX CONCURRENTLY IF EXISTS {name}")
            op.execute(f"CREATE INDEX CONCURRENTLY {name} ON catalog_listing {columns} WHERE is_published")
        op.execute("RESET maintenance_work_mem")
        op.execute("ANALYZE catalog_listing")
        for name in REPLACED:
            op.execute(f"DROP INDEX CONCURRENTLY IF EXISTS {name}")
    op.execute("ALTER TABLE courses_course DROP COLUMN search_title, DROP COLUMN search")


def _add_vector(name: str, expression: str, index: str) -> None:
    op.add_column(
        "courses_course",
        sa.Column(name, postgresql.TSVECTOR(), sa.Computed(expression, persisted=True), nullable=False),
    )
    op.create_index(index, "courses_course", [name], postgresql_using="gin")


def downgrade() -> None:
    own, exact = "catalog_search_configuration(language)", "'simple'::regconfig"
    title = f"to_tsvector({own}, title) || to_tsvector({exact}, title)"
    skills = "jsonb_to_tsvector({}, skills, '[\"string\"]')"
    searched = (
        f"setweight({title}, 'A') || setweight({skills.format(own)} || {skills.format(exact)}, 'B') || "
        f"setweight(to_tsvector({own}, description) || to_tsvector({exact}, description), 'C')"
    )
    _add_vector("search", searched, "ix_courses_course_search")
    _add_vector("search_title", title, "ix_courses_course_search_title")
    for name, columns in REPLACED.items():
        op.execute(f"CREATE INDEX {name} ON courses_course ({columns}) WHERE is_published")
    # Of a revision behind this one that was begun and never finished.
    op.execute("DROP TABLE IF EXISTS catalog_found")
    op.execute("DROP TRIGGER courses_course_is_listed ON courses_course")
    op.execute("DROP TABLE catalog_listing")
    op.execute("DROP FUNCTION catalog_keep_listing")
    op.execute("DROP FUNCTION catalog_listing_tags")
    op.execute("DROP FUNCTION catalog_search_words")
