"""What a learner does in a course: report progress, complete lessons, see how far they are."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING

from chassis.db import now
from chassis.errors import NotFound
from chassis.outbox import emit
from contracts.learning import LessonCompleted, LessonProgressed
from sqlalchemy.ext.asyncio import AsyncSession

from learning.activity import service as activity
from learning.certificates import service as certificates
from learning.course_mirror import service as course_mirror
from learning.enrollments import service as enrollments
from learning.enrollments.errors import EnrollmentNotFound
from learning.progress import rules
from learning.progress import service as progress
from learning.progress.rules import Standing
from learning.study.errors import AssessmentNotPassed

if TYPE_CHECKING:
    from chassis.auth import Principal
    from chassis.internal import InternalCalls

    from learning.course_mirror.models import MirrorLesson
    from learning.enrollments.models import Enrollment
    from learning.progress.models import CourseProgress, Progress


@dataclass(frozen=True, slots=True)
class Report:
    """What a client reports about a lesson; None where it says nothing. `seconds` since its last report."""

    progress_percentage: int | None = None
    seconds: int | None = None
    notes: str | None = None
    sets_notes: bool = False


async def report(
    session: AsyncSession,
    calls: "InternalCalls",
    principal: "Principal",
    enrollment_id: int,
    lesson_id: int,
    given: Report,
) -> tuple["Progress", int]:
    """Take a report on a lesson; the second value is how many of its seconds counted.

    Raises EnrollmentNotFound, EnrollmentDropped, LessonNotFound.
    """
    enrollment = await enrollments.require_learner(session, principal, enrollment_id)
    await course_mirror.lesson_in(session, calls, enrollment.course_id, lesson_id)
    enrollment = await enrollments.lock_for_study(session, enrollment_id)
    instant = now()
    counted = _count_time(enrollment, given.seconds, instant)
    lesson = await progress.lesson_progress(session, enrollment.id, lesson_id)
    before = lesson.progress_percentage
    lesson.progress_percentage = rules.further(before, given.progress_percentage)
    lesson.time_spent += counted
    if given.sets_notes:
        lesson.notes = given.notes
    await _studied(session, enrollment, lesson, counted, instant)
    if given.progress_percentage is not None or counted:
        _tell_progress(session, enrollment, lesson, counted, instant)
    return lesson, counted


def _count_time(enrollment: "Enrollment", reported: int | None, instant: datetime) -> int:
    if reported is None:
        return 0
    counted = rules.count_time(reported, counted_until=enrollment.time_counted_until, instant=instant)
    enrollment.time_counted_until = counted.counted_until
    enrollment.total_time_spent += counted.seconds
    return counted.seconds


async def _studied(
    session: AsyncSession, enrollment: "Enrollment", lesson: "Progress", seconds: int, instant: datetime
) -> "CourseProgress":
    """Note that the learner was here just now."""
    lesson.last_accessed = enrollment.last_accessed = instant
    enrollment.last_lesson_accessed_id = lesson.lesson_id
    return await progress.record_study(
        session, enrollment.user_id, enrollment.course_id, lesson.lesson_id, seconds, instant
    )


def _tell_progress(
    session: AsyncSession, enrollment: "Enrollment", lesson: "Progress", seconds: int, instant: datetime
) -> None:
    event = LessonProgressed(
        enrollment_id=enrollment.id,
        user_id=enrollment.user_id,
        course_id=enrollment.course_id,
        lesson_id=lesson.lesson_id,
        progress_percentage=lesson.progress_percentage,
        time_spent_delta_seconds=seconds,
    )
    emit(session, event, time=instant)
    activity.record(
        session,
        "progress",
        instant,
        user_id=enrollment.user_id,
        course_id=enrollment.course_id,
        enrollment_id=enrollment.id,
        lesson_id=lesson.lesson_id,
        seconds=seconds,
        progress_percentage=lesson.progress_percentage,
    )


async def complete(
    session: AsyncSession,
    calls: "InternalCalls",
    principal: "Principal",
    enrollment_id: int,
    lesson_id: int,
) -> tuple["Progress", "Enrollment"]:
    """Complete a lesson once; a repeated call changes nothing. The last one completes the course.

    Raises EnrollmentNotFound, EnrollmentDropped, LessonNotFound, AssessmentNotPassed.
    """
    enrollment = await enrollments.require_learner(session, principal, enrollment_id)
    mirrored = await course_mirror.lesson_in(session, calls, enrollment.course_id, lesson_id)
    await _require_passed(session, calls, mirrored, principal.user_id)
    enrollment = await enrollments.lock_for_study(session, enrollment_id)
    lesson = await progress.lesson_progress(session, enrollment.id, lesson_id)
    if lesson.is_completed:
        return lesson, enrollment
    instant = now()
    lesson.is_completed = True
    lesson.completed_date = instant
    lesson.progress_percentage = 100
    record = await _studied(session, enrollment, lesson, 0, instant)
    _tell_completion(session, enrollment, lesson_id, instant)
    # Read under the enrollment's lock: a republish is counted either here or by its recount, which waits for us.
    listed = await course_mirror.lesson_ids_of(session, enrollment.course_id)
    standing = await progress.standing(session, enrollment.id, listed)
    await enrollments.take_standing(session, enrollment, record, standing, instant)
    return lesson, enrollment


async def _require_passed(
    session: AsyncSession, calls: "InternalCalls", lesson: "MirrorLesson", user_id: int
) -> None:
    """Ask assessment, always: a stale yes would be a certificate nobody earned."""
    course = await course_mirror.find_course(session, lesson.course_id)
    # Of a course off the catalogue nobody tells when a lesson gets an assessment.
    if not lesson.has_assessment and course is not None and course.is_published:
        return
    try:
        answer = await calls.get(
            "assessment", f"/internal/lessons/{lesson.lesson_id}/passed", params={"user_id": user_id}
        )
    except NotFound:
        return  # There is none, or it was deleted a moment ago: there is nothing left to pass.
    if answer["passed"] is not True:
        raise AssessmentNotPassed


def _tell_completion(
    session: AsyncSession, enrollment: "Enrollment", lesson_id: int, instant: datetime
) -> None:
    event = LessonCompleted(
        enrollment_id=enrollment.id,
        user_id=enrollment.user_id,
        course_id=enrollment.course_id,
        lesson_id=lesson_id,
        completed_at=instant,
    )
    emit(session, event, time=instant)
    activity.record(
        session,
        "complete_lesson",
        instant,
        user_id=enrollment.user_id,
        course_id=enrollment.course_id,
        enrollment_id=enrollment.id,
        lesson_id=lesson_id,
        progress_percentage=100,
    )


# --- reading ------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Overview:
    """An enrollment's progress: the course's record, and every lesson with what was done in it (None: nothing)."""

    enrollment: "Enrollment"
    standing: Standing
    record: "CourseProgress | None"
    streak_days: int
    lessons: Sequence[tuple["MirrorLesson", "Progress | None"]]
    certificate_number: str | None


async def overview(session: AsyncSession, principal: "Principal", enrollment_id: int) -> Overview:
    """How far an enrollment is; the caller's own, any for an admin. Raises EnrollmentNotFound."""
    return await _overview(session, await enrollments.show(session, principal, enrollment_id))


async def overview_of_course(session: AsyncSession, user_id: int, course_id: int) -> Overview:
    """How far a learner is in a course they ever enrolled in. Raises EnrollmentNotFound."""
    enrollment = await enrollments.find(session, user_id, course_id)
    if enrollment is None:
        raise EnrollmentNotFound
    return await _overview(session, enrollment)


async def _overview(session: AsyncSession, enrollment: "Enrollment") -> Overview:
    record = await progress.course_progress(session, enrollment.user_id, enrollment.course_id)
    done = {row.lesson_id: row for row in await progress.lessons_progress(session, enrollment.id)}
    lessons = await course_mirror.lessons_of(session, enrollment.course_id)
    completed = sum(1 for each in lessons if each.lesson_id in done and done[each.lesson_id].is_completed)
    certificate = await certificates.of_enrollment(session, enrollment.id)
    streak = 0
    if record is not None:
        streak = rules.streak_as_of(record.study_streak_days, record.last_study_date, now().date())
    return Overview(
        enrollment=enrollment,
        standing=Standing(completed, len(lessons)),
        record=record,
        streak_days=streak,
        lessons=[(each, done.get(each.lesson_id)) for each in lessons],
        certificate_number=None if certificate is None else certificate.certificate_number,
    )
