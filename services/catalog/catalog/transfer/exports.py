"""Make an archive of a course: what goes into it is read in one transaction, and sent after that."""

import asyncio
import json
import zlib
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import UTC
from typing import TYPE_CHECKING, Any

from chassis.storage import NotStored, Storage, is_key
from sqlalchemy.ext.asyncio import AsyncSession

from catalog.categories import service as categories
from catalog.courses import rules as course_rules
from catalog.courses import service as courses
from catalog.courses import transfer as course_rows
from catalog.courses import versions
from catalog.outline import whole as outlines
from catalog.outline.versions import LESSON, MODULE
from catalog.pictures import rules as pictures
from catalog.resources import rules as resource_rules
from catalog.resources import whole as resources
from catalog.resources.errors import FileNameUnknown
from catalog.settings import settings_of
from catalog.transfer.archives import UNSUSPICIOUS, UNSUSPICIOUS_IN_ALL
from catalog.transfer.documents import DOCUMENT, FORMAT, VERSION
from catalog.transfer.errors import CourseTooLarge, FilesMissing
from catalog.transfer.links import BODIES, LessonPlace, ResourcePlace, to_places
from catalog.transfer.packing import Member

if TYPE_CHECKING:
    from chassis.auth import Principal
    from chassis.internal import InternalCalls

    from catalog.courses.models import Course
    from catalog.outline.service import Part
    from catalog.resources.models import Resource

LOOKED_FOR_AT_ONCE = 16
MISSING_TOLD = 50
THUMBNAIL = "thumbnail.webp"
PACKS_TOO_WELL = 50
"""Times; a quarter of what an archive may have."""
PACKED_TEXTS = UNSUSPICIOUS_IN_ALL // 2
"""Bytes of text files that are packed; whatever they pack to, with the others as they are the archive is no bomb."""

_RESOURCE = ("title", "type", "description", "duration_minutes", "premium", "url")


@dataclass(frozen=True, slots=True)
class _Filed:
    """A member that has its content in the storage, and whose it is: for telling what is missing."""

    member: Member
    resource_id: int | None
    title: str


@dataclass(frozen=True, slots=True)
class Collected:
    """All that goes into the archive of a course; the files are still to be looked for."""

    slug: str
    document: Mapping[str, Any]
    files: Sequence[_Filed]
    document_bytes: int
    """What an archive's document may have where this one comes from."""


async def collect(
    session: AsyncSession,
    calls: "InternalCalls",
    principal: "Principal",
    course_id: int,
    version_id: int | None,
) -> Collected:
    """What of a course goes into an archive, as of one instant; by default what is being edited: its draft version, if
    there is one.

    Raises CourseNotFound, also for what is no version of the course, what `courses.open_for_editing` does, and
    CourseTooLarge.
    """
    parent_id = await versions.parent_of(session, course_id)
    if parent_id is not None:
        course_id, version_id = parent_id, version_id or course_id
    # Its row held, nobody edits anything of it meanwhile.
    course = await courses.open_for_editing(session, calls, principal, course_id)
    version = await course_rows.find_version(session, course, version_id)
    at_most = settings_of(session).max_course_document_bytes
    if await outlines.text_bytes(session, version.id) > at_most:
        raise CourseTooLarge(f"An archive takes {at_most} bytes of texts.")
    outline = await outlines.load(session, version.id)
    own_ids = [lesson.origin_id or lesson.id for part in outline for lesson in part.lessons]
    by_lesson = await resources.load(session, own_ids)
    files: list[_Filed] = []
    own = await _course(session, course, version, files)
    # Nothing is asked of the database in there: all of these rows were read to their last column just now.
    modules = await asyncio.to_thread(_modules, outline, by_lesson, files)
    document = {"format": FORMAT, "version": VERSION, "course": own, "modules": modules}
    return Collected(course.slug, document, list(_packed_within(files)), at_most)


def _packed_within(files: Iterable[_Filed]) -> Iterator[_Filed]:
    """The files, of which the first PACKED_TEXTS bytes of texts are packed and no more."""
    room = PACKED_TEXTS
    for filed in files:
        if filed.member.is_dense:
            yield filed
        elif filed.member.size > room:
            yield replace(filed, member=replace(filed.member, is_dense=True))
        else:
            room -= filed.member.size
            yield filed


async def gather(storage: Storage, collected: Collected) -> list[Member]:
    """The archive's members, each of which is there now. Raises FilesMissing, CourseTooLarge, StorageAway."""
    gate = asyncio.Semaphore(LOOKED_FOR_AT_ONCE)

    async def look(filed: _Filed) -> Member | None:
        async with gate:
            try:
                found = await storage.find(filed.member.key or "")
            except (NotStored, ValueError):
                return None
        # Of a picture no row says how large it is.
        size = filed.member.size if filed.resource_id is not None else found.size
        return replace(filed.member, size=size) if size == found.size else None

    found = await asyncio.gather(*(look(filed) for filed in collected.files))
    _check_all_there([filed for filed, member in zip(collected.files, found, strict=True) if member is None])
    document = await asyncio.to_thread(_as_member, collected.document)
    # Measured before as texts, and now as it is written: an escaped character has up to six.
    if document.size > collected.document_bytes:
        raise CourseTooLarge(f"An archive takes {collected.document_bytes} bytes of texts, written as JSON.")
    return [document, *(member for member in found if member is not None)]


