"""A search that finds nothing is done once more with the words that were meant, and says so.

A word is taken for mistyped when neither any published course's title and skills have it nor a search for it alone
finds anything. The cursor of what was found carries the text, for by the next page the words may be others.
"""

import base64
import binascii
from collections.abc import Collection, Sequence
from dataclasses import dataclass, replace
from typing import Any

from chassis.pagination import BadCursor, PageParams
from sqlalchemy import Row, exists, literal, select, union_all
from sqlalchemy.ext.asyncio import AsyncSession

from catalog.courses import queries, ranking, search_rules
from catalog.courses.filtering import Filters, every_match
from catalog.courses.paging import apart
from catalog.people import service as people
from catalog.vocabulary import service as vocabulary

LONGEST = 400
"""Characters of a corrected text; what people type is at most half as long."""


@dataclass(frozen=True, slots=True)
class Listed:
    """One page of courses; `searched_for` what was looked for instead, already part of `filters`."""

    rows: Sequence[Row[Any]]
    next_cursor: str | None
    filters: Filters
    searched_for: str | None = None


async def find(
    session: AsyncSession, filters: Filters, sort: queries.Sort | None, params: PageParams
) -> Listed:
    """A page of courses, and where nothing is found what may have been meant. Raises BadCursor."""
    text, params = _opened(filters, params)
    if text is not None:
        return await _find_instead(session, filters, sort, params, text)
    rows, next_cursor = await _cards(session, filters, sort, params)
    if not rows and filters.q is not None and params.cursor is None:
        meant = await _correct(session, filters)
        if meant is not None:
            corrected = await _find_instead(session, filters, sort, params, meant)
            if corrected.rows:
                return corrected
    return Listed(rows, next_cursor, filters)


async def _find_instead(
    session: AsyncSession, filters: Filters, sort: queries.Sort | None, params: PageParams, text: str
) -> Listed:
    instead = replace(filters, q=text)
    rows, next_cursor = await _cards(session, instead, sort, params)
    if next_cursor is not None:
        next_cursor = f"{base64.urlsafe_b64encode(text.encode()).rstrip(b'=').decode()}.{next_cursor}"
    return Listed(rows, next_cursor, instead, text)


async def _cards(
    session: AsyncSession, filters: Filters, sort: queries.Sort | None, params: PageParams
) -> tuple[Sequence[Row[Any]], str | None]:
    if filters.q is not None and sort in (None, "relevance"):
        return await ranking.cards(session, filters, params, people.directory())
    return await queries.cards(session, filters, sort or "newest", params, people.directory())


def _opened(filters: Filters, params: PageParams) -> tuple[str | None, PageParams]:
    """The corrected text that a cursor carries in front of the list's own, with a dot between them."""
    if params.cursor is None or "." not in params.cursor:
        return None, params
    sealed, own = params.cursor.split(".", 1)
    try:
        text = base64.urlsafe_b64decode(sealed + "=" * (-len(sealed) % 4)).decode()
    except (binascii.Error, ValueError) as error:
        raise BadCursor from error
    if filters.q is None or not own or not 0 < len(text) <= LONGEST or "\x00" in text:
        raise BadCursor
    return text, params.model_copy(update={"cursor": own})


async def _correct(session: AsyncSession, filters: Filters) -> str | None:
    """What is looked for, each mistyped word replaced; None when there is none to replace."""
    assert filters.q is not None, "asked only where something is looked for"
    meant = await vocabulary.nearest(session, search_rules.words(filters.q))
    if meant:
        right = await _found_alone(session, filters, meant)
        meant = {word: other for word, other in meant.items() if word not in right}
    return search_rules.with_words(filters.q, meant) if meant else None


async def _found_alone(session: AsyncSession, filters: Filters, words: Collection[str]) -> set[str]:
    """Those of the words that find something: in a description, or in another form of the word."""
    whole = Filters(at=filters.at, taught=filters.taught, searched_as=filters.searched_as)
    each = []
    for number, word in enumerate(words):
        found = apart(every_match(replace(whole, q=word)), f"found_{number}")
        # Planned as if all of them were wanted, for which there is the index, and read up to the first.
        each.append(select(literal(word)).where(exists(select(found))))
    return set(await session.scalars(union_all(*each)))
