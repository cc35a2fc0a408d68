"""Resources: read as far as the caller's access goes, edited by those who may edit the course.

They belong to the lesson itself, whichever version of the course it stands in: what is edited is there at once. A
lesson of a version is answered with the resources of the lesson it is a version of.
"""

import hashlib
from collections.abc import AsyncIterator, Callable, Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import timedelta
from typing import TYPE_CHECKING, Any

from chassis.db import Database, now
from chassis.outbox import emit
from chassis.pagination import PageParams
from chassis.storage import Storage, new_key
from contracts.catalog import ResourceDownloaded
from sqlalchemy import Row
from sqlalchemy.ext.asyncio import AsyncSession

from catalog.courses import reading
from catalog.courses import service as courses
from catalog.courses.errors import CourseNotFound
from catalog.files import service as files
from catalog.lessons import service as lessons
from catalog.outline import service as outlines
from catalog.outline.errors import LessonNotFound
from catalog.resources import queries, rules
from catalog.resources.errors import (
    FileEmpty,
    LinkHasNoFile,
    LoginUnlocks,
    ResourceHasNoFile,
    ResourceLocked,
    ResourceNotFound,
    ResourceOrderTaken,
    TooManyResources,
)
from catalog.resources.models import Resource
from catalog.settings import settings_of

if TYPE_CHECKING:
    from chassis.auth import Principal
    from chassis.internal import InternalCalls

    from catalog.courses.models import Course

Unchanged = Callable[[Resource], None]
"""Raises when somebody else changed the resource meanwhile."""
GIVEN_WITHIN = timedelta(minutes=15)
"""What the transaction may take that gives a file to its resource: what was not given goes after that."""


@dataclass(frozen=True, slots=True)
class ResourceView:
    """A resource as one reader sees it; `unlock` is what would let them have it, nothing where they may."""

    resource: Resource | Row[Any]
    course_id: int
    unlock: tuple[rules.Unlock, ...] = ()

    @property
    def is_locked(self) -> bool:
        return bool(self.unlock)


@dataclass(frozen=True, slots=True)
class StoredFile:
    """A file that is in the storage and nobody's yet."""

    key: str
    name: str
    size: int
    mime_type: str
    sha256: str


@dataclass(frozen=True, slots=True)
class Download:
    """What is sent to somebody who may have it."""

    resource_id: int
    lesson_id: int
    course_id: int
    key: str
    name: str
    size: int
    mime_type: str
    tag: str


@dataclass(frozen=True, slots=True)
class Place:
    """What other services may know of a resource."""

    id: int
    title: str
    type: str
    lesson_id: int
    course_id: int


# --- reading --------------------------------------------------------------------------------------------------


async def list_resources(
    session: AsyncSession,
    calls: "InternalCalls",
    principal: "Principal | None",
    lesson_id: int,
    params: PageParams,
) -> tuple[list[ResourceView], str | None]:
    """A page of a lesson's resources, in order. Raises LessonNotFound."""
    standing = outlines.lesson_standing(reading.standings())
    given = {"lesson": lesson_id, **reading.asking(principal)}
    found, rows, next_cursor = await queries.listed(session, standing, params, given)
    lesson = await lessons.check_readable(calls, principal, found)
    return await _views(calls, principal, lesson, rows), next_cursor


async def read(
    session: AsyncSession, calls: "InternalCalls", principal: "Principal | None", resource_id: int
) -> ResourceView:
    """A resource; ResourceNotFound where the caller may not know of its lesson."""
    resource = await _find(session, resource_id)
    standing = await outlines.read_lesson(
        session, reading.standings(), resource.lesson_id, reading.asking(principal), whole=False
    )
    try:
        lesson = await lessons.check_readable(calls, principal, standing)
    except LessonNotFound as error:
        raise ResourceNotFound from error
    [view] = await _views(calls, principal, lesson, [resource])
    return view


async def _views(
    calls: "InternalCalls",
    principal: "Principal | None",
    lesson: Row[Any],
    resources: Sequence[Resource | Row[Any]],
) -> list[ResourceView]:
    is_open = lesson.lesson_is_open
    is_entitled = lesson.reader_sees_all
    # A free preview is whole to everybody, which says nothing of what they may have beside it.
    if not is_entitled and principal is not None and (not is_open or any(each.premium for each in resources)):
        is_entitled = await lessons.is_entitled(calls, principal, lesson)
    return [
        ResourceView(
            each,
            lesson.read_course_id,
            rules.unlock(
                is_premium=each.premium,
                lesson_access=lesson.lesson_access,
                is_open=is_open,
                is_known=principal is not None,
                is_entitled=is_entitled,
            ),
        )
        for each in resources
    ]


