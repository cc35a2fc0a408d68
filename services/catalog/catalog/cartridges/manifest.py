"""imsmanifest.xml, read: what the cartridge says it is, its outline, and its resources.

By local names alone, so one reader serves 1.0 to 1.3, thin cartridges, and the content packages that Brightspace and
Sakai write, which differ in their namespaces. What is merely unusual is read as far as it goes.
"""

from collections.abc import Iterable
from dataclasses import dataclass, field

from catalog.cartridges import rules, trees
from catalog.cartridges.errors import CartridgeBroken, NotACartridge
from catalog.cartridges.trees import Element

NAME = "imsmanifest.xml"
_TEACHERS = frozenset({"instructor", "mentor", "teacher"})
_NOT_LEARNING = ("prerequisites", "curriculumStandardsMetadataSet", "authorizations", "sequencing")


@dataclass(frozen=True, slots=True)
class Item:
    """A place in the outline: a folder, something to learn, or both. `is_hidden` where nobody is shown it."""

    identifier: str
    title: str
    refers_to: str | None
    for_teachers: bool
    is_hidden: bool
    children: "tuple[Item, ...]"


@dataclass(frozen=True, slots=True)
class Resource:
    """What an item may refer to. `href` is the first file's where the resource itself has none; paths are from the
    manifest's folder, undecoded. `instead_of` names the resource this one is the plain form of."""

    identifier: str
    type: str
    href: str | None
    files: tuple[str, ...]
    dependencies: tuple[str, ...]
    title: str
    material: str
    instead_of: str | None
    for_teachers: bool
    is_protected: bool


@dataclass(frozen=True, slots=True)
class Metadata:
    """What the whole is: from LOM, whichever binding of it."""

    title: str = ""
    description: str = ""
    language: str | None = None
    keywords: tuple[str, ...] = ()
    minutes: int | None = None
    rights: str = ""


@dataclass(frozen=True, slots=True)
class Manifest:
    """`root_title` is what the outline's root is called, often nothing. `mentions` counts what we have no place for,
    by the element's name."""

    version: str
    metadata: Metadata
    root_title: str
    items: tuple[Item, ...]
    resources: tuple[Resource, ...]
    mentions: dict[str, int] = field(default_factory=dict)


def read(document: bytes) -> Manifest:
    """The manifest. Raises CartridgeBroken, NotACartridge."""
    try:
        root = trees.parse(document)
    except trees.Unreadable as error:
        raise CartridgeBroken(
            _at(error), reason=error.reason, line=error.line, column=error.column
        ) from error
    if root.name != "manifest":
        reason = f"Its root is <{root.name[:100]}>, not <manifest>."
        raise CartridgeBroken(reason, reason=reason, line=root.line, column=None)
    version = _version(root)
    title, items = _outline(root)
    return Manifest(
        version=version,
        metadata=_metadata(root.first("metadata", "lom")),
        root_title=title,
        items=items,
        resources=tuple(_resources(root)),
        mentions=_mentions(root),
    )


def _at(error: trees.Unreadable) -> str:
    return error.reason if error.line is None else f"Line {error.line}, column {error.column}: {error.reason}"


def _version(root: Element) -> str:
    """What the manifest says it is of Common Cartridge. A package that names no schema, or plain content packaging,
    has the same form; SCORM has not: its content is a program."""
    schema, version = (_text(root.first("metadata", name)) for name in ("schema", "schemaversion"))
    if "scorm" in f"{schema} {version}".lower():
        raise NotACartridge("It is a SCORM package, whose content runs in a player of its own.")
    return rules.shortened(rules.cleaned(version), 20) or "unknown"


# --- metadata ---------------------------------------------------------------------------------------------------


def _metadata(lom: Element | None) -> Metadata:
    if lom is None:
        return Metadata()
    general = lom.first("general")
    if general is None:
        return Metadata(rights=_rights(lom))
    languages = (rules.language_of(language.text) for language in general.all("language"))
    spans = [
        each
        for educational in lom.all("educational")
        for each in educational.all("typicalLearningTime")
        for each in each.walk()
        if each.name in ("duration", "datetime")
    ]
    return Metadata(
        title=_words(general.first("title")),
        description="\n\n".join(filter(None, (_words(each) for each in general.all("description")))),
        language=next(filter(None, languages), None),
        keywords=tuple(filter(None, (_words(each) for each in general.all("keyword")))),
        minutes=next(filter(None, (rules.minutes_of(each.text) for each in spans)), None),
        rights=_rights(lom),
    )


