"""What an archive needs of a course beyond what everybody may ask: an id before it is there, and which version."""

from sqlalchemy import func, select
from sqlalchemy.ext.asyncio import AsyncSession

from catalog.courses import queries, version_queries
from catalog.courses.errors import CourseNotFound
from catalog.courses.models import Course


async def reserve_id(session: AsyncSession) -> int:
    """The id of a course that is still to be added: its picture is kept under it, and is stored first."""
    sequence = func.pg_get_serial_sequence(Course.__tablename__, "id")
    return int(await session.scalar(select(func.nextval(sequence))) or 0)


async def find_version(session: AsyncSession, course: Course, version_id: int | None) -> Course:
    """The course itself by its own id, one of its versions by that one's, or where its content is edited now: in the
    draft version if there is one. Raises CourseNotFound for what is no version of it."""
    if version_id is None:
        version_id = await version_queries.draft_of(session, course.id) or course.id
    if version_id == course.id:
        return course
    version = await queries.by_id(session, version_id)
    if version is None or version.parent_version_id != course.id:
        raise CourseNotFound("The course has no such version.")
    return version
