"""Files in the storage that rows name: none outlives its row, and no row names one that is not there (docs/adr/0011).

The storage knows no transactions. So a file is written down as unwanted before it is stored, and the transaction that
gives it to its owner takes that back and writes the one before down: whatever dies in between, the worker removes it.

A service declares its table and says what of it is in use:

    class UnwantedFile(Unwanted, Base):
        __tablename__ = "catalog_unwanted_file"

    files = KeptFiles(UnwantedFile, channel="lyceum_unwanted_files")
    ...
    await files.store(database, storage, key, content, at_most=..., content_type=...)   # no transaction open
    await files.give(session, key, instead_of=row.storage_key)                          # in the owner's transaction
    ...
    jobs=[*files.jobs(storage, {"resources": keys_in_use})]                             # in the worker

Rows go by cascades too: `leaves_no_file` makes the trigger that writes a deleted row's file down, for migrations.
"""

import asyncio
import re
from collections.abc import AsyncIterable, Awaitable, Callable, Collection, Sequence
from datetime import datetime, timedelta
from functools import partial
from typing import Any

import structlog
from sqlalchemy import DateTime, Select, String, delete, func, select, text, update
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncSession
from sqlalchemy.orm import Mapped, mapped_column

from chassis.db import Database, now
from chassis.errors import Unavailable
from chassis.jobs import HOUR, PeriodicJob
from chassis.storage import Storage, is_key

log = structlog.get_logger()

STORED_WITHIN = timedelta(hours=12)
"""What an upload may take: 2 GiB over half a megabit a second."""
REMOVED_WITHIN = 10.0
"""Seconds for removing one file, inside a transaction: less than a transaction may idle."""
LEFT_BEHIND = timedelta(days=1)
SWEPT_AT_ONCE = 500

InUse = Callable[[AsyncSession, Collection[str]], Awaitable[set[str]]]
"""Which of these keys a slice's rows name."""


class UploadTookTooLong(Unavailable):
    """The file was stored so late that it was taken back meanwhile."""

    slug = "upload-took-too-long"
    title = "Storing the file took too long"


class Unwanted:
    """The columns of a service's table of files that are to be removed at `remove_after`, unless the row is gone by then.

    Written before the file is, and taken away by the transaction that gives the file to its owner.
    """

    __tablename__: str

    key: Mapped[str] = mapped_column(String, primary_key=True)
    remove_after: Mapped[datetime] = mapped_column(DateTime(timezone=True), index=True)


