"""Resources: listed and read by everyone as far as their access goes, edited by those who teach; their files."""

from collections.abc import AsyncIterator
from typing import Annotated

from chassis.errors import LyceumError, UnsupportedMediaType
from chassis.pagination import Page, PageParams
from chassis.schemas import Identifier
from chassis.storage import FileTooLarge, NotStored
from chassis.web import (
    Calls,
    CurrentUser,
    IfMatch,
    OptionalUser,
    Reading,
    Router,
    ServiceCaller,
    Session,
    etag,
    is_fresh,
    require_match,
    told,
)
from chassis.web.body_limit import takes_up_to
from chassis.web.media import Files
from chassis.web.uploads import ANY, file_body, upload_of
from fastapi import Header, Path, Query, Request, Response
from fastapi.responses import RedirectResponse, StreamingResponse

from catalog.files.dependencies import Transactions
from catalog.resources import rules, service
from catalog.resources.errors import (
    FileNameUnknown,
    FileTypeRefused,
    RangeNotThere,
    ResourceHasNoFile,
    TypeDoesNotFit,
)
from catalog.resources.models import Resource
from catalog.resources.schemas import (
    ResourceIn,
    ResourceOut,
    ResourcePatch,
    ResourcePlaceOut,
    resource_as_told,
)
from catalog.settings import LARGEST_FILE, settings_of

router = Router(prefix="/api/v1", tags=["resources"])
internal_router = Router(prefix="/internal", tags=["internal"], include_in_schema=False)
LessonId = Annotated[Identifier, Path()]
ResourceId = Annotated[Identifier, Path()]

PRESIGNED_SECONDS = 300
DRAINED_BYTES = 16 * 2**20
"""What of a refused file is still read, and thrown away: a connection closed with bytes unread is reset, and the reset
takes the refusal with it."""
FORMS = ("multipart/", "application/x-www-form-urlencoded")
HEADERS = {
    "Accept-Ranges": "bytes",
    "Cache-Control": "private, no-cache",
    # Whatever is in a file, no browser runs it in our name.
    "Content-Security-Policy": "default-src 'none'; sandbox",
    "X-Content-Type-Options": "nosniff",
}


def answer(view: service.ResourceView, response: Response) -> ResourceOut:
    response.headers["ETag"] = etag(view.resource.revision)
    return ResourceOut.of(view)


def unchanged_since(if_match: str | None) -> service.Unchanged:
    def check(resource: Resource) -> None:
        require_match(if_match, etag(resource.revision))

    return check


@router.get("/lessons/{lesson_id}/resources", response_model=Page[ResourceOut])
async def list_resources(
    lesson_id: LessonId,
    session: Reading,
    calls: Calls,
    user: OptionalUser,
    params: Annotated[PageParams, Query()],
) -> Response:
    """The files and links that go with a lesson, in order; `locked` with what would unlock them."""
    views, next_cursor = await service.list_resources(session, calls, user, lesson_id, params)
    return told({"items": [resource_as_told(view) for view in views], "next_cursor": next_cursor})


@router.post("/lessons/{lesson_id}/resources", status_code=201)
async def add_resource(
    lesson_id: LessonId,
    body: ResourceIn,
    session: Session,
    calls: Calls,
    user: CurrentUser,
    response: Response,
) -> ResourceOut:
    """Add a link, or a resource whose file is then put to `/resources/{id}/file`. It is there at once, for learners
    too, whichever version of the course is being edited."""
    return answer(await service.add(session, calls, user, lesson_id, body.model_dump()), response)


@router.get("/resources/{resource_id}")
async def read_resource(
    resource_id: ResourceId, session: Session, calls: Calls, user: OptionalUser, response: Response
) -> ResourceOut:
    return answer(await service.read(session, calls, user, resource_id), response)


@router.patch("/resources/{resource_id}")
async def edit_resource(
    resource_id: ResourceId,
    body: ResourcePatch,
    session: Session,
    calls: Calls,
    user: CurrentUser,
    response: Response,
    if_match: IfMatch = None,
) -> ResourceOut:
    view = await service.edit(
        session, calls, user, resource_id, body.model_dump(exclude_unset=True), unchanged_since(if_match)
    )
    return answer(view, response)


@router.delete("/resources/{resource_id}", status_code=204)
async def delete_resource(resource_id: ResourceId, session: Session, calls: Calls, user: CurrentUser) -> None:
    """Delete a resource and its file."""
    await service.remove(session, calls, user, resource_id)


