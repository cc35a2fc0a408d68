"""Make a course of an archive: its files are stored first, and then the course is added, whole, in one transaction."""

import asyncio
from collections import Counter
from collections.abc import AsyncIterator, Iterator, Sequence
from contextlib import aclosing, asynccontextmanager
from dataclasses import dataclass, field
from datetime import timedelta
from decimal import Decimal
from typing import IO, TYPE_CHECKING, Any

from chassis.db import Database
from chassis.errors import (
    Invalid,
    LyceumError,
    NotFound,
    PayloadTooLarge,
    Unavailable,
    UnsupportedMediaType,
)
from chassis.pictures import Darkroom
from chassis.storage import FileTooLarge, Storage
from sqlalchemy.ext.asyncio import AsyncSession

from catalog.categories import service as categories
from catalog.courses import rules as course_rules
from catalog.courses import service as courses
from catalog.courses import transfer as course_rows
from catalog.files import service as files
from catalog.outline import whole as outlines
from catalog.pictures import rules as picture_rules
from catalog.pictures import service as pictures
from catalog.resources import service as resource_files
from catalog.resources import whole as resources
from catalog.resources.errors import TypeDoesNotFit
from catalog.settings import Settings
from catalog.transfer import formats, links
from catalog.transfer.archives import Archive, Limits
from catalog.transfer.documents import Converted, CourseDocument, Format, Report
from catalog.transfer.errors import (
    CategoryNeeded,
    EntryRefused,
    FileRefused,
    ImportTookTooLong,
    UnpacksTooLarge,
)

if TYPE_CHECKING:
    from chassis.auth import Principal
    from chassis.internal import InternalCalls

    from catalog.resources.service import StoredFile
    from catalog.transfer.documents import FileDocument, LessonDocument, ResourceDocument

Place = links.ResourcePlace
CREATED_WITHIN = timedelta(minutes=15)
"""What the transaction may take that adds the course: its files go after that if it failed, or was one of two under one
Idempotency-Key."""
NO_FILE = (Invalid, NotFound, PayloadTooLarge, TypeDoesNotFit, UnsupportedMediaType)
"""What may be wrong with one file and with nothing else, once what is wrong with the archive is told apart."""


@dataclass
class Taken:
    """An archive whose files are in the storage and nobody's yet, under the id that the course will have."""

    course_id: int
    fields: dict[str, Any]
    """Of the course's own row."""
    converted: Converted
    files: dict[Place, "StoredFile"] = field(default_factory=dict)
    left: set[Place] = field(default_factory=set)
    """Resources whose file could not be taken."""
    thumbnail: str | None = None

    @property
    def report(self) -> Report:
        return self.converted.report

    @property
    def keys(self) -> list[str]:
        """Of everything that was stored."""
        own = [stored.key for stored in self.files.values()]
        return own if self.thumbnail is None else [*own, self.thumbnail]


def limits_of(settings: Settings) -> Limits:
    """What an archive may be."""
    return Limits(
        entries=settings.max_archive_entries,
        entry_bytes=settings.max_upload_bytes,
        unpacked_bytes=settings.max_unpacked_bytes,
        ratio=settings.max_archive_ratio,
        document_bytes=settings.max_course_document_bytes,
    )


async def check_may_import(
    session: AsyncSession, calls: "InternalCalls", principal: "Principal", category_id: int | None
) -> None:
    """Raise what `create` would of who asks and where to, before anything is read: InstructorNotApproved,
    CategoryUnknown."""
    await courses.check_may_author(session, calls, principal)
    if category_id is not None:
        await categories.hold_for_course(session, category_id)


# --- reading, and storing the files -----------------------------------------------------------------------------


async def take(
    database: Database,
    storage: Storage,
    darkroom: Darkroom,
    file: IO[bytes],
    known: Sequence[Format],
    settings: Settings,
    category_id: int | None,
) -> Taken:
    """Read an archive and store its files, for `create` to use. No transaction is open meanwhile.

    Raises what is wrong with the archive (catalog.transfer.errors), CategoryNeeded, DiscountNotBelowPrice,
    DiscountMissing, TooManyModules, TooManyLessons, TooManyResources before anything is stored; FileRefused,
    StorageAway, ImportTookTooLong, and Unavailable where too many are being read. Then nothing stays.
    """
    async with _in_turn(settings):
        archive = await asyncio.to_thread(Archive, file, limits_of(settings))
        converted = await asyncio.to_thread(formats.find(archive, known).convert, archive)
        taken = await _prepare(database, settings, converted, category_id)
        try:
            used = await _store_files(database, storage, archive, taken, settings.max_upload_bytes)
            used.add(await _store_thumbnail(database, storage, darkroom, archive, taken))
            await files.hurry(database, taken.keys, CREATED_WITHIN)
        except BaseException:
            await asyncio.shield(files.discard_all(database, taken.keys))
            raise
    if converted.is_exact:
        for name in archive.names:
            if name not in used and name != formats.BUNDLE.marker:
                taken.report.leave(name, "Nothing in the course refers to it.")
    return taken


