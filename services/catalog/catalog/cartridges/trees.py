"""XML from strangers, as a tree of elements.

Expat itself, for it is asked to refuse: no document type, hence no entities and nothing from outside, and bounds on
size, depth, number and the length of a tag. What is left of XML is linear to read.
"""

from collections.abc import Iterator
from dataclasses import dataclass, field
from xml.parsers import expat

MAX_BYTES = 16 * 2**20
MAX_ELEMENTS = 100_000
MAX_DEPTH = 100
LONGEST_TAG = 256 * 2**10
"""Bytes: expat looks at all attributes of a tag in one go, and nothing else runs meanwhile."""
READ_AT_ONCE = 64 * 2**10
_NO_ATTRIBUTES: dict[str, str] = {}


class Unreadable(ValueError):
    """Not XML that we read: `reason`, and the place in the document where it is known (lines from 1)."""

    def __init__(self, reason: str, line: int | None = None, column: int | None = None) -> None:
        super().__init__(reason)
        self.reason = reason
        self.line = line
        self.column = column


@dataclass(slots=True)
class Element:
    """An element by its local name: cartridges of every version and vendor differ in their namespaces first.

    `text` is what stands directly in it. Of attributes, too, only the local names are kept.
    """

    name: str
    attributes: dict[str, str]
    line: int
    text: str = ""
    children: "list[Element]" = field(default_factory=list)

    def all(self, name: str) -> "Iterator[Element]":
        """Its children of this name."""
        return (child for child in self.children if child.name == name)

    def first(self, *path: str) -> "Element | None":
        """The first descendant along these names; None where a step is missing."""
        found: Element | None = self
        for name in path:
            found = None if found is None else next(found.all(name), None)
        return found

    def walk(self) -> "Iterator[Element]":
        """Itself and everything below, in the document's order."""
        waiting = [self]
        while waiting:
            element = waiting.pop()
            yield element
            waiting.extend(reversed(element.children))


class _Builder:
    def __init__(self, parser: expat.XMLParserType) -> None:
        self._parser = parser
        self._open: list[Element] = []
        self._texts: list[list[str]] = []
        self._count = 0
        self.root: Element | None = None

    def start(self, name: str, attributes: dict[str, str]) -> None:
        self._count += 1
        if self._count > MAX_ELEMENTS:
            raise self._refusal(f"It has more than {MAX_ELEMENTS} elements.")
        if len(self._open) == MAX_DEPTH:
            raise self._refusal(f"Its elements are nested more than {MAX_DEPTH} deep.")
        kept = {_local(key): value for key, value in attributes.items()} if attributes else _NO_ATTRIBUTES
        element = Element(_local(name), kept, self._parser.CurrentLineNumber)
        if self._open:
            self._open[-1].children.append(element)
        else:
            self.root = element
        self._open.append(element)
        self._texts.append([])

    def end(self, _name: str) -> None:
        self._open.pop().text = "".join(self._texts.pop()).strip()

    def text(self, data: str) -> None:
        self._texts[-1].append(data)

    def doctype(self, *_: object) -> None:
        raise self._refusal("It declares a document type, which a cartridge has no need of.")

    def _refusal(self, reason: str) -> Unreadable:
        return Unreadable(reason, self._parser.CurrentLineNumber, self._parser.CurrentColumnNumber + 1)


def parse(document: bytes) -> Element:
    """The root of a document. Raises Unreadable."""
    if len(document) > MAX_BYTES:
        raise Unreadable(f"It is longer than {MAX_BYTES} bytes.")
    parser = expat.ParserCreate(namespace_separator=" ")
    parser.buffer_text = True
    builder = _Builder(parser)
    parser.StartElementHandler = builder.start
    parser.EndElementHandler = builder.end
    parser.CharacterDataHandler = builder.text
    parser.StartDoctypeDeclHandler = builder.doctype
    try:
        for start in range(0, len(document), READ_AT_ONCE):
            parser.Parse(document[start : start + READ_AT_ONCE], False)
            if start + READ_AT_ONCE - parser.CurrentByteIndex > LONGEST_TAG:
                raise Unreadable(f"It has a tag of more than {LONGEST_TAG} bytes.", parser.CurrentLineNumber)
        parser.Parse(b"", True)
    except expat.ExpatError as error:
        reason = expat.ErrorString(error.code)
        raise Unreadable(f"It is not well-formed: {reason}.", error.lineno, error.offset + 1) from error
    except (LookupError, ValueError) as error:
        if isinstance(error, Unreadable):
            raise
        raise Unreadable("Its encoding is none that we read.", 1, 1) from error
    assert builder.root is not None
    return builder.root


def _local(name: str) -> str:
    return name.rpartition(" ")[2]
