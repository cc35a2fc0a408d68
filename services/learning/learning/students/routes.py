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
    found, next_cursor = await service.list_students(session, calls, user, course_id, params.status, params)
    return Page(items=[_shown(student) for student in found], next_cursor=next_cursor)


def _shown(student: service.Student) -> StudentOut:
    enrollment, person = student.enrollment, student.person
    return StudentOut.model_validate(
        {
            "user_id": enrollment.user_id,
            "display_name": None if person is None else person.display_name,
            "picture_url": None if person is None else person.picture_url,
            "enrollment_id": enrollment.id,
            "status": enrollment.status,
            "enrolled_date": enrollment.enrolled_date,
            "completion_date": enrollment.completion_date,
            "last_accessed": enrollment.last_accessed,
            "progress_percentage": enrollment.progress_percentage,
            "total_time_spent": enrollment.total_time_spent,
        }
    )
