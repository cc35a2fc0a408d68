"""Know the words of published courses.

In steps, for there may be a million courses, and people at work on them: the tables with the triggers, which hold writers
off for an instant; then what is there already, which holds off nobody; last the index. Each can be done again, should
one fail.
"""

import sqlalchemy as sa
from alembic import op

revision = "know_words"
down_revision = "mirror_assessments"
branch_labels = None
depends_on = None

# As search reads a course word by word, less what nobody mistypes: numbers, addresses, names of files.
WORDS_OF = """
CREATE OR REPLACE FUNCTION catalog_words_of(title text, skills jsonb) RETURNS SETOF text
LANGUAGE sql IMMUTABLE PARALLEL SAFE
BEGIN ATOMIC
    SELECT lexeme
    FROM unnest(tsvector_to_array(
        to_tsvector('simple'::regconfig, title) || jsonb_to_tsvector('simple'::regconfig, skills, '["string"]')
    )) AS lexeme
    WHERE char_length(lexeme) BETWEEN 3 AND 34 AND lexeme !~ '[[:digit:][:punct:]]';
END
"""
# A statement's courses at once: whoever loads a million adds up each word once.
NOTE_COURSES = """
CREATE OR REPLACE FUNCTION catalog_note_words_of_courses() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    INSERT INTO catalog_word_change (word, change)
    SELECT word, TG_ARGV[0]::integer * count(*)
    FROM moved CROSS JOIN LATERAL catalog_words_of(moved.title, moved.skills) AS word
    WHERE moved.is_published
    GROUP BY word;
    IF FOUND THEN
        PERFORM pg_notify('lyceum_words', '');
    END IF;
    RETURN NULL;
END $$
"""
NOTE_CHANGE = """
CREATE OR REPLACE FUNCTION catalog_note_changed_words() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    INSERT INTO catalog_word_change (word, change)
    SELECT word, sum(change)
    FROM (
        SELECT word, 1 AS change FROM catalog_words_of(NEW.title, NEW.skills) AS word WHERE NEW.is_published
        UNION ALL
        SELECT word, -1 FROM catalog_words_of(OLD.title, OLD.skills) AS word WHERE OLD.is_published
    ) AS both_sides
    GROUP BY word
    HAVING sum(change) <> 0;
    IF FOUND THEN
        PERFORM pg_notify('lyceum_words', '');
    END IF;
    RETURN NULL;
END $$
"""
# Of an UPDATE row by row: nothing at all is done for the many that count views, students and stars.
TRIGGERS = {
    "courses_course_brings_words": "AFTER INSERT ON courses_course REFERENCING NEW TABLE AS moved "
    "FOR EACH STATEMENT EXECUTE FUNCTION catalog_note_words_of_courses('1')",
    "courses_course_takes_words": "AFTER DELETE ON courses_course REFERENCING OLD TABLE AS moved "
    "FOR EACH STATEMENT EXECUTE FUNCTION catalog_note_words_of_courses('-1')",
    "courses_course_changes_words": "AFTER UPDATE OF is_published, title, skills ON courses_course "
    "FOR EACH ROW WHEN ((OLD.is_published OR NEW.is_published) AND (OLD.is_published, OLD.title, OLD.skills) "
    "IS DISTINCT FROM (NEW.is_published, NEW.title, NEW.skills)) "
    "EXECUTE FUNCTION catalog_note_changed_words()",
}
# The triggers are at work, and so are people. One statement sees one instant: what it counts in the courses, and the
# changes noted until then, which are in those courses already and would be counted twice. What is noted later is left to
# the worker. (Course by course, in steps, nothing would tell which changes a course's words have in them.) It reads
# courses and holds none. Done again, it counts all anew.
FILL = """
DO $$
BEGIN
    PERFORM pg_advisory_xact_lock(hashtextextended('catalog.vocabulary', 0));
    DELETE FROM catalog_vocabulary;
    WITH counted_in_courses AS (
        DELETE FROM catalog_word_change
    )
    INSERT INTO catalog_vocabulary (word, courses)
    SELECT word, count(*)
    FROM courses_course CROSS JOIN LATERAL catalog_words_of(title, skills) AS word
    WHERE is_published
    GROUP BY word;
END $$
"""
# Whatever keeps the server from it (it has no pg_trgm, the role may not, its operator does not let it): search goes on
# without, and the worker asks again.
INDEX = """
CREATE OR REPLACE FUNCTION catalog_index_words() RETURNS text LANGUAGE plpgsql AS $$
BEGIN
    IF to_regclass('ix_catalog_vocabulary_trigrams') IS NOT NULL THEN
        RETURN NULL;
    END IF;
    IF NOT EXISTS (SELECT FROM pg_available_extensions WHERE name = 'pg_trgm') THEN
        RETURN 'the server does not have the extension';
    END IF;
    CREATE EXTENSION IF NOT EXISTS pg_trgm;
    CREATE INDEX ix_catalog_vocabulary_trigrams ON catalog_vocabulary USING gin (word gin_trgm_ops);
    RETURN NULL;
EXCEPTION WHEN OTHERS THEN
    RETURN SQLERRM;
END $$
"""
# A language whose operators are looked up when it runs: where there is no pg_trgm, there is this function all the same.
# The planner takes every word for one that half the table is alike, and would read all of it.
SIMILAR = """
CREATE OR REPLACE FUNCTION catalog_similar_words(wanted text[], at_least real[], most integer)
RETURNS TABLE (asked text, known text, courses integer)
LANGUAGE plpgsql SET enable_seqscan = off AS $$
BEGIN
    IF to_regclass('ix_catalog_vocabulary_trigrams') IS NULL THEN
        RETURN;
    END IF;
    FOR i IN 1 .. cardinality(wanted) LOOP
        PERFORM set_config('pg_trgm.similarity_threshold', at_least[i]::text, true);
        RETURN QUERY
        SELECT wanted[i], vocabulary.word::text, vocabulary.courses
        FROM catalog_vocabulary AS vocabulary
        WHERE vocabulary.word % wanted[i]
          AND char_length(vocabulary.word) BETWEEN char_length(wanted[i]) - 2 AND char_length(wanted[i]) + 2
        ORDER BY similarity(vocabulary.word, wanted[i]) DESC, vocabulary.courses DESC, vocabulary.word
        LIMIT most;
    END LOOP;
END $$
"""


