"""Find courses in rows of their own, which only what is searched changes, and phrases by their pairs of words.

The orders of lists have an index each, on numbers that change with every enrollment; while they stood beside the words,
each such change wrote the words' entries again. Two tables now: `catalog_listing` keeps the orders, `catalog_found` the
words and tags.

In steps that each hold a lock for an instant; each can be done again, should one fail. The words of `catalog_listing` are
dropped, and `VACUUM FULL catalog_listing` gives their space back at once, if anybody needs it.
"""

import sqlalchemy as sa
from alembic import op

revision = "find_courses"
down_revision = "list_courses"
branch_labels = None
depends_on = None

AT_ONCE = 5000
TABLE = """
CREATE TABLE IF NOT EXISTS catalog_found (
    course_id bigint NOT NULL CONSTRAINT pk_catalog_found PRIMARY KEY,
    category_id bigint NOT NULL,
    first_published_at timestamptz,
    discount_ends timestamptz,
    enrolled_students_count integer NOT NULL,
    total_reviews integer NOT NULL,
    popular_step smallint NOT NULL GENERATED ALWAYS AS (width_bucket(
        enrolled_students_count, ARRAY[1, 4, 16, 64, 256, 1024, 4096, 16384, 65536, 262144, 1048576])) STORED,
    rating_step smallint NOT NULL GENERATED ALWAYS AS (floor(avg_rating * 10)) STORED,
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
    CONSTRAINT fk_catalog_found_course_id_courses_course
        FOREIGN KEY (course_id) REFERENCES courses_course (id) ON DELETE CASCADE
) WITH (
    -- What is searched stands outside of all but the shortest rows, and is read in pieces as it is.
    toast_tuple_target = 128,
    -- Room in each page for the next count of students, which then is no matter of the indexes.
    fillfactor = 85,
    autovacuum_vacuum_scale_factor = 0.02,
    autovacuum_vacuum_insert_scale_factor = 0.02,
    autovacuum_analyze_scale_factor = 0.02
)
"""
# Which word follows at once on which: eighteen bits of a hash for each two, as a word that no text has.
PAIRS = """
CREATE OR REPLACE FUNCTION catalog_word_pairs(words tsvector) RETURNS text[]
LANGUAGE sql IMMUTABLE PARALLEL SAFE BEGIN ATOMIC
    WITH at AS MATERIALIZED (SELECT lexeme, unnest(positions) AS place FROM unnest(words))
    SELECT array_agg(DISTINCT '=' || substr(
        encode(sha256(convert_to(one.lexeme || ' ' || next.lexeme, 'UTF8')), 'base64'), 1, 3))
    FROM at AS one JOIN at AS next ON next.place = one.place + 1;
END
"""
WITH_PAIRS = """
CREATE OR REPLACE FUNCTION catalog_with_pairs(words tsvector) RETURNS tsvector
LANGUAGE sql IMMUTABLE PARALLEL SAFE
RETURN words || array_to_tsvector(coalesce(catalog_word_pairs(words), ARRAY[]::text[]))
"""
# Such a pair has no character that would have to be escaped within quotes.
PHRASES = """
CREATE OR REPLACE FUNCTION catalog_phrase_pairs(configuration regconfig, phrases text[]) RETURNS tsquery
LANGUAGE sql IMMUTABLE PARALLEL SAFE BEGIN ATOMIC
    SELECT coalesce(string_agg('''' || pair || '''', ' & '), '')::tsquery
    FROM unnest(phrases) AS phrase, unnest(catalog_word_pairs(to_tsvector(configuration, phrase))) AS pair;
END
"""
# What stands between, so that no phrase goes on from the end of one reading to the begin of the next.
SEAM = r"'''=''\:16'::tsvector"
READINGS = f"""
    setweight(to_tsvector(catalog_search_configuration(language), title), 'A')
    || {SEAM} || setweight(to_tsvector('simple'::regconfig, title), 'A')
    || {SEAM} || setweight(jsonb_to_tsvector(catalog_search_configuration(language), skills, '["string"]'), 'B')
    || {SEAM} || setweight(jsonb_to_tsvector('simple'::regconfig, skills, '["string"]'), 'B')
    || {SEAM} || setweight(to_tsvector(catalog_search_configuration(language), description), 'C')
    || {SEAM} || setweight(to_tsvector('simple'::regconfig, description), 'C')
"""
OLD_READINGS = """
    setweight(to_tsvector(catalog_search_configuration(language), title)
        || to_tsvector('simple'::regconfig, title), 'A')
    || setweight(jsonb_to_tsvector(catalog_search_configuration(language), skills, '["string"]')
        || jsonb_to_tsvector('simple'::regconfig, skills, '["string"]'), 'B')
    || setweight(to_tsvector(catalog_search_configuration(language), description)
        || to_tsvector('simple'::regconfig, description), 'C')
"""
WORDS = """
CREATE OR REPLACE FUNCTION catalog_search_words(title text, skills jsonb, description text, language text)
RETURNS tsvector LANGUAGE sql IMMUTABLE PARALLEL SAFE RETURN
"""
STEPS = {
    "popular": "width_bucket(students, ARRAY[1, 4, 16, 64, 256, 1024, 4096, 16384, 65536, 262144, 1048576])",
    "rating": "floor(rating * 10)::int",
}


