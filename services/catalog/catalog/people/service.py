"""Keep the mirror of accounts, and read it for the other slices."""

from collections.abc import Iterable

from contracts.identity import UserChanged
from sqlalchemy import Subquery
from sqlalchemy.ext.asyncio import AsyncSession

from catalog.people import queries


async def take_user(session: AsyncSession, user: UserChanged) -> None:
    """Keep the name and picture of an account."""
    await queries.keep_newest(session, user)


def directory() -> Subquery:
    """Everyone's user_id, display_name and picture_url, for other slices to join."""
    return queries.directory()


async def erase(session: AsyncSession, user_id: int, tombstone_id: int) -> None:
    """Forget a person but for the id that stands in for theirs; from here on `tombstones` tells it.

    To be the first thing an erasure does: it waits for every transaction that asked before, and those that ask
    later wait for it, so that none writes the old id behind its back.
    """
    await queries.await_writers(session)
    await queries.erase(session, user_id, tombstone_id)


async def tombstones(session: AsyncSession, user_ids: Iterable[int]) -> dict[int, int]:
    """The stand-in of each of these that was erased: an event from before may arrive after the erasure.

    To be asked before any row is held, by whoever writes these ids down; no erasure ends before they have.
    """
    # The chassis remembers the erased too (`erased_people`), puts their tombstones into events that come later, and
    # erases once more after a minute. This closes that minute, for requests as for events: reviews, votes and
    # enrollments are counted, and a count that was exact must not wait for the sweep.
    await queries.hold_off_erasures(session)
    return await queries.tombstones(session, user_ids)