_places_taken = 0


@asynccontextmanager
async def _in_turn(settings: Settings) -> AsyncIterator[None]:
    """One of the few that unpack at a time, and within its time."""
    global _places_taken
    if _places_taken >= settings.imports_at_once:
        raise Unavailable("Too many archives are being read just now.", retry_after=30)
    _places_taken += 1
    try:
        async with asyncio.timeout(settings.import_timeout) as deadline:
            yield
    except TimeoutError as error:
        if deadline.expired():
            raise ImportTookTooLong from error
        raise
    finally:
        _places_taken -= 1


async def _prepare(
    database: Database, settings: Settings, converted: Converted, category_id: int | None
) -> Taken:
    """All that can be decided without the files."""
    bundle = converted.bundle
    outlines.check_fits(settings, [len(module.lessons) for module in bundle.modules])
    for module in bundle.modules:
        for lesson in module.lessons:
            resources.check_fits(settings, len(lesson.resources))
    fields = bundle.course.model_dump(exclude={"category", "currency", "thumbnail"})
    if bundle.course.currency not in (None, settings.currency):
        fields.update(price=Decimal("0.00"), discount_price=None, discount_ends=None)
        converted.report.leave(
            "price", f"It is in {bundle.course.currency}; prices here are in {settings.currency}."
        )
    course_rules.check_price(fields["price"], fields["discount_price"], fields["discount_ends"])
    async with database.transaction() as session:
        fields["category_id"] = category_id or await _find_category(session, bundle.course)
        return Taken(await course_rows.reserve_id(session), fields, converted)


async def _find_category(session: AsyncSession, course: CourseDocument) -> int:
    wanted = course.category
    found = None if wanted is None else await categories.find_named(session, wanted.slug, wanted.name)
    if found is None:
        raise CategoryNeeded(
            "The archive names none that is here: say one by category_id. GET /api/v1/categories lists them.",
            category=None if wanted is None else wanted.model_dump(),
        )
    return found


def _resources(taken: Taken) -> "Iterator[tuple[Place, ResourceDocument]]":
    for part, module in enumerate(taken.converted.bundle.modules):
        for number, lesson in enumerate(module.lessons):
            for at, resource in enumerate(lesson.resources):
                yield (part, number, at), resource


async def _store_files(
    database: Database, storage: Storage, archive: Archive, taken: Taken, at_most: int
) -> set[str | None]:
    """Store the file of every resource that has one; the names of what was read."""
    used: set[str | None] = set()
    for place, resource in _resources(taken):
        if resource.file is None:
            continue
        name = archive.find(resource.file.path)
        try:
            if name is None:
                raise NotFound("There is no such file in the archive.")
            used.add(name)
            async with aclosing(archive.stream(name)) as content:
                stored = await resource_files.store(
                    database,
                    storage,
                    f"course-{taken.course_id}",
                    resource.type,
                    resource.file.name,
                    content,
                    at_most,
                )
        except (EntryRefused, UnpacksTooLarge):
            raise
        except NO_FILE as error:
            _leave(taken, resource.file.path, error)
            taken.left.add(place)
            continue
        taken.files[place] = stored
        _check_same(resource.file, stored)
    return used


def _leave(taken: Taken, path: str, error: LyceumError) -> None:
    """What cannot be taken of an archive of ours refuses it; of others it is left, and said."""
    why = error.detail or error.title
    if taken.converted.is_exact:
        raise FileRefused(path, why, reason=error.slug) from error
    taken.report.leave(path, why)


def _check_same(said: "FileDocument", stored: "StoredFile") -> None:
    for name in ("size", "sha256"):
        if getattr(said, name) not in (None, getattr(stored, name)):
            raise FileRefused(
                said.path, "The file is not the one that the course names.", reason=f"{name}-differs"
            )