def _tags(name: str, numbers: str, popular: str, rating: str) -> str:
    # Not one that is inlined: an index is used for the very expression it is on.
    return f"""
CREATE OR REPLACE FUNCTION {name}(
    category_id bigint, level text, language text, has_certificate boolean, is_featured boolean,
    first_published_at timestamptz, {numbers}, price numeric
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
        'popular:' || ({popular})::text,
        'rating:' || ({rating})::text,
        'price:' || width_bucket(
            price, ARRAY[0.01, 5, 10, 15, 20, 30, 50, 75, 100, 150, 200, 500, 1000])::text
    ], NULL);
END $$
"""


TAGS = _tags(
    "catalog_found_tags", "popular_step smallint, rating_step smallint", "popular_step", "rating_step"
)
OLD_TAGS = _tags(
    "catalog_listing_tags", "students integer, rating numeric", STEPS["popular"], STEPS["rating"]
)
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


def _kept(table: str, columns: list[str]) -> str:
    """Put the row there, or in the place of what is there."""
    words = ["catalog_search_words({})".format(_of("NEW", TEXTS))] if "words" in columns else []
    values = ", ".join(["NEW.id", _of("NEW", OWN), *words])
    return f"""
    INSERT INTO {table} (course_id, {", ".join(columns)}) VALUES ({values})
    ON CONFLICT (course_id) DO UPDATE SET ({", ".join(columns)}) = ROW({_of("excluded", columns)});
    """  # noqa: S608


def _keep(columns_of: dict[str, list[str]]) -> str:
    """The trigger's function, for these tables: what is not found there is put there."""
    own = ", ".join(OWN)
    changed = "\n".join(
        f"UPDATE {table} SET ({own}) = ROW({_of('NEW', OWN)}) WHERE course_id = NEW.id;"  # noqa: S608
        " everywhere := everywhere AND FOUND;"
        for table in columns_of
    )
    return f"""
CREATE OR REPLACE FUNCTION catalog_keep_listing() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE everywhere boolean := true;
BEGIN
    IF TG_OP = 'UPDATE' AND ({_of("NEW", TEXTS)}) IS NOT DISTINCT FROM ({_of("OLD", TEXTS)}) THEN
        IF ({_of("NEW", OWN)}) IS NOT DISTINCT FROM ({_of("OLD", OWN)}) THEN
            RETURN NULL;
        END IF;
        {changed}
        IF everywhere THEN
            RETURN NULL;
        END IF;
    END IF;
    {"".join(_kept(table, columns) for table, columns in columns_of.items())}
    RETURN NULL;
END $$
"""


