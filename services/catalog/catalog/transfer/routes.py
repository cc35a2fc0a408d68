"""Courses as archives: sent out, and taken in."""

import asyncio
from collections.abc import Sequence
from typing import Annotated

from chassis.schemas import Identifier
from chassis.web import Calls, CurrentUser, Router, Session, etag
from chassis.web.body_limit import takes_up_to
from chassis.web.media import Darkroom, Files
from chassis.web.uploads import file_body, upload_of
from fastapi import Depends, Path, Query, Request, Response
from fastapi.responses import StreamingResponse

from catalog.files import service as stored_files
from catalog.files.dependencies import Transactions
from catalog.resources.rules import attachment
from catalog.settings import LARGEST_FILE, settings_of
from catalog.transfer import exports, service
from catalog.transfer.documents import Format
from catalog.transfer.errors import ArchiveTooLarge
from catalog.transfer.packing import pack
from catalog.transfer.schemas import ImportedCourse
from catalog.transfer.spool import spooled

router = Router(prefix="/api/v1", tags=["courses"])
CourseId = Annotated[Identifier, Path()]

ZIP = "application/zip"
MEDIA_TYPES = (ZIP, "application/x-zip-compressed")


async def _formats(request: Request) -> Sequence[Format]:
    found: Sequence[Format] = request.app.state.course_formats
    return found


Formats = Annotated[Sequence[Format], Depends(_formats)]
"""What archives are read, as main.py names them."""


@router.get(
    "/courses/{course_id}/export",
    response_class=Response,
    responses={
        200: {"content": {ZIP: {"schema": {"type": "string", "format": "binary"}}}},
        409: {"description": "Some of the files are missing, or the texts are more than an archive takes."},
        503: {"description": "The storage does not answer."},
    },
)
async def export_course(
    course_id: CourseId,
    calls: Calls,
    user: CurrentUser,
    database: Transactions,
    files: Files,
    version_id: Annotated[
        Identifier | None, Query(description="One version of the course; its own id is the course as it is.")
    ] = None,
) -> Response:
    """The course as one zip, for whoever may edit it: `course.json` with all that its authors wrote, and its files.

    Without `version_id` it is what is being edited: the draft version if there is one, else the course. Two exports of
    the same content are the same bytes, and an import of one makes a course whose export is the same again.
    """
    async with database.transaction() as asking:
        collected = await exports.collect(asking, calls, user, course_id, version_id)
    members = await exports.gather(files, collected)
    headers = {
        "Cache-Control": "private, no-store",
        "Content-Disposition": attachment(f"{collected.slug}.zip"),
        "X-Content-Type-Options": "nosniff",
    }
    return StreamingResponse(pack(files, members), headers=headers, media_type=ZIP)


@router.post(
    "/courses/import",
    status_code=201,
    openapi_extra=file_body(*MEDIA_TYPES),
    responses={
        409: {"description": "It has more modules, lessons or resources than a course can have."},
        415: {"description": "It is no zip."},
        503: {"description": "Too many are being read, there is no room, or the storage does not answer."},
    },
)
@takes_up_to(LARGEST_FILE)
async def import_course(
    request: Request,
    session: Session,
    calls: Calls,
    user: CurrentUser,
    database: Transactions,
    files: Files,
    darkroom: Darkroom,
    formats: Formats,
    response: Response,
    category_id: Annotated[
        Identifier | None, Query(description="Without it, the category that the archive names.")
    ] = None,
) -> ImportedCourse:
    """Begin a course with all that is in an archive: an export of ours, or a course in another format that is known
    here, seen by its content. The body is the zip itself. Approved instructors and admins may.

    The whole archive is taken or nothing. The new course is a draft that the caller leads; `report` says what was
    taken, and what of a foreign format has no place here.
    """
    # In a transaction of its own, which is over before the first byte is read: no row is held while somebody sends.
    async with database.transaction() as asking:
        await service.check_may_import(asking, calls, user, category_id)
    settings = settings_of(session)
    declared = request.headers.get("content-length", "")
    if declared.isdigit() and int(declared) > settings.max_archive_bytes:
        raise ArchiveTooLarge(f"At most {settings.max_archive_bytes} bytes are taken.")
    body = upload_of(request, MEDIA_TYPES)
    async with spooled(
        body, at_most=settings.max_archive_bytes, in_all=settings.max_spooled_bytes
    ) as archive:
        taken = await service.take(database, files, darkroom, archive, formats, settings, category_id)
    try:
        view = await service.create(session, calls, user, taken)
    except BaseException:
        await asyncio.shield(stored_files.discard_all(database, taken.keys))
        raise
    response.headers["ETag"] = etag(view.course.state_version)
    response.headers["Location"] = f"/api/v1/courses/{view.course.id}"
    return await asyncio.to_thread(ImportedCourse.of_import, view, taken.report)