async def _store_thumbnail(
    database: Database, storage: Storage, darkroom: Darkroom, archive: Archive, taken: Taken
) -> str | None:
    """Store the course's picture, made over; its name in the archive."""
    told = taken.converted.bundle.course.thumbnail
    if told is None:
        return None
    name = archive.find(told.path)
    try:
        if name is None:
            raise NotFound("There is no such file in the archive.")
        if archive.size_of(name) > picture_rules.MAX_BYTES:
            raise FileTooLarge(f"A picture may have {picture_rules.MAX_BYTES} bytes.")
        content = await asyncio.to_thread(archive.read, name)
        picture = await pictures.make_thumbnail(darkroom, content)
    except (EntryRefused, UnpacksTooLarge):
        raise
    except NO_FILE as error:
        _leave(taken, told.path, error)
        return name
    taken.thumbnail = await pictures.store(database, storage, picture_rules.COURSES, taken.course_id, picture)
    return name


# --- adding the course ------------------------------------------------------------------------------------------


async def create(
    session: AsyncSession, calls: "InternalCalls", principal: "Principal", taken: Taken
) -> courses.View:
    """Add the course with all that is in it, a draft led by the caller; its report is complete then.

    Raises what `courses.create` does, TooManyModules, TooManyLessons, TooManyResources, UploadTookTooLong.
    """
    url = None if taken.thumbnail is None else picture_rules.url_of(taken.thumbnail)
    own = {"id": taken.course_id, "creation_method": "import", "thumbnail": url}
    course = (await courses.create(session, calls, principal, {**taken.fields, **own})).course
    ids = await _reserve_ids(session, taken)
    outline = await asyncio.to_thread(_outline_rows, taken, ids)
    await outlines.add(session, course.id, outline)
    rows = await asyncio.to_thread(_resource_rows, taken, ids)
    await resources.add(session, rows)
    await courses.record_change(session, course)
    _count(taken, ids, rows)
    view = await courses.view(session, course)
    # Last: whoever lets go of the files, where anything else fails, would wait for this transaction.
    await files.give_all(session, taken.keys)
    return view


@dataclass(frozen=True, slots=True)
class _Ids:
    """What the rows of a course will be known by: its texts name them."""

    lessons: list[list[int]]
    """Module by module."""
    resources: dict[Place, int | None]
    """None for those whose file could not be taken."""


async def _reserve_ids(session: AsyncSession, taken: Taken) -> _Ids:
    modules = taken.converted.bundle.modules
    lessons = iter(await outlines.reserve_ids(session, sum(len(module.lessons) for module in modules)))
    places = [place for place, _ in _resources(taken)]
    resource_ids = iter(await resources.reserve_ids(session, len(places) - len(taken.left)))
    return _Ids(
        [[next(lessons) for _ in module.lessons] for module in modules],
        {place: None if place in taken.left else next(resource_ids) for place in places},
    )


def _outline_rows(taken: Taken, ids: _Ids) -> outlines.Given:
    return [
        (
            module.model_dump(exclude={"lessons"}),
            [
                {**_lesson_row(taken, ids, lesson), "id": lesson_id}
                for lesson, lesson_id in zip(module.lessons, lesson_ids, strict=True)
            ],
        )
        for module, lesson_ids in zip(taken.converted.bundle.modules, ids.lessons, strict=True)
    ]


def _lesson_row(taken: Taken, ids: _Ids, lesson: "LessonDocument") -> dict[str, Any]:
    def lost(address: str, why: str) -> None:
        taken.report.leave(f"A link in “{lesson.title}”: {address}", why)

    row = lesson.model_dump(exclude={"resources"})
    for name in links.BODIES:
        if row[name]:
            row[name] = links.to_ids(row[name], ids.lessons, ids.resources, lost)
    return row


def _resource_rows(taken: Taken, ids: _Ids) -> list[dict[str, Any]]:
    rows: list[dict[str, Any]] = []
    orders: Counter[int] = Counter()
    for place, resource in _resources(taken):
        if place in taken.left:
            continue
        lesson_id = ids.lessons[place[0]][place[1]]
        stored = taken.files.get(place)
        rows.append(
            {
                **resource.model_dump(exclude={"file"}),
                "id": ids.resources[place],
                "lesson_id": lesson_id,
                "order": orders[lesson_id],
                "uploaded": stored is not None,
                "storage_key": stored and stored.key,
                "file": stored and stored.name,
                "file_size": stored and stored.size,
                "mime_type": stored and stored.mime_type,
                "sha256": stored and stored.sha256,
            }
        )
        orders[lesson_id] += 1
    return rows


def _count(taken: Taken, ids: _Ids, rows: Sequence[dict[str, Any]]) -> None:
    taken.report.take("modules", len(ids.lessons))
    taken.report.take("lessons", sum(len(lessons) for lessons in ids.lessons))
    taken.report.take("resources", len(rows))
    taken.report.take("files", len(taken.files))
    taken.report.take("thumbnail", int(taken.thumbnail is not None))
