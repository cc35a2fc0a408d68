"""What catalog offers a course for, at this moment."""

from decimal import Decimal
from typing import TYPE_CHECKING

from chassis.errors import NotFound
from pydantic import BaseModel, ConfigDict, Field

if TYPE_CHECKING:
    from chassis.internal import InternalCalls


class Offer(BaseModel):
    """The answer of catalog's `/internal/courses/{id}/offer`; the price is the discounted one while that runs."""

    model_config = ConfigDict(extra="ignore", frozen=True)

    course_id: int
    is_published: bool
    effective_price: Decimal = Field(ge=0, max_digits=12, decimal_places=2)
    currency: str = Field(pattern=r"^[A-Z]{3}$")
    version: int


async def fetch_offer(calls: "InternalCalls", course_id: int) -> Offer | None:
    """The current offer; None for a course that catalog does not have. Raises Unavailable."""
    try:
        return Offer.model_validate(await calls.get("catalog", f"/internal/courses/{course_id}/offer"))
    except NotFound:
        return None