class KeptFiles:
    """One service's files. `channel` wakes its worker; an upload that takes longer than `stored_within` is lost."""

    def __init__(
        self, table: type[Unwanted], *, channel: str, stored_within: timedelta = STORED_WITHIN
    ) -> None:
        self.channel = channel
        self._table = table
        self._stored_within = stored_within

    # --- coming and going -----------------------------------------------------------------------------------

    async def store(
        self,
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
            await self._mark_unwanted(session, key, now() + self._stored_within)
        try:
            return await storage.put(
                key, content, at_most=at_most, content_type=content_type, disposition=disposition
            )
        except BaseException:
            # Nothing is there, as the storage says; removed all the same, for it may have lost sight of it.
            await asyncio.shield(self.discard(database, key))
            raise

    async def discard(self, database: Database, key: str) -> None:
        """Have a stored file that nobody was given removed now."""
        await self.discard_all(database, [key])

    async def discard_all(self, database: Database, keys: Collection[str]) -> None:
        """Have stored files that nobody was given removed now, together."""
        if not keys:
            return
        async with database.transaction() as session:
            for key in sorted(keys):
                await self._mark_unwanted(session, key, now())
            await self._tell_remover(session)

    async def hurry(self, database: Database, keys: Collection[str], within: timedelta) -> None:
        """Have stored files removed after so long, unless they are given by then: all of them are there, and nothing is
        waited for any more. Whatever ends the transaction that would give them, they do not stay for hours."""
        if not keys:
            return
        sooner = now() + within
        waiting = update(self._table).where(self._table.key.in_(keys), self._table.remove_after > sooner)
        async with database.transaction() as session:
            await session.execute(waiting.values(remove_after=sooner))

    async def give(self, session: AsyncSession, key: str, *, instead_of: str | None) -> None:
        """Keep a stored file, in place of another; the caller holds its owner's row. Raises UploadTookTooLong."""
        await self.give_all(session, [key])
        await self.forget(session, instead_of)

    async def give_all(self, session: AsyncSession, keys: Collection[str]) -> None:
        """Keep stored files of which none takes another's place. Raises UploadTookTooLong."""
        if not keys:
            return
        kept = delete(self._table).where(self._table.key.in_(keys)).returning(self._table.key)
        if len((await session.scalars(kept)).all()) != len(keys):
            raise UploadTookTooLong("Send it again.")

    async def forget(self, session: AsyncSession, key: str | None) -> None:
        """Have a file removed once this transaction is committed. What the old site's data names is not in this
        storage."""
        if key is not None and is_key(key):
            await self._mark_unwanted(session, key, now())
            await self._tell_remover(session)

    async def _mark_unwanted(self, session: AsyncSession, key: str, remove_after: datetime) -> None:
        """Have a file removed at this instant, or sooner if that was the plan."""
        marked = insert(self._table).values(key=key, remove_after=remove_after)
        await session.execute(
            marked.on_conflict_do_update(
                index_elements=["key"],
                set_={"remove_after": marked.excluded.remove_after},
                where=marked.excluded.remove_after < self._table.remove_after,
            )
        )

    async def _tell_remover(self, session: AsyncSession) -> None:
        await session.execute(text(f"SELECT pg_notify('{self.channel}', '')"))

    # --- removing -------------------------------------------------------------------------------------------

    def jobs(self, storage: Storage, folders: Sequence[str], in_use: Sequence[InUse]) -> list[PeriodicJob]:
        """What the worker does about files: remove what is unwanted, and once a day look for what nobody knows of."""
        walk = partial(self.sweep, storage=storage, folders=folders, in_use=in_use)
        remove = partial(self.remove_unwanted, storage=storage)
        return [
            PeriodicJob("unwanted_files", 60, remove, self.channel, self._due()),
            PeriodicJob("sweep_files", 24 * HOUR, walk),
        ]

    def _due(self) -> Select[Any]:
        return select(self._table).where(self._table.remove_after <= func.now())

    async def remove_unwanted(self, database: Database, storage: Storage) -> None:
        """Remove what is due from the storage. A file and its row go together or stay: a storage that is away now is
        asked again with the next round."""
        following = self._due().order_by(self._table.remove_after, self._table.key).limit(1)
        while True:
            async with database.transaction() as session:
                # Locked while the file is removed: whoever wants to give it away waits, and then is too late.
                found = await session.scalar(following.with_for_update(skip_locked=True))
                if found is None:
                    return
                # What the old site's data names is not in this storage, and no key of it.
                if is_key(found.key):
                    async with asyncio.timeout(REMOVED_WITHIN):
                        await storage.delete(found.key)
                await session.delete(found)

    async def sweep(
        self, database: Database, storage: Storage, folders: Sequence[str], in_use: Sequence[InUse]
    ) -> None:
        """Clear away what no row tells of: parts that killed processes left on a disk, and files that are newer than
        a database brought back from a backup."""
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
                    await self._mark_orphans(database, batch, in_use)
                    batch = []
            await self._mark_orphans(database, batch, in_use)

    async def _mark_orphans(self, database: Database, keys: Collection[str], in_use: Sequence[InUse]) -> None:
        if not keys:
            return
        async with database.transaction() as session:
            orphans = set(keys)
            for used in in_use:
                orphans -= await used(session, orphans)
            for key in sorted(orphans):
                # Not now: a day after it was stored nobody is about to use it, but no harm in being sure.
                await self._mark_unwanted(session, key, now() + self._stored_within)
            if orphans:
                log.warning("files without an owner", count=len(orphans))


# --- for migrations ---------------------------------------------------------------------------------------------

_NAME = re.compile(r"[a-z][a-z0-9_]*")


def unwanting(function: str, table: str, channel: str) -> str:
    """The DDL of the trigger function that writes a deleted row's file down. What migrations have run stays as it is: a
    later change of it is another function's."""
    _check_names(function, table, channel)
    return f"""
    CREATE FUNCTION {function}() RETURNS trigger LANGUAGE plpgsql AS $$
    DECLARE
        named text := to_jsonb(OLD) ->> TG_ARGV[0];
    BEGIN
        INSERT INTO {table} (key, remove_after) VALUES (regexp_replace(named, '^/media/', ''), now())
        ON CONFLICT (key) DO UPDATE SET remove_after = least({table}.remove_after, excluded.remove_after);
        PERFORM pg_notify('{channel}', '');
        RETURN NULL;
    END $$
    """  # noqa: S608 - names that were checked


def leaves_no_file(function: str, table: str, column: str, *, folder: str) -> str:
    """The DDL of a trigger by which no row of `table` leaves the file behind that it names in `column`, whatever deletes
    it. The key, or the URL below /media, is one in `folder`; what else the old site's data says there is not ours."""
    _check_names(function, table, column, folder)
    ours = f"OLD.{column} LIKE '{folder}/%' OR OLD.{column} LIKE '/media/{folder}/%'"
    return (
        f"CREATE TRIGGER {table}_leaves_no_file AFTER DELETE ON {table} "
        f"FOR EACH ROW WHEN ({ours}) EXECUTE FUNCTION {function}('{column}')"
    )


def _check_names(*names: str) -> None:
    if wrong := [name for name in names if not _NAME.fullmatch(name)]:
        raise ValueError(f"these are no names: {wrong}")
