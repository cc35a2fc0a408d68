"""Archives while they come: a zip is read from its end, so all of it has to be there first."""

import asyncio
import errno
import tempfile
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager
from typing import IO

from chassis.errors import Unavailable

from catalog.transfer.errors import ArchiveTooLarge

WRITTEN_AT_ONCE = 2**20

_spooled = 0


@asynccontextmanager
async def spooled(content: AsyncIterator[bytes], *, at_most: int, in_all: int) -> AsyncIterator[IO[bytes]]:
    """What comes, in a temporary file, which goes with this block or with this process.

    Raises ArchiveTooLarge, what the stream raises, and Unavailable where the process keeps `in_all` bytes already, or
    the disk is full.
    """
    global _spooled
    size = 0
    with _room():
        # Without a buffer: what does not fit is told by the write, not by whoever looks at the file or closes it.
        made = tempfile.TemporaryFile(buffering=0)  # noqa: SIM115 - closed by the next line's block
    with made as file:
        waiting = bytearray()
        try:
            async for chunk in content:
                size += len(chunk)
                _spooled += len(chunk)
                if size > at_most:
                    raise ArchiveTooLarge(f"At most {at_most} bytes are taken.")
                if _spooled > in_all:
                    raise Unavailable("Too many archives are coming in just now.", retry_after=30)
                waiting += chunk
                if len(waiting) >= WRITTEN_AT_ONCE:
                    await _write(file, waiting)
                    waiting = bytearray()
            await _write(file, waiting)
            yield file
        finally:
            _spooled -= size


async def _write(file: IO[bytes], content: bytearray) -> None:
    with _room():
        await asyncio.to_thread(_write_all, file, content)


def _write_all(file: IO[bytes], content: bytearray) -> None:
    with memoryview(content) as view:
        written = 0
        while written < len(view):
            written += file.write(view[written:])


@contextmanager
def _room() -> Iterator[None]:
    try:
        yield
    except OSError as error:
        if error.errno in (errno.ENOSPC, errno.EDQUOT):
            raise Unavailable("There is no room for the archive just now.", retry_after=60) from error
        raise
