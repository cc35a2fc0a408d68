"""What files a resource may have, what they are called, and which part of one is asked for."""

import re
import unicodedata
from dataclasses import dataclass
from typing import Literal
from urllib.parse import quote, unquote_to_bytes

from catalog.resources.errors import FileNameUnknown, FileTypeRefused, LinkIncomplete, TypeDoesNotFit

ResourceType = Literal["document", "video", "audio", "image", "code", "link"]
Unlock = Literal["login", "enroll", "subscribe"]
Family = Literal["document", "video", "audio", "image", "archive", "text"]

SNIFFED_BYTES = 8192
FOLDER = "resources"

TAKES: dict[str, frozenset[Family]] = {
    "document": frozenset({"document", "text", "image", "archive"}),
    "code": frozenset({"text", "archive"}),
    "video": frozenset({"video"}),
    "audio": frozenset({"audio"}),
    "image": frozenset({"image"}),
    "link": frozenset(),
}
"""Which files a resource of each type may have."""


@dataclass(frozen=True, slots=True)
class Kind:
    """What a file is by its content: its family, its media type, and the endings that its name may have."""

    family: Family
    mime_type: str
    endings: tuple[str, ...]


_PDF = Kind("document", "application/pdf", ("pdf",))
_RTF = Kind("document", "application/rtf", ("rtf",))
_PNG = Kind("image", "image/png", ("png",))
_JPEG = Kind("image", "image/jpeg", ("jpg", "jpeg"))
_GIF = Kind("image", "image/gif", ("gif",))
_WEBP = Kind("image", "image/webp", ("webp",))
_AVIF = Kind("image", "image/avif", ("avif",))
_HEIC = Kind("image", "image/heic", ("heic", "heif"))
_TIFF = Kind("image", "image/tiff", ("tif", "tiff"))
_BMP = Kind("image", "image/bmp", ("bmp",))
_MP3 = Kind("audio", "audio/mpeg", ("mp3",))
_AAC = Kind("audio", "audio/aac", ("aac",))
_WAV = Kind("audio", "audio/wav", ("wav",))
_FLAC = Kind("audio", "audio/flac", ("flac",))
_M4A = Kind("audio", "audio/mp4", ("m4a", "m4b"))
_OGG = Kind("audio", "audio/ogg", ("ogg", "oga", "opus"))
_OGV = Kind("video", "video/ogg", ("ogv",))
_MP4 = Kind("video", "video/mp4", ("mp4", "m4v"))
_MOV = Kind("video", "video/quicktime", ("mov",))
_WEBM = Kind("video", "video/webm", ("webm",))
_MKV = Kind("video", "video/x-matroska", ("mkv",))
_AVI = Kind("video", "video/x-msvideo", ("avi",))
_MPEG = Kind("video", "video/mpeg", ("mpg", "mpeg"))
_GZIP = Kind("archive", "application/gzip", ("gz", "tgz"))
_7Z = Kind("archive", "application/x-7z-compressed", ("7z",))
_XZ = Kind("archive", "application/x-xz", ("xz",))
_BZIP = Kind("archive", "application/x-bzip2", ("bz2",))
_ZSTD = Kind("archive", "application/zstd", ("zst",))
_TAR = Kind("archive", "application/x-tar", ("tar",))
_ZIP = Kind("archive", "application/zip", ("zip",))
_OFFICE = "application/vnd.openxmlformats-officedocument."
_OPEN = "application/vnd.oasis.opendocument."
_OOXML = (
    Kind("document", f"{_OFFICE}wordprocessingml.document", ("docx",)),
    Kind("document", f"{_OFFICE}spreadsheetml.sheet", ("xlsx",)),
    Kind("document", f"{_OFFICE}presentationml.presentation", ("pptx",)),
)
_SAYS_ITSELF = (
    Kind("document", f"{_OPEN}text", ("odt",)),
    Kind("document", f"{_OPEN}spreadsheet", ("ods",)),
    Kind("document", f"{_OPEN}presentation", ("odp",)),
    Kind("document", "application/epub+zip", ("epub",)),
)
"""Zip archives whose first entry, `mimetype`, says what they are."""
_OLE = (
    Kind("document", "application/msword", ("doc",)),
    Kind("document", "application/vnd.ms-excel", ("xls",)),
    Kind("document", "application/vnd.ms-powerpoint", ("ppt",)),
)
# Without HTML, SVG, and whatever else a browser or a shell runs by its name alone: those come inside of an archive.
_TEXT = Kind(
    "text",
    "text/plain; charset=utf-8",
    tuple(
        (  # noqa: SIM905 - sixty lines otherwise
            "txt md rst tex csv tsv json jsonl ipynb yaml yml toml ini log srt vtt bib diff patch "
            "py pyi r rmd jl m java kt scala groovy c h cc cpp hpp cs go rs rb php pl swift dart lua sql sh "
            "js mjs ts tsx jsx css scss asm s f90 hs ml ex exs erl clj lisp scm proto graphql tf gradle cmake"
        ).split()
    ),
)

