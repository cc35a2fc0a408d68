"""HTML as Markdown: what our lessons are written in.

html-to-markdown reads HTML as browsers do, nests no deeper than it can, and is asked at every link and picture where
they lead to now. Scripts, styles and what is hidden for good are dropped. What a long page may take is said in `apart`.
"""

import codecs
import re
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from catalog.cartridges import rules, trees

MAX_DEPTH = 400
_CHARSET = re.compile(rb"""<meta[^>]{0,200}?charset\s*=\s*["']?\s*([A-Za-z0-9_:-]{1,40})""", re.IGNORECASE)
_INLINED = re.compile(r"""(\bsrc\s{0,9}=\s{0,9})(["'])\s{0,9}data:[^"'<>]*\2""", re.IGNORECASE)
_TITLE = re.compile(r"<title[^>]{0,200}>(.{0,1000}?)</title", re.IGNORECASE | re.DOTALL)
_TAG = re.compile(r"</?[a-z][a-z0-9]*(?:\s[^<>]*)?/?>|&(?:#\d+|[a-z]+);", re.IGNORECASE)
_SPECIAL = re.compile(r"([\\`*_\[\]<>|~]|&(?=[#\w]))")
_FIRST_IN_LINE = re.compile(r"(?m)^(\d{0,9})([.)#=+-])")
_FENCE = re.compile(r"\s*(`{3,}|~{3,})")
_WORDS = re.compile(r"[^\W\d_]")
_ESCAPE = re.compile(r"\\(?:([-=+.)]|&(?![#\w]))|.)")
_UNPUBLISHED = re.compile(r"""<meta\s+name=["']workflow_state["']\s+content=["']unpublished""", re.IGNORECASE)
_SUPERSCRIPT = str.maketrans("0123456789+-=()n", "⁰¹²³⁴⁵⁶⁷⁸⁹⁺⁻⁼⁽⁾ⁿ")
_SUBSCRIPT = str.maketrans("0123456789+-=()", "₀₁₂₃₄₅₆₇₈₉₊₋₌₍₎")

Name = Callable[[str], "str | None"]
"""What a reference within the cartridge leads to, by the name it has now, marked (`rules.marked`) where there may be a
link to it; None where it leads nowhere."""


@dataclass(frozen=True, slots=True)
class Page:
    """`is_cut` where it was nested too deep, and what is inside of that depth was lost."""

    text: str
    is_cut: bool


def decode(document: bytes) -> str:
    """A page's text, by its byte order mark, else by what it declares, else as UTF-8 or what old Windows wrote."""
    for mark, encoding in (
        (codecs.BOM_UTF8, "utf-8"),
        (codecs.BOM_UTF16_LE, "utf-16"),
        (codecs.BOM_UTF16_BE, "utf-16"),
    ):
        if document.startswith(mark):
            return document.decode(encoding, "replace").removeprefix("\ufeff")
    declared = _CHARSET.search(document[:4096])
    for encoding in ("utf-8", declared[1].decode() if declared else "cp1252"):
        try:
            return document.decode(encoding)
        except (LookupError, UnicodeDecodeError):
            continue
    return document.decode("cp1252", "replace")


def title_of(html: str) -> str:
    """What the page itself is called, if anything."""
    import html as entities

    found = _TITLE.search(html[:20_000])
    return rules.cleaned(entities.unescape(found[1])) if found else ""


def without_inlined(html: str) -> tuple[str, int]:
    """The page without the pictures that are written into it, and how many there were. They may be most of it."""
    return _INLINED.subn(r'\1""', html)


def is_html(text: str) -> bool:
    """Whether a text that does not say what it is has tags or entities in it."""
    return _TAG.search(text) is not None


def is_unpublished(html: str) -> bool:
    """Whether Canvas says of its page that learners do not see it."""
    return _UNPUBLISHED.search(html[:4096]) is not None


def plain(text: str) -> str:
    """Plain text as Markdown that shows the same: nothing in it is an instruction, and its lines stay."""
    lines = [line.strip() for line in rules.storable(text).strip().splitlines()]
    shown = [f"{_FIRST_IN_LINE.sub(_first, escaped(line))}  " if line else "" for line in lines]
    return re.sub(r"\n{3,}", "\n\n", "\n".join(shown)).strip()


def _first(found: re.Match[str]) -> str:
    return f"{found[1]}\\{found[2]}"


def escaped(text: str) -> str:
    """A piece of plain text within a line of Markdown, not at its beginning."""
    return _SPECIAL.sub(r"\\\1", text)


def link(text: str, url: str) -> str:
    """A link; `url` is what `rules.web_address` let through."""
    return f"[{escaped(text)}](<{url}>)"


def load() -> None:
    """Have at hand what `markdown` needs: whoever cannot have it learns that before a page is read."""
    import html_to_markdown  # noqa: F401


