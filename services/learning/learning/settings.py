"""What learning is told from outside: `LEARNING_*`."""

import hashlib
from decimal import Decimal
from typing import ClassVar

from chassis.settings import ServiceSettings
from pydantic import Field, SecretStr
from sqlalchemy.ext.asyncio import AsyncSession


class Settings(ServiceSettings, env_prefix="LEARNING_"):
    service: ClassVar[str] = "learning"

    basic_tier_price_limit: Decimal = Field(Decimal("50.00"), ge=0)
    """The basic tier opens courses up to this price (inclusive, platform currency); premium opens all."""
    refund_days: int = Field(14, ge=0)
    """For how many days after a purchase its owner may have the money back."""
    recount_batch: int = Field(500, ge=1, le=2000)
    """How many enrollments of a republished course are recounted in one transaction. Each takes a lock of
    the outbox at commit, and PostgreSQL's lock table has room for a few thousand."""
    payment_sandbox_secret: SecretStr | None = None
    """Signs the sandbox's receipts. Unset, it is derived from the service's own key."""


def settings_of(session: AsyncSession) -> Settings:
    """The settings of the process this session belongs to."""
    settings = session.info["settings"]
    assert isinstance(settings, Settings)
    return settings


def receipt_secret(settings: Settings) -> bytes:
    """What the sandbox signs its receipts with; LookupError when nothing was configured to sign with."""
    if settings.payment_sandbox_secret is not None:
        return settings.payment_sandbox_secret.get_secret_value().encode()
    if settings.service_key_file is not None:
        return hashlib.sha256(b"sandbox receipts\0" + settings.service_key_file.read_bytes()).digest()
    raise LookupError("neither LEARNING_PAYMENT_SANDBOX_SECRET nor LEARNING_SERVICE_KEY_FILE is set")
