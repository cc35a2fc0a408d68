"""Files: kept on a local disk or in a bucket of any S3, by setting; written and read in bounded memory.

A file is there whole or not at all. Its key is made here, of chance, and never of what somebody named it. Who stores
one keeps its key, size and kind in the database: a disk remembers no kinds, and a listing is for cleaning up.
"""

import asyncio
import contextlib
import os
import re
import secrets
import time
from collections.abc import AsyncIterable, AsyncIterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any
from urllib.parse import unquote, urlsplit

import structlog

from chassis.errors import NotFound, PayloadTooLarge, Unavailable
from chassis.settings import ServiceSettings

if TYPE_CHECKING:
    from obstore.store import LocalStore, S3Store

log = structlog.get_logger()

PART_BYTES = 8 * 2**20
"""What is sent to S3 at a time: its 10,000 parts make 80 GB."""
PARTS_AT_ONCE = 2
READ_BYTES = 256 * 2**10
REQUEST_TIMEOUT = timedelta(hours=6)
"""Of a whole download; a hang is noticed by READ_TIMEOUT."""
READ_TIMEOUT = timedelta(seconds=30)
CONNECT_TIMEOUT = timedelta(seconds=5)
RETRIES = 3
ABANDONED_WAIT = 10.0
"""Seconds in which an upload that was cut off must have cleared up after itself."""
KEY_BYTES = 16

# Nothing that a file system or a URL could read as more than a name: no `..`, no empty segment, no escape.
_KEY = re.compile(r"[a-z0-9][a-z0-9_-]{0,63}(?:/[a-z0-9][a-z0-9_-]{0,63}){0,7}(?:\.[a-z0-9]{1,8})?")
# What LocalStore calls a file while it is written.
_PART_OF_A_FILE = re.compile(r"#\d+$")


class StorageAway(Unavailable):
    """The disk or the bucket does not answer, or none is configured; the log says which."""


class NotStored(NotFound):
    slug = "file-not-stored"
    title = "This file is not here"


class FileTooLarge(PayloadTooLarge):
    slug = "file-too-large"
    title = "The file is larger than what is taken here"


class RangeBeyondEnd(ValueError):
    """A range that starts past the end; `size` is what there is."""

    def __init__(self, size: int) -> None:
        super().__init__(f"the file has {size} bytes")
        self.size = size


class _Abandoned(Exception):
    """Thrown into an upload whose sender is gone, so that it takes back what it has written."""


@dataclass(frozen=True, slots=True)
class Stored:
    """A file as the storage knows it. `etag` is strong, with its quotes."""

    key: str
    size: int
    etag: str
    modified: datetime


@dataclass(frozen=True, slots=True)
class Opened:
    """A file, or the bytes [start, end) of it, to be read once."""

    stored: Stored
    start: int
    end: int
    chunks: AsyncIterator[bytes]

    async def read(self) -> bytes:
        """All of it at once: for what is known to be small."""
        return b"".join([chunk async for chunk in self.chunks])


def new_key(*folders: str | int, suffix: str = "") -> str:
    """A key nobody can guess, below these folders: `new_key("profiles", 7, suffix=".webp")`."""
    name = secrets.token_hex(KEY_BYTES) + suffix
    return _checked("/".join([*map(str, folders), name]))


def is_key(text: str) -> bool:
    """Whether this could be a key of ours: to be asked of what comes in a URL."""
    return _KEY.fullmatch(text) is not None


def _checked(key: str) -> str:
    if not is_key(key):
        raise ValueError(f"no key of the storage: {key!r}")
    return key


