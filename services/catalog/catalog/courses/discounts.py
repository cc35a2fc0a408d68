"""Whether a discount has ended that lists are still sorted by."""

from sqlalchemy import func, literal, select

from catalog.courses.models import Course

# By the earliest, which is at the front of an index of those alone that are to come. Asked whether there is one in the
# past, the planner may take the many that ended long ago for such, and read the whole table to find none.
_EARLIEST = (
    select(func.min(Course.discount_ends))
    .where(Course.price_now < Course.price, Course.discount_ends.is_not(None))
    .scalar_subquery()
)
ENDED = select(literal(1)).where(func.now() >= _EARLIEST)
"""A row while there is a price to settle."""