@router.put("/resources/{resource_id}/file", openapi_extra=file_body(ANY))
@takes_up_to(LARGEST_FILE)
async def put_resource_file(
    request: Request,
    resource_id: ResourceId,
    session: Session,
    calls: Calls,
    user: CurrentUser,
    database: Transactions,
    files: Files,
    response: Response,
    filename: Annotated[
        str | None,
        Query(
            max_length=1000,
            description="What it is called; wins over Content-Disposition.",
            examples=["a.pdf"],
        ),
    ] = None,
    content_disposition: Annotated[str | None, Header(max_length=2000)] = None,
    if_match: IfMatch = None,
) -> ResourceOut:
    """Give the resource this file, in place of the one before. The body is the file itself.

    Taken are documents, images, audio, video, archives, and text or code, as far as they go with the resource's type;
    what it is is told by its content, which its name must agree with. HTML, SVG and programs come inside of archives.
    """
    unchanged = unchanged_since(if_match)
    # In a transaction of its own, which is over before the first byte is read: no row is held while somebody sends.
    async with database.transaction() as asking:
        kind = await service.check_takes_file(asking, calls, user, resource_id, unchanged)
    limit = settings_of(session).max_upload_bytes
    declared = request.headers.get("content-length", "")
    if declared.isdigit() and int(declared) > limit:
        raise FileTooLarge(f"At most {limit} bytes are taken.")
    name = filename or (rules.name_in(content_disposition) if content_disposition else None)
    content = _file_of(request)
    try:
        stored = await service.store(database, files, resource_id, kind, name, content, limit)
    except (FileNameUnknown, FileTypeRefused, TypeDoesNotFit):
        await _drain(content)
        raise
    await service.hurry(database, stored)
    try:
        return answer(await service.give(session, calls, user, resource_id, stored, unchanged), response)
    except LyceumError:
        await service.discard(database, stored)
        raise


def _file_of(request: Request) -> AsyncIterator[bytes]:
    """The body as it comes, of whatever kind it claims to be: that is seen by its content. A form is no file."""
    given = request.headers.get("content-type", "").partition(";")[0].strip().lower()
    if given.startswith(FORMS):
        raise UnsupportedMediaType("Send the file itself as the body, not a form.")
    return upload_of(request, (given,))


async def _drain(content: AsyncIterator[bytes]) -> None:
    seen = 0
    async for chunk in content:
        seen += len(chunk)
        if seen > DRAINED_BYTES:
            return


@router.head("/resources/{resource_id}/download", include_in_schema=False)
@router.get(
    "/resources/{resource_id}/download",
    response_class=Response,
    responses={
        200: {"content": {ANY: {"schema": {"type": "string", "format": "binary"}}}},
        206: {"description": "The part that Range asks for."},
        302: {"description": "To where the file is, for a few minutes."},
        304: {"description": "It is what If-None-Match says."},
        416: {"description": "The file ends before the range begins."},
    },
)
async def download_resource(
    request: Request,
    resource_id: ResourceId,
    session: Session,
    calls: Calls,
    user: OptionalUser,
    database: Transactions,
    files: Files,
    wanted: Annotated[str | None, Header(alias="Range", max_length=1000, examples=["bytes=0-1023"])] = None,
    if_range: Annotated[str | None, Header(max_length=1000)] = None,
    if_none_match: Annotated[str | None, Header(max_length=1000)] = None,
) -> Response:
    """The resource's file, to be saved; counted where it is read from its beginning."""
    async with database.transaction() as asking:
        found = await service.find_download(asking, calls, user, resource_id)
    tag = etag(found.tag)
    headers = {**HEADERS, "ETag": tag, "Content-Disposition": rules.attachment(found.name)}
    if is_fresh(if_none_match, tag):
        return Response(status_code=304, headers=headers)
    if request.method == "HEAD":
        return Response(
            headers={**headers, "Content-Length": str(found.size), "Content-Type": found.mime_type}
        )
    try:
        part = rules.part_of(found.size, wanted if rules.still_applies(if_range, tag) else None)
    except rules.RangeUnsatisfiable as error:
        raise RangeNotThere(found.size) from error
    url = None
    if settings_of(session).presigned_downloads:
        url = await files.presigned_url(found.key, seconds=PRESIGNED_SECONDS)
    if url is None:
        try:
            opened = await files.open(found.key, start=part.start, end=part.end)
        except NotStored as error:
            raise ResourceHasNoFile from error
    # Whoever goes on where they broke off was counted when they began.
    if part.start == 0:
        await service.count_download(session, found, user.user_id if user is not None else None)
    if url is not None:
        return RedirectResponse(url, 302, {"Cache-Control": "no-store", "Referrer-Policy": "no-referrer"})
    headers["Content-Length"] = str(part.end - part.start)
    if part.is_partial:
        headers["Content-Range"] = f"bytes {part.start}-{part.end - 1}/{found.size}"
    return StreamingResponse(
        opened.chunks, 206 if part.is_partial else 200, headers, media_type=found.mime_type
    )


@internal_router.get("/resources/{resource_id}")
async def get_resource_place(
    resource_id: ResourceId, session: Session, _caller: ServiceCaller
) -> ResourcePlaceOut:
    """What a resource is called and where it is; 404 for one that learners never saw."""
    return ResourcePlaceOut.model_validate(await service.find_place(session, resource_id))
