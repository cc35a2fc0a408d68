"""What analytics is told from outside: ANALYTICS_*."""

from typing import ClassVar

from chassis.settings import ServiceSettings
from pydantic import Field


class Settings(ServiceSettings, env_prefix="ANALYTICS_"):
    service: ClassVar[str] = "analytics"

    decay_seconds: float = Field(900.0, gt=0)
    """How often the numbers that change with time alone are brought up to date."""
    partitions_ahead: int = Field(3, ge=1, le=24)
    """For how many months after this one the fact table has its partition ready."""
    rebuild_chunk: int = Field(5_000, ge=1)
    """How many facts a rebuild folds at once."""
