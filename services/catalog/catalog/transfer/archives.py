"""Zip archives of strangers, read without believing them.

The directory of an archive is looked through once, before anything is unpacked; what comes out of an entry is counted
while it comes. Everything here is work for the processor or a disk: it happens in threads. Nothing is ever unpacked to
a path: names are only compared with.
"""

import asyncio
import re
import stat
import struct
import unicodedata
import zipfile
import zlib
from collections.abc import AsyncGenerator, Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import IO

from catalog.transfer.errors import (
    ArchiveBomb,
    ArchiveDamaged,
    CompressionUnknown,
    EntriesOverlap,
    EntryEncrypted,
    EntryIsNoFile,
    EntryPathUnsafe,
    EntryTwice,
    NotAnArchive,
    TooManyEntries,
    UnpacksTooLarge,
)

CHUNK = 256 * 2**10
LONGEST_NAME = 500
DIRECTORY_PER_ENTRY = 1024
"""Bytes of the directory that an entry may have: its name, and what packers add."""
UNSUSPICIOUS = 2**20
"""So many bytes may come out of a file that is packed however well."""
UNSUSPICIOUS_IN_ALL = 64 * 2**20
"""And so many out of all of them: short texts that repeat themselves are honest, and this much is unpacked in a second.
More than all texts of a course can be."""
BESIDE = "__MACOSX/"

_ENTRY_SIGNATURE = b"PK\x01\x02"
_LOCAL = struct.Struct("<4s22xHH")
_LOCAL_SIGNATURE = b"PK\x03\x04"
_ENCRYPTED = 0x1 | 0x40 | 0x2000
_PATCHED = 0x20
_DRIVE = re.compile(r"[A-Za-z]:")


@dataclass(frozen=True, slots=True)
class Limits:
    """What an archive may be. `ratio` is how many times its own size an entry may unpack to, above UNSUSPICIOUS bytes,
    and the whole, above `unsuspicious`."""

    entries: int
    entry_bytes: int
    unpacked_bytes: int
    ratio: int
    document_bytes: int
    """Of an entry that is read whole into memory."""
    unsuspicious: int = UNSUSPICIOUS_IN_ALL