_MAGIC: tuple[tuple[re.Pattern[bytes], tuple[Kind, ...]], ...] = tuple(
    (re.compile(pattern, re.DOTALL), kinds)
    for pattern, kinds in (
        (rb"%PDF-", (_PDF,)),
        (rb"\{\\rtf", (_RTF,)),
        (rb"\x89PNG\r\n\x1a\n", (_PNG,)),
        (rb"\xff\xd8\xff", (_JPEG,)),
        (rb"GIF8[79]a", (_GIF,)),
        (rb"RIFF.{4}WEBP", (_WEBP,)),
        (rb"RIFF.{4}WAVE", (_WAV,)),
        (rb"RIFF.{4}AVI ", (_AVI,)),
        (rb"II\*\x00|MM\x00\*", (_TIFF,)),
        (rb"BM.{4}\x00{4}", (_BMP,)),
        (rb".{4}ftyp(?:avif|avis)", (_AVIF,)),
        (rb".{4}ftyp(?:heic|heix|mif1|msf1)", (_HEIC,)),
        (rb".{4}ftyp(?:M4A |M4B )", (_M4A,)),
        (rb".{4}ftypqt  ", (_MOV,)),
        (rb".{4}ftyp[A-Za-z0-9 ]{4}", (_MP4,)),
        (rb"ID3|\xff[\xfa\xfb\xf2\xf3]", (_MP3,)),
        (rb"\xff[\xf0\xf1\xf8\xf9]", (_AAC,)),
        (rb"fLaC", (_FLAC,)),
        (rb"OggS", (_OGG, _OGV)),
        (rb"\x1a\x45\xdf\xa3.{0,64}webm", (_WEBM,)),
        (rb"\x1a\x45\xdf\xa3", (_MKV,)),
        (rb"\x00\x00\x01[\xba\xb3]", (_MPEG,)),
        (rb"PK\x03\x04.{26}mimetypeapplication/", _SAYS_ITSELF),
        (rb"PK\x03\x04|PK\x05\x06", (_ZIP, *_OOXML)),
        (rb"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1", _OLE),
        (rb"\x1f\x8b\x08", (_GZIP,)),
        (rb"7z\xbc\xaf\x27\x1c", (_7Z,)),
        (rb"\xfd7zXZ\x00", (_XZ,)),
        (rb"BZh[1-9]", (_BZIP,)),
        (rb"\x28\xb5\x2f\xfd", (_ZSTD,)),
        (rb".{257}ustar", (_TAR,)),
    )
)
_MARKUP = re.compile(
    rb"(?:\xef\xbb\xbf)?(?>\s+|<!--.*?-->|<\?xml[^>]*>)*+<(?:!doctype\s+(?:html|svg)|html|svg|script)\b",
    re.IGNORECASE | re.DOTALL,
)
_NOT_IN_TEXT = re.compile(rb"[\x00-\x06\x0e-\x1a\x1c-\x1f]")
_OOXML_PARTS = (b"[Content_Types].xml", b"_rels/", b"word/", b"xl/", b"ppt/", b"docProps/")

