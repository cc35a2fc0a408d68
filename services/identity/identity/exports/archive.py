"""A zip made piece by piece into a file: however much is put into it, little is held in memory."""

import asyncio
import hashlib
import zipfile
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import IO

from identity.exports.errors import ExportTooLarge
from identity.exports.rules import Entry

PIECE = 256 * 1024
"""Compressed at once, in a thread: the event loop never waits for it."""


class Archive:
    """Entries are written one after the other, in UTF-8 names, with 64-bit sizes."""

    def __init__(self, file: IO[bytes], at_most: int) -> None:
        self._file = file
        self._at_most = at_most
        self._zip = zipfile.ZipFile(file, "w", zipfile.ZIP_DEFLATED, allowZip64=True)
        self.entries: list[Entry] = []

    @asynccontextmanager
    async def entry(self, name: str) -> AsyncIterator["Writer"]:
        """Where the entry of this name is written to; noted in `entries` when the block ends."""
        with self._zip.open(name, "w", force_zip64=True) as stream:
            writer = Writer(self, stream)
            yield writer
            await writer.flush()
        self.entries.append(Entry(name, writer.size, writer.digest.hexdigest(), writer.counted))

    async def put(self, name: str, content: bytes, *, entries: int | None = None) -> None:
        """A whole entry."""
        async with self.entry(name) as writer:
            writer.counted = entries
            await writer.write(content)

    def check_size(self) -> None:
        if self._file.tell() > self._at_most:
            raise ExportTooLarge("Ask the platform's operators for it.")

    def close(self) -> int:
        """Write the directory; how many bytes the archive has."""
        self._zip.close()
        return self._file.tell()


class Writer:
    """One entry being written."""

    def __init__(self, archive: Archive, stream: IO[bytes]) -> None:
        self._archive = archive
        self._stream = stream
        self._waiting = bytearray()
        self.digest = hashlib.sha256()
        self.size = 0
        self.counted: int | None = None

    async def write(self, content: bytes) -> None:
        self._waiting += content
        if len(self._waiting) >= PIECE:
            await self.flush()

    async def flush(self) -> None:
        piece, self._waiting = bytes(self._waiting), bytearray()
        await asyncio.to_thread(self._compress, piece)
        self._archive.check_size()

    def _compress(self, piece: bytes) -> None:
        self.digest.update(piece)
        self.size += len(piece)
        self._stream.write(piece)


class RowsWriter:
    """An entry that is a JSON array, row by row."""

    def __init__(self, writer: Writer) -> None:
        self._writer = writer
        self.rows = 0

    async def add(self, row: bytes) -> None:
        await self._writer.write((b"[\n" if self.rows == 0 else b",\n") + row)
        self.rows += 1

    async def close(self) -> None:
        await self._writer.write(b"[]\n" if self.rows == 0 else b"\n]\n")
        self._writer.counted = self.rows