class Archive:
    """A zip, looked through: `names` are its files, in the directory's order. For one reader at a time.

    Raises on opening NotAnArchive, TooManyEntries, UnpacksTooLarge, and every EntryRefused that can be seen without
    unpacking. The file stays the caller's to close.
    """

    def __init__(self, file: IO[bytes], limits: Limits) -> None:
        self.limits = limits
        self._out = 0
        self._size = file.seek(0, 2)
        guarded = _Guarded(file, limits.entries)
        try:
            with _told(None):
                self._zip = zipfile.ZipFile(guarded)
        except ArchiveDamaged as error:
            file.seek(0)
            if file.read(4) not in (_LOCAL_SIGNATURE, b"PK\x05\x06"):
                raise NotAnArchive from error
            raise
        guarded.is_opening = False
        entries = self._zip.infolist()
        if len(entries) > limits.entries:
            raise TooManyEntries(f"At most {limits.entries} files and folders are taken.")
        for entry in entries:
            _check_entry(entry, limits)
        _check_names(entries)
        self._check_sizes(entries)
        _check_apart(entries, file, self._zip.start_dir)
        self._entries = {entry.filename: entry for entry in entries if not entry.is_dir()}
        self._by_key = {_key(name): name for name in self._entries}

    @property
    def names(self) -> tuple[str, ...]:
        return tuple(self._entries)

    def __contains__(self, name: str) -> bool:
        return name in self._entries

    @property
    def only_folder(self) -> str | None:
        """The folder that everything is in, if there is one: what people get who pack a folder. What one system puts
        beside it is not looked at."""
        tops = {name.partition("/")[::2] for name in self._entries if not name.startswith(BESIDE)}
        folders = {folder for folder, _ in tops}
        return folders.pop() if len(folders) == 1 and all(rest for _, rest in tops) else None

    def enter(self, folder: str) -> None:
        """Take this folder for the top of the archive, and leave what is beside it."""
        top = f"{folder}/"
        self._entries = {
            name.removeprefix(top): entry for name, entry in self._entries.items() if name.startswith(top)
        }
        self._by_key = {_key(name): name for name in self._entries}

    def find(self, path: str) -> str | None:
        """The name of this file as the archive has it: packers of other systems change the case of names, and the
        normal form they are in."""
        return path if path in self._entries else self._by_key.get(_key(path))

    def size_of(self, name: str) -> int:
        """How many bytes the file is said to have."""
        return self._entries[name].file_size

    def read(self, name: str) -> bytes:
        """A file whole, for a thread: a document, of at most `limits.document_bytes`.

        Raises UnpacksTooLarge, ArchiveBomb, ArchiveDamaged.
        """
        reader = self._open(name, min(self.limits.document_bytes, self.limits.entry_bytes))
        try:
            return b"".join(iter(reader.read, b""))
        finally:
            reader.close()

    async def stream(self, name: str) -> AsyncGenerator[bytes]:
        """A file as it is unpacked, no faster than it is taken. Raises UnpacksTooLarge, ArchiveBomb, ArchiveDamaged."""
        reader = await asyncio.to_thread(self._open, name, self.limits.entry_bytes)
        try:
            while chunk := await asyncio.to_thread(reader.read):
                yield chunk
        finally:
            reader.close()

    def _open(self, name: str, at_most: int) -> "_Reader":
        return _Reader(self._zip, self._entries[name], at_most, self.limits.ratio, self._count)

    def _count(self, entry: str, size: int) -> None:
        """What has come out of all entries so far, however often one was read."""
        self._out += size
        if self._out > self.limits.unpacked_bytes:
            raise UnpacksTooLarge(
                f"At most {self.limits.unpacked_bytes} bytes are taken in all.", entry=entry[:LONGEST_NAME]
            )

    def _check_sizes(self, entries: list[zipfile.ZipInfo]) -> None:
        """By what the directory says; what comes out is counted again."""
        said = 0
        for entry in entries:
            if entry.file_size > self.limits.entry_bytes:
                raise UnpacksTooLarge(
                    f"A file may have {self.limits.entry_bytes} bytes.", entry=entry.filename[:LONGEST_NAME]
                )
            _check_ratio(entry.filename, entry.file_size, entry.compress_size, self.limits.ratio)
            said += entry.file_size
            if said > self.limits.unpacked_bytes:
                raise UnpacksTooLarge(f"At most {self.limits.unpacked_bytes} bytes are taken in all.")
        _check_ratio(None, said, self._size, self.limits.ratio, self.limits.unsuspicious)


class _Guarded:
    """The file for zipfile, which would read as large a directory as an archive says it has."""

    def __init__(self, file: IO[bytes], entries: int) -> None:
        self._file = file
        self._entries = entries
        self.is_opening = True
        self.seek = file.seek
        self.tell = file.tell

    def seekable(self) -> bool:
        return True

    def read(self, size: int = -1) -> bytes:
        if self.is_opening and size > (self._entries + 1) * DIRECTORY_PER_ENTRY:
            raise TooManyEntries("The archive's directory is larger than what is taken.")
        found = self._file.read(size)
        if self.is_opening and found.count(_ENTRY_SIGNATURE) > self._entries:
            raise TooManyEntries(f"At most {self._entries} files and folders are taken.")
        return found


class _Reader:
    """One entry, unpacked bit by bit and counted."""

    def __init__(
        self,
        archive: zipfile.ZipFile,
        entry: zipfile.ZipInfo,
        at_most: int,
        ratio: int,
        count: Callable[[str, int], None],
    ) -> None:
        self._entry = entry
        self._at_most = at_most
        self._ratio = ratio
        self._count = count
        self._seen = 0
        with _told(entry.filename):
            self._file = archive.open(entry)

    def read(self) -> bytes:
        name = self._entry.filename
        with _told(name):
            chunk = self._file.read(CHUNK)
        self._seen += len(chunk)
        if self._seen > self._at_most:
            raise UnpacksTooLarge(f"At most {self._at_most} bytes are taken of it.", entry=name)
        _check_ratio(name, self._seen, self._entry.compress_size, self._ratio)
        self._count(name, len(chunk))
        if not chunk and self._seen != self._entry.file_size:
            raise ArchiveDamaged(name, "It ends before it should.")
        return chunk

    def close(self) -> None:
        self._file.close()


