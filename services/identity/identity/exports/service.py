"""Gather what every service holds on a person into one zip, in a temporary file that has no name.

Nothing is sent before everything is there: an export is whole, or it is refused.
"""

import asyncio
import tempfile
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import aclosing
from dataclasses import dataclass
from typing import IO, Any

import orjson
from chassis.auth import Principal
from chassis.db import Base, Database, now
from chassis.errors import LyceumError, NotFound, Unavailable
from chassis.internal import InternalCalls
from chassis.personal_data import as_json, pages
from chassis.storage import Storage
from sqlalchemy.ext.asyncio import AsyncSession

from identity.accounts import service as accounts
from identity.audit import service as audit
from identity.billing import service as billing
from identity.email_addresses import service as email_addresses
from identity.exports.archive import Archive, RowsWriter
from identity.exports.errors import ExportIncomplete, ExportsBusy, ExportTooLarge
from identity.exports.rules import exports_by_account, filename, manifest, readme
from identity.login_attempts import service as login_attempts
from identity.passkeys import service as passkeys
from identity.personal_data import SECTIONS
from identity.profile_pictures import service as profile_pictures
from identity.profiles import service as profiles
from identity.rights import service as rights
from identity.second_factors import service as second_factors
from identity.sessions import service as sessions
from identity.settings import Settings
from identity.social import links as social_links
from identity.throttles import service as throttles
from identity.throttles.rules import name_key

OTHERS = ("catalog", "learning", "assessment", "instructor", "analytics")
SENT_AT_ONCE = 64 * 1024
DEADLINE_SECONDS = 110.0
"""A little less than the gateway waits."""

PICTURE_LOST = b"Your profile names a picture whose file is not there any more.\n"

TOLD: dict[str, Callable[[AsyncSession, int], Awaitable[Any]]] = {
    "account": accounts.export_of,
    "profile": profiles.export_of,
    "email_addresses": email_addresses.export_of,
    "logins": login_attempts.export_of,
    "social_accounts": social_links.export_of,
    "second_factor": second_factors.export_of,
    "passkeys": passkeys.export_of,
    "rights": rights.export_of,
    "billing": billing.export_of,
    "audit_log": audit.export_of,
}
"""What the slices tell of themselves, by the file it goes into."""


@dataclass(frozen=True, slots=True)
class Sources:
    """Whatever is asked for an export; `turns` bounds how many are made at a time."""

    database: Database
    calls: InternalCalls
    storage: Storage
    settings: Settings
    turns: asyncio.Semaphore


@dataclass(frozen=True, slots=True)
class Export:
    """A zip, whole, in a file without a name. Whoever has it closes it, which removes it."""

    file: IO[bytes]
    size: int
    filename: str

    async def chunks(self) -> AsyncIterator[bytes]:
        """Its content from the start; closed at the end, however that comes."""
        with self.file:
            await asyncio.to_thread(self.file.seek, 0)
            while piece := await asyncio.to_thread(self.file.read, SENT_AT_ONCE):
                yield piece


async def export_for(sources: Sources, principal: Principal) -> Export:
    """The caller's export. Raises SessionEnded, TriedTooOften, ExportsBusy, ExportIncomplete or ExportTooLarge."""
    async with sources.database.transaction() as session:
        await sessions.require_live(session, principal.user_id, principal.sid)
    if sources.turns.locked():
        raise ExportsBusy("Come back in a minute.", retry_after=60)
    buckets = [(exports_by_account(sources.settings), name_key(f"export {principal.user_id}"))]
    await throttles.require(sources.database, buckets)
    async with sources.turns:
        try:
            async with asyncio.timeout(DEADLINE_SECONDS):
                return await _make(sources, principal.user_id)
        except (LyceumError, TimeoutError) as error:
            # Whose export failed by our doing may ask as often as before.
            async with sources.database.transaction() as session:
                await throttles.give_back(session, buckets)
            if isinstance(error, TimeoutError):
                raise ExportIncomplete("It took too long. Come back later.", retry_after=60) from error
            raise


