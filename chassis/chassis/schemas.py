"""What request and response models are made of."""

from datetime import UTC, datetime
from decimal import ROUND_HALF_UP, Decimal
from typing import Annotated, Any

from pydantic import (
    AfterValidator,
    BaseModel,
    ConfigDict,
    Field,
    HttpUrl,
    PlainSerializer,
    TypeAdapter,
    model_validator,
)


def _is_storable(text: str) -> bool:
    """Whether PostgreSQL's text can hold it: any character but U+0000, and no half of a surrogate pair."""
    if "\x00" in text:
        return False
    try:
        text.encode()
    except UnicodeEncodeError:
        return False
    return True


def _refuse_unstorable(given: Any) -> None:
    # Not by recursion: JSON may be nested as deep as the parser goes, which is deeper than we can.
    waiting = [given]
    while waiting:
        value = waiting.pop()
        if isinstance(value, str):
            if not _is_storable(value):
                raise ValueError("text may not contain U+0000 or half of a surrogate pair")
        elif isinstance(value, dict):
            waiting.extend(value.keys())
            waiting.extend(value.values())
        elif isinstance(value, list):
            waiting.extend(value)


class InputModel(BaseModel):
    """What a client sends: unknown fields are refused, strings are stripped."""

    model_config = ConfigDict(extra="forbid", str_strip_whitespace=True, frozen=True)

    @model_validator(mode="before")
    @classmethod
    def _storable(cls, given: Any) -> Any:
        # Better a 422 here than an error down there.
        _refuse_unstorable(given)
        return given


class OutputModel(BaseModel):
    """What a client gets; read straight from rows."""

    model_config = ConfigDict(from_attributes=True, frozen=True)


def _z(instant: datetime) -> str:
    return instant.astimezone(UTC).isoformat().replace("+00:00", "Z")


def two_decimals(amount: Decimal) -> str:
    """An amount as it is written on the wire."""
    return str(amount.quantize(Decimal("0.01"), rounding=ROUND_HALF_UP))


Instant = Annotated[datetime, PlainSerializer(_z, return_type=str, when_used="json")]
"""An instant; RFC 3339 in UTC with a `Z` on the wire."""

Money = Annotated[
    Decimal,
    Field(ge=0, max_digits=12, decimal_places=2, examples=["49.00"]),
    PlainSerializer(two_decimals, return_type=str, when_used="json"),
]
"""An amount in the platform currency: up to 9,999,999,999.99, a string with two decimals on the wire."""

_HTTP_URL: TypeAdapter[HttpUrl] = TypeAdapter(HttpUrl)


def _web_link(value: str) -> str:
    return str(_HTTP_URL.validate_python(value)) if value else ""


WebLink = Annotated[
    str, AfterValidator(_web_link), Field(max_length=500, examples=["https://babbage.example/"])
]
"""A link people may follow: http or https alone, or empty; kept as text."""

Identifier = Annotated[int, Field(ge=1, le=2**63 - 1, examples=[42])]
"""The id of a row."""
