"""Who teaches a course: the lead's row follows the course, and is told with every change."""

from datetime import datetime
from decimal import Decimal
from typing import Any

from chassis.outbox import emit
from contracts.catalog import CourseChanged
from contracts.instructor import CoInstructorChanged, CoInstructorRemoved
from sqlalchemy import update
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncSession

from instructor.co_teaching import queries
from instructor.co_teaching.models import CourseInstructor, TaughtCourse

WHOLE = Decimal("100.00")


async def keep_course(session: AsyncSession, course: CourseChanged) -> bool:
    """Remember a course's newest state; False where what is known is newer, or the course is gone."""
    given = {"created_by_id": course.created_by_id, "version": course.version}
    statement = insert(TaughtCourse).values(course_id=course.course_id, **given)
    kept = await session.execute(
        statement.on_conflict_do_update(
            index_elements=[TaughtCourse.course_id],
            set_=given,
            where=(TaughtCourse.version < statement.excluded.version) & ~TaughtCourse.is_deleted,
        ).returning(TaughtCourse.course_id)
    )
    return kept.first() is not None


async def ensure_lead(
    session: AsyncSession, course_id: int, user_id: int, profile_id: int | None, *, since: datetime
) -> CourseInstructor:
    """Give the author of a course their row, with every right and the whole revenue, once."""
    made: CourseInstructor | None = await session.scalar(
        insert(CourseInstructor)
        .values(
            course_id=course_id,
            instructor_id=user_id,
            role="lead",
            is_lead=True,
            can_edit_content=True,
            can_manage_students=True,
            can_view_analytics=True,
            revenue_share_percentage=WHOLE,
            joined_date=since,
            state_version=1,
        )
        .on_conflict_do_nothing()
        .returning(CourseInstructor)
    )
    if made is None:
        found = await queries.find_for_update(session, course_id, user_id)
        assert found is not None
        return found
    emit(session, _changed(made, profile_id, effective_from=since))
    return made


async def drop_course(session: AsyncSession, course_id: int, version: int, *, at: datetime) -> None:
    """A course is gone: so are its teachers' rights and shares. Later news of it change nothing."""
    gone = {"is_deleted": True, "version": version}
    await session.execute(
        insert(TaughtCourse)
        .values(course_id=course_id, created_by_id=0, **gone)
        .on_conflict_do_update(index_elements=[TaughtCourse.course_id], set_=gone)
    )
    for row in await queries.of_course_for_update(session, course_id):
        emit(
            session,
            CoInstructorRemoved(
                course_id=course_id,
                user_id=row.instructor_id,
                profile_id=None,
                removed_at=at,
                version=row.state_version + 1,
            ),
        )
        await session.delete(row)


async def attach_profile(session: AsyncSession, user_id: int, profile_id: int) -> None:
    """Tell the rows of somebody who taught before they had a profile again, now with it."""
    for row in await queries.of_user_for_update(session, user_id):
        row.state_version += 1
        # The share is the same as before: told from the row's beginning, it replaces the entry without a profile.
        emit(session, _changed(row, profile_id, effective_from=row.joined_date))


async def erase(session: AsyncSession, user_id: int, tombstone_id: int) -> None:
    """Write the tombstone over a person; readers rewrite their own rows by identity's event."""
    rows = update(CourseInstructor).where(CourseInstructor.instructor_id == user_id)
    await session.execute(rows.values(instructor_id=tombstone_id))
    courses = update(TaughtCourse).where(TaughtCourse.created_by_id == user_id)
    await session.execute(courses.values(created_by_id=tombstone_id))


def _changed(
    row: CourseInstructor, profile_id: int | None, *, effective_from: datetime
) -> CoInstructorChanged:
    told: dict[str, Any] = {
        "course_id": row.course_id,
        "user_id": row.instructor_id,
        "profile_id": profile_id,
        "role": row.role,
        "is_lead": row.is_lead,
        "is_active": row.is_active,
        "can_edit_content": row.can_edit_content,
        "can_manage_students": row.can_manage_students,
        "can_view_analytics": row.can_view_analytics,
        "revenue_share_percentage": row.revenue_share_percentage,
        "effective_from": effective_from,
        "version": row.state_version,
    }
    return CoInstructorChanged(**told)
