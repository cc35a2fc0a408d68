"""Enrollments on the wire."""

from typing import Annotated, Literal

from chassis.pagination import PageParams
from chassis.schemas import Identifier, InputModel, Instant, OutputModel
from pydantic import ConfigDict, Field

from learning.payments.schemas import PaymentIn

Status = Literal["active", "completed", "dropped"]


class EnrollmentIn(InputModel):
    """The course to enroll in, and how to pay for it where it costs something."""

    model_config = ConfigDict(
        json_schema_extra={
            "examples": [
                {"course_id": 12},
                {"course_id": 12, "payment": {"provider": "sandbox", "token": "tok_ok"}},
            ]
        }
    )

    course_id: Annotated[Identifier, Field(strict=True)]
    payment: PaymentIn | None = None


class EnrollmentOut(OutputModel):
    """An enrollment; `total_time_spent` is in seconds."""

    model_config = ConfigDict(
        json_schema_extra={
            "examples": [
                {
                    "id": 42,
                    "user_id": 7,
                    "course_id": 12,
                    "status": "active",
                    "enrolled_date": "2026-11-22T20:00:00Z",
                    "completion_date": None,
                    "last_accessed": "2026-11-22T20:12:00Z",
                    "total_time_spent": 720,
                    "progress_percentage": 25,
                    "last_lesson_accessed_id": 101,
                    "created_date": "2026-11-22T20:00:00Z",
                    "updated_date": "2026-11-22T20:12:00Z",
                }
            ]
        }
    )

    id: Identifier
    user_id: Identifier
    course_id: Identifier
    status: Status
    enrolled_date: Instant
    completion_date: Instant | None
    last_accessed: Instant
    total_time_spent: int
    progress_percentage: int
    last_lesson_accessed_id: Identifier | None
    created_date: Instant
    updated_date: Instant


class EnrollmentList(PageParams):
    """What the caller's enrollments can be filtered by."""

    status: Status | None = None


class EnrollmentRef(OutputModel):
    """What another service is told about an enrollment."""

    model_config = ConfigDict(json_schema_extra={"examples": [{"enrollment_id": 42, "status": "active"}]})

    enrollment_id: Identifier
    status: Status


class EnrollmentQuestion(InputModel):
    """Whose enrollment in what another service asks for."""

    user_id: Identifier
    course_id: Identifier


class Closing(InputModel):
    """A course that catalog has taken off the catalogue at `version`, and would delete."""

    model_config = ConfigDict(json_schema_extra={"examples": [{"version": 7, "created_by_id": 3}]})

    version: Annotated[int, Field(ge=1, lt=2**63)]
    created_by_id: Identifier


class Closed(OutputModel):
    """Whether anybody ever enrolled in the course; nobody does by an older offer any more."""

    model_config = ConfigDict(json_schema_extra={"examples": [{"enrolled": False}]})

    enrolled: bool
