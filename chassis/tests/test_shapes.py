"""Shapes: what is told of a row is what its model would have told."""

import json
from collections import namedtuple
from datetime import UTC, datetime
from decimal import Decimal

import pytest
from chassis.schemas import Instant, Money, OutputModel
from chassis.shapes import Json, Shape, to_bytes
from hypothesis import given
from hypothesis import strategies as st


class AuthorOut(OutputModel):
    user_id: int
    name: str


class BookOut(OutputModel):
    title: str | None
    price: Money
    discount: Money | None
    rating: float
    bound_at: Instant | None
    currency: str
    author: AuthorOut
    chapters: list[str]


NAMES = (
    "bound_at",
    "title",
    "discount",
    "price",
    "rating",
    "name",
    "writer_id",
    "chapters",
    "title_key",
    "price",
)
Row = namedtuple("Row", NAMES, rename=True)  # type: ignore[misc]
Row._fields = NAMES  # As SQLAlchemy names the columns of a row.
BOOK = Shape(BookOut, author=Shape(AuthorOut, user_id="writer_id"))

amounts = st.decimals(min_value=0, max_value=9_999_999_999, places=2)
rows = st.builds(
    Row,
    st.none() | st.datetimes(timezones=st.just(UTC)),
    st.none() | st.text(),
    st.none() | amounts,
    amounts,
    st.decimals(min_value=0, max_value=5, places=2),
    st.text(),
    st.integers(1, 2**63 - 1),
    st.lists(st.text(), max_size=3),
    st.none(),
    st.just(Decimal(-1)),
)


@given(st.lists(rows, max_size=4))
def test_rows_are_told_as_their_model_would(found: list[Row]) -> None:  # type: ignore[valid-type]
    told = to_bytes(BOOK.fill(found, currency="USD"))
    models = [
        BookOut(
            title=row[1],
            price=row[3],
            discount=row[2],
            rating=float(row[4]),
            bound_at=row[0],
            currency="USD",
            author=AuthorOut(user_id=row[6], name=row[5]),
            chapters=row[7],
        )
        for row in found  # type: ignore[attr-defined]
    ]
    expected = [json.loads(model.model_dump_json(), object_pairs_hook=list) for model in models]
    assert json.loads(told, object_pairs_hook=list) == expected


def test_what_postgresql_has_written_is_told_as_it_is() -> None:
    row = Row(datetime(2026, 11, 23, 4, tzinfo=UTC), "A", "1.50", "2.00", 4.5, "Ada", 3, None, None, None)
    told = json.loads(to_bytes(BOOK.one(row, currency="USD", chapters=Json('["One", "Two"]'))))
    assert (told["chapters"], told["price"], told["discount"]) == (["One", "Two"], "2.00", "1.50")
    assert told["bound_at"] == "2026-11-23T04:00:00Z"


def test_a_shape_and_its_rows_must_fit() -> None:
    with pytest.raises(TypeError, match="no colour"):
        Shape(BookOut, colour="colour")
    Short = namedtuple("Short", ("title", "price"))
    with pytest.raises(KeyError, match="user_id"):
        Shape(AuthorOut).one(Short("A", "1.00"))
