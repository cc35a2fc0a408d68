"""A cartridge as a course of ours.

Modules are the folders on top of the outline, lessons what its items show, resources the files that go with them.
Whatever a course here has no place for is named in the report, with the reason: nothing is dropped in silence, and no
part that is broken costs the others.
"""

from collections.abc import Iterable, Sequence
from typing import Any, Literal

from catalog.cartridges import apart, canvas, documents, manifest, pages, plan, rules, trees
from catalog.cartridges.errors import CartridgeEmpty
from catalog.cartridges.links import Links, room
from catalog.cartridges.manifest import Manifest, Metadata, Resource
from catalog.cartridges.plan import MORE, Place, Plan
from catalog.courses.schemas import LONGEST_DESCRIPTION
from catalog.lessons.schemas import LONGEST_BODY
from catalog.resources.rules import FAMILY_BY_ENDING, name_of
from catalog.transfer.archives import Archive
from catalog.transfer.documents import (
    Converted,
    Format,
    Report,
    bundle_of,
)
from catalog.transfer.errors import UnpacksTooLarge

NAME = "common-cartridge"
FILES_PER_LESSON = 20
"""Of those that no lesson asks for."""
MOST_FILES = 100
"""Of those that one does; more are for the lessons of files."""
LONGEST_PAGE = 2 * 2**20
"""Characters of HTML that are read for a lesson."""
MOST_FOR_A_TITLE = 2**20
MOST_FOR_TITLES = 4 * 2**20
READ_PER_WRITTEN = 4
"""How many times the bytes of all texts may be read for them: pages are mostly markup."""
LEFT_IN_ERROR = 20
_TAKEN_AS = {"page": "pages", "link": "web_links", "topic": "discussions", "assignment": "assignments"}
_MENTIONED = {
    "prerequisites": "Conditions between the cartridge's items are not kept: a course's lessons are all open.",
    "sequencing": "The order in which items open is not kept: a course's lessons are all open.",
    "curriculumStandardsMetadataSet": "Courses here are not aligned with curriculum standards.",
    "authorizations": "The publisher asks for a permission at another place; mind whether you may use the content.",
}
_CALLED = {
    "prerequisites": "Prerequisites",
    "sequencing": "Sequencing",
    "curriculumStandardsMetadataSet": "Curriculum standards",
    "authorizations": "Authorizations",
}


def convert(archive: Archive) -> Converted:
    """The course, for a thread. Raises CartridgeBroken, NotACartridge, CartridgeEmpty, UnpacksTooLarge, BundleInvalid,
    and what reading the archive does."""
    found = manifest.read(archive.read(manifest.NAME))
    report = Report(f"{NAME} {found.version}")
    settings = canvas.read(archive)
    title = rules.shortened(found.metadata.title.split("\n")[0], rules.MAX_TITLE) or found.root_title
    title = rules.shortened(rules.cleaned(title), rules.MAX_TITLE) or "Imported course"
    course = plan.make(archive, found, settings, title, _Titles(archive), report)
    with apart.Reader() as reader:
        told = _course(title, found.metadata, reader, report)
        modules = _Conversion(archive, found, course, reader, report).modules()
    _report_whole(found, settings, report)
    if not modules:
        left = [{"what": each.what, "why": each.why} for each in report.left[:LEFT_IN_ERROR]]
        raise CartridgeEmpty(None, left=left)
    bundle = bundle_of({"course": told, "modules": modules})
    return Converted(bundle, report)


FORMAT = Format(NAME, manifest.NAME, convert)


class _Titles:
    """What documents are called by themselves: few cartridges name what their outline leaves out."""

    def __init__(self, archive: Archive) -> None:
        self._archive = archive
        self._budget = MOST_FOR_TITLES

    def __call__(self, kind: rules.Kind, path: str) -> str:
        size = self._archive.size_of(path)
        if kind == "file" or size > min(MOST_FOR_A_TITLE, self._budget):
            return ""
        self._budget -= size
        document = self._archive.read(path)
        try:
            match kind:
                case "page":
                    return pages.title_of(pages.decode(document))
                case "link":
                    return documents.web_link(document).title
                case "topic" | "assignment":
                    return documents.text(document).title
                case _:
                    return documents.title(document)
        except trees.Unreadable:
            # Told where it is read for its content.
            return ""


