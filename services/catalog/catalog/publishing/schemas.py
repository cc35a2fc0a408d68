"""What other services are answered about a course."""

from chassis.schemas import Money, OutputModel
from pydantic import ConfigDict


class OfferOut(OutputModel):
    course_id: int
    title: str
    slug: str
    is_published: bool
    price: Money
    effective_price: Money
    currency: str
    certificate: bool
    created_by_id: int
    version: int

    model_config = ConfigDict(
        json_schema_extra={
            "examples": [
                {
                    "course_id": 12,
                    "title": "Notes on the Analytical Engine",
                    "slug": "notes-on-the-analytical-engine",
                    "is_published": True,
                    "price": "49.00",
                    "effective_price": "39.00",
                    "currency": "USD",
                    "certificate": True,
                    "created_by_id": 3,
                    "version": 6,
                }
            ]
        }
    )
