"""Progress on the wire."""

from datetime import date
from typing import Annotated, Any, Literal

from chassis.schemas import Identifier, InputModel, Instant, OutputModel
from pydantic import ConfigDict, Field

from learning.enrollments.schemas import Status


class ProgressIn(InputModel):
    """What the client saw since its last report; what is left out is left as it is."""

    model_config = ConfigDict(
        json_schema_extra={"examples": [{"progress_percentage": 60, "time_spent_delta": 240}]}
    )

    progress_percentage: Annotated[
        int | None, Field(strict=True, ge=0, le=100, description="It never goes back.")
    ] = None
    time_spent_delta: Annotated[
        int | None, Field(strict=True, ge=0, le=86_400, description="Seconds since the last report.")
    ] = None
    notes: Annotated[str | None, Field(max_length=10_000, description="null takes them out.")] = None


_LESSON: dict[str, Any] = {
    "enrollment_id": 42,
    "lesson_id": 101,
    "is_completed": False,
    "completed_date": None,
    "time_spent": 240,
    "progress_percentage": 60,
    "notes": None,
    "last_accessed": "2026-11-22T20:12:00Z",
}


class LessonProgressOut(OutputModel):
    """A learner's progress in one lesson; `time_spent` is in seconds."""

    model_config = ConfigDict(json_schema_extra={"examples": [_LESSON]})

    enrollment_id: Identifier
    lesson_id: Identifier
    is_completed: bool
    completed_date: Instant | None
    time_spent: int
    progress_percentage: int
    notes: str | None
    last_accessed: Instant


class ReportedOut(LessonProgressOut):
    """The lesson after a report; `time_spent_counted` says how many of the seconds counted."""

    model_config = ConfigDict(json_schema_extra={"examples": [{**_LESSON, "time_spent_counted": 240}]})

    time_spent_counted: int


class CompletedOut(LessonProgressOut):
    """The completed lesson, and what it did to the enrollment."""

    model_config = ConfigDict(
        json_schema_extra={
            "examples": [
                {
                    **_LESSON,
                    "is_completed": True,
                    "completed_date": "2026-11-22T20:12:00Z",
                    "progress_percentage": 100,
                    "enrollment_status": "active",
                    "enrollment_progress_percentage": 25,
                }
            ]
        }
    )

    enrollment_status: Status
    enrollment_progress_percentage: int


_LESSON_OVERVIEW: dict[str, Any] = {
    "lesson_id": 101,
    "module_id": 30,
    "title": "Punched cards",
    "type": "reading",
    "duration_minutes": 12,
    "has_assessment": False,
    "is_completed": False,
    "completed_date": None,
    "time_spent": 240,
    "progress_percentage": 60,
    "notes": None,
    "last_accessed": "2026-11-22T20:12:00Z",
}


class LessonOverviewOut(OutputModel):
    """A lesson of the course as learners see it now, and how far this learner is in it."""

    model_config = ConfigDict(json_schema_extra={"examples": [_LESSON_OVERVIEW]})

    lesson_id: Identifier
    module_id: Identifier
    title: str
    type: Literal["reading", "video", "interactive", "quiz", "lab"]
    duration_minutes: int | None
    has_assessment: bool
    is_completed: bool
    completed_date: Instant | None
    time_spent: int
    progress_percentage: int
    notes: str | None
    last_accessed: Instant | None


class CourseProgressOut(OutputModel):
    """An enrollment's progress. Times are in seconds, days are UTC; `study_streak_days` is as of today.

    `lessons` are in the author's order; only those learners see now count.
    """

    model_config = ConfigDict(
        json_schema_extra={
            "examples": [
                {
                    "enrollment_id": 42,
                    "user_id": 7,
                    "course_id": 12,
                    "status": "active",
                    "completion_percentage": 25.0,
                    "lessons_completed": 1,
                    "total_lessons": 4,
                    "total_time_spent": 720,
                    "current_lesson_id": 101,
                    "study_streak_days": 1,
                    "last_study_date": "2026-11-22",
                    "assessments_passed": 0,
                    "started_at": "2026-11-22T20:00:00Z",
                    "last_accessed": "2026-11-22T20:12:00Z",
                    "completed_at": None,
                    "certificate_number": None,
                    "lessons": [_LESSON_OVERVIEW],
                }
            ]
        }
    )

    enrollment_id: Identifier
    user_id: Identifier
    course_id: Identifier
    status: Status
    completion_percentage: float
    lessons_completed: int
    total_lessons: int
    total_time_spent: int
    current_lesson_id: Identifier | None
    study_streak_days: int
    last_study_date: date | None
    assessments_passed: int
    started_at: Instant
    last_accessed: Instant
    completed_at: Instant | None
    certificate_number: str | None
    lessons: list[LessonOverviewOut]