def _course(title: str, metadata: Metadata, reader: apart.Reader, report: Report) -> dict[str, Any]:
    said = metadata.description
    try:
        description = reader.markdown(said, lambda _: None).text if pages.is_html(said) else pages.plain(said)
    except trees.Unreadable:
        description = pages.plain(said)
    if len(description) > LONGEST_DESCRIPTION:
        report.leave("The end of the course's description", "It is longer than a description may be.")
    keywords = ", ".join(rules.cleaned(each) for each in metadata.keywords)
    return {
        "title": title,
        "description": description[:LONGEST_DESCRIPTION],
        "language": metadata.language or "en",
        "duration_minutes": None if metadata.minutes is None else min(metadata.minutes, 1_000_000),
        "meta_keywords": rules.shortened(keywords, 500) or None,
    }


def _report_whole(found: Manifest, settings: canvas.Settings, report: Report) -> None:
    for name, count in found.mentions.items():
        report.leave(f"{_CALLED[name]} ({count})", _MENTIONED[name])
    if settings.conditions:
        why = "A course's lessons are all open to those enrolled: none waits for another."
        report.leave(f"Conditions of Canvas' modules ({settings.conditions})", why)
    if found.metadata.rights:
        why = "Courses keep no statement of rights: mind what it says."
        report.leave(f"Rights: {rules.shortened(found.metadata.rights, 400)}", why)


class _TooLong(Exception):
    """A text that is not even read."""