def _rights(lom: Element) -> str:
    return rules.cleaned(
        " ".join(_words(each) for each in lom.all("rights") for each in each.all("description"))
    )


def _words(field: Element | None) -> str:
    """What a LOM field says: its first string that says anything, or its own text."""
    if field is None:
        return ""
    said = (each.text for each in field.walk() if each.name in ("string", "langstring") and each.text)
    return rules.storable(next(said, field.text)).strip()


def _text(element: Element | None) -> str:
    return "" if element is None else element.text


def _is_for_teachers(element: Element) -> bool:
    """Whether the metadata of an item or a resource says that learners are not to see it."""
    roles = [
        _words(value).lower()
        for metadata in element.all("metadata")
        for each in metadata.walk()
        if each.name == "intendedEndUserRole"
        for value in each.all("value")
    ]
    return bool(roles) and all(role in _TEACHERS for role in roles)


# --- the outline ------------------------------------------------------------------------------------------------


def _outline(root: Element) -> tuple[str, tuple[Item, ...]]:
    """The title of the outline's root and what is on its top. The specification asks for one item that holds all;
    some exporters have none, and some have the course's title on it."""
    organizations = root.first("organizations")
    if organizations is None:
        return "", ()
    all_of_them = list(organizations.all("organization"))
    default = organizations.attributes.get("default")
    chosen = next((each for each in all_of_them if each.attributes.get("identifier") == default), None)
    if chosen is None:
        chosen = all_of_them[0] if all_of_them else None
    if chosen is None:
        return "", ()
    title = rules.title_in(_text(chosen.first("title")))
    items = [_item(each) for each in chosen.all("item")]
    only = items[0] if len(items) == 1 else None
    # Some hide the root, for a player would show it as one more folder.
    if only is not None and only.refers_to is None and not only.for_teachers:
        return only.title or title, only.children
    return title, tuple(items)


def _item(element: Element) -> Item:
    return Item(
        identifier=element.attributes.get("identifier", ""),
        title=rules.title_in(_text(element.first("title"))),
        refers_to=element.attributes.get("identifierref") or None,
        for_teachers=_is_for_teachers(element),
        is_hidden=element.attributes.get("isvisible", "").strip().lower() in ("false", "0"),
        children=tuple(_item(each) for each in element.all("item")),
    )


# --- resources --------------------------------------------------------------------------------------------------


def _resources(root: Element) -> Iterable[Resource]:
    of_manifest = root.attributes.get("base", "")
    for resources in root.all("resources"):
        of_all = rules.joined(of_manifest, resources.attributes.get("base", ""))
        for element in resources.all("resource"):
            yield _resource(element, rules.joined(of_all, element.attributes.get("base", "")))


def _resource(element: Element, base: str) -> Resource:
    files = [each.attributes.get("href", "").strip() for each in element.all("file")]
    href = element.attributes.get("href", "").strip() or next(filter(None, files), "")
    variant = next((each for each in element.walk() if each.name == "variant"), None)
    lom = element.first("metadata", "lom", "general", "title")
    return Resource(
        identifier=element.attributes.get("identifier", ""),
        type=element.attributes.get("type", ""),
        href=_path(base, href),
        files=tuple(filter(None, (_path(base, each) for each in files))),
        dependencies=tuple(each.attributes.get("identifierref", "") for each in element.all("dependency")),
        title=rules.title_in(_words(lom) or element.attributes.get("title", "")),
        material=element.attributes.get("material_type", "").lower(),
        instead_of=None if variant is None else variant.attributes.get("identifierref"),
        for_teachers=_is_for_teachers(element),
        is_protected=element.attributes.get("protected", "").strip().lower() in ("true", "1"),
    )


def _path(base: str, href: str) -> str | None:
    if not href:
        return None
    return href if rules.is_address(href) else rules.joined(base, href)


def _mentions(root: Element) -> dict[str, int]:
    counts: dict[str, int] = {}
    for element in root.walk():
        if element.name in _NOT_LEARNING:
            counts[element.name] = counts.get(element.name, 0) + 1
    return counts