_FAMILIES = {
    kind.mime_type: kind.family for kinds in (*(kinds for _, kinds in _MAGIC), (_TEXT,)) for kind in kinds
}

FAMILY_BY_ENDING: dict[str, Family] = {
    ending: kind.family
    for kinds in (*(kinds for _, kinds in _MAGIC), (_TEXT,))
    for kind in kinds
    for ending in kind.endings
}
"""What a file would be by its name alone, which is no proof; no other ending is taken."""


def check_fits(resource_type: str, mime_type: str) -> None:
    """Raise TypeDoesNotFit for a file of this media type where the resource's type takes none such."""
    if _FAMILIES.get(mime_type) not in TAKES[resource_type]:
        raise TypeDoesNotFit(type=resource_type, mime_type=mime_type)


def check_link(resource_type: str, url: str | None) -> None:
    """Raise LinkIncomplete unless a link has an address and everything else has none."""
    if (resource_type == "link") != (url is not None):
        raise LinkIncomplete


def unlock(
    *, is_premium: bool, lesson_access: str, is_open: bool, is_known: bool, is_entitled: bool
) -> tuple[Unlock, ...]:
    """What would let the reader have a resource; nothing where they have it already.

    A premium one is for those entitled (enrolled, subscribed, teaching), in a free preview too. Any other is for whom
    its lesson is for, or for all where `is_open`, the lesson's free preview, says so.
    """
    if is_entitled:
        return ()
    if is_premium or (lesson_access == "premium" and not is_open):
        return ("enroll", "subscribe") if is_known else ("login", "enroll", "subscribe")
    if is_known or is_open or lesson_access == "guest":
        return ()
    return ("login",)


def kind_of(head: bytes, ending: str) -> Kind:
    """What a file is by its first bytes, where its name says that it is. An ending alone proves nothing, and is what
    the reader's machine goes by: the two must agree. Raises FileTypeRefused."""
    for kind in _kinds_by_content(head):
        if ending in kind.endings:
            if kind in _OOXML and not any(part in head for part in _OOXML_PARTS):
                continue
            return kind
    raise FileTypeRefused(
        "The content is not what the name says, or not of a kind that is taken.", ending=ending
    )


def ending_for(head: bytes) -> str:
    """The ending for a file that was sent without a name. Raises FileTypeRefused."""
    for kind in _kinds_by_content(head):
        return kind.endings[0]
    raise FileTypeRefused("It is of no kind that is taken.")


def _kinds_by_content(head: bytes) -> tuple[Kind, ...]:
    for magic, kinds in _MAGIC:
        if magic.match(head):
            if kinds is _SAYS_ITSELF:
                said = head[38:138]
                return tuple(kind for kind in kinds if said.startswith(kind.mime_type.encode() + b"PK"))
            return kinds
    is_text = _NOT_IN_TEXT.search(head) is None and _MARKUP.match(head) is None
    return (_TEXT,) if is_text else ()


# --- names ----------------------------------------------------------------------------------------------------

MAX_NAME = 150
_RESERVED = re.compile(
    r"(?:con|prn|aux|nul|com[0-9\u00b9\u00b2\u00b3]|lpt[0-9\u00b9\u00b2\u00b3])(?:\.|$)", re.IGNORECASE
)
_FORBIDDEN = re.compile(r'[<>:"|?*%]')
_IN_HEADER = re.compile(r"filename\*\s*=\s*utf-8'[^']*'([^;\s]+)", re.IGNORECASE)
_PLAIN_IN_HEADER = re.compile(r'filename\s*=\s*(?:"((?:[^"\\]|\\.)*)"|([^;\s]+))', re.IGNORECASE)


