"""Progress over HTTP."""

from typing import TYPE_CHECKING, Annotated

from chassis.schemas import Identifier
from chassis.web import Calls, CurrentUser, Router, Session
from fastapi import Path

from learning.study import service
from learning.study.schemas import (
    CompletedOut,
    CourseProgressOut,
    LessonOverviewOut,
    LessonProgressOut,
    ProgressIn,
    ReportedOut,
)

if TYPE_CHECKING:
    from learning.course_mirror.models import MirrorLesson
    from learning.progress.models import Progress

router = Router(prefix="/api/v1", tags=["progress"])

EnrollmentId = Annotated[Identifier, Path()]
LessonId = Annotated[Identifier, Path()]
CourseId = Annotated[Identifier, Path()]


@router.get("/enrollments/{enrollment_id}/progress", response_model=CourseProgressOut)
async def get_progress(session: Session, user: CurrentUser, enrollment_id: EnrollmentId) -> CourseProgressOut:
    """How far one of the caller's enrollments is, lesson by lesson; any, for an admin."""
    return _overview(await service.overview(session, user, enrollment_id))


@router.get("/courses/{course_id}/progress", response_model=CourseProgressOut)
async def get_course_progress(session: Session, user: CurrentUser, course_id: CourseId) -> CourseProgressOut:
    """How far the caller is in a course; 404 for who never enrolled in it."""
    return _overview(await service.overview_of_course(session, user.user_id, course_id))


@router.put("/enrollments/{enrollment_id}/lessons/{lesson_id}/progress", response_model=ReportedOut)
async def report_progress(
    session: Session,
    calls: Calls,
    user: CurrentUser,
    enrollment_id: EnrollmentId,
    lesson_id: LessonId,
    given: ProgressIn,
) -> ReportedOut:
    """Report progress in a lesson. Seconds count up to the time that passed since seconds were last reported in
    this enrollment, or since it began; `time_spent_counted` says how many did."""
    told = service.Report(
        progress_percentage=given.progress_percentage,
        seconds=given.time_spent_delta,
        notes=given.notes,
        sets_notes="notes" in given.model_fields_set,
    )
    lesson, counted = await service.report(session, calls, user, enrollment_id, lesson_id, told)
    shown = LessonProgressOut.model_validate(lesson)
    return ReportedOut(**dict(shown), time_spent_counted=counted)


@router.post("/enrollments/{enrollment_id}/lessons/{lesson_id}/complete", response_model=CompletedOut)
async def complete_lesson(
    session: Session, calls: Calls, user: CurrentUser, enrollment_id: EnrollmentId, lesson_id: LessonId
) -> CompletedOut:
    """Complete a lesson; a repeated call changes nothing. With the last lesson the course is completed, and its
    certificate issued."""
    lesson, enrollment = await service.complete(session, calls, user, enrollment_id, lesson_id)
    shown = LessonProgressOut.model_validate(lesson)
    return CompletedOut.model_validate(
        {
            **dict(shown),
            "enrollment_status": enrollment.status,
            "enrollment_progress_percentage": enrollment.progress_percentage,
        }
    )


def _overview(seen: service.Overview) -> CourseProgressOut:
    enrollment, record = seen.enrollment, seen.record
    return CourseProgressOut.model_validate(
        {
            "enrollment_id": enrollment.id,
            "user_id": enrollment.user_id,
            "course_id": enrollment.course_id,
            "status": enrollment.status,
            "completion_percentage": float(seen.standing.percentage),
            "lessons_completed": seen.standing.lessons_completed,
            "total_lessons": seen.standing.total_lessons,
            "total_time_spent": enrollment.total_time_spent,
            "current_lesson_id": enrollment.last_lesson_accessed_id,
            "study_streak_days": seen.streak_days,
            "last_study_date": None if record is None else record.last_study_date,
            "assessments_passed": 0 if record is None else record.assessments_passed,
            "started_at": enrollment.created_date if record is None else record.started_at,
            "last_accessed": enrollment.last_accessed,
            "completed_at": enrollment.completion_date,
            "certificate_number": seen.certificate_number,
            "lessons": [_lesson(lesson, done) for lesson, done in seen.lessons],
        }
    )


def _lesson(lesson: "MirrorLesson", done: "Progress | None") -> LessonOverviewOut:
    return LessonOverviewOut.model_validate(
        {
            "lesson_id": lesson.lesson_id,
            "module_id": lesson.module_id,
            "title": lesson.title,
            "type": lesson.type,
            "duration_minutes": lesson.duration_minutes,
            "has_assessment": lesson.has_assessment,
            "is_completed": done is not None and done.is_completed,
            "completed_date": None if done is None else done.completed_date,
            "time_spent": 0 if done is None else done.time_spent,
            "progress_percentage": 0 if done is None else done.progress_percentage,
            "notes": None if done is None else done.notes,
            "last_accessed": None if done is None else done.last_accessed,
        }
    )
