"""What is asked and answered about modules."""

from typing import Annotated, Any

from chassis.schemas import Identifier, InputModel, Instant, OutputModel
from chassis.shapes import Shape
from pydantic import ConfigDict, Field

from catalog.fields import Minutes, Order, Title, absent

Description = Annotated[str, Field(max_length=10_000)]


class ModuleIn(InputModel):
    title: Title
    description: Description | None = None
    order: Order | None = Field(None, description="Last when none is given.")
    duration_minutes: Minutes | None = None
    is_published: bool = Field(True, description="Whether learners see it once the course is published.")

    model_config = ConfigDict(json_schema_extra={"examples": [{"title": "Foundations"}]})


class ModulePatch(InputModel):
    title: Title = Field(default_factory=absent)
    description: Description | None = None
    order: Order = Field(default_factory=absent)
    duration_minutes: Minutes | None = None
    is_published: bool = Field(default_factory=absent)

    model_config = ConfigDict(json_schema_extra={"examples": [{"title": "First foundations"}]})


EXAMPLE: dict[str, Any] = {
    "id": 30,
    "course_id": 12,
    "title": "Foundations",
    "description": None,
    "order": 0,
    "duration_minutes": None,
    "is_published": True,
    "published_date": "2026-11-22T19:50:00Z",
    "created_date": "2026-11-22T19:31:00Z",
    "updated_date": "2026-11-22T19:31:00Z",
}


class ModuleOut(OutputModel):
    id: int
    course_id: int
    title: str
    description: str | None
    order: int
    duration_minutes: int | None
    is_published: bool
    published_date: Instant | None
    created_date: Instant
    updated_date: Instant

    model_config = ConfigDict(json_schema_extra={"examples": [EXAMPLE]})


MODULE = Shape(ModuleOut)


class ModulePlace(InputModel):
    id: Identifier
    lessons: list[Identifier] = Field(max_length=10_000)

    model_config = ConfigDict(json_schema_extra={"examples": [{"id": 30, "lessons": [102, 101]}]})


class CourseOrder(InputModel):
    """Every module of the course and every lesson in it, each once; a lesson may change its module."""

    modules: list[ModulePlace] = Field(max_length=10_000)

    model_config = ConfigDict(
        json_schema_extra={
            "examples": [{"modules": [{"id": 31, "lessons": [103]}, {"id": 30, "lessons": [102, 101]}]}]
        }
    )