def name_of(given: str) -> str:
    """A file's name as it is shown and offered for saving, on any system; never part of a path of ours.

    Of a path the last part counts. What no file may be called in some place becomes `_`; what is left with nothing to
    call it by raises FileNameUnknown. The name of a name is the same: it travels with its course from site to site.
    """
    # Formatting that turns the reading direction round makes an .exe look like a .pdf.
    text = unicodedata.normalize("NFC", given)
    last = re.split(r"[/\\]", text)[-1]
    kept = "".join(
        each for each in last if unicodedata.category(each) not in ("Cc", "Cf", "Cs", "Co", "Cn", "Zl", "Zp")
    )
    # Again: accents meet their letters where something between them went.
    name = _FORBIDDEN.sub("_", unicodedata.normalize("NFC", kept))
    name = re.sub(r"\s+", " ", name).strip(" .")
    if not name:
        raise FileNameUnknown
    if _RESERVED.match(name):
        name = f"_{name}"
    stem, dot, ending = name.rpartition(".")
    if len(name) > MAX_NAME:
        name = (
            f"{stem[: MAX_NAME - len(ending) - 1].rstrip(' .')}.{ending}"
            if dot and len(ending) <= 10
            else name[:MAX_NAME].rstrip(" .")
        )
    return name


def ending_of(name: str) -> str:
    """What follows the last dot, in small letters; empty without one."""
    stem, _, ending = name.rpartition(".")
    return ending.lower() if stem else ""


def name_in(disposition: str) -> str | None:
    """The name that a Content-Disposition of a request gives; `filename*` wins (RFC 6266)."""
    found = _IN_HEADER.search(disposition)
    if found is not None:
        try:
            return unquote_to_bytes(found[1]).decode()
        except UnicodeDecodeError as error:
            raise FileNameUnknown from error
    found = _PLAIN_IN_HEADER.search(disposition)
    if found is None:
        return None
    return re.sub(r"\\(.)", r"\1", found[1]) if found[1] is not None else found[2]


def attachment(name: str) -> str:
    """The Content-Disposition that has a browser save a file by this name, whatever is in it (RFC 6266, 8187)."""
    plain = unicodedata.normalize("NFKD", name).encode("ascii", "ignore").decode()
    plain = re.sub(r"[^A-Za-z0-9 ._()-]", "_", plain).strip(" .") or "file"
    return f"attachment; filename=\"{plain}\"; filename*=UTF-8''{quote(name, safe='')}"


# --- ranges ---------------------------------------------------------------------------------------------------

_RANGE = re.compile(r"bytes=\s*(\d{0,18})-(\d{0,18})\s*", re.ASCII | re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class Part:
    """The bytes [start, end) of a file; the whole of it where nothing was asked for that we follow."""

    start: int
    end: int
    is_partial: bool


class RangeUnsatisfiable(ValueError):
    """A range none of which the file has."""


def part_of(size: int, wanted: str | None) -> Part:
    """What a Range header asks for. Several ranges, and what cannot be read, are answered by the whole (RFC 9110,
    14.2). Raises RangeUnsatisfiable."""
    found = None if wanted is None else _RANGE.fullmatch(wanted.strip())
    whole = Part(0, size, is_partial=False)
    if found is None or found[1] == found[2] == "":
        return whole
    first, last = found[1], found[2]
    if first == "":
        if int(last) == 0:
            raise RangeUnsatisfiable
        return Part(max(0, size - int(last)), size, is_partial=True)
    start, end = int(first), int(last) + 1 if last else size
    if last and end <= start:
        return whole
    if start >= size:
        raise RangeUnsatisfiable
    return Part(start, min(end, size), is_partial=True)


def still_applies(if_range: str | None, tag: str) -> bool:
    """Whether a range is of the file as the client began to read it: by strong comparison, and never by a date."""
    return if_range is None or if_range.strip() == tag
