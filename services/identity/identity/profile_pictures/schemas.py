"""A profile picture as its owner is told of it."""

from chassis.schemas import OutputModel
from pydantic import Field


class PictureOut(OutputModel):
    """Where everybody finds my picture, relative to the gateway."""

    picture_url: str = Field(examples=["/media/profiles/7/1f0c54b3a1e94d2d8f0a6f3c2b1e9d80.webp"])
