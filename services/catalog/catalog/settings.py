"""What catalog is told from outside: `CATALOG_*`."""

from typing import ClassVar

from chassis.settings import ServiceSettings
from pydantic import Field
from sqlalchemy.ext.asyncio import AsyncSession

LARGEST_FILE = 64 * 2**30
"""What a bucket takes in the parts that we send."""


class Settings(ServiceSettings, env_prefix="CATALOG_"):
    service: ClassVar[str] = "catalog"

    currency: str = Field("USD", pattern=r"^[A-Z]{3}$")
    """The platform's currency (ISO 4217): every price is in it."""
    max_modules_per_course: int = Field(200, ge=1)
    max_lessons_per_course: int = Field(2000, ge=1)
    """Bounds the event that tells a course's whole outline: about 250 bytes a lesson, and what would not fit
    the broker is refused."""
    max_category_depth: int = Field(8, ge=1)
    max_resources_per_lesson: int = Field(100, ge=1)
    max_upload_bytes: int = Field(2 * 2**30, ge=1, le=LARGEST_FILE)
    """Of one file. The gateway's GATEWAY_MAX_UPLOAD_BYTES must let it through."""
    presigned_downloads: bool = False
    """Where files are in a bucket: send who downloads to the bucket itself, by a URL that is good for five minutes,
    rather than pass the file on. STORAGE_PUBLIC_ENDPOINT must be an address they reach."""


def settings_of(session: AsyncSession) -> Settings:
    """The settings of the process this session belongs to."""
    settings = session.info["settings"]
    assert isinstance(settings, Settings)
    return settings
