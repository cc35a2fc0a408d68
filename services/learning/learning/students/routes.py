"""A course's students over HTTP."""

from typing import Annotated

from chassis.pagination import Page
from chassis.schemas import Identifier
from chassis.web import Calls, CurrentUser, Router, Session
from fastapi import Path, Query

from learning.students import service
from learning.students.schemas import StudentList, StudentOut

router = Router(prefix="/api/v1", tags=["students"])


@router.get("/courses/{course_id}/students", response_model=Page[StudentOut])
async def list_students(
    session: Session,
    calls: Calls,
    user: CurrentUser,
    course_id: Annotated[Identifier, Path()],
    params: Annotated[StudentList, Query()],
) -> Page[StudentOut]:
    """A course's students, the latest first: for its lead, its instructors who may manage students, and admins."""
    items, next_cursor = await service.list_students(session, calls, user, course_id, params)
    return Page(items=items, next_cursor=next_cursor)
