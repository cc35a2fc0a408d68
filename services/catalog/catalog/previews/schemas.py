"""What is asked and answered about previews."""

from typing import Annotated

from chassis.schemas import InputModel, Instant, OutputModel
from pydantic import ConfigDict, Field


class PreviewIn(InputModel):
    hours: Annotated[int, Field(ge=1, le=720, description="How long the link is good.")] = 72

    model_config = ConfigDict(json_schema_extra={"examples": [{"hours": 72}]})


TOKEN = "dGhpcyBpcyBub3QgYSBwcmV2aWV3IHRva2VuIGF0IGFsbA"  # noqa: S105 - an example


class PreviewOut(OutputModel):
    """The link, told this once: only its hash is kept."""

    course_id: int = Field(examples=[12])
    token: str = Field(examples=[TOKEN])
    url: str = Field(examples=[f"https://lyceum.example/api/v1/preview/{TOKEN}"])
    expires_at: Instant
