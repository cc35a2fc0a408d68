"""Pure decisions about courses: prices, completeness, versions, rights."""

from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from typing import Literal

from catalog.courses.errors import DiscountMissing, DiscountNotBelowPrice

MIN_DESCRIPTION = 100
"""Characters a published course's description has at least."""
LAST_VERSION = Decimal("9999.90")
Bump = Literal["minor", "major"]

VERSIONED = (
    "title",
    "subtitle",
    "description",
    "level",
    "language",
    "duration_minutes",
    "has_certificate",
    "requirements",
    "skills",
    "learning_objectives",
    "target_audience",
    "meta_keywords",
    "meta_description",
)
"""What of a course's own row a version of it holds; the rest belongs to the course, whatever its version."""
LIVE = ("price", "discount_price", "discount_ends", "is_featured", "category_id")
"""What is sold, and where it is shown: never versioned, and the same in every version's row."""


def effective_price(
    price: Decimal, discount_price: Decimal | None, discount_ends: datetime | None, at: datetime
) -> Decimal:
    """What the course costs at an instant: the discount price before `discount_ends` (None: no end), else the price."""
    if discount_price is None or (discount_ends is not None and at >= discount_ends):
        return price
    return discount_price


def check_price(price: Decimal, discount_price: Decimal | None, discount_ends: datetime | None) -> None:
    """Raise DiscountNotBelowPrice or DiscountMissing when these do not go together."""
    if discount_price is not None and discount_price >= price:
        raise DiscountNotBelowPrice(f"{discount_price} is not below {price}.")
    if discount_price is None and discount_ends is not None:
        raise DiscountMissing


@dataclass(frozen=True, slots=True)
class Draft:
    """What of a course its publication depends on. `lessons_per_module` counts, module by module."""

    title: str
    description: str
    has_category: bool
    level: str
    price: Decimal | None
    lessons_per_module: tuple[int, ...]


def missing(draft: Draft) -> list[dict[str, str]]:
    """What the course lacks before it can be published, field by field, told to its author."""
    modules = draft.lessons_per_module
    wanted = (
        ("title", bool(draft.title.strip()), "The course needs a title."),
        (
            "description",
            len(draft.description.strip()) >= MIN_DESCRIPTION,
            f"The description needs {MIN_DESCRIPTION} characters at least.",
        ),
        ("category_id", draft.has_category, "The course needs an active category."),
        ("level", bool(draft.level), "The course needs a level."),
        ("price", draft.price is not None, "The course needs a price, if only 0.00."),
        ("modules", bool(modules), "The course needs a module."),
        ("lessons", bool(modules) and all(modules), "Every module needs a lesson."),
    )
    return [{"field": field, "msg": message} for field, is_there, message in wanted if not is_there]


WANTED = 7
"""How many things `missing` looks for."""


def completion(lacking: int) -> tuple[int, str]:
    """completion_percentage (rounded down) and completion_status of a course that lacks so many things."""
    percentage = 100 * (WANTED - lacking) // WANTED
    if lacking == 0:
        return percentage, "complete"
    return percentage, "not_started" if lacking == WANTED else "partial"


def version_text(version: Decimal) -> str:
    """The author's version as it is written: "1.0", "1.1", "2.0"."""
    whole, _, fraction = f"{version:.2f}".partition(".")
    return f"{whole}.{fraction.rstrip('0') or '0'}"


def next_version(version: Decimal, bump: Bump = "minor") -> Decimal:
    """The version after this one: 1.1 after 1.0, or 2.0."""
    following = version + Decimal("0.1") if bump == "minor" else Decimal(int(version) + 1)
    return min(following, LAST_VERSION)
