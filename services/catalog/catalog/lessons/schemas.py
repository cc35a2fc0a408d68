"""What is asked and answered about lessons."""

from typing import Annotated, Any, Literal

from chassis.schemas import InputModel, Instant
from chassis.shapes import Shape
from pydantic import ConfigDict, Field
from sqlalchemy import Row

from catalog.courses.schemas import LESSON_EXAMPLE, LessonOutline
from catalog.fields import Minutes, Order, Title, WebAddress, absent
from catalog.lessons.service import LessonView

LONGEST_BODY = 200_000
Body = Annotated[str, Field(max_length=LONGEST_BODY, description="Markdown.")]
AccessLevel = Literal["guest", "registered", "premium"]
ActivityType = Literal["reading", "video", "interactive", "quiz", "lab"]


class WrittenLesson(InputModel):
    """All that authors write of a lesson, and what may stand there: in a request, and in an archive."""

    title: Title
    content: Body = Field("", description="The whole lesson, as markdown.")
    guest_content: Body | None = Field(None, description="What anyone may read of it.")
    registered_content: Body | None = Field(None, description="What a logged-in user may read of it.")
    access_level: AccessLevel = "registered"
    activity_type: ActivityType = "reading"
    duration_minutes: Minutes | None = None
    is_free_preview: bool = False
    has_lab: bool = False
    video_url: WebAddress | None = None
    transcript: Body | None = None


class LessonIn(WrittenLesson):
    order: Order | None = Field(None, description="Last when none is given.")

    model_config = ConfigDict(
        json_schema_extra={
            "examples": [
                {"title": "Punched cards", "content": "A card with a hole...", "duration_minutes": 12}
            ]
        }
    )


class LessonPatch(InputModel):
    title: Title = Field(default_factory=absent)
    order: Order = Field(default_factory=absent)
    content: Body = Field(default_factory=absent)
    guest_content: Body | None = None
    registered_content: Body | None = None
    access_level: AccessLevel = Field(default_factory=absent)
    activity_type: ActivityType = Field(default_factory=absent)
    duration_minutes: Minutes | None = None
    is_free_preview: bool = Field(default_factory=absent)
    has_lab: bool = Field(default_factory=absent)
    video_url: WebAddress | None = None
    transcript: Body | None = None

    model_config = ConfigDict(json_schema_extra={"examples": [{"is_free_preview": True}]})


class LessonOut(LessonOutline):
    """A lesson as far as the reader's access goes."""

    course_id: int
    access: AccessLevel = Field(description="The level of `body`; premium is the whole lesson.")
    locked: bool = Field(description="Whether there is more than the reader is shown.")
    unlock: list[Literal["login", "enroll", "subscribe"]] = Field(description="What would show more.")
    body: str = Field(description="Markdown.")
    body_html: str = Field(description="The same as sanitised HTML, to be put into a page as it is.")
    video_url: str | None = Field(description="Null while locked.")
    transcript: str | None = Field(description="Null while locked.")
    content: str | None = Field(
        description="For those who teach the course, as the next two; null for others."
    )
    registered_content: str | None
    guest_content: str | None
    created_date: Instant
    updated_date: Instant

    model_config = ConfigDict(
        json_schema_extra={
            "examples": [
                {
                    **LESSON_EXAMPLE,
                    "course_id": 12,
                    "access": "registered",
                    "locked": True,
                    "unlock": ["enroll", "subscribe"],
                    "body": "A card with a *hole*.",
                    "body_html": "<p>A card with a <em>hole</em>.</p>\n",
                    "video_url": None,
                    "transcript": None,
                    "content": None,
                    "registered_content": None,
                    "guest_content": None,
                    "created_date": "2026-11-22T19:32:00Z",
                    "updated_date": "2026-11-22T19:32:00Z",
                }
            ]
        }
    )

    @classmethod
    def of(cls, view: LessonView, body_html: str) -> "LessonOut":
        shown = _shown(view, body_html)
        stored = {name: getattr(view.lesson, name) for name in cls.model_fields if name not in shown}
        return cls.model_validate({**stored, **shown})


def _shown(view: LessonView, body_html: str) -> dict[str, Any]:
    """What is not the same for every reader."""
    lesson, reading = view.lesson, view.reading
    shown: dict[str, Any] = {
        "course_id": view.course_id,
        "access": reading.access,
        "locked": reading.is_locked,
        "unlock": list(reading.unlock),
        "body": view.body,
        "body_html": body_html,
        "video_url": None if reading.is_locked else lesson.video_url,
        "transcript": None if reading.is_locked else lesson.transcript,
    }
    for name in ("content", "registered_content", "guest_content"):
        shown[name] = getattr(lesson, name) if view.is_teaching else None
    return shown


OUTLINED = Shape(LessonOutline)
_LESSON = Shape(LessonOut)


def lesson_as_told(view: LessonView, body_html: str) -> dict[str, Any]:
    """The members of a LessonOut."""
    assert isinstance(view.lesson, Row), "read, and not edited"
    return _LESSON.one(view.lesson, **_shown(view, body_html))