def markdown(html: str, named: Name) -> Page:
    """A page, or a piece of one. What leads out of the cartridge stays a link; what leads to something in it becomes
    a mark, or the name of that.

    Raises trees.Unreadable for what is something else by its first bytes, or full of what no text has."""
    import html_to_markdown

    options = html_to_markdown.ConversionOptions(
        autolinks=False,
        bullets="-",
        compact_tables=True,
        escape_asterisks=True,
        escape_misc=True,
        escape_underscores=True,
        extract_metadata=False,
        hidden_content="reachable",
        highlight_style="none",
        infer_dimensions=False,
        inline_data_media="alt_text_only",
        max_depth=MAX_DEPTH,
        preprocessing=html_to_markdown.PreprocessingOptions(enabled=False),
    )
    visitor: Any = _Visitor(named)
    try:
        result = html_to_markdown.convert(rules.storable(html), options, visitor)
    except html_to_markdown.ConversionError as error:
        raise trees.Unreadable("It is no page.") from error
    text = _relaxed(rules.storable(result.content or "").strip())
    is_cut = any("depth" in str(warning.kind).lower() for warning in result.warnings)
    return Page(text, is_cut)


def _relaxed(text: str) -> str:
    """The same Markdown without the backslashes that mean something at the beginning of a line alone: authors go on
    writing it. And without marks in code, which has no links: it would show how they are written."""
    fence: str | None = None
    lines = text.split("\n")
    for number, line in enumerate(lines):
        mark = _FENCE.match(line)
        if fence is not None:
            lines[number] = rules.unmarked(line, lambda _, shown: shown)
            fence = None if mark is not None and mark[1].startswith(fence) else fence
        elif mark is not None:
            fence = mark[1]
        elif "`" not in line and (word := _WORDS.search(line)) is not None:
            lines[number] = line[: word.end()] + _ESCAPE.sub(_unescaped, line[word.end() :])
    return "\n".join(lines)


def _unescaped(found: re.Match[str]) -> str:
    return found[1] or found[0]


_CONTINUE: Any = "continue"
_SKIP: Any = "skip"


class _Visitor:
    """Asked by the library; a table's cells more than once, so an answer depends on the question alone."""

    def __init__(self, named: Name) -> None:
        self._named = named

    def visit_link(self, _context: Any, href: str, text: str, _title: str | None) -> Any:
        # A link spans lines nowhere in Markdown, and blocks in HTML. Not by a pattern: where there are blanks alone,
        # one with blanks at both ends begins anew at each of them.
        shown = " ".join(filter(None, (line.strip() for line in text.split("\n"))))
        if not href or href.startswith("#"):
            return _custom(shown)
        if rules.is_address(href):
            url = _address(href)
            if url is None:
                return _custom(shown)
            if rules.has_link(shown):
                return _custom(f"{shown} ([{escaped(url)}](<{url}>))")
            return _custom(f"[{shown or escaped(url)}](<{url}>)")
        return _custom(_linked(shown, self._named(href)))

    def visit_image(self, _context: Any, src: str, alt: str, _title: str | None) -> Any:
        shown = escaped(rules.cleaned(alt or ""))
        if not src:
            return _custom(shown)
        if rules.is_address(src):
            url = rules.web_address(src)
            return _custom(shown if url is None else f"![{shown}](<{url}>)")
        # A link to the picture: who may see it is asked there, and a page cannot ask for it in their name.
        return _custom(_linked(shown, self._named(src)))

    def visit_iframe(self, _context: Any, src: str) -> Any:
        return self._embedded(src)

    def visit_video(self, _context: Any, src: str) -> Any:
        return self._embedded(src)

    def visit_audio(self, _context: Any, src: str) -> Any:
        return self._embedded(src)

    def visit_custom_element(self, context: Any, tag: str, _html: str) -> Any:
        if tag not in ("object", "embed"):
            return _CONTINUE
        attributes = context.attributes()
        reference = attributes.get("data") or attributes.get("src") or ""
        return self._embedded(reference) if reference else _CONTINUE

    def visit_superscript(self, _context: Any, text: str) -> Any:
        raised = text.translate(_SUPERSCRIPT)
        return _custom(raised if _is_all(text, raised) else f"^({text})")

    def visit_subscript(self, _context: Any, text: str) -> Any:
        lowered = text.translate(_SUBSCRIPT)
        return _custom(lowered if _is_all(text, lowered) else f"\\_({text})")

    def _embedded(self, src: str) -> Any:
        if not src:
            return _SKIP
        if rules.is_address(src):
            url = rules.web_address(src)
            return _SKIP if url is None else _custom(f"[{escaped(url)}](<{url}>)\n\n")
        return _custom(f"{_linked('', self._named(src))}\n\n")


def _custom(text: str) -> dict[str, str]:
    return {"custom": text}


def _linked(shown: str, name: str | None) -> str:
    """What was shown, as the mark of what it led to; where there is a link in it already, that stands behind it."""
    if name is None:
        return shown
    mark = rules.mark_in(name)
    if mark is None:
        return beside(shown, name)
    number, plain = mark
    if rules.has_link(shown):
        return f"{shown} ({rules.marked(number, escaped(plain))})"
    return rules.marked(number, escaped(plain) if shown in ("", plain) else shown)


def beside(shown: str, name: str) -> str:
    """What was shown, and after it the name of what it led to, where that is another."""
    own = escaped(name)
    return f"*{own}*" if shown in ("", name, own) else f"{shown} (*{own}*)"


def _address(href: str) -> str | None:
    if re.fullmatch(r"mailto:[^\s<>]{3,500}", href, re.IGNORECASE):
        return href
    return rules.web_address(href)


def _is_all(text: str, changed: str) -> bool:
    return all(old != new for old, new in zip(text, changed, strict=True)) and bool(text)