@contextmanager
def _told(entry: str | None) -> Iterator[None]:
    """What zipfile says of a stranger's bytes, as ours."""
    try:
        yield
    except zipfile.BadZipFile as error:
        raise ArchiveDamaged(entry, "Its checksum is wrong." if "CRC" in str(error) else None) from error
    except (EOFError, zlib.error, struct.error, UnicodeDecodeError, ValueError, OverflowError) as error:
        raise ArchiveDamaged(entry) from error
    except (NotImplementedError, RuntimeError) as error:
        raise CompressionUnknown(entry) from error


# --- what an entry may be -------------------------------------------------------------------------------------


def _check_entry(entry: zipfile.ZipInfo, limits: Limits) -> None:
    name = entry.orig_filename
    _check_path(name)
    if entry.flag_bits & _ENCRYPTED:
        raise EntryEncrypted(name)
    kind = stat.S_IFMT(entry.external_attr >> 16)
    if kind not in (0, stat.S_IFREG, stat.S_IFDIR):
        raise EntryIsNoFile(name)
    if entry.compress_type not in (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED) or entry.flag_bits & _PATCHED:
        raise CompressionUnknown(name)
    if entry.is_dir() and entry.file_size:
        raise EntryIsNoFile(name, "A folder has no content.")


def _check_path(name: str) -> None:
    if len(name) > LONGEST_NAME:
        raise EntryPathUnsafe(name, f"A path has {LONGEST_NAME} characters at most.")
    if any(unicodedata.category(each) in ("Cc", "Cs", "Zl", "Zp") for each in name):
        raise EntryPathUnsafe(name, "A path has no control characters.")
    if "\\" in name or name.startswith("/") or _DRIVE.match(name):
        raise EntryPathUnsafe(name, "A path begins at the top of the archive and has forward slashes alone.")
    if any(part in ("", ".", "..") for part in name.removesuffix("/").split("/")):
        raise EntryPathUnsafe(name, "A path has no empty part, and none that leads up.")


def _key(name: str) -> str:
    """Two names with one key are one file to some system."""
    return unicodedata.normalize("NFC", unicodedata.normalize("NFC", name).casefold()).rstrip("/")


def _check_names(entries: list[zipfile.ZipInfo]) -> None:
    seen: set[str] = set()
    for entry in entries:
        key = _key(entry.filename)
        if key in seen:
            raise EntryTwice(entry.filename, "Case and the form of accents make no difference.")
        seen.add(key)


def _check_ratio(
    entry: str | None, unpacked: int, packed: int, ratio: int, unsuspicious: int = UNSUSPICIOUS
) -> None:
    if unpacked > unsuspicious and unpacked > packed * ratio:
        raise ArchiveBomb(entry, f"It may unpack to {ratio} times its size.")


def _check_apart(entries: list[zipfile.ZipInfo], file: IO[bytes], directory: int) -> None:
    """Raise unless every entry has its bytes to itself, from the file's first byte on.

    Entries that share them unpack to much more than an archive could hold, though none of them is packed too well
    (D. Fifield, "A better zip bomb", 2019).
    """
    end, before = 0, None
    for entry in sorted(entries, key=lambda entry: entry.header_offset):
        at = entry.header_offset
        if before is None and at != 0:
            raise ArchiveDamaged(None, "Something stands before the archive's beginning.")
        if at < end:
            raise EntriesOverlap(entry.filename, other=before)
        with _told(entry.filename):
            file.seek(at)
            signature, name_size, extra_size = _LOCAL.unpack(file.read(_LOCAL.size))
        end = at + _LOCAL.size + name_size + extra_size + entry.compress_size
        if signature != _LOCAL_SIGNATURE or end > directory:
            raise ArchiveDamaged(entry.filename)
        before = entry.filename