async def find_place(session: AsyncSession, resource_id: int) -> Place:
    """Where a resource is, for other services; ResourceNotFound for one that learners never saw."""
    resource = await _find(session, resource_id)
    lesson, module = await outlines.find_lesson(session, resource.lesson_id)
    if lesson.published_at is None:
        raise ResourceNotFound
    course_id = lesson.retired_from_id or module.course_id
    return Place(resource.id, resource.title, resource.type, lesson.id, course_id)


async def _find(session: AsyncSession, resource_id: int) -> Resource:
    resource = await queries.by_id(session, resource_id)
    if resource is None:
        raise ResourceNotFound
    return resource


# --- editing --------------------------------------------------------------------------------------------------


async def add(
    session: AsyncSession,
    calls: "InternalCalls",
    principal: "Principal",
    lesson_id: int,
    given: Mapping[str, Any],
) -> ResourceView:
    """Add a resource, last in its lesson unless an order is given.

    Raises LinkIncomplete, ResourceOrderTaken, TooManyResources, LessonNotFound, and what `courses.open_for_editing`
    does.
    """
    rules.check_link(given["type"], given["url"])
    own_id, course = await _open_lesson(session, calls, principal, lesson_id)
    if await queries.count(session, own_id) >= settings_of(session).max_resources_per_lesson:
        raise TooManyResources
    order = given.get("order")
    if order is None:
        order = await queries.next_order(session, own_id)
    elif await queries.order_is_taken(session, own_id, order):
        raise ResourceOrderTaken
    resource = Resource(**{**given, "order": order, "lesson_id": own_id})
    await queries.add(session, resource)
    return ResourceView(resource, course.id)


async def edit(
    session: AsyncSession,
    calls: "InternalCalls",
    principal: "Principal",
    resource_id: int,
    changes: Mapping[str, Any],
    unchanged: Unchanged,
) -> ResourceView:
    """Change a resource. Raises LinkIncomplete, LinkHasNoFile, TypeDoesNotFit, ResourceOrderTaken."""
    resource, course = await _open(session, calls, principal, resource_id)
    unchanged(resource)
    different = {name: value for name, value in changes.items() if getattr(resource, name) != value}
    if "order" in different and await queries.order_is_taken(session, resource.lesson_id, different["order"]):
        raise ResourceOrderTaken
    for name, value in different.items():
        setattr(resource, name, value)
    if different.keys() & {"type", "url"}:
        if resource.storage_key is not None and resource.type == "link":
            raise LinkHasNoFile
        rules.check_link(resource.type, resource.url)
        if resource.mime_type is not None:
            rules.check_fits(resource.type, resource.mime_type)
    if different:
        await _keep(session, resource)
    return ResourceView(resource, course.id)


async def remove(
    session: AsyncSession, calls: "InternalCalls", principal: "Principal", resource_id: int
) -> None:
    """Remove a resource; its file goes with it, by the row's trigger."""
    resource, _ = await _open(session, calls, principal, resource_id)
    await queries.remove(session, resource)


async def _keep(session: AsyncSession, resource: Resource) -> None:
    resource.revision += 1
    await session.flush()
    await session.refresh(resource)


async def _open(
    session: AsyncSession, calls: "InternalCalls", principal: "Principal", resource_id: int
) -> "tuple[Resource, Course]":
    """The resource for somebody who may edit its course, whose row is held."""
    resource = await _find(session, resource_id)
    try:
        _, course = await _open_lesson(session, calls, principal, resource.lesson_id)
    except LessonNotFound as error:
        raise ResourceNotFound from error
    # Again, under the course's lock: it may have been edited or removed meanwhile.
    return await _find(session, resource_id), course


async def _open_lesson(
    session: AsyncSession, calls: "InternalCalls", principal: "Principal", lesson_id: int
) -> "tuple[int, Course]":
    """The lesson's own id, and the course it belongs to, its row held."""
    lesson, module = await outlines.find_lesson(session, lesson_id)
    if lesson.origin_id is not None:
        lesson, module = await outlines.find_lesson(session, lesson.origin_id)
    try:
        course = await courses.open_for_editing(session, calls, principal, module.course_id)
    except CourseNotFound as error:
        raise LessonNotFound from error
    lesson, module = await outlines.find_lesson(session, lesson.id)
    if module.course_id != course.id:
        raise LessonNotFound
    return lesson.id, course


# --- the file -------------------------------------------------------------------------------------------------


async def check_takes_file(
    session: AsyncSession,
    calls: "InternalCalls",
    principal: "Principal",
    resource_id: int,
    unchanged: Unchanged,
) -> str:
    """The resource's type, where a file of the caller's would be taken: asked before anything of it is read."""
    resource, _ = await _open(session, calls, principal, resource_id)
    unchanged(resource)
    if resource.type == "link":
        raise LinkHasNoFile
    return resource.type


