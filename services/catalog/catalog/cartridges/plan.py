"""Which lessons a cartridge makes, in which modules: its outline, and after that what the outline leaves out.

Of the documents nothing but a title is read here: a page's links lead to other lessons, so all lessons are known before
the first page is read.
"""

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field

from catalog.cartridges import canvas, rules
from catalog.cartridges.manifest import Item, Manifest, Resource
from catalog.resources.rules import FAMILY_BY_ENDING
from catalog.transfer.archives import Archive
from catalog.transfer.documents import Report

MORE = "More material"
_TAKEN = ("page", "file", "link", "topic", "assignment")
_WHY_NOT = {
    "quiz": "Quizzes are not taken: they are made anew, with their questions.",
    "question bank": "Questions are not taken: they are made anew, with a quiz.",
    "tool": "External tools (LTI) are not connected to courses here.",
    "other": "Nothing here is of this kind.",
}
_TEACHERS_ONLY = "It is for teachers only, and lessons and resources are for learners."
_PROTECTED = "The publisher asks for a permission before it may be used."


Entitled = Callable[[rules.Kind, str], str]
"""What the document of this kind at this path is called by itself; nothing where it does not say."""


@dataclass(frozen=True, slots=True, eq=False)
class Place:
    """A lesson to be: what it shows, and where the manifest has its document. No two are the same."""

    title: str
    resource: Resource
    kind: rules.Kind
    path: str | None


@dataclass(slots=True)
class Part:
    """A module to be."""

    title: str
    is_hidden: bool = False
    places: list[Place] = field(default_factory=list)


@dataclass(slots=True)
class Plan:
    """`places` are the lessons to be, by what they show: the resource's identifier, or the file's name."""

    parts: list[Part]
    places: dict[str, Place]
    by_id: dict[str, Resource]
    withheld: set[str]
    """Files, by their name in the archive, that learners are not to get."""
    told: set[str]
    """Files of which the report says why they are not taken."""


