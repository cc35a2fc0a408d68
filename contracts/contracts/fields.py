"""The field types events are made of: ids, versions, times, money, shares, and the platform's coded values.

Strict where it matters on the wire: a reader refuses `"7"` for an id and `12.5` for an amount, so that a
wrong emitter shows up in the first dead letter and not in a wrong total.
"""

from datetime import UTC, datetime
from decimal import Decimal
from typing import Annotated, Any, Literal, TypeVar

from pydantic import (
    AfterValidator,
    AwareDatetime,
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    PlainSerializer,
    WithJsonSchema,
)

T = TypeVar("T")


class Part(BaseModel):
    """A nested object inside an event; like the event itself it is frozen and ignores unknown fields."""

    model_config = ConfigDict(frozen=True, extra="ignore", strict=True)


def _decimal_text(value: Any) -> Any:
    # A JSON number has passed through a float somewhere: 0.1 + 0.2 must not become somebody's revenue.
    if isinstance(value, bool | int | float):
        raise ValueError('must be a decimal string such as "12.00" (or a Decimal), never a number')
    return value


def _two_decimals(value: Decimal) -> str:
    return f"{value:.2f}"


def _to_utc(value: datetime) -> datetime:
    return value.astimezone(UTC)


Id = Annotated[int, Field(ge=1, le=2**63 - 1)]
"""A row's id in the service that owns it."""

Version = Annotated[int, Field(ge=1, le=2**63 - 1)]
"""An aggregate's `state_version`: grows with every event it takes part in; the greatest one wins."""

Count = Annotated[int, Field(ge=0)]

Seconds = Annotated[int, Field(ge=0)]

UtcTime = Annotated[AwareDatetime, AfterValidator(_to_utc)]
"""An instant; a naive datetime is refused, any other zone is converted to UTC."""

Money = Annotated[
    Decimal,
    BeforeValidator(_decimal_text),
    Field(strict=False, ge=0, max_digits=12, decimal_places=2, allow_inf_nan=False),
    PlainSerializer(_two_decimals, return_type=str),
    WithJsonSchema({"type": "string", "pattern": r"^\d{1,10}\.\d{2}$"}),
]
"""A non-negative amount with at most two decimals; `"12.00"` in JSON."""

Percentage = Annotated[
    Decimal,
    BeforeValidator(_decimal_text),
    Field(strict=False, ge=0, le=100, decimal_places=2, allow_inf_nan=False),
    PlainSerializer(_two_decimals, return_type=str),
    WithJsonSchema({"type": "string", "pattern": r"^\d{1,3}\.\d{2}$"}),
]
"""0 to 100 with at most two decimals; `"33.33"` in JSON."""

WholePercentage = Annotated[int, Field(ge=0, le=100)]

Currency = Annotated[str, Field(pattern=r"^[A-Z]{3}$")]
"""An ISO 4217 code."""

# Strict mode would refuse a list where a tuple is declared; a list is what a query hands over.
Many = Annotated[tuple[T, ...], Field(strict=False)]

Role = Literal["student", "instructor", "admin"]
Tier = Literal["free", "basic", "premium"]
SubscriptionStatus = Literal["active", "cancelled", "past_due", "expired"]
LoginMethod = Literal["password", "oidc", "token", "passkey"]
DeviceType = Literal["desktop", "mobile", "tablet", "unknown"]
RevocationReason = Literal[
    "logout",
    "logout_all",
    "session_ended",
    "token_reuse",
    "password_changed",
    "password_reset",
    "role_changed",
    "deactivated",
    "banned",
    "erased",
    "expired",
]

CourseLevel = Literal["beginner", "intermediate", "advanced", "all_levels"]
CreationMethod = Literal["manual", "wizard", "template", "ai", "import"]
LessonAccess = Literal["guest", "registered", "premium"]
LessonType = Literal["reading", "video", "interactive", "quiz", "lab"]

EnrollmentStatus = Literal["active", "completed", "dropped"]
BookmarkTarget = Literal["course", "lesson", "resource"]

InstructorStatus = Literal["pending", "active", "suspended", "rejected"]
InstructorTier = Literal["bronze", "silver", "gold", "platinum"]
TeachingRole = Literal["lead", "co_instructor", "assistant"]
TemplateType = Literal["standard", "bootcamp", "workshop", "certification", "micro"]

Service = Literal["identity", "catalog", "learning", "assessment", "instructor", "analytics"]
