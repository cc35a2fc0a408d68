"""Every statement on the words of published courses."""

from collections.abc import Collection, Sequence

from sqlalchemy import (
    ARRAY,
    REAL,
    ColumnElement,
    Integer,
    String,
    exists,
    func,
    literal,
    select,
    text,
)
from sqlalchemy.ext.asyncio import AsyncSession

from catalog.vocabulary.models import KnownWord, WordChange

CHANNEL = "lyceum_words"
UNCOUNTED = select(WordChange.id)
"""What the worker would begin with."""

# Oldest first, and each course's changes are as old as they happened, for they were made under its row's lock: so no
# count gets below zero, unless somebody empties the table. (Not by ON CONFLICT, which would check a word's loss as if it
# were all that is known of it.)
_COUNT = text("""
    WITH taken AS (
        DELETE FROM catalog_word_change
        WHERE id IN (SELECT id FROM catalog_word_change ORDER BY id LIMIT :most)
        RETURNING word, change
    ), summed AS (
        SELECT word, sum(change) AS change FROM taken GROUP BY word HAVING sum(change) <> 0
    )
    MERGE INTO catalog_vocabulary AS known USING summed ON known.word = summed.word
    WHEN MATCHED AND known.courses + summed.change <= 0 THEN DELETE
    WHEN MATCHED THEN UPDATE SET courses = known.courses + summed.change
    WHEN NOT MATCHED AND summed.change > 0 THEN INSERT (word, courses) VALUES (summed.word, summed.change)
""")


async def counts(session: AsyncSession, words: Collection[str]) -> dict[str, int]:
    """Those of the words that are known, with the courses that use each."""
    statement = select(KnownWord.word, KnownWord.courses).where(KnownWord.word == _any_of(words))
    return dict((await session.execute(statement)).all())


async def similar(
    session: AsyncSession, words: Sequence[str], least: Sequence[float], most: int
) -> Sequence[tuple[str, str, int]]:
    """Of each word those known that are at least so similar to it, `most` at most, with the courses that use them; none
    where the server knows no trigrams."""
    found = func.catalog_similar_words(
        literal(list(words), ARRAY(String)), literal(list(least), ARRAY(REAL)), literal(most, Integer)
    ).table_valued("asked", "known", "courses")
    return (await session.execute(select(found.c.asked, found.c.known, found.c.courses))).all()


async def index(session: AsyncSession) -> str | None:
    """Have words found by their trigrams from now on; what the server says against it, None when they are."""
    told: str | None = await session.scalar(text("SELECT catalog_index_words()"))
    return told


async def is_alone(session: AsyncSession) -> bool:
    """Whether nobody else counts now, or will until the transaction ends."""
    lock = text("SELECT pg_try_advisory_xact_lock(hashtextextended('catalog.vocabulary', 0))")
    return bool(await session.scalar(lock))


async def count_changes(session: AsyncSession, most: int) -> bool:
    """Add the oldest changes up, so many at most; whether there are more. The caller is alone."""
    await session.execute(_COUNT, {"most": most})
    return bool(await session.scalar(select(exists(select(WordChange.id)))))


def _any_of(words: Collection[str]) -> ColumnElement[str]:
    return func.any(literal(list(words), ARRAY(String)))