class _Conversion:
    """One run: what was read so far, which files are given to which lesson, and what is to be told at the end."""

    def __init__(
        self, archive: Archive, found: Manifest, course: Plan, reader: apart.Reader, report: Report
    ) -> None:
        self._archive = archive
        self._manifest = found
        self._reader = reader
        self._plan = course
        self._report = report
        self._given: set[str] = set()
        self._expanded: set[str] = set()
        self._documents: set[str] = set()
        self._read = 0
        self._written = 0
        self._links = Links()

    def modules(self) -> list[dict[str, Any]]:
        """Every module with a lesson in it; what is left over of the files comes last."""
        made: list[dict[str, Any]] = []
        at: dict[Place, tuple[int, int]] = {}
        for part in self._plan.parts:
            lessons: list[dict[str, Any]] = []
            for place in part.places:
                lesson = self._lesson(place)
                if lesson is not None:
                    at[place] = (len(made), len(lessons))
                    lessons.append(lesson)
            if lessons:
                made.append({"title": part.title, "is_published": not part.is_hidden, "lessons": lessons})
        over = list(self._lessons_of_files())
        if over and made and made[-1]["title"] == MORE:
            made[-1]["lessons"].extend(over)
        elif over:
            made.append({"title": MORE, "lessons": over})
        self._links.settle(made, at)
        self._report_rest()
        return made

    # --- lessons --------------------------------------------------------------------------------------------

    def _lesson(self, place: Place) -> dict[str, Any] | None:
        """The lesson of a place; None, and a word in the report, where there is nothing to be made of it."""
        try:
            lesson = self._of_file(place) if place.kind == "file" else self._of_text(place)
        except trees.Unreadable as error:
            self._leave(place, f"{place.path} cannot be read: {error.reason}")
            return None
        except _TooLong:
            self._leave(place, "It is longer than a text may be.")
            return None
        if lesson is None:
            return None
        grows = room(lesson["content"])
        self._written += len(lesson["content"].encode()) + grows
        self._check_texts()
        if len(lesson["content"]) + grows > LONGEST_BODY:
            self._leave(place, f"It has more than the {LONGEST_BODY} characters of a lesson.")
            return None
        if not lesson["content"] and not lesson["resources"]:
            self._leave(place, "There is nothing in it.")
            return None
        if place.kind in _TAKEN_AS:
            self._report.take(_TAKEN_AS[place.kind])
        return {"title": place.title, **lesson}

    def _of_text(self, place: Place) -> dict[str, Any] | None:
        attached: list[str] = []
        if place.kind == "link":
            return self._of_link(place)
        assert place.path is not None
        if place.path in self._documents:
            self._leave(place, f"Its text was taken before: {rules.shortened(place.path, 200)}")
            return None
        self._documents.add(place.path)
        document = self._document(place.path)
        if document is None:
            raise _TooLong
        if place.kind == "page":
            html = pages.decode(document)
            content = self._markdown(place, html, attached)
            if pages.is_unpublished(html):
                why = "Lessons are not hidden one by one: look at it before the course is published."
                self._report.leave(f"That “{place.title}” is hidden from learners", why)
        else:
            said = documents.text(document)
            content = self._markdown(place, said.text, attached) if said.is_html else pages.plain(said.text)
            for href in said.attachments:
                self._name(place, href, attached)
        self._take_dependencies(place, attached)
        if place.kind == "assignment":
            why = "It is taken as something to read: nothing is handed in or graded in a lesson."
            self._report.leave(f"What is handed in for “{place.title}”", why)
        if place.kind == "topic":
            why = "It is taken as something to read: lessons have no discussion."
            self._report.leave(f"The discussion of “{place.title}”", why)
        resources = [_resource_of(name) for name in attached]
        return {"content": content, "resources": resources}

    def _of_link(self, place: Place) -> dict[str, Any] | None:
        if place.path is None:
            given = place.resource.href or ""
        else:
            document = self._document(place.path)
            given = "" if document is None else documents.web_link(document).url
        url = rules.web_address(given)
        if url is None:
            self._leave(
                place, f"Its address is none of the web: {rules.shortened(rules.cleaned(given), 200)}"
            )
            return None
        is_video = rules.is_video(url)
        kind: Literal["video", "reading"] = "video" if is_video else "reading"
        return {
            "content": pages.link(place.title, url),
            "activity_type": kind,
            "video_url": url if is_video else None,
            "resources": [{"title": place.title, "type": "link", "url": url}],
        }

    def _of_file(self, place: Place) -> dict[str, Any] | None:
        assert place.path is not None
        if place.path in self._given:
            self._leave(place, f"Its file was taken before: {rules.shortened(place.path, 200)}")
            return None
        attached = [place.path]
        self._given.add(place.path)
        self._take_dependencies(place, attached)
        resources = [_resource_of(name) for name in attached]
        is_video = resources[0]["type"] == "video"
        kind: Literal["video", "reading"] = "video" if is_video else "reading"
        return {"content": "", "activity_type": kind, "resources": resources}

    def _markdown(self, place: Place, html: str, attached: list[str]) -> str:
        read, inlined = pages.without_inlined(html)
        if inlined:
            why = "They are written into the page itself: send them as files of the lesson."
            self._leave(place, why, part=f"Pictures ({inlined}) of ")
        if len(read) > LONGEST_PAGE:
            raise _TooLong
        page = self._reader.markdown(read, lambda reference: self._name(place, reference, attached))
        if page.is_cut:
            self._leave(place, "It is nested deeper than anybody could read.", part="A part of ")
        return page.text

    def _document(self, path: str) -> bytes | None:
        """A text of the archive; None where it is larger than one may be. Raises UnpacksTooLarge."""
        if self._archive.size_of(path) > self._archive.limits.document_bytes:
            return None
        document = self._archive.read(path)
        self._read += len(document)
        self._check_texts()
        return document

    def _check_texts(self) -> None:
        limit = self._archive.limits.document_bytes
        if self._written > limit or self._read > limit * READ_PER_WRITTEN:
            raise UnpacksTooLarge(f"A course's texts may have {limit} bytes in all.")

    # --- files ----------------------------------------------------------------------------------------------

    def _name(self, place: Place, reference: str, attached: list[str]) -> str | None:
        """What a reference from a lesson leads to, as it is called now; a file goes to the first lesson it is used in."""
        identifier = rules.canvas_identifier(reference) or ""
        if identifier in self._plan.places:
            return self._lead_to(self._plan.places[identifier])
        resource = self._plan.by_id.get(identifier)
        if resource is not None and _kind_of(resource) == "file":
            for file in plan.files_of(self._archive, [resource]):
                return self._attach(file, attached)
        folder = (place.path or "").rpartition("/")[0]
        for at in rules.places(reference, folder):
            name = self._archive.find(at)
            if name is None:
                continue
            if name in self._plan.places:
                return self._lead_to(self._plan.places[name])
            return self._attach(name, attached)
        what = f"A reference in “{place.title}”: {rules.shortened(rules.cleaned(reference), 200)}"
        self._report_once(what, "The cartridge has nothing there that was taken.")
        return None

    def _lead_to(self, place: Place) -> str:
        return self._links.open(place, place.title)

    def _attach(self, name: str, attached: list[str]) -> str | None:
        if rules.ending_of(name) not in FAMILY_BY_ENDING or name in self._plan.withheld:
            return None
        if name not in self._given and len(attached) < MOST_FILES:
            self._given.add(name)
            attached.append(name)
        return self._links.open(name, name_of(name))

    def _take_dependencies(self, place: Place, attached: list[str]) -> None:
        """The files of a resource, and of those it depends on, as far as they are to be read."""
        needed = [self._plan.by_id[each] for each in place.resource.dependencies if each in self._plan.by_id]
        for resource in (place.resource, *needed):
            # Once: its files are the first lesson's then.
            if resource.identifier in self._expanded:
                continue
            self._expanded.add(resource.identifier)
            if _kind_of(resource) in ("settings", "quiz", "question bank"):
                continue
            for name in plan.files_of(self._archive, [resource]):
                if not (name in self._plan.places or rules.is_page(name) or rules.is_dress(name)):
                    self._attach(name, attached)

    def _lessons_of_files(self) -> Iterable[dict[str, Any]]:
        """Files of the manifest that no lesson has yet, folder by folder, in lessons of their own."""
        seen = {place.path for part in self._plan.parts for place in part.places}
        unwanted = self._plan.withheld | self._plan.told
        folders: dict[str, list[str]] = {}
        for resource in self._manifest.resources:
            if _kind_of(resource) not in ("file", "page", "topic", "assignment"):
                continue
            for name in plan.files_of(self._archive, [resource]):
                if name in seen or name in self._given or name in unwanted:
                    continue
                seen.add(name)
                if rules.is_page(name):
                    self._report.leave(f"Page {name}", "It is a part of another page.")
                elif rules.ending_of(name) in FAMILY_BY_ENDING and not rules.is_dress(name):
                    folders.setdefault(name.rpartition("/")[0], []).append(name)
                elif not rules.is_dress(name):
                    self._report.leave(f"File {name}", "Files of this kind are not taken.")
        self._given.update(name for names in folders.values() for name in names)
        for folder, names in folders.items():
            title = rules.title_of(
                [], f"Files: {rules.cleaned(folder.rpartition('/')[2])}" if folder else "Files"
            )
            for number, batch in enumerate(_in_batches(names), 1):
                numbered = title if len(names) <= FILES_PER_LESSON else f"{title[:190]} ({number})"
                yield {"title": numbered, "content": "", "resources": [_resource_of(name) for name in batch]}

    # --- what is told -----------------------------------------------------------------------------------------

    def _leave(self, place: Place, why: str, part: str = "") -> None:
        self._report.leave(f"{part}{plan.called(place.kind)} “{place.title}”", why)

    def _report_once(self, what: str, why: str) -> None:
        if not self._report.left or self._report.left[-1].what != what:
            self._report.leave(what, why)

    def _report_rest(self) -> None:
        for name, count in self._links.lost.items():
            self._report.leave(f"Links to “{name}” ({count})", "They name it: it was not taken.")
        kinds = [_kind_of(each) for each in self._manifest.resources]
        if "settings" in kinds:
            why = "They are of the platform that the cartridge comes from."
            self._report.leave(f"Settings ({kinds.count('settings')})", why)
        if self._plan.withheld:
            why = "They are hidden, for teachers only, or the publisher asks for a permission."
            self._report.leave(f"Files that are not for learners ({len(self._plan.withheld)})", why)
        dress = sum(1 for name in self._archive.names if rules.is_dress(name) and name not in self._given)
        if dress:
            self._report.leave(
                f"Styles, scripts and fonts ({dress})", "Lessons look and act as all lessons do."
            )
        known = {manifest.NAME, *plan.files_of(self._archive, self._manifest.resources)} | self._given
        unknown = [name for name in self._archive.names if name not in known and not rules.is_dress(name)]
        if unknown:
            why = "The manifest does not mention them, and no page that was taken does."
            self._report.leave(
                f"Other files of the archive ({len(unknown)}), such as {unknown[0][:200]}", why
            )


def _kind_of(resource: Resource) -> rules.Kind:
    return rules.kind_of(resource.type, resource.href, resource.material)


def _resource_of(name: str) -> dict[str, Any]:
    shown = name_of(name)
    ending = rules.ending_of(name)
    return {
        "title": rules.shortened(shown, rules.MAX_TITLE),
        "type": rules.resource_type(FAMILY_BY_ENDING[ending], ending),
        "file": {"path": name, "name": shown},
    }


def _in_batches(names: Sequence[str]) -> Iterable[Sequence[str]]:
    return (names[start : start + FILES_PER_LESSON] for start in range(0, len(names), FILES_PER_LESSON))