class Storage:
    """Where a service's files are. Nothing is opened before the first use, and obstore not imported."""

    def __init__(self, settings: ServiceSettings) -> None:
        self._settings = settings

    @property
    def is_configured(self) -> bool:
        return bool(self._settings.storage_url)

    @cached_property
    def _store(self) -> "LocalStore | S3Store":
        url = self._settings.storage_url
        if not url:
            raise StorageAway("No storage is configured.")
        parts = urlsplit(url)
        match parts.scheme:
            case "file":
                return _disk(_folder(url))
            case "s3":
                return self._bucket(self._settings.storage_endpoint)
        raise StorageAway(f"A storage cannot be a {parts.scheme}.")

    def _bucket(self, endpoint: str | None) -> "S3Store":
        from obstore.store import S3Store  # here, not above: most processes never touch a file

        settings = self._settings
        parts = urlsplit(settings.storage_url or "")
        given: dict[str, Any] = {"region": settings.storage_region}
        if endpoint:
            given["endpoint"] = endpoint
        if settings.storage_access_key and settings.storage_secret_key:
            given["access_key_id"] = settings.storage_access_key
            given["secret_access_key"] = settings.storage_secret_key.get_secret_value()
        return S3Store(
            parts.netloc,
            prefix=parts.path.strip("/") or None,
            client_options={
                "allow_http": bool(endpoint and endpoint.startswith("http://")),
                "connect_timeout": CONNECT_TIMEOUT,
                "read_timeout": READ_TIMEOUT,
                "timeout": REQUEST_TIMEOUT,
            },
            retry_config={"max_retries": RETRIES, "retry_timeout": READ_TIMEOUT},
            **given,
        )

    @property
    def _is_disk(self) -> bool:
        return (self._settings.storage_url or "").startswith("file:")

    # --- writing --------------------------------------------------------------------------------------------

    async def put(
        self,
        key: str,
        content: bytes | AsyncIterable[bytes],
        *,
        at_most: int,
        content_type: str,
        disposition: str | None = None,
    ) -> int:
        """Store a file whole; its size. Raises FileTooLarge past `at_most` bytes, StorageAway.

        What the stream raises comes out here, and of the file nothing stays; so when the caller is cancelled. The
        kind and the disposition (`attachment; ...`) are for those who read a presigned URL.
        """
        _checked(key)
        attributes = {"Content-Type": content_type}
        if disposition is not None:
            attributes["Content-Disposition"] = disposition
        if isinstance(content, bytes):
            if len(content) > at_most:
                raise FileTooLarge(f"At most {at_most} bytes are taken.")
            with _told():
                await self._send(key, content, attributes)
            return len(content)
        counted = _Counted(content, at_most)
        sending = asyncio.ensure_future(self._send(key, counted, attributes))
        try:
            with _told():
                await asyncio.shield(sending)
        except asyncio.CancelledError:
            # A task of obstore's that is cancelled leaves what it has sent where it is; one whose source breaks off
            # takes it back.
            counted.abandon()
            await asyncio.wait([sending], timeout=ABANDONED_WAIT)
            raise
        return counted.size

    async def _send(self, key: str, content: Any, attributes: dict[str, str]) -> None:
        import obstore

        store = self._store
        await obstore.put_async(
            store,
            key,
            content,
            attributes=None if self._is_disk else attributes,
            chunk_size=PART_BYTES,
            max_concurrency=PARTS_AT_ONCE,
        )
        if self._is_disk:
            # What the database says is there must be there after a power cut too.
            await asyncio.to_thread(_make_durable, _folder(self._settings.storage_url or "") / key)

    async def delete(self, key: str) -> None:
        """Remove a file; one that is not there is as good as removed. On a disk also what is there of one whose
        process was killed while it came."""
        import obstore

        with _told():
            with contextlib.suppress(FileNotFoundError):
                await obstore.delete_async(self._store, _checked(key))
            if self._is_disk:
                await asyncio.to_thread(_remove_parts, _folder(self._settings.storage_url or "") / key)

    # --- reading --------------------------------------------------------------------------------------------

    async def find(self, key: str) -> Stored:
        """What is known of a file without reading it. Raises NotStored, StorageAway."""
        import obstore

        with _told():
            return _stored(await obstore.head_async(self._store, _checked(key)))

    async def open(self, key: str, *, start: int = 0, end: int | None = None) -> Opened:
        """A file, or its bytes from `start` up to `end` (or its end, if that is sooner).

        Raises NotStored, RangeBeyondEnd, StorageAway; the chunks raise StorageAway when it breaks off.
        """
        import obstore

        if start == 0 and end is None:
            with _told():
                found = await obstore.get_async(self._store, _checked(key))
            return Opened(_stored(found.meta), 0, found.meta["size"], _chunks(found))
        known = await self.find(key)
        end = known.size if end is None else min(end, known.size)
        if start < 0 or start >= end:
            raise RangeBeyondEnd(known.size)
        # The file as it was found: one that was put in its place meanwhile is another.
        with _told():
            found = await obstore.get_async(
                self._store, key, options={"range": (start, end), "if_match": known.etag}
            )
        return Opened(known, start, end, _chunks(found))

    async def presigned_url(self, key: str, *, seconds: int) -> str | None:
        """A URL that reads the file for a while without coming to us; None where there is no such thing (a disk)."""
        import obstore

        _checked(key)
        if self._is_disk:
            return None
        with _told():
            return await obstore.sign_async(self._signing_store, "GET", key, timedelta(seconds=seconds))

    @cached_property
    def _signing_store(self) -> "S3Store":
        """The bucket under the name that browsers reach it by: the name is part of what is signed."""
        return self._bucket(self._settings.storage_public_endpoint or self._settings.storage_endpoint)

    async def list_below(self, folder: str) -> AsyncIterator[Stored]:
        """Every file below a folder of keys, in no order; in bounded memory."""
        import obstore

        prefix = _checked(folder.rstrip("/"))
        with _told():
            async for batch in obstore.list(self._store, prefix, chunk_size=500):
                for meta in batch:
                    yield _stored(meta)

    async def sweep(self, older_than: timedelta) -> int:
        """Remove what uploads left on a disk when their process was killed, a day later say; how many files.

        In a bucket such parts are no files and are not seen: give it a rule that aborts incomplete uploads.
        """
        if not self._is_disk or not self.is_configured:
            return 0
        before = time.time() - older_than.total_seconds()
        return await asyncio.to_thread(_sweep, _folder(self._settings.storage_url or ""), before)


