"""What a course's rating is. No I/O."""

from decimal import ROUND_HALF_UP, Decimal


def average(total: int, reviews: int) -> Decimal:
    """The mean of `reviews` ratings that add up to `total`, in hundredths; 0 without any."""
    if reviews == 0:
        return Decimal("0.00")
    return (Decimal(total) / reviews).quantize(Decimal("0.01"), ROUND_HALF_UP)
