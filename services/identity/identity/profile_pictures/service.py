"""Give a profile its picture, and take pictures out of the storage that no profile has any more.

The storage knows no transactions. So a file is written down as unwanted before it is stored, and the transaction that
gives it to a profile takes that back and writes the old one down: whatever dies in between, the worker removes it.
"""

import asyncio
import contextlib
from datetime import timedelta

from chassis.db import Database, now
from chassis.errors import NotFound
from chassis.pictures import MADE_SUFFIX, MADE_TYPE, Frame, Picture
from chassis.pictures import read as read_picture
from chassis.storage import Storage, is_key, new_key
from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncSession

from identity.accounts import service as accounts
from identity.profile_pictures import queries
from identity.profile_pictures.errors import UploadTookTooLong
from identity.profile_pictures.rules import FOLDER, MAX_BYTES, SIDE, owner_of
from identity.profiles import service as profiles

CHANNEL = "lyceum_unwanted_pictures"
FRAME = Frame(SIDE, SIDE, crop=True)
STORED_WITHIN = timedelta(hours=1)
REMOVED_WITHIN = 10.0
"""Seconds for removing one file, inside a transaction: less than a transaction may idle."""
LEFT_BEHIND = timedelta(days=1)
SWEPT_AT_ONCE = 500


async def store(database: Database, storage: Storage, user_id: int, picture: Picture) -> str:
    """Put a picture into the storage, for `give` to use; its key. Raises StorageAway."""
    key = new_key(FOLDER, user_id, suffix=MADE_SUFFIX)
    async with database.transaction() as session:
        await queries.mark_unwanted(session, key, now() + STORED_WITHIN)
    await storage.put(key, picture.content, at_most=MAX_BYTES, content_type=MADE_TYPE)
    return key


async def give(session: AsyncSession, user_id: int, key: str) -> str:
    """Make a stored picture the account's, in place of the one before, and tell; its URL. Raises NotFound."""
    account = await accounts.lock(session, user_id)
    if not await queries.keep(session, key):
        raise UploadTookTooLong("Send it again.")
    await _replace(session, user_id, key)
    await accounts.tell_changed(session, account)
    return profiles.url_of(key)


async def take_away(session: AsyncSession, user_id: int) -> None:
    """Leave the account without a picture, and tell; one that has none stays as it is. Raises NotFound."""
    account = await accounts.lock(session, user_id)
    if await _replace(session, user_id, None):
        await accounts.tell_changed(session, account)


async def forget(session: AsyncSession, user_id: int) -> None:
    """Have an account's picture removed once this transaction commits, and tell nobody: at the account's erasure."""
    # Accounts of the old site may have no profile.
    with contextlib.suppress(NotFound):
        await _replace(session, user_id, None)


async def _replace(session: AsyncSession, user_id: int, key: str | None) -> bool:
    """Put another key, or none, into the profile; whether there was one before."""
    old = await profiles.replace_picture(session, user_id, key)
    # What the old site's data names is not in this storage.
    if old is not None and is_key(old):
        await queries.mark_unwanted(session, old, now())
        await session.execute(text(f"SELECT pg_notify('{CHANNEL}', '')"))
    return old is not None


async def is_shown(session: AsyncSession, user_id: int, key: str) -> bool:
    """Whether this is the picture of an account that others may know of."""
    if await profiles.picture_key(session, user_id) != key:
        return False
    return (await accounts.find(session, user_id)).is_active


async def read(session: AsyncSession, storage: Storage, user_id: int) -> bytes | None:
    """An account's picture itself, for its owner's export; None without one."""
    key = await profiles.picture_key(session, user_id)
    return None if key is None or not is_key(key) else await read_picture(storage, key)


async def remove_unwanted(database: Database, storage: Storage) -> None:
    """Remove what is due from the storage. A file and its row go together or stay: a storage that is away now is
    asked again with the next round."""
    while True:
        async with database.transaction() as session:
            # Locked while the file is removed: whoever wants to give it to a profile waits, and then is too late.
            found = await queries.lock_next_due(session, now())
            if found is None:
                return
            async with asyncio.timeout(REMOVED_WITHIN):
                await storage.delete(found.key)
            await session.delete(found)


async def sweep(database: Database, storage: Storage) -> None:
    """Clear away what no row tells of: parts that killed processes left on a disk, and files that are newer than a
    database brought back from a backup."""
    if not storage.is_configured:
        return
    await storage.sweep(LEFT_BEHIND)
    young = now() - LEFT_BEHIND
    batch: list[str] = []
    async for found in storage.list_below(FOLDER):
        if found.modified < young:
            batch.append(found.key)
        if len(batch) == SWEPT_AT_ONCE:
            await _mark_orphans(database, batch)
            batch = []
    await _mark_orphans(database, batch)


async def _mark_orphans(database: Database, keys: list[str]) -> None:
    owners = {owner for key in keys if (owner := owner_of(key)) is not None}
    async with database.transaction() as session:
        used = await profiles.pictures_in_use(session, owners)
        for key in set(keys) - used:
            # In an hour: a day after it was stored nobody is about to use it, but no harm in being sure.
            await queries.mark_unwanted(session, key, now() + STORED_WITHIN)
