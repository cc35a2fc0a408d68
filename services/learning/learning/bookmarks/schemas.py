"""Bookmarks on the wire."""

from typing import Annotated, Any, Literal

from chassis.pagination import PageParams
from chassis.schemas import Identifier, InputModel, Instant, OutputModel
from pydantic import ConfigDict, Field

Target = Literal["course", "lesson", "resource"]
Title = Annotated[str, Field(max_length=255)]
Words = Annotated[str, Field(max_length=10_000)]

_BOOKMARK: dict[str, Any] = {
    "content_type": "lesson",
    "object_id": 101,
    "title": "Punched cards",
    "notes": "",
}


class BookmarkIn(InputModel):
    """What to bookmark; without a title it takes that of the marked thing."""

    model_config = ConfigDict(json_schema_extra={"examples": [_BOOKMARK]})

    content_type: Target
    object_id: Annotated[Identifier, Field(strict=True)]
    title: Title = ""
    notes: Words = ""


class BookmarkChange(InputModel):
    """What to change of a bookmark; what is left out stays."""

    model_config = ConfigDict(json_schema_extra={"examples": [{"notes": "Once more before the exam."}]})

    title: Title = ""
    notes: Words = ""


class BookmarkOut(OutputModel):
    """A bookmark; `course_id` and `lesson_id` say where the marked thing belongs."""

    model_config = ConfigDict(
        json_schema_extra={
            "examples": [
                {
                    **_BOOKMARK,
                    "id": 71,
                    "user_id": 7,
                    "position": 0,
                    "course_id": 12,
                    "lesson_id": 101,
                    "created_date": "2026-11-22T20:11:30Z",
                    "updated_date": "2026-11-22T20:11:30Z",
                }
            ]
        }
    )

    id: Identifier
    user_id: Identifier
    content_type: Target
    object_id: Identifier
    title: str
    notes: str
    position: int
    course_id: Identifier | None
    lesson_id: Identifier | None
    created_date: Instant
    updated_date: Instant


class BookmarkList(PageParams):
    """What bookmarks can be filtered by."""

    content_type: Target | None = None


class BookmarkOrder(InputModel):
    """Every bookmark of the caller's, in the order wanted."""

    model_config = ConfigDict(json_schema_extra={"examples": [{"ids": [73, 71, 72]}]})

    ids: Annotated[list[Annotated[Identifier, Field(strict=True)]], Field(max_length=1000)]
