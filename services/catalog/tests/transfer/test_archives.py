"""Archives of strangers: each kind of malice and of bad luck has its own answer, and no byte of it is believed."""

import io
import struct
import tracemalloc
import zipfile
import zlib
from collections.abc import Iterable

import pytest
from catalog.transfer.archives import Archive, Limits
from chassis.errors import LyceumError

LIMITS = Limits(
    entries=50,
    entry_bytes=4 * 2**20,
    unpacked_bytes=8 * 2**20,
    ratio=100,
    document_bytes=3 * 2**20,
    unsuspicious=5 * 2**20,
)
NOISE = bytes((i * i * 31 + i // 7) % 251 for i in range(5000))
"""What deflate hardly makes smaller."""


def zipped(*members: tuple[str | zipfile.ZipInfo, bytes], how: int = zipfile.ZIP_DEFLATED) -> bytes:
    made = io.BytesIO()
    with zipfile.ZipFile(made, "w", how) as archive:
        for name, content in members:
            archive.writestr(name, content, compress_type=how)
    return made.getvalue()


def renamed(content: bytes, before: bytes, after: bytes) -> bytes:
    """Both headers' names changed: zipfile itself would not write such."""
    assert len(before) == len(after)
    assert content.count(before) == 2
    return content.replace(before, after)


def special(mode: int) -> bytes:
    entry = zipfile.ZipInfo("link")
    entry.external_attr = mode << 16
    return zipped((entry, b"/etc/passwd"))


def local(name: bytes, packed: bytes, size: int, crc: int, method: int = 8, flags: int = 0) -> bytes:
    head = struct.pack(
        "<4s5H3I2H", b"PK\x03\x04", 20, flags, method, 0, 33, crc, len(packed), size, len(name), 0
    )
    return head + name + packed


def central(name: bytes, packed: int, size: int, crc: int, at: int, method: int = 8, flags: int = 0) -> bytes:
    head = struct.pack(
        "<4s6H3I5H2I",
        b"PK\x01\x02", 20, 20, flags, method, 0, 33, crc, packed, size, len(name), 0, 0, 0, 0, 0, at,
    )  # fmt: skip
    return head + name


def assembled(entries: bytes, directory: Iterable[bytes]) -> bytes:
    """An archive by hand, which may say what it likes."""
    heads = list(directory)
    whole = b"".join(heads)
    end = struct.pack("<4s4H2IH", b"PK\x05\x06", 0, 0, len(heads), len(heads), len(whole), len(entries), 0)
    return entries + whole + end


def raw_deflate(content: bytes) -> bytes:
    packer = zlib.compressobj(9, zlib.DEFLATED, -15)
    return packer.compress(content) + packer.flush()


def lying(content: bytes, *, says: int, crc: int | None = None) -> bytes:
    """One entry whose headers give another size than it has."""
    packed, check = raw_deflate(content), zlib.crc32(content) if crc is None else crc
    return assembled(local(b"a", packed, says, check), [central(b"a", len(packed), says, check, 0)])


def one_body_for_many(many: int) -> bytes:
    """Every entry of the directory leads to the same bytes."""
    content = NOISE * 20
    packed, check = raw_deflate(content), zlib.crc32(content)
    heads = [central(b"%06d" % n, len(packed), len(content), check, 0) for n in range(many)]
    return assembled(local(b"000000", packed, len(content), check), heads)


def quoted(many: int) -> bytes:
    """Fifield's: each entry's data begins with the next one's header, quoted as a stored block, and all of them share
    the body of the last."""
    content = NOISE * 20
    packed, size, check = raw_deflate(content), len(content), zlib.crc32(content)
    entries = local(b"%06d" % (many - 1), packed, size, check)
    sizes = [(len(packed), size, check)]
    for number in range(many - 2, -1, -1):
        head_size = 30 + 6
        quote = b"\x00" + struct.pack("<HH", head_size, head_size ^ 0xFFFF)
        behind = entries[:head_size]
        packed_size, size = len(quote) + head_size + sizes[0][0], size + head_size
        check = zlib.crc32(behind + zlib.decompress(entries[head_size:], -15))
        entries = (
            local(b"%06d" % number, b"", size, check)[:18]
            + struct.pack("<II", packed_size, size)
            + (local(b"%06d" % number, b"", size, check)[26:] + quote + entries)
        )
        sizes.insert(0, (packed_size, size, check))
    heads, at = [], 0
    for number, (packed_size, size, check) in enumerate(sizes):
        heads.append(central(b"%06d" % number, packed_size, size, check, at))
        at += 36 + 5
    return assembled(entries, heads)


def flagged(flag: int) -> bytes:
    packed = raw_deflate(b"x")
    return assembled(
        local(b"a", packed, 1, zlib.crc32(b"x"), flags=flag),
        [central(b"a", len(packed), 1, zlib.crc32(b"x"), 0, flags=flag)],
    )


def with_directory_of(size: int) -> bytes:
    made = zipped(("a", b"x"))
    at = made.rindex(b"PK\x05\x06")
    end = bytearray(made[at:])
    end[12:16] = struct.pack("<I", size)
    return made[:at] + bytes(end)


def wordy() -> bytes:
    entries = [zipfile.ZipInfo(name) for name in "abc"]
    for entry in entries:
        entry.comment = b"x" * 60_000
    return zipped(*((entry, b"") for entry in entries))


def corrupt(content: bytes, at: int) -> bytes:
    return content[:at] + bytes([content[at] ^ 0xFF]) + content[at + 1 :]


PLAIN = zipped(("a.txt", NOISE), ("b/c.txt", b"x" * 100))
STORED = zipped(("a.txt", NOISE), how=zipfile.ZIP_STORED)

REFUSED_UNSEEN: dict[str, tuple[bytes, str, str | None]] = {
    "nothing": (b"", "not-an-archive", None),
    "text": (b"course: looms\n" * 50, "not-an-archive", None),
    "a gzip": (b"\x1f\x8b\x08" + bytes(100), "not-an-archive", None),
    "cut off in its directory": (PLAIN[:-30], "archive-damaged", None),
    "cut off in its body": (PLAIN[:200], "archive-damaged", None),
    "without its beginning": (PLAIN[100:], "archive-damaged", None),
    "a program before it": (b"MZ" + bytes(500) + PLAIN, "archive-damaged", None),
    "a directory larger than its files are many": (wordy(), "archive-too-many-entries", None),
    "a directory beyond the file": (with_directory_of(2**31), "archive-damaged", None),
    "too many files": (
        zipped(*((f"{n}", b"") for n in range(51))), "archive-too-many-entries", None
    ),
    "a symbolic link": (special(0o120777), "archive-entry-is-no-file", "link"),
    "a device": (special(0o060644), "archive-entry-is-no-file", "link"),
    "a pipe": (special(0o010644), "archive-entry-is-no-file", "link"),
    "a folder with content": (
        renamed(zipped(("folder_", b"xyz")), b"folder_", b"folder/"), "archive-entry-is-no-file", "folder/"
    ),
    "up and away": (zipped(("../../etc/cron.d/x", b"x")), "archive-path-unsafe", "../../etc/cron.d/x"),
    "up in the middle": (zipped(("a/../b", b"x")), "archive-path-unsafe", "a/../b"),
    "up at the end": (zipped(("a/..", b"x")), "archive-path-unsafe", "a/.."),
    "a dot": (zipped(("./a", b"x")), "archive-path-unsafe", "./a"),
    "an empty part": (zipped(("a//b", b"x")), "archive-path-unsafe", "a//b"),
    "absolute": (zipped(("/etc/passwd", b"x")), "archive-path-unsafe", "/etc/passwd"),
    "a drive": (zipped(("C:/windows/x", b"x")), "archive-path-unsafe", "C:/windows/x"),
    "a backslash": (zipped(("..\\..\\x", b"x")), "archive-path-unsafe", "..\\..\\x"),
    "a network share": (zipped(("\\\\host\\x", b"x")), "archive-path-unsafe", "\\\\host\\x"),
    "no name": (renamed(zipped(("Q" * 9, b"")), b"Q" * 9, b"/" * 9), "archive-path-unsafe", "/" * 9),
    "a NUL": (renamed(zipped(("aQb", b"x")), b"aQb", b"a\x00b"), "archive-path-unsafe", "a\x00b"),
    "a line break": (zipped(("a\nb", b"x")), "archive-path-unsafe", "a\nb"),
    "an escape": (zipped(("a\x1b[31m", b"x")), "archive-path-unsafe", "a\x1b[31m"),
    "a separator of lines": (zipped(("a\u2028b", b"x")), "archive-path-unsafe", "a\u2028b"),
    "a name without an end": (zipped(("a" * 501, b"x")), "archive-path-unsafe", "a" * 300),
    "a name that is no UTF-8": (
        renamed(zipped(("\u00e9\u00e9", b"x")), "\u00e9\u00e9".encode(), b"\xff\xff\xff\xff"),
        "archive-damaged",
        None,
    ),
    "one name twice": (
        renamed(zipped(("Qzq", b"x"), ("qqq", b"y")), b"qqq", b"Qzq"), "archive-entry-twice", "Qzq"
    ),
    "one name in another case": (
        zipped(("course.json", b"x"), ("COURSE.json", b"y")), "archive-entry-twice", "COURSE.json"
    ),
    "one name in two normal forms": (
        zipped(("\u00e9.txt", b"x"), ("e\u0301.txt", b"y")), "archive-entry-twice", "e\u0301.txt"
    ),
    "a file and a folder of one name": (zipped(("a", b"x"), ("a/", b"")), "archive-entry-twice", "a/"),
    "bzip2": (zipped(("a", b"x"), how=zipfile.ZIP_BZIP2), "archive-compression-unknown", "a"),
    "lzma": (zipped(("a", b"x"), how=zipfile.ZIP_LZMA), "archive-compression-unknown", "a"),
    "a password": (flagged(0x1), "archive-encrypted", "a"),
    "strong encryption": (flagged(0x41), "archive-encrypted", "a"),
    "hidden headers": (flagged(0x2000), "archive-encrypted", "a"),
    "a patch": (flagged(0x20), "archive-compression-unknown", "a"),
    "packed too well": (zipped(("zeros", bytes(3 * 2**20))), "archive-bomb", "zeros"),
    "a file too large": (
        zipped(("big", bytes(4 * 2**20 + 1)), how=zipfile.ZIP_STORED), "archive-unpacks-too-large", "big"
    ),
    "too large together": (
        zipped(*((f"{n}", bytes(3 * 2**20)) for n in range(3)), how=zipfile.ZIP_STORED),
        "archive-unpacks-too-large",
        None,
    ),
    "many small bombs": (zipped(*((f"{n}", bytes(2**20)) for n in range(8))), "archive-bomb", None),
    "entries of the same bytes": (one_body_for_many(9), "archive-entries-overlap", "000001"),
    "entries one inside the other": (quoted(9), "archive-entries-overlap", "000001"),
}  # fmt: skip

REFUSED_UNPACKED: dict[str, tuple[bytes, str, str]] = {
    "a wrong checksum": (corrupt(STORED, 100), "archive-damaged", "a.txt"),
    "a broken stream": (corrupt(PLAIN, 60), "archive-damaged", "a.txt"),
    "more than it says": (lying(NOISE, says=1000), "archive-damaged", "a"),
    "less than it says": (lying(NOISE, says=6000), "archive-damaged", "a"),
    "another name inside": (
        assembled(
            local(b"b", b"x", 1, zlib.crc32(b"x"), method=0),
            [central(b"a", 1, 1, zlib.crc32(b"x"), 0, method=0)],
        ),
        "archive-damaged",
        "a",
    ),
}  # fmt: skip


@pytest.mark.parametrize("what", REFUSED_UNSEEN)
def test_what_is_refused_before_anything_is_unpacked(what: str) -> None:
    content, slug, entry = REFUSED_UNSEEN[what]
    with pytest.raises(LyceumError) as refused:
        Archive(io.BytesIO(content), LIMITS)
    assert (refused.value.slug, refused.value.members.get("entry")) == (slug, entry)
    assert 400 <= refused.value.status < 500


@pytest.mark.parametrize("what", REFUSED_UNPACKED)
async def test_what_is_refused_while_it_is_unpacked(what: str) -> None:
    content, slug, entry = REFUSED_UNPACKED[what]
    archive = Archive(io.BytesIO(content), LIMITS)
    for read in (whole, streamed):
        with pytest.raises(LyceumError) as refused:
            await read(archive, entry)
        assert (refused.value.slug, refused.value.members["entry"]) == (slug, entry)


async def whole(archive: Archive, name: str) -> bytes:
    return archive.read(name)


def read_all(content: bytes) -> None:
    archive = Archive(io.BytesIO(content), LIMITS)
    for name in archive.names:
        archive.read(name)


async def streamed(archive: Archive, name: str) -> bytes:
    return b"".join([chunk async for chunk in archive.stream(name)])


async def test_what_is_honest_is_read() -> None:
    made = zipped(("a/", b""), ("a/\u00c9t\u00e9.txt", NOISE), ("course.json", b"{}"))
    archive = Archive(io.BytesIO(made), LIMITS)
    assert archive.names == ("a/\u00c9t\u00e9.txt", "course.json")
    assert "a/" not in archive
    assert await streamed(archive, "a/\u00c9t\u00e9.txt") == NOISE
    assert archive.read("course.json") == b"{}"
    assert archive.find("A/e\u0301te\u0301.TXT") == "a/\u00c9t\u00e9.txt", "as other systems would write it"
    assert archive.find("b") is None


async def test_short_texts_that_repeat_themselves_are_honest() -> None:
    """However well they pack, as long as they are not much in all."""
    texts = {f"{number}.txt": b"to be continued\n" * 2**15 for number in range(10)}
    made = zipped(*texts.items())
    assert len(made) * LIMITS.ratio < 5 * 2**20
    archive = Archive(io.BytesIO(made), LIMITS)
    assert {name: archive.read(name) for name in archive.names} == texts
    with pytest.raises(LyceumError) as refused:
        Archive(io.BytesIO(zipped(*texts.items(), ("one more", b"x"))), LIMITS)
    assert refused.value.slug == "archive-bomb"


async def test_what_is_behind_the_end_that_an_entry_says_is_never_read() -> None:
    made = lying(NOISE, says=1000, crc=zlib.crc32(NOISE[:1000]))
    assert await streamed(Archive(io.BytesIO(made), LIMITS), "a") == NOISE[:1000]


async def test_what_was_written_without_going_back_is_read() -> None:
    made = io.BytesIO()
    made.seekable = lambda: False  # type: ignore[method-assign]
    with (
        zipfile.ZipFile(made, "w", zipfile.ZIP_DEFLATED) as archive,
        archive.open("a", "w", force_zip64=True) as to,
    ):
        to.write(NOISE)
    assert await streamed(Archive(io.BytesIO(made.getvalue()), LIMITS), "a") == NOISE


async def test_all_that_comes_out_is_counted_however_often_one_entry_is_read() -> None:
    archive = Archive(io.BytesIO(zipped(("a", bytes(3 * 2**20)), how=zipfile.ZIP_STORED)), LIMITS)
    await streamed(archive, "a")
    await streamed(archive, "a")
    with pytest.raises(LyceumError) as refused:
        await streamed(archive, "a")
    assert refused.value.slug == "archive-unpacks-too-large"


def test_a_document_is_read_within_its_own_limit() -> None:
    made = zipped(("a", bytes(3 * 2**20 + 1)), how=zipfile.ZIP_STORED)
    with pytest.raises(LyceumError) as refused:
        Archive(io.BytesIO(made), LIMITS).read("a")
    assert refused.value.slug == "archive-unpacks-too-large"


def test_a_bomb_that_says_it_is_small_is_never_held() -> None:
    """Gigabytes of zeros in an entry that says it has a few bytes: what is held is a chunk."""
    packer = zlib.compressobj(9, zlib.DEFLATED, -15)
    packed = b"".join(packer.compress(bytes(2**20)) for _ in range(300)) + packer.flush()
    made = assembled(local(b"a", packed, 1000, 0), [central(b"a", len(packed), 1000, 0, 0)])
    tracemalloc.start()
    with pytest.raises(LyceumError):
        Archive(io.BytesIO(made), LIMITS).read("a")
    _, most = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert most < 8 * 2**20


@pytest.mark.parametrize("flip", [0x01, 0x80, 0xFF])
async def test_no_broken_byte_is_a_defect(flip: int) -> None:
    """Whatever byte is another: it is read, or refused by one of ours; nothing else comes out."""
    made = zipped(("a.txt", b"the engine" * 9), ("b/", b""), ("b/c", b"\x00\x01"))
    refused = 0
    for at in range(len(made)):
        broken = made[:at] + bytes([made[at] ^ flip]) + made[at + 1 :]
        try:
            read_all(broken)
        except LyceumError as error:
            assert 400 <= error.status < 500  # noqa: PT017 - which of them is not the point
            refused += 1
    assert refused > len(made) / 3


@pytest.mark.parametrize("cut", [1, 10, 21, 22, 23, 60, 100, 150])
def test_no_end_cut_off_is_a_defect(cut: int) -> None:
    with pytest.raises(LyceumError) as refused:
        read_all(PLAIN[:-cut])
    assert refused.value.slug == "archive-damaged"
