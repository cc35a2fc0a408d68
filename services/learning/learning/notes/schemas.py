"""Notes on the wire."""

from typing import Annotated, Any

from chassis.pagination import PageParams
from chassis.schemas import Identifier, InputModel, Instant, OutputModel
from pydantic import ConfigDict, Field, StrictBool

Content = Annotated[str, Field(min_length=1, max_length=20_000)]
VideoSecond = Annotated[int, Field(strict=True, ge=0, le=604_800, description="The place in the video.")]
Tags = Annotated[list[Annotated[str, Field(min_length=1, max_length=50)]], Field(max_length=20)]

_NOTE: dict[str, Any] = {
    "lesson_id": 101,
    "content": "The cards carry the pattern, the loom only obeys.",
    "timestamp_seconds": 95,
    "is_private": True,
    "tags": ["cards"],
}


class NoteIn(InputModel):
    """A note to write on a lesson."""

    model_config = ConfigDict(json_schema_extra={"examples": [_NOTE]})

    lesson_id: Annotated[Identifier, Field(strict=True)]
    content: Content
    timestamp_seconds: VideoSecond = 0
    is_private: StrictBool = True
    tags: Annotated[Tags, Field(default_factory=list)]


class NoteChange(InputModel):
    """What to change of a note; what is left out stays."""

    model_config = ConfigDict(json_schema_extra={"examples": [{"is_private": False}]})

    content: Content = ""
    timestamp_seconds: VideoSecond = 0
    is_private: StrictBool = True
    tags: Annotated[Tags, Field(default_factory=list)]


class NoteOut(OutputModel):
    """A note; `display_name` is its author's, null for a person who was erased."""

    model_config = ConfigDict(
        json_schema_extra={
            "examples": [
                {
                    **_NOTE,
                    "id": 61,
                    "user_id": 7,
                    "display_name": "Ada Lovelace",
                    "course_id": 12,
                    "created_date": "2026-11-22T20:11:00Z",
                    "updated_date": "2026-11-22T20:11:00Z",
                }
            ]
        }
    )

    id: Identifier
    user_id: Identifier
    display_name: str | None
    course_id: Identifier | None
    lesson_id: Identifier
    content: str
    timestamp_seconds: int
    is_private: bool
    tags: list[str]
    created_date: Instant
    updated_date: Instant


class NoteList(PageParams):
    """What one's own notes can be filtered by."""

    course_id: Identifier | None = None
    lesson_id: Identifier | None = None
