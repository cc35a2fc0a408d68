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
    max_archive_bytes: int = Field(2 * 2**30, ge=1, le=LARGEST_FILE)
    """Of a course sent as an archive, which is kept in a temporary file (TMPDIR) until it is read. The gateway's
    GATEWAY_MAX_UPLOAD_BYTES must let it through."""
    max_spooled_bytes: int = Field(8 * 2**30, ge=1)
    """Of all archives that one process keeps so at a time."""
    max_archive_entries: int = Field(20_000, ge=1)
    max_unpacked_bytes: int = Field(8 * 2**30, ge=1)
    """Of all that is in an archive; each file may have `max_upload_bytes`."""
    max_archive_ratio: int = Field(200, ge=1)
    """How many times its packed size a file may unpack to, above the first MiB, and the whole, above the first 64."""
    max_course_document_bytes: int = Field(16 * 2**20, ge=1)
    """Of a course's texts in an archive, which are held in memory: about 2.5 million words."""
    imports_at_once: int = Field(4, ge=1)
    """Archives that one process unpacks at a time; who comes then is asked to come again."""
    import_timeout: float = Field(840.0, gt=0)
    """Seconds in which an archive must be unpacked and stored; GATEWAY_LONG_ANSWER_TIMEOUT is longer."""
    presigned_downloads: bool = False
    """Where files are in a bucket: send who downloads to the bucket itself, by a URL that is good for five minutes,
    rather than pass the file on. STORAGE_PUBLIC_ENDPOINT must be an address they reach."""


def settings_of(session: AsyncSession) -> Settings:
    """The settings of the process this session belongs to."""
    settings = session.info["settings"]
    assert isinstance(settings, Settings)
    return settings
