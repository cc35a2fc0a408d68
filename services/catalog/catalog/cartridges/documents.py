"""The small documents of a cartridge: links, discussion topics, assignments."""

from dataclasses import dataclass

from catalog.cartridges import pages, rules, trees
from catalog.cartridges.trees import Element


@dataclass(frozen=True, slots=True)
class WebLink:
    title: str
    url: str


@dataclass(frozen=True, slots=True)
class Text:
    """What a topic or an assignment says: HTML, or text that is none; and the files it names."""

    title: str
    text: str
    is_html: bool
    attachments: tuple[str, ...]


def web_link(document: bytes) -> WebLink:
    """Raises trees.Unreadable."""
    root = trees.parse(document)
    url = root.first("url")
    if url is None:
        raise trees.Unreadable("It has no address.")
    return WebLink(_title(root), (url.attributes.get("href") or url.text).strip())


def text(document: bytes) -> Text:
    """A topic or an assignment. Raises trees.Unreadable."""
    root = trees.parse(document)
    # Some wrap the one element in another.
    holder = next((each for each in root.walk() if each.first("text") is not None), root)
    said = holder.first("text")
    words = "" if said is None else said.text
    declared = "" if said is None else said.attributes.get("texttype", "").lower()
    return Text(
        title=_title(holder) or _title(root),
        text=words,
        is_html=declared == "text/html" or (declared != "text/plain" and pages.is_html(words)),
        attachments=tuple(
            href
            for group in holder.all("attachments")
            for each in group.all("attachment")
            if (href := each.attributes.get("href", "").strip())
        ),
    )


def title(document: bytes) -> str:
    """What a document that is not taken is called: a tool, a quiz. Raises trees.Unreadable."""
    root = trees.parse(document)
    named = (
        each.attributes.get("title", "") for each in root.walk() if each.name in ("assessment", "objectbank")
    )
    return _title(root) or rules.title_in(next(filter(None, named), ""))


def _title(element: Element) -> str:
    title = element.first("title")
    return "" if title is None else rules.title_in(title.text)