async def store(
    database: Database,
    storage: Storage,
    owner: int | str,
    resource_type: str,
    given_name: str | None,
    content: AsyncIterator[bytes],
    at_most: int,
) -> StoredFile:
    """Put a file into the storage while it comes, for `give` to use. No transaction is open meanwhile. `owner` is the
    folder it is kept in: the resource's id, where there is one already.

    Raises FileEmpty, FileNameUnknown, FileTypeRefused and TypeDoesNotFit before anything is stored, FileTooLarge,
    StorageAway, and what the stream raises; nothing stays.
    """
    name = rules.name_of(given_name) if given_name is not None else "file"
    head = await _first_bytes(content)
    if not head:
        raise FileEmpty
    if not rules.ending_of(name):
        name = rules.name_of(f"{name}.{rules.ending_for(head)}")
    kind = rules.kind_of(head, rules.ending_of(name))
    rules.check_fits(resource_type, kind.mime_type)
    digest = hashlib.sha256()

    async def whole() -> AsyncIterator[bytes]:
        digest.update(head)
        yield head
        async for chunk in content:
            digest.update(chunk)
            yield chunk

    key = new_key(rules.FOLDER, owner)
    size = await files.store(
        database,
        storage,
        key,
        whole(),
        at_most=at_most,
        content_type=kind.mime_type,
        disposition=rules.attachment(name),
    )
    return StoredFile(key, name, size, kind.mime_type, digest.hexdigest())


async def _first_bytes(content: AsyncIterator[bytes]) -> bytes:
    """As much as is needed to tell what a file is, if there is as much; it may be more."""
    head = b""
    async for chunk in content:
        head += chunk
        if len(head) >= rules.SNIFFED_BYTES:
            break
    return head


async def give(
    session: AsyncSession,
    calls: "InternalCalls",
    principal: "Principal",
    resource_id: int,
    stored: StoredFile,
    unchanged: Unchanged,
) -> ResourceView:
    """Make a stored file the resource's, in place of the one before. Raises what `edit` does, UploadTookTooLong.

    All that was asked before the file came is asked again: hours may have passed.
    """
    resource, course = await _open(session, calls, principal, resource_id)
    unchanged(resource)
    if resource.type == "link":
        raise LinkHasNoFile
    rules.check_fits(resource.type, stored.mime_type)
    await files.give(session, stored.key, instead_of=resource.storage_key)
    resource.storage_key, resource.file = stored.key, stored.name
    resource.file_size, resource.mime_type, resource.sha256 = stored.size, stored.mime_type, stored.sha256
    resource.uploaded = True
    await _keep(session, resource)
    return ResourceView(resource, course.id)


async def hurry(database: Database, stored: StoredFile) -> None:
    """Have a stored file removed soon, unless it is given: whatever ends the transaction that would give it."""
    await files.hurry(database, [stored.key], GIVEN_WITHIN)


async def discard(database: Database, stored: StoredFile) -> None:
    """Have a stored file that could not be given removed."""
    await files.discard(database, stored.key)


async def find_download(
    session: AsyncSession, calls: "InternalCalls", principal: "Principal | None", resource_id: int
) -> Download:
    """The file of a resource, for somebody who may have it.

    Raises ResourceNotFound, LoginUnlocks, ResourceLocked, ResourceHasNoFile.
    """
    view = await read(session, calls, principal, resource_id)
    if "login" in view.unlock:
        raise LoginUnlocks(unlock=list(view.unlock))
    if view.is_locked:
        raise ResourceLocked(unlock=list(view.unlock))
    found = view.resource
    if not found.uploaded or found.storage_key is None or found.file_size is None:
        raise ResourceHasNoFile
    return Download(
        resource_id=found.id,
        lesson_id=found.lesson_id,
        course_id=view.course_id,
        key=found.storage_key,
        name=found.file or "file",
        size=found.file_size,
        mime_type=found.mime_type or "application/octet-stream",
        # A key never gets a second content.
        tag=found.storage_key.rpartition("/")[2],
    )


async def count_download(session: AsyncSession, download: Download, user_id: int | None) -> None:
    """Count a download that begins, and tell. Raises ResourceHasNoFile where the file was replaced meanwhile."""
    if not await queries.count_download(session, download.resource_id, download.key):
        raise ResourceHasNoFile("It was replaced just now: ask again.")
    emit(
        session,
        ResourceDownloaded(
            resource_id=download.resource_id,
            lesson_id=download.lesson_id,
            course_id=download.course_id,
            user_id=user_id,
            downloaded_at=now(),
        ),
    )


async def keys_in_use(session: AsyncSession, keys: Collection[str]) -> set[str]:
    """Which of these files are a resource's."""
    return await queries.keys_in_use(session, keys)
