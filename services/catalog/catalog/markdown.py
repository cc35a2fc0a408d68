"""Markdown to HTML that can be put into a page as it is."""

import asyncio
import hashlib
from collections import OrderedDict
from functools import cache
from typing import Any

AT_ONCE = 2_000
"""Texts up to this many characters take well under 5 ms and are rendered where they are asked for."""
REMEMBER_CHARACTERS = 4_000_000

_TAGS = frozenset(
    [
        "a",
        "blockquote",
        "br",
        "code",
        "del",
        "em",
        "h1",
        "h2",
        "h3",
        "h4",
        "h5",
        "h6",
        "hr",
        "img",
        "li",
        "ol",
        "p",
        "pre",
        "s",
        "strong",
        "table",
        "tbody",
        "td",
        "th",
        "thead",
        "tr",
        "ul",
    ]
)
_ATTRIBUTES = {
    "a": {"href", "title"},
    "img": {"src", "alt", "title"},
    "code": {"class"},
    "ol": {"start"},
    "td": {"style"},
    "th": {"style"},
}
_ALIGNMENTS = frozenset({"text-align:left", "text-align:center", "text-align:right"})


class _Rendered:
    """What was rendered lately, the least recently read forgotten first."""

    def __init__(self, characters: int) -> None:
        self._characters = characters
        self._kept: OrderedDict[bytes, str] = OrderedDict()
        self._size = 0

    def get(self, key: bytes) -> str | None:
        html = self._kept.get(key)
        if html is not None:
            self._kept.move_to_end(key)
        return html

    def put(self, key: bytes, html: str) -> None:
        if key in self._kept or len(html) > self._characters:
            return
        self._kept[key] = html
        self._size += len(html)
        while self._size > self._characters:
            _, forgotten = self._kept.popitem(last=False)
            self._size -= len(forgotten)


_rendered = _Rendered(REMEMBER_CHARACTERS)


async def to_html(text: str) -> str:
    """CommonMark with tables and strikethrough, as sanitised HTML.

    HTML in the text is shown as text, not obeyed; links lead to http, https and mailto alone, and pass on neither
    rank nor referrer. A long text is rendered off the event loop, and one read often is rendered once.
    """
    if not text:
        return ""
    key = hashlib.sha256(text.encode()).digest()
    html = _rendered.get(key)
    if html is None:
        html = render(text) if len(text) <= AT_ONCE else await asyncio.to_thread(render, text)
        _rendered.put(key, html)
    return html


def render(text: str) -> str:
    """The same, at once and unremembered."""
    import nh3

    return nh3.clean(
        _parser().render(text),
        tags=set(_TAGS),
        attributes=_ATTRIBUTES,
        attribute_filter=_filtered,
        url_schemes={"http", "https", "mailto"},
        link_rel="noopener noreferrer nofollow ugc",
        strip_comments=True,
    )


@cache
def _parser() -> Any:
    # Here, for a worker that renders nothing does not carry it.
    from markdown_it import MarkdownIt

    # HTML is escaped before the sanitiser sees it: tens of thousands of nested tags would keep it busy for seconds.
    return MarkdownIt("commonmark", {"html": False}).enable(["table", "strikethrough"])


def _filtered(tag: str, attribute: str, value: str) -> str | None:
    """A code block's language and a cell's alignment, which the parser writes; no other class or style."""
    if attribute == "class":
        return value if value.startswith("language-") and value.replace("-", "").isalnum() else None
    if attribute == "style":
        return value if value in _ALIGNMENTS else None
    return value