async def _make(sources: Sources, user_id: int) -> Export:
    folder = sources.settings.export_dir
    # Closed by whoever sends it, or below.
    file: IO[bytes] = await asyncio.to_thread(tempfile.TemporaryFile, dir=folder)
    archive = Archive(file, sources.settings.export_max_bytes)
    try:
        created_at = now()
        async with sources.database.transaction() as session:
            account = await accounts.find(session, user_id)
            intro = readme(created_at=created_at, username=account.username, user_id=user_id)
        await archive.put("README.txt", intro)
        await _put_own(sources, archive, user_id)
        for service in OTHERS:
            await _put_others(sources.calls, archive, service, user_id)
        listed = orjson.dumps(
            manifest(user_id, created_at, archive.entries), option=orjson.OPT_INDENT_2 | orjson.OPT_UTC_Z
        )
        await archive.put("manifest.json", listed)
        return Export(file, await asyncio.to_thread(archive.close), filename(created_at))
    except BaseException:
        archive.close()
        file.close()
        raise


async def _put_own(sources: Sources, archive: Archive, user_id: int) -> None:
    for name, export_of in TOLD.items():
        async with sources.database.transaction() as session:
            told = await export_of(session, user_id)
        content = orjson.dumps(told, default=str, option=orjson.OPT_INDENT_2 | orjson.OPT_UTC_Z)
        entries = len(told) if isinstance(told, list) else None
        await archive.put(f"identity/{name}.json", content + b"\n", entries=entries)
    for section in SECTIONS:
        async with archive.entry(f"identity/{section.name}.json") as writer:
            rows = RowsWriter(writer)
            async for page in pages(sources.database, Base.metadata, section, user_id):
                for row in page:
                    await rows.add(as_json(row))
            await rows.close()
    await _put_picture(sources, archive, user_id)


async def _put_picture(sources: Sources, archive: Archive, user_id: int) -> None:
    async with sources.database.transaction() as session:
        key = await profiles.picture_key(session, user_id)
        try:
            content = await profile_pictures.read(session, sources.storage, user_id)
        except NotFound:
            # Lost with a disk, perhaps: no reason to keep the rest back, nor to be silent about it.
            await archive.put("identity/profile_picture.txt", PICTURE_LOST)
            return
    if content is not None and key is not None:
        await archive.put(f"identity/profile_picture.{key.rpartition('.')[2]}", content)


async def _put_others(calls: InternalCalls, archive: Archive, service: str, user_id: int) -> None:
    """A service's sections, as it sends them; ExportIncomplete unless its last line says that it was all."""
    try:
        complete = await _copy(calls, archive, service, user_id)
    except (ExportIncomplete, ExportTooLarge):
        raise
    except (Unavailable, NotFound) as error:
        raise ExportIncomplete(error.detail, retry_after=30) from error
    folder = f"{service}/"
    written = {
        entry.name.removeprefix(folder).removesuffix(".json"): entry.entries
        for entry in archive.entries
        if entry.name.startswith(folder)
    }
    empty = {section for section, rows in complete.items() if rows == 0}
    if written != {section: rows for section, rows in complete.items() if rows}:
        raise ExportIncomplete(f"The {service} service told something else than it said.", retry_after=30)
    for section in sorted(empty):
        await archive.put(f"{folder}{section}.json", b"[]\n", entries=0)


async def _copy(calls: InternalCalls, archive: Archive, service: str, user_id: int) -> dict[str, int]:
    lines = calls.lines(service, f"/internal/users/{user_id}/export")
    async with aclosing(lines):
        line = await anext(lines, None)
        while line is not None:
            told = orjson.loads(line)
            if "complete" in told:
                complete: dict[str, int] = told["complete"]
                return complete
            section = told["section"]
            async with archive.entry(f"{service}/{section}.json") as writer:
                rows = RowsWriter(writer)
                while line is not None and told.get("section") == section:
                    await rows.add(as_json(told["row"]))
                    line = await anext(lines, None)
                    told = orjson.loads(line) if line is not None else {}
                await rows.close()
    raise ExportIncomplete(f"The {service} service broke off.", retry_after=30)
