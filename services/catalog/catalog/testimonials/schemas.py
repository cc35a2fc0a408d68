"""What is asked and answered about testimonials."""

from typing import Annotated, Any

from chassis.pagination import PageParams
from chassis.schemas import InputModel, Instant, OutputModel
from chassis.shapes import Shape
from pydantic import ConfigDict, Field

from catalog.fields import absent

Name = Annotated[str, Field(min_length=1, max_length=100, examples=["Ada Lovelace"])]
Role = Annotated[str, Field(max_length=100, examples=["Analyst"])]
Text = Annotated[str, Field(min_length=1, max_length=5000, examples=["I found my first post through it."])]
Rating = Annotated[int, Field(ge=1, le=5, examples=[5])]


class TestimonialListParams(PageParams):
    featured: bool | None = None


class TestimonialIn(InputModel):
    name: Name
    role: Role = ""
    content: Text
    rating: Rating
    featured: bool = False

    model_config = ConfigDict(
        json_schema_extra={
            "examples": [{"name": "Ada Lovelace", "role": "Analyst", "content": "It works.", "rating": 5}]
        }
    )


class TestimonialPatch(InputModel):
    name: Name = Field(default_factory=absent)
    role: Role = Field(default_factory=absent)
    content: Text = Field(default_factory=absent)
    rating: Rating = Field(default_factory=absent)
    featured: bool = Field(default_factory=absent)

    model_config = ConfigDict(json_schema_extra={"examples": [{"featured": True}]})


EXAMPLE: dict[str, Any] = {
    "id": 2,
    "name": "Ada Lovelace",
    "role": "Analyst",
    "content": "I found my first post through it.",
    "rating": 5,
    "avatar": None,
    "featured": True,
    "created_at": "2026-11-25T18:00:00Z",
    "updated_at": "2026-11-25T18:00:00Z",
}


class TestimonialOut(OutputModel):
    id: int
    name: str
    role: str
    content: str
    rating: int
    avatar: str | None
    featured: bool
    created_at: Instant
    updated_at: Instant

    model_config = ConfigDict(json_schema_extra={"examples": [EXAMPLE]})


TESTIMONIAL = Shape(TestimonialOut)
