"""Every statement on the mirror of catalog's courses."""

from collections.abc import Sequence
from typing import Any

from chassis.db import now
from sqlalchemy import all_, and_, any_, case, delete, or_, select, update
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncSession

from learning.course_mirror.models import CourseRecount, MirrorCourse, MirrorLesson, Removal


async def course(session: AsyncSession, course_id: int) -> MirrorCourse | None:
    return await session.get(MirrorCourse, course_id, populate_existing=True)


async def hold_course(session: AsyncSession, course_id: int) -> MirrorCourse | None:
    """The course, not to change before this transaction ends; others may hold it too."""
    statement = select(MirrorCourse).where(MirrorCourse.course_id == course_id).with_for_update(read=True)
    return await session.scalar(statement.execution_options(populate_existing=True))


async def lock_course(session: AsyncSession, course_id: int) -> MirrorCourse | None:
    statement = select(MirrorCourse).where(MirrorCourse.course_id == course_id).with_for_update()
    return await session.scalar(statement.execution_options(populate_existing=True))


async def lock_or_add_course(session: AsyncSession, course_id: int, created_by_id: int) -> MirrorCourse:
    """The course's row, locked; an empty one of version 0 if the mirror had none."""
    new = insert(MirrorCourse).values(course_id=course_id, created_by_id=created_by_id)
    await session.execute(new.on_conflict_do_nothing())
    course = await lock_course(session, course_id)
    assert course is not None
    return course


async def write_lessons(session: AsyncSession, course_id: int, lessons: Sequence[dict[str, Any]]) -> None:
    """Make the mirrored lessons of a course exactly these."""
    kept = [lesson["lesson_id"] for lesson in lessons]
    await session.execute(
        delete(MirrorLesson).where(MirrorLesson.course_id == course_id, MirrorLesson.lesson_id.not_in(kept))
    )
    if not lessons:
        return
    statement = insert(MirrorLesson)
    changed = {name: statement.excluded[name] for name in lessons[0] if name != "lesson_id"}
    await session.execute(
        statement.on_conflict_do_update(index_elements=[MirrorLesson.lesson_id], set_=changed), list(lessons)
    )


async def relist(session: AsyncSession, course_id: int) -> None:
    """Recompute which lessons learners see, from the newest outline and the newest list of existing lessons."""
    is_there = or_(
        MirrorCourse.lesson_ids_version <= MirrorCourse.outline_version,
        MirrorLesson.lesson_id == any_(MirrorCourse.lesson_ids),
    )
    listed = case(
        (and_(MirrorLesson.module_is_published, is_there, MirrorCourse.is_deleted.is_(False)), True),
        else_=False,
    )
    await session.execute(
        update(MirrorLesson)
        .where(MirrorLesson.course_id == course_id, MirrorCourse.course_id == MirrorLesson.course_id)
        .values(is_listed=listed)
        .execution_options(synchronize_session=False)
    )


async def take_out_deleted(session: AsyncSession, course_id: int) -> list[int]:
    """Take out the lessons that the newest list of existing ones lacks; their ids."""
    gone = await session.scalars(
        delete(MirrorLesson)
        .where(
            MirrorLesson.course_id == course_id,
            MirrorCourse.course_id == MirrorLesson.course_id,
            MirrorCourse.lesson_ids_version > MirrorCourse.outline_version,
            MirrorLesson.lesson_id != all_(MirrorCourse.lesson_ids),
        )
        .returning(MirrorLesson.lesson_id)
        .execution_options(synchronize_session=False)
    )
    return sorted(gone)


async def listed_lessons(session: AsyncSession, course_id: int) -> Sequence[MirrorLesson]:
    """The lessons learners see, in the author's order."""
    statement = (
        select(MirrorLesson)
        .where(MirrorLesson.course_id == course_id, MirrorLesson.is_listed)
        .order_by(MirrorLesson.position, MirrorLesson.lesson_id)
    )
    return (await session.scalars(statement.execution_options(populate_existing=True))).all()


async def listed_lesson_ids(session: AsyncSession, course_id: int) -> list[int]:
    statement = select(MirrorLesson.lesson_id).where(
        MirrorLesson.course_id == course_id, MirrorLesson.is_listed
    )
    return sorted(await session.scalars(statement))


async def lesson(session: AsyncSession, lesson_id: int) -> MirrorLesson | None:
    """A lesson learners see, whatever its course."""
    statement = select(MirrorLesson).where(MirrorLesson.lesson_id == lesson_id, MirrorLesson.is_listed)
    return await session.scalar(statement.execution_options(populate_existing=True))


async def leave_recount(session: AsyncSession, course_id: int, after_enrollment_id: int) -> None:
    """Note how far a recount has come; one begun anew starts over."""
    statement = insert(CourseRecount).values(course_id=course_id, after_enrollment_id=after_enrollment_id)
    await session.execute(
        statement.on_conflict_do_update(
            index_elements=[CourseRecount.course_id],
            set_={"after_enrollment_id": after_enrollment_id, "since": now()},
        )
    )


async def end_recount(session: AsyncSession, course_id: int) -> None:
    await session.execute(delete(CourseRecount).where(CourseRecount.course_id == course_id))


TO_RECOUNT = select(CourseRecount)


async def next_recount(session: AsyncSession) -> CourseRecount | None:
    """An unfinished recount nobody else is working on, locked."""
    statement = TO_RECOUNT.order_by(CourseRecount.since).limit(1)
    return await session.scalar(statement.with_for_update(skip_locked=True))


async def replace_user(session: AsyncSession, user_id: int, tombstone_id: int) -> None:
    await session.execute(
        update(MirrorCourse).where(MirrorCourse.created_by_id == user_id).values(created_by_id=tombstone_id)
    )


async def add_removals(session: AsyncSession, kind: str, object_ids: Sequence[int]) -> None:
    if object_ids:
        rows = [{"kind": kind, "object_id": each} for each in object_ids]
        await session.execute(insert(Removal).on_conflict_do_nothing(), rows)


TO_REMOVE = select(Removal)


async def next_removal(session: AsyncSession) -> Removal | None:
    """A removal nobody else is working on, locked."""
    statement = TO_REMOVE.order_by(Removal.since).limit(1)
    return await session.scalar(statement.with_for_update(skip_locked=True))


async def end_removal(session: AsyncSession, removal: Removal) -> None:
    await session.delete(removal)
