"""The modules of a course, for whoever may see or edit them."""

from collections.abc import Callable, Mapping, Sequence
from typing import TYPE_CHECKING, Any

from chassis.pagination import PageParams
from sqlalchemy import Row
from sqlalchemy.ext.asyncio import AsyncSession

from catalog.courses import reading
from catalog.courses import service as courses
from catalog.courses.errors import CourseNotFound
from catalog.outline import service as outlines
from catalog.outline.errors import ModuleNotFound

if TYPE_CHECKING:
    from chassis.auth import Principal
    from chassis.internal import InternalCalls

    from catalog.courses.models import Course
    from catalog.outline.models import Module


async def list_modules(
    session: AsyncSession,
    calls: "InternalCalls",
    principal: "Principal | None",
    course_id: int,
    params: PageParams,
) -> tuple[Sequence[Row[Any]], str | None]:
    """A page of the modules the caller may see. Raises CourseNotFound."""
    reader = reading.asking(principal)
    found, modules, next_cursor = await outlines.list_modules(
        session, reading.standings(), course_id, params, reader
    )
    await reading.check(calls, principal, found)
    return modules, next_cursor


async def find(
    session: AsyncSession, calls: "InternalCalls", principal: "Principal | None", module_id: int
) -> "tuple[Module, bool]":
    """A module the caller may see, and whether they see all that is in it; ModuleNotFound otherwise."""
    module = await outlines.find_module(session, module_id)
    try:
        _, everything = await courses.find_readable(session, calls, principal, module.course_id)
    except CourseNotFound as error:
        raise ModuleNotFound from error
    if not (everything or outlines.is_shown(module)):
        raise ModuleNotFound
    return module, everything


async def open_for_editing(
    session: AsyncSession, calls: "InternalCalls", principal: "Principal", module_id: int
) -> "tuple[Module, Course]":
    """A module, its course held until the transaction ends, for someone who may edit it.

    Raises ModuleNotFound where the course is not theirs to know of, else what `courses.open_content` does.
    """
    module = await outlines.find_module(session, module_id)
    try:
        course = await courses.open_content(session, calls, principal, module.course_id)
    except CourseNotFound as error:
        raise ModuleNotFound from error
    # Again, under the course's lock: it may have been edited or removed meanwhile, or published out of a draft.
    module = await outlines.find_module(session, module_id)
    if module.course_id != course.id:
        raise ModuleNotFound
    return module, course


async def create(
    session: AsyncSession,
    calls: "InternalCalls",
    principal: "Principal",
    course_id: int,
    given: Mapping[str, Any],
) -> "Module":
    """Add a module. Raises OrderTaken, TooManyModules, and what `courses.open_content` does."""
    course = await courses.open_content(session, calls, principal, course_id)
    module = await outlines.add_module(session, course_id, given)
    await courses.record_change(session, course)
    return module


async def edit(
    session: AsyncSession,
    calls: "InternalCalls",
    principal: "Principal",
    module_id: int,
    changes: Mapping[str, Any],
    unchanged: "Callable[[Module], None]",
) -> "Module":
    """Change a module; `unchanged` raises when somebody else changed it meanwhile. Raises OrderTaken."""
    module, course = await open_for_editing(session, calls, principal, module_id)
    unchanged(module)
    if await outlines.change_module(session, module, changes):
        await courses.record_change(session, course)
    return module


async def delete(
    session: AsyncSession, calls: "InternalCalls", principal: "Principal", module_id: int
) -> None:
    """Remove a module and its lessons."""
    module, course = await open_for_editing(session, calls, principal, module_id)
    await outlines.remove_module(session, module)
    await courses.record_change(session, course)


async def reorder(
    session: AsyncSession,
    calls: "InternalCalls",
    principal: "Principal",
    course_id: int,
    places: Sequence[tuple[int, Sequence[int]]],
    unchanged: "Callable[[Course], None]",
) -> courses.View:
    """Put all modules and lessons of a course in order, counted from 0. Raises NotItsOutline."""
    course = await courses.open_content(session, calls, principal, course_id)
    unchanged(course)
    await outlines.reorder(session, course_id, places)
    await courses.record_change(session, course)
    return await courses.view(session, course)
