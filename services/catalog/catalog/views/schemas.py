"""What the gateway tells."""

from typing import Annotated

from chassis.schemas import Identifier, InputModel
from pydantic import AwareDatetime, Field, model_validator

MOST_COURSES = 1000
"""So many rows are locked and so many events written in one transaction; the gateway sends half as many at most."""


class CourseViews(InputModel):
    course_id: Identifier
    count: Annotated[int, Field(ge=1, le=2**31 - 1)]
    last_at: AwareDatetime


class ViewBatch(InputModel):
    """How often each of these courses was looked at since the last batch."""

    views: Annotated[list[CourseViews], Field(min_length=1, max_length=MOST_COURSES)]

    @model_validator(mode="after")
    def _each_once(self) -> "ViewBatch":
        if len({one.course_id for one in self.views}) < len(self.views):
            raise ValueError("a course is in the batch twice")
        return self