def _check_all_there(missing: Sequence[_Filed]) -> None:
    if not missing:
        return
    told = [{"id": filed.resource_id, "title": filed.title} for filed in missing if filed.resource_id]
    raise FilesMissing(
        "Give these resources their files again, or remove them.",
        resources=told[:MISSING_TOLD],
        thumbnail=any(filed.resource_id is None for filed in missing),
    )


def _as_member(document: Mapping[str, Any]) -> Member:
    text = _as_json(document)
    # What repeats itself without an end would pass for a bomb where the archive is taken in.
    is_suspicious = len(text) > UNSUSPICIOUS and len(zlib.compress(text, 1)) * PACKS_TOO_WELL < len(text)
    return Member(DOCUMENT, len(text), content=text, is_dense=is_suspicious)


def _as_json(document: Mapping[str, Any]) -> bytes:
    return (json.dumps(document, ensure_ascii=False, indent=1) + "\n").encode()


# --- the document ---------------------------------------------------------------------------------------------


async def _course(
    session: AsyncSession, course: "Course", version: "Course", files: list[_Filed]
) -> dict[str, Any]:
    category = await categories.of_course(session, course.category_id)
    key = pictures.key_in(course.thumbnail)
    if key is not None and is_key(key):
        files.append(_Filed(Member(THUMBNAIL, 0, key=key), None, course.title))
    ends = course.discount_ends
    return {
        **{name: getattr(version, name) for name in course_rules.VERSIONED},
        "category": {"slug": category.slug, "name": category.name},
        "currency": settings_of(session).currency,
        "price": f"{course.price:.2f}",
        "discount_price": None if course.discount_price is None else f"{course.discount_price:.2f}",
        "discount_ends": None if ends is None else ends.astimezone(UTC).isoformat().replace("+00:00", "Z"),
        "thumbnail": None if key is None or not is_key(key) else {"path": THUMBNAIL},
    }


def _modules(
    outline: "Sequence[Part]", by_lesson: "Mapping[int, Sequence[Resource]]", files: list[_Filed]
) -> list[dict[str, Any]]:
    linked = _Linked(outline, by_lesson)
    return [_module(part, place, by_lesson, linked, files) for place, part in enumerate(outline, 1)]


class _Linked:
    """Where in the document everything is that a lesson may have a link to."""

    def __init__(self, outline: "Sequence[Part]", by_lesson: "Mapping[int, Sequence[Resource]]") -> None:
        self._lessons: dict[int, LessonPlace] = {}
        self._resources: dict[int, ResourcePlace] = {}
        for place, part in enumerate(outline):
            for number, lesson in enumerate(part.lessons):
                own_id = lesson.origin_id or lesson.id
                self._lessons[own_id] = (place, number)
                for at, resource in enumerate(by_lesson.get(own_id, ())):
                    self._resources[resource.id] = (place, number, at)

    def text(self, text: str | None) -> str | None:
        return text and to_places(text, self._lessons, self._resources)


def _module(
    part: "Part",
    place: int,
    by_lesson: "Mapping[int, Sequence[Resource]]",
    linked: _Linked,
    files: list[_Filed],
) -> dict[str, Any]:
    return {
        **{name: getattr(part.module, name) for name in MODULE},
        "lessons": [
            {
                **{name: getattr(lesson, name) for name in LESSON},
                **{name: linked.text(getattr(lesson, name)) for name in BODIES},
                "resources": [
                    _resource(resource, f"files/{place:03}-{number:03}-{at:03}", files)
                    for at, resource in enumerate(by_lesson.get(lesson.origin_id or lesson.id, ()), 1)
                ],
            }
            for number, lesson in enumerate(part.lessons, 1)
        ],
    }


def _resource(resource: "Resource", folder: str, files: list[_Filed]) -> dict[str, Any]:
    told = {name: getattr(resource, name) for name in _RESOURCE}
    if not resource.uploaded or resource.storage_key is None:
        return {**told, "file": None}
    path = f"{folder}/{_name_of(resource)}"
    size = resource.file_size or 0
    # A text may pack a thousand times. Of one this large nobody knows before it is sent, so it is not tried.
    is_packed = (resource.mime_type or "").startswith("text/") and size <= UNSUSPICIOUS
    member = Member(path, size, key=resource.storage_key, sha256=resource.sha256, is_dense=not is_packed)
    files.append(_Filed(member, resource.id, resource.title))
    about = {"name": resource.file or "file", "mime_type": resource.mime_type, "size": size}
    return {**told, "file": {"path": path, **about, "sha256": resource.sha256}}


def _name_of(resource: "Resource") -> str:
    """Its name as part of a path; what the old site's data calls a file may be no name at all."""
    try:
        return resource_rules.name_of(resource.file or "file")
    except FileNameUnknown:
        return "file"
