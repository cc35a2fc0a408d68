"""Pure decisions about cartridges: what a resource is, where a reference leads, how things are called."""

import posixpath
import re
import unicodedata
from collections.abc import Callable, Iterator, Sequence
from typing import Literal
from urllib.parse import quote, unquote, urlsplit

from catalog.resources.rules import Family

Kind = Literal[
    "page",
    "file",
    "link",
    "topic",
    "assignment",
    "quiz",
    "question bank",
    "tool",
    "settings",
    "folder",
    "other",
]
FileType = Literal["document", "video", "audio", "image", "code"]

MAX_TITLE = 200
LONGEST_TITLE_READ = 2000
_PAGES = frozenset({"html", "htm", "xhtml"})
_DRESS = frozenset(
    {"css", "js", "mjs", "map", "woff", "woff2", "ttf", "otf", "eot", "swf", "xsd", "dtd", "xsl"}
)
_VIDEO_HOSTS = frozenset(
    {"youtube.com", "www.youtube.com", "m.youtube.com", "youtu.be", "www.youtube-nocookie.com", "vimeo.com"}
    | {"player.vimeo.com"}
)
_PROSE = frozenset({"txt", "md", "rst", "csv", "tsv", "srt", "vtt", "log", "bib", "tex"})
_BY_TYPE: tuple[tuple[str, Kind], ...] = (
    ("imswl_", "link"),
    ("imsdt_", "topic"),
    ("imsqti", "quiz"),
    ("imsbasiclti", "tool"),
    ("imslti", "tool"),
    ("assignment_", "assignment"),
)
_BY_MATERIAL: dict[str, Kind] = {
    "contentlink": "link",
    "contentmodule": "folder",
    "d2lquiz": "quiz",
    "d2lselfassess": "quiz",
    "d2lsurvey": "quiz",
    "d2lquestionlibrary": "question bank",
    "d2llti": "tool",
}
"""What Brightspace says of its resources in its own packages, beside a type that is always `webcontent`."""


def kind_of(resource_type: str, href: str | None, material: str = "") -> Kind:
    """What a resource is, by its type in any version of the specification, and by its file where that says more."""
    kind = resource_type.strip().lower()
    for start, found in _BY_TYPE:
        if kind.startswith(start):
            return "question bank" if found == "quiz" and "question-bank" in kind else found
    if material and material != "content":
        return _BY_MATERIAL.get(material, "settings")
    if kind and kind != "webcontent" and not kind.startswith("associatedcontent/"):
        return "other"
    if href is not None and is_address(href):
        return "link"
    if is_page(href or ""):
        return "page"
    ending = ending_of(href or "")
    # Canvas and others put what belongs to their own assignments and quizzes beside what the specification knows.
    is_associated = kind.startswith("associatedcontent/")
    if is_associated and (ending in ("xml", "qti") or (href or "").startswith("course_settings/")):
        return "settings"
    return "file"


def is_page(path: str) -> bool:
    """Whether a file is HTML, by its name."""
    return ending_of(path) in _PAGES


def is_dress(path: str) -> bool:
    """Whether a file is of a page's looks and behaviour, rather than something to read."""
    return ending_of(path) in _DRESS


def is_video(url: str) -> bool:
    """Whether what is at this address is watched, as far as one can tell without going there."""
    try:
        parts = urlsplit(url)
    except ValueError:
        return False
    return (parts.hostname or "") in _VIDEO_HOSTS or ending_of(parts.path) in ("mp4", "webm", "m4v", "mov")


def resource_type(family: Family, ending: str) -> FileType:
    """Our type for a file of this family."""
    match family:
        case "video" | "audio" | "image":
            return family
        case "text" if ending not in _PROSE:
            return "code"
        case _:
            return "document"


# --- references ------------------------------------------------------------------------------------------------

_FILE_BASE = re.compile(r"^\$IMS[-_]CC[-_]FILEBASE\$/?", re.IGNORECASE)
_CANVAS = re.compile(r"^\$(?:WIKI|CANVAS_OBJECT|CANVAS_COURSE)_REFERENCE\$/", re.IGNORECASE)


def is_address(reference: str) -> bool:
    """Whether a reference leads out of the cartridge."""
    return reference.startswith("//") or re.match(r"[A-Za-z][A-Za-z0-9+.-]*:", reference) is not None


def web_address(given: str) -> str | None:
    """The same address where it is one of the web and can be kept; else None."""
    url = quote(unicodedata.normalize("NFC", given.strip()), safe="%/:?#[]@!$&'()*+,;=~")
    if url.startswith("//"):
        url = f"https:{url}"
    try:
        parts = urlsplit(url)
    except ValueError:
        return None
    if parts.scheme.lower() not in ("http", "https") or not parts.hostname or len(url) > 2000:
        return None
    return url