# --- the stream -----------------------------------------------------------------------------------------------


class _Counted:
    """A stream that ends in FileTooLarge past its limit, and in _Abandoned once it is abandoned."""

    def __init__(self, chunks: AsyncIterable[bytes], at_most: int) -> None:
        self._chunks = aiter(chunks)
        self._at_most = at_most
        self._abandoned = asyncio.Event()
        self.size = 0

    def abandon(self) -> None:
        self._abandoned.set()

    def __aiter__(self) -> "_Counted":
        return self

    async def __anext__(self) -> bytes:
        chunk = await self._next()
        self.size += len(chunk)
        if self.size > self._at_most:
            raise FileTooLarge(f"At most {self._at_most} bytes are taken.")
        return chunk

    async def _next(self) -> bytes:
        """The next chunk; an abandoned stream does not wait for it."""
        coming = asyncio.ensure_future(_anext(self._chunks))
        gone = asyncio.ensure_future(self._abandoned.wait())
        try:
            await asyncio.wait([coming, gone], return_when=asyncio.FIRST_COMPLETED)
            if self._abandoned.is_set():
                raise _Abandoned
            found = coming.result()
        finally:
            for task in (coming, gone):
                task.cancel()
        if found is None:
            raise StopAsyncIteration
        return found


async def _anext(chunks: AsyncIterator[bytes]) -> bytes | None:
    """The next chunk that is not empty; None at the end, for a task cannot end in StopAsyncIteration."""
    async for chunk in chunks:
        if chunk:
            return chunk
    return None


async def _chunks(found: Any) -> AsyncIterator[bytes]:
    with _told():
        async for chunk in found.stream(min_chunk_size=READ_BYTES):
            yield bytes(chunk)


def _stored(meta: Any) -> Stored:
    etag = str(meta["e_tag"] or "")
    return Stored(
        meta["path"], meta["size"], etag if etag.startswith('"') else f'"{etag}"', meta["last_modified"]
    )


@contextlib.contextmanager
def _told() -> Any:
    """obstore's errors as ours."""
    try:
        yield
    except FileNotFoundError as error:
        raise NotStored from error
    except Exception as error:
        from obstore.exceptions import BaseError

        if isinstance(error, BaseError | PermissionError):
            log.warning("the storage failed", error=repr(error)[:500])
            raise StorageAway("The storage does not answer.") from error
        raise


# --- the disk -------------------------------------------------------------------------------------------------


def _folder(url: str) -> Path:
    return Path(unquote(urlsplit(url).path))


def _disk(folder: Path) -> "LocalStore":
    from obstore.store import LocalStore

    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise StorageAway("The storage's folder cannot be made.") from error
    return LocalStore(folder, automatic_cleanup=True)


def _make_durable(path: Path) -> None:
    """Have the disk write the file, and its name in its folder."""
    for one in (path, path.parent):
        # Removed already? Then there is nothing to keep.
        with contextlib.suppress(FileNotFoundError):
            descriptor = os.open(one, os.O_RDONLY)
            try:
                os.fsync(descriptor)
            finally:
                os.close(descriptor)


def _remove_parts(path: Path) -> None:
    with contextlib.suppress(FileNotFoundError, NotADirectoryError), os.scandir(path.parent) as beside:
        for found in beside:
            if found.name != path.name and _PART_OF_A_FILE.sub("", found.name) == path.name:
                Path(found.path).unlink(missing_ok=True)


def _sweep(folder: Path, before: float) -> int:
    removed = 0
    for path, _, names in os.walk(folder):
        for name in names:
            found = Path(path, name)
            with contextlib.suppress(FileNotFoundError):
                if _PART_OF_A_FILE.search(name) and found.stat().st_mtime < before:
                    found.unlink()
                    removed += 1
    return removed