class _Planner:
    def __init__(
        self,
        archive: Archive,
        manifest: Manifest,
        settings: canvas.Settings,
        entitled: Entitled,
        report: Report,
    ) -> None:
        self._archive = archive
        self._entitled = entitled
        self._manifest = manifest
        self._settings = settings
        self._report = report
        self._used: dict[str, str] = {}
        self.told: set[str] = set()
        self.by_id: dict[str, Resource] = {}
        for resource in manifest.resources:
            self.by_id.setdefault(resource.identifier, resource)
        self._shown = set(_shown(manifest.items))
        self._hidden: set[str] = set()
        self._plain = {each.instead_of: each for each in manifest.resources if each.instead_of in self.by_id}

    def outline(self, course: str) -> list[Part]:
        """The modules of the outline; what stands beside the folders on top gets a module where it stands."""
        parts: list[Part] = []
        loose: Part | None = None
        for item in self._manifest.items:
            if not item.children and item.refers_to is None:
                self._report.leave(_named("Folder", item.title), "There is nothing in it.")
                continue
            if not self._is_folder(item):
                if loose is None:
                    loose = Part(rules.shortened(self._manifest.root_title or course, rules.MAX_TITLE))
                    parts.append(loose)
                loose.places.extend(self._places(item, []))
                continue
            loose = None
            title = rules.shortened(item.title or course, rules.MAX_TITLE)
            part = Part(title, is_hidden=item.identifier in self._settings.hidden_modules)
            if (why := _why_withheld(item)) is not None:
                self._report.leave(_named("Folder", title), why)
                self._use_up(item)
                continue
            if self._resource_of(item) is not None:
                part.places.extend(self._own_place(item, []))
            for child in item.children:
                part.places.extend(self._places(child, []))
            if not part.places:
                self._report.leave(_named("Folder", part.title), "There is nothing in it that was taken.")
            parts.append(part)
        return [part for part in parts if part.places]

    def left_out(self) -> Iterator[Place]:
        """What no item refers to and can be a lesson all the same. Files come later: pages may have taken them."""
        needed = {identifier for each in self._manifest.resources for identifier in each.dependencies}
        plain = {each.identifier for each in self._plain.values()}
        for resource in self._manifest.resources:
            kind = self._kind(resource)
            if resource.identifier in self._used or resource.identifier in plain:
                continue
            if kind in ("settings", "folder", "file") or (resource.identifier in needed and kind != "page"):
                continue
            yield from self._place(resource, kind, resource.title, [])

    def withheld(self) -> set[str]:
        """Files that only what learners are not to see has."""
        kept: set[str] = set()
        shown: set[str] = set()
        for resource in self._manifest.resources:
            files = {name for path in _paths(resource) if (name := self.find(path)) is not None}
            is_kept = resource.for_teachers or resource.is_protected or resource.identifier in self._hidden
            (kept if is_kept else shown).update(files)
        return kept - shown

    def find(self, path: str) -> str | None:
        """A file of the manifest in the archive."""
        found = (self._archive.find(spelled) for spelled in rules.spellings(path))
        return next(filter(None, found), None)

    def _is_folder(self, item: Item) -> bool:
        return bool(item.children) or (item.refers_to is not None and self._kind_of_item(item) == "folder")

    def _kind_of_item(self, item: Item) -> rules.Kind | None:
        resource = self.by_id.get(item.refers_to or "")
        return None if resource is None else self._kind(resource)

    def _resource_of(self, item: Item) -> Resource | None:
        resource = self.by_id.get(item.refers_to or "")
        return None if resource is None or self._kind(resource) == "folder" else resource

    def _kind(self, resource: Resource) -> rules.Kind:
        return rules.kind_of(resource.type, resource.href, resource.material)

    def _places(self, item: Item, above: list[str]) -> Iterator[Place]:
        """An item and all below it, one after the other."""
        if (why := _why_withheld(item)) is not None:
            self._report.leave(_named("Item", item.title), why)
            self._use_up(item)
            return
        if item.refers_to is None and not item.children:
            self._report.leave(_named("Heading", item.title), "There is nothing below it.")
            return
        yield from self._own_place(item, above)
        for child in item.children:
            yield from self._places(child, [*above, item.title])

    def _own_place(self, item: Item, above: list[str]) -> Iterator[Place]:
        if item.refers_to is None or self._kind_of_item(item) == "folder":
            return
        resource = self._resource_of(item)
        if resource is None:
            self._report.leave(
                _named("Item", item.title), "It refers to something that the manifest does not have."
            )
            return
        before = self._used.get(resource.identifier)
        if before is not None:
            self._report.leave(
                _named("Item", item.title), f"What it shows was taken before, as {_quoted(before)}."
            )
            return
        kind = self._kind(resource)
        if kind not in _TAKEN and resource.identifier in self._plain:
            self._used[resource.identifier] = item.title
            resource = self._plain[resource.identifier]
            kind = self._kind(resource)
        places = list(self._place(resource, kind, item.title, above))
        if places and item.identifier in self._settings.hidden_items and kind != "page":
            # Of a page it says so itself.
            why = "Lessons are not hidden one by one: look at it before the course is published."
            self._report.leave(f"That {_quoted(places[0].title)} is hidden from learners", why)
        yield from places

    def _place(self, resource: Resource, kind: rules.Kind, title: str, above: list[str]) -> Iterator[Place]:
        """The lesson that shows a resource, if it can be one."""
        path = None if resource.href is None or rules.is_address(resource.href) else self.find(resource.href)
        own = title or resource.title
        if not own and path is not None:
            own = self._entitled(kind, path)
        own = own or _stem(path or resource.href) or "Untitled"
        full = rules.title_of(above, own)
        self._used[resource.identifier] = full
        if resource.instead_of is not None:
            self._used[resource.instead_of] = full
        why = self._why_not(resource, kind, path)
        if why is not None:
            self._report.leave(_named(called(kind), full), why)
            self.told.update([] if path is None else [path])
            return
        yield Place(full, resource, kind, path)

    def _why_not(self, resource: Resource, kind: rules.Kind, path: str | None) -> str | None:
        if resource.for_teachers:
            return _TEACHERS_ONLY
        if resource.is_protected:
            return _PROTECTED
        if kind == "other":
            return f"{_WHY_NOT['other'][:-1]}: {rules.shortened(rules.cleaned(resource.type), 80)}."
        if kind not in _TAKEN:
            return _WHY_NOT.get(kind, "It is of the platform that the cartridge comes from.")
        if resource.href is None:
            return "The manifest names no file for it."
        if rules.is_address(resource.href):
            return None
        if path is None:
            return f"There is no such file in the cartridge: {rules.shortened(resource.href, 200)}"
        if kind == "file" and rules.ending_of(path) not in FAMILY_BY_ENDING:
            return f"Files of this kind are not taken: {rules.shortened(path, 200)}"
        return None

    def _use_up(self, item: Item) -> None:
        """What no learner is shown does not come back as something that the outline left out."""
        hidden = set(_references([item])) - self._shown
        self._hidden |= hidden
        for identifier in hidden:
            self._used.setdefault(identifier, item.title)


