"""The field types that the schemas of several slices are made of."""

from datetime import UTC, datetime
from typing import Annotated, Any
from urllib.parse import urlsplit

from pydantic import AfterValidator, AwareDatetime, Field


def absent() -> Any:
    """Stands in for a field of a PATCH that was not sent; only what was sent is read."""
    return None


def _web_address(given: str) -> str:
    parts = urlsplit(given)
    if parts.scheme not in ("http", "https") or not parts.hostname:
        raise ValueError("must be an address that begins with http:// or https://")
    return given


def _in_utc(given: datetime) -> datetime:
    try:
        return given.astimezone(UTC)
    except OverflowError as error:
        raise ValueError("must be an instant in UTC's own range") from error


def _searchable(given: str) -> str:
    if "\x00" in given:
        raise ValueError("text may not contain the character U+0000")
    return given


Title = Annotated[str, Field(min_length=1, max_length=200, examples=["Notes on the Analytical Engine"])]
Order = Annotated[int, Field(ge=0, le=1_000_000, description="The place among its siblings, ascending.")]
Minutes = Annotated[int, Field(ge=0, le=1_000_000, examples=[12])]
WebAddress = Annotated[str, Field(max_length=2000), AfterValidator(_web_address)]
UtcInstant = Annotated[AwareDatetime, AfterValidator(_in_utc)]
QueryText = Annotated[str, Field(min_length=1, max_length=200), AfterValidator(_searchable)]
"""Text of the query string; what comes in a body is checked by InputModel."""
