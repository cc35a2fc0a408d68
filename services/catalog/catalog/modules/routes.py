"""Modules, and the order of everything in a course."""

from typing import Annotated

from chassis.pagination import Page, PageParams
from chassis.schemas import Identifier
from chassis.web import (
    Calls,
    CurrentUser,
    IfMatch,
    OptionalUser,
    Reading,
    Router,
    Session,
    etag,
    require_match,
    told,
)
from fastapi import Path, Query, Response

from catalog.courses.schemas import CourseOut
from catalog.modules import service
from catalog.modules.schemas import MODULE, CourseOrder, ModuleIn, ModuleOut, ModulePatch

router = Router(prefix="/api/v1", tags=["outline"])
CourseId = Annotated[Identifier, Path()]
ModuleId = Annotated[Identifier, Path()]


@router.get("/courses/{course_id}/modules", response_model=Page[ModuleOut])
async def list_modules(
    course_id: CourseId,
    session: Reading,
    calls: Calls,
    user: OptionalUser,
    params: Annotated[PageParams, Query()],
) -> Response:
    modules, next_cursor = await service.list_modules(session, calls, user, course_id, params)
    return told({"items": MODULE.fill(modules), "next_cursor": next_cursor})


@router.post("/courses/{course_id}/modules", status_code=201)
async def create_module(
    course_id: CourseId,
    body: ModuleIn,
    session: Session,
    calls: Calls,
    user: CurrentUser,
    response: Response,
) -> ModuleOut:
    module = await service.create(session, calls, user, course_id, body.model_dump())
    response.headers["ETag"] = etag(module.revision)
    return ModuleOut.model_validate(module)


@router.get("/modules/{module_id}")
async def get_module(
    module_id: ModuleId, session: Session, calls: Calls, user: OptionalUser, response: Response
) -> ModuleOut:
    module, _ = await service.find(session, calls, user, module_id)
    response.headers["ETag"] = etag(module.revision)
    return ModuleOut.model_validate(module)


@router.patch("/modules/{module_id}")
async def edit_module(
    module_id: ModuleId,
    body: ModulePatch,
    session: Session,
    calls: Calls,
    user: CurrentUser,
    response: Response,
    if_match: IfMatch = None,
) -> ModuleOut:
    module = await service.edit(
        session,
        calls,
        user,
        module_id,
        body.model_dump(exclude_unset=True),
        lambda found: require_match(if_match, etag(found.revision)),
    )
    response.headers["ETag"] = etag(module.revision)
    return ModuleOut.model_validate(module)


@router.delete("/modules/{module_id}", status_code=204)
async def delete_module(module_id: ModuleId, session: Session, calls: Calls, user: CurrentUser) -> None:
    """Delete a module and every lesson in it."""
    await service.delete(session, calls, user, module_id)


@router.put("/courses/{course_id}/order")
async def order_course(
    course_id: CourseId,
    body: CourseOrder,
    session: Session,
    calls: Calls,
    user: CurrentUser,
    response: Response,
    if_match: IfMatch = None,
) -> CourseOut:
    """Put all modules and lessons in one go where they are named, counted from 0."""
    view = await service.reorder(
        session,
        calls,
        user,
        course_id,
        [(module.id, module.lessons) for module in body.modules],
        lambda course: require_match(if_match, etag(course.state_version)),
    )
    response.headers["ETag"] = etag(view.course.state_version)
    return CourseOut.of_view(view)
