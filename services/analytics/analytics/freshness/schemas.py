"""What every request for statistics takes, and every answer carries."""

from chassis.schemas import Instant, OutputModel
from pydantic import BaseModel, ConfigDict, Field


class StatisticsParams(BaseModel):
    """A statistic takes no parameters yet; an unknown one is refused, not ignored."""

    model_config = ConfigDict(extra="forbid", frozen=True)


class FreshOut(OutputModel):
    """Numbers that say how fresh they are."""

    as_of: Instant | None = Field(
        description="The time of the newest fact in the statistics; null before the first.",
        examples=["2026-11-22T20:12:00.250000Z"],
    )
    lag_seconds: float = Field(
        ge=0,
        description="How long the newest fact took from happening to being counted.",
        examples=[0.041],
    )
