"""What catalog is told from outside: `CATALOG_*`."""

from typing import ClassVar

from chassis.settings import ServiceSettings
from pydantic import Field
from sqlalchemy.ext.asyncio import AsyncSession


class Settings(ServiceSettings, env_prefix="CATALOG_"):
    service: ClassVar[str] = "catalog"

    currency: str = Field("USD", pattern=r"^[A-Z]{3}$")
    """The platform's currency (ISO 4217): every price is in it."""
    max_modules_per_course: int = Field(200, ge=1)
    max_lessons_per_course: int = Field(2000, ge=1)
    """Bounds the event that tells a course's whole outline: about 250 bytes a lesson, and what would not fit
    the broker is refused."""
    max_category_depth: int = Field(8, ge=1)


def settings_of(session: AsyncSession) -> Settings:
    """The settings of the process this session belongs to."""
    settings = session.info["settings"]
    assert isinstance(settings, Settings)
    return settings