WHOLE = [*OWN, "words"]
BEFORE = _keep({"catalog_listing": WHOLE})
MEANWHILE = _keep({"catalog_listing": WHOLE, "catalog_found": WHOLE})
AFTER = _keep({"catalog_listing": OWN, "catalog_found": WHOLE})
# Held for the instant: a course that is being deleted is waited for, and then is none to find.
FILL = f"""
WITH batch AS MATERIALIZED (
    SELECT id, {", ".join(OWN)}, title, skills, description FROM courses_course
    WHERE id > :after AND parent_version_id IS NULL ORDER BY id LIMIT {AT_ONCE} FOR KEY SHARE
), filled AS (
    INSERT INTO catalog_found ({ALL})
    SELECT id, {", ".join(OWN)}, catalog_search_words({", ".join(TEXTS)}) FROM batch ON CONFLICT DO NOTHING
)
SELECT max(id) FROM batch
"""  # noqa: S608
BACK = f"""
WITH batch AS MATERIALIZED (
    SELECT id, {", ".join(TEXTS)} FROM courses_course
    WHERE id > :after AND parent_version_id IS NULL ORDER BY id LIMIT {AT_ONCE} FOR NO KEY UPDATE
), filled AS (
    UPDATE catalog_listing SET words = catalog_search_words({_of("batch", TEXTS)})
    FROM batch WHERE batch.id = course_id
)
SELECT max(id) FROM batch
"""  # noqa: S608
SEARCHED = (
    "USING gin (words, {}(category_id, level, language, has_certificate, is_featured, first_published_at, {}, "
    "price_now), ts_filter(words, '{{a}}'::\"char\"[])) WITH (gin_pending_list_limit = 1024)"
)
INDEX = SEARCHED.format("catalog_found_tags", "popular_step, rating_step")
OLD_INDEX = SEARCHED.format("catalog_listing_tags", "enrolled_students_count, avg_rating")
# Whoever writes a course has ended once this is had, and whoever begins then waits, and meets the trigger's new function.
LOCK = "LOCK TABLE courses_course IN SHARE ROW EXCLUSIVE MODE"


def _fill(statement: str) -> None:
    after: int | None = 0
    while after is not None:
        after = op.get_bind().execute(sa.text(statement), {"after": after}).scalar()


def _index(name: str, table: str, columns: str) -> None:
    # One that was begun and not finished is of no use to anybody.
    op.execute(f"DROP INDEX CONCURRENTLY IF EXISTS {name}")
    op.execute(f"CREATE INDEX CONCURRENTLY {name} ON {table} {columns} WHERE is_published")


def upgrade() -> None:
    op.execute(LOCK)
    for statement in (PAIRS, WITH_PAIRS, PHRASES, TAGS, TABLE):
        op.execute(statement)
    op.execute("ALTER TABLE catalog_found ALTER COLUMN words SET STORAGE EXTERNAL")
    # A course's own counters too, on the pages from here on.
    op.execute("ALTER TABLE courses_course SET (fillfactor = 85)")
    op.execute(f"{WORDS} catalog_with_pairs({READINGS})")
    op.execute(MEANWHILE)
    with op.get_context().autocommit_block():
        _fill(FILL)
        op.execute("SET maintenance_work_mem = '256MB'")
        _index("ix_catalog_found_found", "catalog_found", INDEX)
        op.execute("RESET maintenance_work_mem")
        op.execute("ANALYZE catalog_found")
    op.execute(LOCK)
    op.execute(AFTER)
    op.execute("ALTER TABLE catalog_listing DROP COLUMN words")
    op.execute("DROP FUNCTION catalog_listing_tags")


def downgrade() -> None:
    op.execute(LOCK)
    for statement in (OLD_TAGS, f"{WORDS} {OLD_READINGS}"):
        op.execute(statement)
    op.execute("ALTER TABLE catalog_listing ADD COLUMN IF NOT EXISTS words tsvector NOT NULL DEFAULT ''")
    op.execute("ALTER TABLE catalog_listing ALTER COLUMN words SET STORAGE EXTERNAL")
    op.execute(MEANWHILE)
    with op.get_context().autocommit_block():
        _fill(BACK)
        _index("ix_catalog_listing_found", "catalog_listing", OLD_INDEX)
    op.execute(LOCK)
    op.execute(BEFORE)
    op.execute("ALTER TABLE catalog_listing ALTER COLUMN words DROP DEFAULT")
    op.execute("ALTER TABLE courses_course RESET (fillfactor)")
    op.execute("DROP TABLE catalog_found")
    for name in ("catalog_found_tags", "catalog_phrase_pairs", "catalog_with_pairs", "catalog_word_pairs"):
        op.execute(f"DROP FUNCTION {name}")