def _references(items: Iterable[Item]) -> Iterator[str]:
    for item in items:
        if item.refers_to is not None:
            yield item.refers_to
        yield from _references(item.children)


def _shown(items: Iterable[Item]) -> Iterator[str]:
    """What these items, and those below, refer to for learners."""
    for item in items:
        if _why_withheld(item) is None:
            if item.refers_to is not None:
                yield item.refers_to
            yield from _shown(item.children)


def _why_withheld(item: Item) -> str | None:
    if item.for_teachers:
        return _TEACHERS_ONLY
    return "It is hidden in the cartridge." if item.is_hidden else None


_CALLED: dict[str, str] = {
    "tool": "External tool",
    "topic": "Discussion",
    "other": "Item",
    "settings": "Item",
    "link": "Web link",
}


def called(kind: rules.Kind) -> str:
    """What a resource of this kind is called in the report."""
    return _CALLED.get(kind, kind.capitalize())


def make(
    archive: Archive,
    manifest: Manifest,
    settings: canvas.Settings,
    course: str,
    entitled: Entitled,
    report: Report,
) -> Plan:
    """The plan for a course of this title; what is no part of it is reported."""
    planner = _Planner(archive, manifest, settings, entitled, report)
    parts = planner.outline(course)
    more = list(planner.left_out())
    if more:
        parts.append(Part(MORE, places=more))
    places: dict[str, Place] = {}
    for place in (place for part in parts for place in part.places):
        places[place.resource.identifier] = place
        if place.path is not None:
            places.setdefault(place.path, place)
    for resource in manifest.resources:
        # One of two forms was taken, so the other is not missed.
        other = planner.by_id.get(resource.instead_of or "")
        if other is not None and (other.identifier in places or resource.identifier in places):
            planner.told.update(name for name in files_of(archive, (resource, other)) if name not in places)
    return Plan(parts, places, planner.by_id, planner.withheld(), planner.told)


def files_of(archive: Archive, resources: Iterable[Resource]) -> Iterator[str]:
    """The files these resources have, by their names in the archive; each as often as it is named."""
    for resource in resources:
        for path in _paths(resource):
            found = (archive.find(spelled) for spelled in rules.spellings(path))
            name = next(filter(None, found), None)
            if name is not None:
                yield name


def _paths(resource: Resource) -> Iterator[str]:
    for path in (resource.href, *resource.files):
        if path is not None and not rules.is_address(path):
            yield path


def _stem(path: str | None) -> str:
    last = (path or "").rstrip("/").rsplit("/", 1)[-1]
    return rules.cleaned(last.rpartition(".")[0] or last)


def _quoted(title: str) -> str:
    return f"“{title or 'without a title'}”"


def _named(what: str, title: str) -> str:
    return f"{what} {_quoted(title)}"
