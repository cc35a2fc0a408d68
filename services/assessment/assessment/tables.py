"""The tables of assessment: `metadata` is whole once this module is imported."""

import chassis.tables  # noqa: F401 - outbox, dead letters and the like join the metadata
from chassis.db import Base

from assessment.assessments.models import Assessment
from assessment.attempts.models import AssessmentAttempt, AttemptAnswer, AttemptAnswerChoice
from assessment.questions.models import Answer, Question

metadata = Base.metadata

__all__ = [
    "Answer",
    "Assessment",
    "AssessmentAttempt",
    "AttemptAnswer",
    "AttemptAnswerChoice",
    "Question",
    "metadata",
]
