"""Write an archive while it is sent: the same bytes for the same content, and no file in memory.

The zip is written without going back: what is only known at an entry's end stands behind it. Names are sorted, and the
dates are all the earliest that a zip knows.
"""

import asyncio
import hashlib
import io
import zipfile
from collections.abc import AsyncIterator, Sequence
from dataclasses import dataclass

from chassis.storage import Storage

PACKED, AS_IT_IS = 6, 0
"""Levels of deflate. Entries that are only stored could not be read by those who unpack while they receive."""
BLOCK = 256 * 2**10
ZIP64_FROM = 2_000_000_000


class FileChanged(Exception):
    """A file in the storage is not what its row says: the archive breaks off, for it would not be what it says."""


@dataclass(frozen=True, slots=True)
class Member:
    """A file of the archive: `content`, or what is in the storage under `key`. `is_dense` says that packing it would
    not make it smaller."""

    name: str
    size: int
    content: bytes = b""
    key: str | None = None
    sha256: str | None = None
    is_dense: bool = True


class _Outlet(io.RawIOBase):
    """Where zipfile writes to, to be sent from; it cannot go back in it."""

    def __init__(self) -> None:
        self._waiting: list[bytes] = []

    def writable(self) -> bool:
        return True

    def write(self, given: object) -> int:
        chunk = bytes(given)  # type: ignore[call-overload]
        self._waiting.append(chunk)
        return len(chunk)

    def take(self) -> bytes:
        taken = b"".join(self._waiting)
        self._waiting.clear()
        return taken


async def pack(storage: Storage, members: Sequence[Member]) -> AsyncIterator[bytes]:
    """The archive of these files, as it is written. Raises StorageAway, NotStored and FileChanged in the middle."""
    outlet = _Outlet()
    with zipfile.ZipFile(outlet, "w", zipfile.ZIP_DEFLATED) as archive:
        for member in sorted(members, key=lambda member: member.name):
            archive.compresslevel = AS_IT_IS if member.is_dense else PACKED
            digest = hashlib.sha256()
            size = 0
            with archive.open(member.name, "w", force_zip64=member.size > ZIP64_FROM) as entry:
                async for chunk in _in_blocks(_content_of(storage, member)):
                    size += len(chunk)
                    digest.update(chunk)
                    await asyncio.to_thread(entry.write, chunk)
                    if ready := outlet.take():
                        yield ready
            if size != member.size or member.sha256 not in (None, digest.hexdigest()):
                raise FileChanged(member.name)
    yield outlet.take()


async def _in_blocks(chunks: AsyncIterator[bytes]) -> AsyncIterator[bytes]:
    """The same in pieces of one size, however a disk or a network cuts it: what deflate makes of them depends on it."""
    waiting = bytearray()
    async for chunk in chunks:
        waiting += chunk
        while len(waiting) >= BLOCK:
            yield bytes(waiting[:BLOCK])
            del waiting[:BLOCK]
    yield bytes(waiting)


async def _content_of(storage: Storage, member: Member) -> AsyncIterator[bytes]:
    if member.key is None:
        yield member.content
        return
    opened = await storage.open(member.key)
    async for chunk in opened.chunks:
        yield chunk