def places(reference: str, folder: str) -> Iterator[str]:
    """Where in the archive a reference from a document in `folder` may lead, likeliest first.

    A path relative to the document, or to the root, which exporters confuse; `$IMS-CC-FILEBASE$` is the root of the
    files for Canvas and the document's own folder for Moodle. Nothing that leads out of the archive is a place.
    """
    path = unquote(reference.split("?")[0].split("#")[0]).strip().replace("\\", "/")
    canvas = _CANVAS.match(path)
    if canvas is not None:
        yield from _inside(f"wiki_content/{posixpath.basename(path.rstrip('/'))}.html")
        return
    in_base = _FILE_BASE.sub("", path)
    if not in_base:
        return
    yield from _inside(posixpath.join(folder, in_base.lstrip("/") if in_base != path else in_base))
    yield from _inside(in_base.lstrip("/"))
    if in_base != path:
        yield from _inside(posixpath.join("web_resources", in_base.lstrip("/")))


def canvas_identifier(reference: str) -> str | None:
    """The identifier of what Canvas' own references point to; they name resources, not files."""
    path = unquote(reference.split("?")[0].split("#")[0])
    return posixpath.basename(path.rstrip("/")) if _CANVAS.match(path) else None


def _inside(path: str) -> Iterator[str]:
    normal = posixpath.normpath(path)
    if normal not in (".", "..") and not normal.startswith(("../", "/")):
        yield normal


def spellings(path: str) -> Iterator[str]:
    """How a path in the manifest may be spelled in the archive: as it is, or decoded, which is what it should be."""
    for each in dict.fromkeys((path, unquote(path), unquote(path).replace("\\", "/"))):
        yield from _inside(each)


def joined(base: str, href: str) -> str:
    """A resource's path under its `xml:base`, which is either empty or a folder's path."""
    return posixpath.join(base, href) if base and not is_address(base) else href


# --- marks: links whose address is not known yet ----------------------------------------------------------------

# Characters that Unicode has made sure no text has.
_OPEN, _THEN, _CLOSE = "\ufdd0", "\ufdd1", "\ufdd2"
_MARK = re.compile(rf"{_OPEN}(\d{{1,7}}){_THEN}([^{_OPEN}{_CLOSE}]*){_CLOSE}")
_NO_MARKS = str.maketrans("", "", _OPEN + _THEN + _CLOSE)


def marked(number: int, shown: str) -> str:
    """What a link shows, as the link of this number."""
    return f"{_OPEN}{number}{_THEN}{shown.translate(_NO_MARKS)}{_CLOSE}"


def mark_in(text: str) -> tuple[int, str] | None:
    """The number and what is shown, of a text that is a mark and nothing else."""
    found = _MARK.fullmatch(text)
    return None if found is None else (int(found[1]), found[2])


def has_link(text: str) -> bool:
    """Whether there is a link in this Markdown, or a mark: a link cannot be in another."""
    return _OPEN in text or "](" in text


def count_marks(text: str) -> int:
    return text.count(_OPEN)


def unmarked(text: str, linked: Callable[[int, str], str]) -> str:
    """The text with something else in place of each mark."""
    return _MARK.sub(lambda found: linked(int(found[1]), found[2]), text).translate(_NO_MARKS)


# --- names -----------------------------------------------------------------------------------------------------


def cleaned(text: str) -> str:
    """Text in one line, without what is no character to be seen."""
    kept = "".join(" " if each.isspace() else each for each in text if each.isspace() or _is_seen(each))
    return re.sub(r" +", " ", kept).strip()


def title_in(text: str) -> str:
    """A text that names something, in one line; longer ones than anybody writes are cut."""
    return cleaned(text[:LONGEST_TITLE_READ])


def storable(text: str) -> str:
    """Text that the database can hold."""
    return text.encode("utf-8", "ignore").decode().replace("\x00", "")


def _is_seen(character: str) -> bool:
    # Joiners are letters to Persian, and parts of many an emoji; what turns the direction round is neither.
    if character in "\u200c\u200d":
        return True
    return unicodedata.category(character) not in ("Cc", "Cf", "Cs", "Co")


def title_of(path: Sequence[str], title: str) -> str:
    """A lesson's title that keeps the folders it was in; of what is too long the outer folders go first."""
    kept = shortened(title, MAX_TITLE)
    for folder in reversed([each for each in path if each]):
        longer = f"{folder} / {kept}"
        if len(longer) > MAX_TITLE:
            return f"… / {kept}" if len(kept) + 4 <= MAX_TITLE else kept
        kept = longer
    return kept


def shortened(text: str, length: int) -> str:
    return text if len(text) <= length else f"{text[: length - 1].rstrip()}…"


def ending_of(path: str) -> str:
    """What follows the last dot of a path's last part, in small letters."""
    stem, dot, ending = path.rsplit("/", 1)[-1].rpartition(".")
    return ending.lower() if dot and stem else ""


def language_of(given: str) -> str | None:
    """The ISO 639-1 code in a language tag; None where there is none."""
    found = re.match(r"([A-Za-z]{2})(?:[-_]|$)", given.strip())
    return None if found is None else found[1].lower()


_DURATION = re.compile(r"P(?:(\d{1,4})D)?(?:T(?:(\d{1,4})H)?(?:(\d{1,5})M)?(?:\d{1,6}(?:\.\d+)?S)?)?")


def minutes_of(duration: str) -> int | None:
    """Whole minutes of an ISO 8601 duration of days and less; None for any other."""
    found = _DURATION.fullmatch(duration.strip())
    if found is None or len(duration.strip()) < 3:
        return None
    days, hours, minutes = (int(part or 0) for part in found.groups())
    return (days * 24 + hours) * 60 + minutes
