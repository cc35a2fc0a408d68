"""What is asked and answered about versions."""

from typing import Literal

from chassis.schemas import InputModel, Instant, OutputModel
from pydantic import ConfigDict, Field

from catalog.courses import rules
from catalog.courses.models import Course


class VersionIn(InputModel):
    bump: Literal["minor", "major"] = Field("minor", description="To 1.1 from 1.0, or to 2.0.")

    model_config = ConfigDict(json_schema_extra={"examples": [{"bump": "minor"}]})


class VersionOut(OutputModel):
    """One version of a course. Its id reads as a course's: with its own modules and lessons."""

    id: int = Field(description="The current version's is the course's own.")
    course_id: int
    version: str
    state: Literal["current", "draft", "archived"] = Field(
        description="Archived versions stay as they were, and can be restored."
    )
    title: str
    published_date: Instant | None = Field(
        description="Null for a draft, and for edits that were never published, kept when another version was restored."
    )
    published_by_id: int | None = Field(description="Null where it is not known.")
    created_date: Instant
    updated_date: Instant

    model_config = ConfigDict(
        json_schema_extra={
            "examples": [
                {
                    "id": 40,
                    "course_id": 12,
                    "version": "1.0",
                    "state": "archived",
                    "title": "Notes on the Analytical Engine",
                    "published_date": "2026-11-22T19:50:00Z",
                    "published_by_id": 3,
                    "created_date": "2026-11-22T19:50:00Z",
                    "updated_date": "2026-11-22T19:50:00Z",
                }
            ]
        }
    )

    @classmethod
    def of(cls, row: Course) -> "VersionOut":
        return cls(
            id=row.id,
            course_id=row.parent_version_id or row.id,
            version=rules.version_text(row.version),
            state=_state(row),
            title=row.title,
            published_date=row.published_date,
            published_by_id=row.published_by_id,
            created_date=row.created_date,
            updated_date=row.updated_date,
        )


def _state(row: Course) -> Literal["current", "draft", "archived"]:
    if row.parent_version_id is None:
        return "draft" if row.first_published_at is None else "current"
    return "draft" if row.is_draft else "archived"