def upgrade() -> None:
    op.create_table(
        "catalog_vocabulary",
        sa.Column("word", sa.String(), nullable=False),
        sa.Column("courses", sa.Integer(), nullable=False),
        sa.CheckConstraint("courses > 0", name="ck_catalog_vocabulary_courses_positive"),
        sa.PrimaryKeyConstraint("word", name="pk_catalog_vocabulary"),
        if_not_exists=True,
    )
    op.create_table(
        "catalog_word_change",
        sa.Column("id", sa.BigInteger(), sa.Identity(), nullable=False),
        sa.Column("word", sa.String(), nullable=False),
        sa.Column("change", sa.Integer(), nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_catalog_word_change"),
        if_not_exists=True,
    )
    for function in (WORDS_OF, NOTE_COURSES, NOTE_CHANGE, INDEX, SIMILAR):
        op.execute(function)
    for name, rule in TRIGGERS.items():
        op.execute(f"CREATE OR REPLACE TRIGGER {name} {rule}")
    # All three are there from one commit on, that of what came before this block.
    with op.get_context().autocommit_block():
        op.execute(FILL)
        op.execute("SELECT catalog_index_words()")


def downgrade() -> None:
    for name in TRIGGERS:
        op.execute(f"DROP TRIGGER {name} ON courses_course")
    op.execute("DROP FUNCTION catalog_similar_words(text[], real[], integer)")
    op.execute("DROP FUNCTION catalog_index_words()")
    op.execute("DROP FUNCTION catalog_note_changed_words()")
    op.execute("DROP FUNCTION catalog_note_words_of_courses()")
    op.execute("DROP FUNCTION catalog_words_of(text, jsonb)")
    # The extension stays: others may have come to use it.
    op.drop_table("catalog_word_change")
    op.drop_table("catalog_vocabulary")
