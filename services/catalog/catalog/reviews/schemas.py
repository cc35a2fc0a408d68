"""What is asked and answered about reviews."""

from typing import Annotated, Any, Literal

from chassis.pagination import PageParams
from chassis.schemas import InputModel, Instant, OutputModel
from chassis.shapes import Shape
from pydantic import ConfigDict, Field

from catalog.courses.schemas import AuthorOut
from catalog.fields import absent
from catalog.reviews.service import View

Rating = Annotated[int, Field(ge=1, le=5, examples=[5])]
Headline = Annotated[str, Field(min_length=1, max_length=200, examples=["Clear and deep"])]
Text = Annotated[str, Field(max_length=10_000, examples=["Every lesson ends with something to build."])]


class ReviewListParams(PageParams):
    sort: Literal["newest", "helpful", "highest", "lowest"] = "newest"
    rating: Annotated[int, Field(ge=1, le=5)] | None = Field(None, description="Only reviews of this rating.")
    verified: bool | None = Field(None, description="Only reviews by people who enrolled, or only others.")


class ReviewIn(InputModel):
    rating: Rating
    title: Headline | None = None
    content: Text = Field("", description="Plain text.")

    model_config = ConfigDict(
        json_schema_extra={"examples": [{"rating": 5, "title": "Clear and deep", "content": "I built it."}]}
    )


class ReviewPatch(InputModel):
    rating: Rating = Field(default_factory=absent)
    title: Headline | None = None
    content: Text = Field(default_factory=absent)

    model_config = ConfigDict(json_schema_extra={"examples": [{"rating": 4}]})


class Moderation(InputModel):
    """What is decided; what is left out stays."""

    is_approved: bool = Field(default_factory=absent)
    is_featured: bool = Field(default_factory=absent)
    moderation_notes: Annotated[str, Field(max_length=5000)] | None = Field(
        None, description="For moderators alone."
    )

    model_config = ConfigDict(
        json_schema_extra={"examples": [{"is_approved": False, "moderation_notes": "Advertises."}]}
    )


EXAMPLE: dict[str, Any] = {
    "id": 81,
    "course_id": 12,
    "user_id": 7,
    "rating": 5,
    "title": "Clear and deep",
    "content": "Every lesson ends with something to build.",
    "helpful_count": 3,
    "is_verified_purchase": True,
    "is_approved": True,
    "is_featured": False,
    "created_date": "2026-11-25T18:00:00Z",
    "updated_date": "2026-11-25T18:00:00Z",
    "author": {"user_id": 7, "display_name": "Ada Lovelace", "picture_url": None},
}


class ReviewOut(OutputModel):
    id: int
    course_id: int
    user_id: int
    rating: int
    title: str | None
    content: str
    helpful_count: int
    is_verified_purchase: bool
    is_approved: bool
    is_featured: bool
    created_date: Instant
    updated_date: Instant
    author: AuthorOut

    model_config = ConfigDict(json_schema_extra={"examples": [EXAMPLE]})

    @classmethod
    def of(cls, view: View) -> "ReviewOut":
        return cls.model_validate(_members(view))


REVIEW = Shape(ReviewOut, author=Shape(AuthorOut))


class ReviewForModerators(ReviewOut):
    moderation_notes: str | None

    model_config = ConfigDict(json_schema_extra={"examples": [{**EXAMPLE, "moderation_notes": None}]})

    @classmethod
    def of(cls, view: View) -> "ReviewForModerators":
        return cls.model_validate({**_members(view), "moderation_notes": view.review.moderation_notes})


def _members(view: View) -> dict[str, Any]:
    review = view.review
    stored = {name: getattr(review, name) for name in ReviewOut.model_fields if name != "author"}
    author = {
        "user_id": review.user_id,
        "display_name": view.author_name or "",
        "picture_url": view.author_picture,
    }
    return {**stored, "author": author}
