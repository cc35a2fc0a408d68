"""Put files into the storage, give them to their owners, and remove those that nobody owns (docs/adr/0011).

The storage knows no transactions. So a file is written down as unwanted before it is stored, and the transaction that
gives it to its owner takes that back and writes the one before down: whatever dies in between, the worker removes it.
"""

import asyncio
from collections.abc import AsyncIterable, Awaitable, Callable, Collection, Sequence
from datetime import timedelta

import structlog
from chassis.db import Database, now
from chassis.storage import Storage, is_key
from sqlalchemy.ext.asyncio import AsyncSession

from catalog.files import queries
from catalog.files.errors import UploadTookTooLong

log = structlog.get_logger()

CHANNEL = queries.CHANNEL
STORED_WITHIN = timedelta(hours=12)
"""What an upload may take: 2 GiB over half a megabit a second."""
REMOVED_WITHIN = 10.0
"""Seconds for removing one file, inside a transaction: less than a transaction may idle."""
LEFT_BEHIND = timedelta(days=1)
SWEPT_AT_ONCE = 500

InUse = Callable[[AsyncSession, Collection[str]], Awaitable[set[str]]]
"""Which of these keys a slice's rows name."""


async def store(
    database: Database,
    storage: Storage,
    key: str,
    content: bytes | AsyncIterable[bytes],
    *,
    at_most: int,
    content_type: str,
    disposition: str | None = None,
) -> int:
    """Put a file into the storage, for `give` to use; its size. No transaction is open while it comes.

    Raises FileTooLarge, StorageAway, and what the stream raises; then nothing stays.
    """
    async with database.transaction() as session:
        await queries.mark_unwanted(session, key, now() + STORED_WITHIN)
    try:
        return await storage.put(
            key, content, at_most=at_most, content_type=content_type, disposition=disposition
        )
    except BaseException:
        # Nothing is there, as the storage says; removed all the same, for it may have lost sight of it.
        await asyncio.shield(discard(database, key))
        raise


async def discard(database: Database, key: str) -> None:
    """Have a stored file that nobody was given removed now."""
    async with database.transaction() as session:
        await queries.mark_unwanted(session, key, now())
        await queries.tell_remover(session)


async def discard_all(database: Database, keys: Collection[str]) -> None:
    """Have stored files that nobody was given removed now, together."""
    if not keys:
        return
    async with database.transaction() as session:
        for key in sorted(keys):
            await queries.mark_unwanted(session, key, now())
        await queries.tell_remover(session)


async def give_all(session: AsyncSession, keys: Collection[str]) -> None:
    """Keep stored files of which none takes another's place. Raises UploadTookTooLong."""
    if keys and await queries.keep_all(session, keys) != len(keys):
        raise UploadTookTooLong("Send it again.")


async def give(session: AsyncSession, key: str, *, instead_of: str | None) -> None:
    """Keep a stored file, in place of another; the caller holds its owner's row. Raises UploadTookTooLong."""
    if not await queries.keep(session, key):
        raise UploadTookTooLong("Send it again.")
    await forget(session, instead_of)


async def forget(session: AsyncSession, key: str | None) -> None:
    """Have a file removed once this transaction is committed. What the old site's data names is not in this storage."""
    if key is not None and is_key(key):
        await queries.mark_unwanted(session, key, now())
        await queries.tell_remover(session)


async def remove_unwanted(database: Database, storage: Storage) -> None:
    """Remove what is due from the storage. A file and its row go together or stay: a storage that is away now is
    asked again with the next round."""
    while True:
        async with database.transaction() as session:
            # Locked while the file is removed: whoever wants to give it away waits, and then is too late.
            found = await queries.lock_next_due(session, now())
            if found is None:
                return
            # What the old site's data names is not in this storage, and no key of it.
            if is_key(found.key):
                async with asyncio.timeout(REMOVED_WITHIN):
                    await storage.delete(found.key)
            await session.delete(found)


async def sweep(
    database: Database, storage: Storage, folders: Sequence[str], in_use: Sequence[InUse]
) -> None:
    """Clear away what no row tells of: parts that killed processes left on a disk, and files that are newer than a
    database brought back from a backup."""
    if not storage.is_configured:
        return
    await storage.sweep(LEFT_BEHIND)
    young = now() - LEFT_BEHIND
    for folder in folders:
        batch: list[str] = []
        async for found in storage.list_below(folder):
            if found.modified < young:
                batch.append(found.key)
            if len(batch) == SWEPT_AT_ONCE:
                await _mark_orphans(database, batch, in_use)
                batch = []
        await _mark_orphans(database, batch, in_use)


async def _mark_orphans(database: Database, keys: Collection[str], in_use: Sequence[InUse]) -> None:
    if not keys:
        return
    async with database.transaction() as session:
        orphans = set(keys)
        for used in in_use:
            orphans -= await used(session, orphans)
        for key in sorted(orphans):
            # Not now: a day after it was stored nobody is about to use it, but no harm in being sure.
            await queries.mark_unwanted(session, key, now() + STORED_WITHIN)
        if orphans:
            log.warning("files without an owner", count=len(orphans))
