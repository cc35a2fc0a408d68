"""Keep the records of progress. The caller holds the enrollment's row, and tells what follows from it."""

from collections.abc import Iterable, Sequence
from datetime import datetime

from sqlalchemy.ext.asyncio import AsyncSession

from learning.progress import queries, rules
from learning.progress.models import CourseProgress, Progress
from learning.progress.rules import Standing


async def open_course(session: AsyncSession, user_id: int, course_id: int, instant: datetime) -> None:
    """Begin a learner's record of a course; coming back finds the old one."""
    await queries.add_course_progress(session, user_id, course_id, instant)


async def course_progress(session: AsyncSession, user_id: int, course_id: int) -> CourseProgress | None:
    return await queries.course_progress(session, user_id, course_id)


async def lesson_progress(session: AsyncSession, enrollment_id: int, lesson_id: int) -> Progress:
    """A learner's record of one lesson, locked, begun if there was none."""
    return await queries.lesson(session, enrollment_id, lesson_id)


async def lessons_progress(session: AsyncSession, enrollment_id: int) -> Sequence[Progress]:
    return await queries.lessons(session, enrollment_id)


async def standing(session: AsyncSession, enrollment_id: int, lesson_ids: Sequence[int]) -> Standing:
    """How far an enrollment is over these lessons."""
    counts = await queries.completed_counts(session, [enrollment_id], lesson_ids)
    return Standing(counts.get(enrollment_id, 0), len(lesson_ids))


async def standings(
    session: AsyncSession, enrollment_ids: Sequence[int], lesson_ids: Sequence[int]
) -> dict[int, Standing]:
    """How far each enrollment is over these lessons, by one statement."""
    counts = await queries.completed_counts(session, enrollment_ids, lesson_ids)
    return {each: Standing(counts.get(each, 0), len(lesson_ids)) for each in enrollment_ids}


async def record_study(
    session: AsyncSession, user_id: int, course_id: int, lesson_id: int, seconds: int, instant: datetime
) -> CourseProgress:
    """Note that a learner studied now: where they are, for how long, and what it does to their streak."""
    record = await queries.course_progress(session, user_id, course_id)
    if record is None:
        await queries.add_course_progress(session, user_id, course_id, instant)
        record = await queries.course_progress(session, user_id, course_id)
        assert record is not None
    today = instant.date()
    record.current_lesson_id = lesson_id
    record.last_accessed = instant
    record.total_time_spent += seconds
    record.study_streak_days = rules.streak_after(record.study_streak_days, record.last_study_date, today)
    record.last_study_date = today
    return record


def take_standing(record: CourseProgress, standing: Standing, completed_at: datetime | None) -> None:
    """Write how far a learner is into their record of the course."""
    record.lessons_completed = standing.lessons_completed
    record.completion_percentage = standing.percentage
    record.completed_at = completed_at


async def records_of(
    session: AsyncSession, course_id: int, user_ids: Iterable[int]
) -> dict[int, CourseProgress]:
    """These learners' records of a course, by user."""
    return {each.user_id: each for each in await queries.course_progress_of(session, course_id, user_ids)}


async def replace_user(
    session: AsyncSession, user_id: int, tombstone_id: int, enrollment_ids: Sequence[int]
) -> None:
    """Put the tombstone in place of a person, and take out what they wrote."""
    await queries.replace_user(session, user_id, tombstone_id)
    await queries.clear_notes(session, enrollment_ids)


async def forget_lesson(session: AsyncSession, lesson_id: int) -> None:
    """A lesson was deleted in catalog: its records go too."""
    await queries.forget_lesson(session, lesson_id)
