"""Count the words of what is published, and say which of them was meant by a word that is none of them.

What counts is every published course's title and skills, as search reads them word by word: a word of them finds the
course. (A description is searched too, but is no place to learn spelling from.)
"""

from collections import defaultdict
from collections.abc import Collection
from functools import cache

import structlog
from chassis.db import Database
from sqlalchemy.ext.asyncio import AsyncSession

from catalog.vocabulary import queries, rules

log = structlog.get_logger()

CHANNEL = queries.CHANNEL
UNCOUNTED = queries.UNCOUNTED
CORRECTED_AT_ONCE = 8
"""Words of one search: who mistypes more than these is not helped."""
SIMILAR = 60
COUNTED_AT_ONCE = 20_000


async def nearest(session: AsyncSession, words: Collection[str]) -> dict[str, str]:
    """For each of the words, in lower case, that no published course uses: the one that was meant, if one is near."""
    asked = [word for word in dict.fromkeys(words) if rules.edits_allowed(word)]
    if not asked:
        return {}
    rearranged = {word: rules.rearranged(word) for word in asked}
    counts = await queries.counts(
        session, {*asked, *(each for found in rearranged.values() for each in found)}
    )
    unknown = [word for word in asked if word not in counts][:CORRECTED_AT_ONCE]
    if not unknown:
        return {}
    known: dict[str, dict[str, int]] = defaultdict(dict)
    for word in unknown:
        known[word] = {other: counts[other] for other in rearranged[word] if other in counts}
    least = [rules.least_similarity(word) for word in unknown]
    for word, other, courses in await queries.similar(session, unknown, least, SIMILAR):
        known[word][other] = courses
    meant = {word: rules.choose(word, known[word].items()) for word in unknown}
    return {word: other for word, other in meant.items() if other is not None}


async def count(database: Database) -> None:
    """Add up what changed in the words of courses. One worker does at a time."""
    more = True
    while more:
        async with database.transaction() as session:
            more = await queries.is_alone(session) and await queries.count_changes(session, COUNTED_AT_ONCE)


async def index(database: Database) -> None:
    """Have words found by their likeness where the server can by now; say so where it cannot."""
    async with database.transaction() as session:
        if not await queries.is_alone(session):
            return
        against = await queries.index(session)
    if against is not None:
        _say_why(against)


@cache
def _say_why(against: str) -> None:
    """Once, not every hour."""
    log.warning("of mistyped words only swapped letters are found: no pg_trgm", reason=against)
