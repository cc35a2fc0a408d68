"""What assessment tells: quizzes, and attempts at them. Attempts are keyed by the learner."""

from typing import Annotated

from pydantic import Field

from contracts.envelope import Event, example
from contracts.fields import Count, Id, Many, Part, Seconds, UtcTime, Version, WholePercentage


class AssessmentChanged(
    Event,
    type="assessment.assessment.changed.v1",
    key="course_id",
    subject="assessments/{assessment_id}",
    kind="state",
):
    """A lesson's assessment as it is now; never a question's text or an answer key.

    `passing_score` is a percentage, `time_limit` minutes (0: none), `max_attempts` 0 is unlimited,
    `max_score` the sum of the questions' points.
    """

    assessment_id: Id
    lesson_id: Id
    course_id: Id
    title: str
    passing_score: WholePercentage
    max_attempts: Count
    time_limit: Count
    question_count: Count
    max_score: Count
    version: Version

    model_config = example(
        {
            "assessment_id": 21,
            "lesson_id": 102,
            "course_id": 12,
            "title": "Bernoulli numbers: quiz",
            "passing_score": 70,
            "max_attempts": 3,
            "time_limit": 20,
            "question_count": 5,
            "max_score": 10,
            "version": 4,
        }
    )


class AssessmentRemoved(
    Event,
    type="assessment.assessment.removed.v1",
    key="course_id",
    subject="assessments/{assessment_id}",
):
    """An assessment was deleted, or went with its lesson; takes the next `version` of the assessment."""

    assessment_id: Id
    lesson_id: Id
    course_id: Id
    removed_at: UtcTime
    version: Version

    model_config = example(
        {
            "assessment_id": 21,
            "lesson_id": 102,
            "course_id": 12,
            "removed_at": "2026-11-23T11:00:00Z",
            "version": 5,
        }
    )


class AttemptStarted(
    Event, type="assessment.attempt.started.v1", key="user_id", subject="attempts/{attempt_id}"
):
    """A learner opened an attempt; `attempt_number` counts theirs at this assessment from 1."""

    attempt_id: Id
    assessment_id: Id
    user_id: Id
    course_id: Id
    lesson_id: Id
    attempt_number: Annotated[int, Field(ge=1)]
    started_at: UtcTime

    model_config = example(
        {
            "attempt_id": 500,
            "assessment_id": 21,
            "user_id": 7,
            "course_id": 12,
            "lesson_id": 102,
            "attempt_number": 1,
            "started_at": "2026-11-22T20:20:00Z",
        }
    )


class AttemptSubmitted(
    Event, type="assessment.attempt.submitted.v1", key="user_id", subject="attempts/{attempt_id}"
):
    """An attempt was handed in, or closed at its time limit (`timed_out`).

    AttemptGraded follows at once unless `needs_grading`: then a teacher grades first.
    """

    attempt_id: Id
    assessment_id: Id
    user_id: Id
    course_id: Id
    lesson_id: Id
    attempt_number: Annotated[int, Field(ge=1)]
    time_taken_seconds: Seconds
    timed_out: bool
    needs_grading: bool
    submitted_at: UtcTime

    model_config = example(
        {
            "attempt_id": 500,
            "assessment_id": 21,
            "user_id": 7,
            "course_id": 12,
            "lesson_id": 102,
            "attempt_number": 1,
            "time_taken_seconds": 412,
            "timed_out": False,
            "needs_grading": False,
            "submitted_at": "2026-11-22T20:26:52Z",
        }
    )


class GradedQuestion(Part):
    """One question of an attempt: was it answered, and was the answer fully right."""

    id: Id
    answered: bool
    correct: bool


class AttemptGraded(
    Event, type="assessment.attempt.graded.v1", key="user_id", subject="attempts/{attempt_id}"
):
    """An attempt has its result: points `score` of `max_score`, every question of it listed once.

    A regrade is the same attempt with a higher `revision` (from 1); readers count the highest alone.
    """

    attempt_id: Id
    assessment_id: Id
    user_id: Id
    course_id: Id
    lesson_id: Id
    revision: Annotated[int, Field(ge=1)]
    score: Count
    max_score: Count
    passed: bool
    questions: Many[GradedQuestion]
    graded_at: UtcTime

    model_config = example(
        {
            "attempt_id": 500,
            "assessment_id": 21,
            "user_id": 7,
            "course_id": 12,
            "lesson_id": 102,
            "revision": 1,
            "score": 8,
            "max_score": 10,
            "passed": True,
            "questions": [
                {"id": 900, "answered": True, "correct": True},
                {"id": 901, "answered": False, "correct": False},
            ],
            "graded_at": "2026-11-22T20:26:52Z",
        }
    )
