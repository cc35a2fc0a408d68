"""Keyset pagination: a page begins behind the last row of the one before, wherever that row is by now."""

import base64
import binascii
from collections.abc import Callable, Sequence
from datetime import UTC, date, datetime
from decimal import Decimal
from typing import Any, Generic, Literal, TypeVar
from uuid import UUID

import orjson
from pydantic import BaseModel, ConfigDict, Field
from sqlalchemy import (
    BigInteger,
    ColumnElement,
    Integer,
    Numeric,
    Row,
    Select,
    SmallInteger,
    and_,
    bindparam,
    false,
    literal,
    or_,
    true,
    tuple_,
)
from sqlalchemy.ext.asyncio import AsyncSession

from chassis.db import rows_of
from chassis.errors import Invalid

T = TypeVar("T")
Direction = Literal["asc", "desc"]
Key = Sequence[tuple[Any, Direction]]


class BadCursor(Invalid):
    slug = "bad-cursor"
    title = "This cursor was not made by this list"


class PageParams(BaseModel):
    """`?limit=&cursor=`, and in subclasses the list's own filters; anything else in the query is refused."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    limit: int = Field(20, ge=1, le=100, description="How many items, at most.")
    cursor: str | None = Field(None, max_length=2000, description="`next_cursor` of the page before.")


class Page(BaseModel, Generic[T]):
    """One page of a list; `next_cursor` is null on the last."""

    items: list[T]
    next_cursor: str | None = None


def _plain(value: Any) -> Any:
    if isinstance(value, datetime | date):
        return {"t": value.isoformat()}
    if isinstance(value, Decimal):
        return {"d": str(value)}
    if isinstance(value, UUID):
        return {"u": str(value)}
    return value


def _value(plain: Any, column: Any) -> Any:
    """A cursor's value back in the column's own type; ValueError or TypeError for a forged one."""
    wanted = column.type.python_type
    if isinstance(plain, dict):
        ((kind, content),) = plain.items()
        readers: dict[str, Any] = {"t": datetime.fromisoformat, "d": Decimal, "u": UUID}
        plain = readers[kind](content)
    if wanted is float and isinstance(plain, int):
        plain = float(plain)
    if not isinstance(plain, wanted) or (isinstance(plain, bool) and wanted is not bool):
        raise TypeError(wanted)
    if isinstance(plain, datetime):
        return _instant(plain, column)
    if not _fits(plain, column.type):
        raise ValueError(plain)
    return plain


def _instant(plain: datetime, column: Any) -> datetime:
    """The instant in UTC, where the driver can count it; OverflowError outside of datetime's years."""
    if plain.tzinfo is not None:
        return plain.astimezone(UTC)
    if getattr(column.type, "timezone", False):
        raise ValueError(plain)
    return plain


def _fits(plain: Any, kind: Any) -> bool:
    """Whether the column's type can hold the value: what it cannot, the database would answer with an error."""
    if isinstance(plain, int) and isinstance(kind, Integer):
        bits = 63 if isinstance(kind, BigInteger) else 15 if isinstance(kind, SmallInteger) else 31
        beyond: int = 1 << bits
        return -beyond <= plain < beyond
    if isinstance(plain, str):
        return "\x00" not in plain
    if isinstance(plain, Decimal):
        if not plain.is_finite() or len(plain.as_tuple().digits) > 100 or abs(plain.adjusted()) > 100:
            return False
        if isinstance(kind, Numeric) and kind.precision is not None:
            limit: Decimal = Decimal(10) ** (kind.precision - (kind.scale or 0))
            return abs(plain) < limit
    return True


def _encode(values: list[Any]) -> str:
    return base64.urlsafe_b64encode(orjson.dumps([_plain(v) for v in values])).rstrip(b"=").decode()


def _decode(cursor: str, key: Key) -> list[Any]:
    try:
        raw = orjson.loads(base64.urlsafe_b64decode(cursor + "=" * (-len(cursor) % 4)))
        if not isinstance(raw, list) or len(raw) != len(key):
            raise BadCursor
        return [_value(plain, column) for plain, (column, _) in zip(raw, key, strict=True)]
    except (
        binascii.Error,
        ValueError,
        TypeError,
        KeyError,
        ArithmeticError,
        orjson.JSONDecodeError,
    ) as error:
        raise BadCursor from error


def _behind(key: Key, values: list[Any]) -> ColumnElement[bool]:
    """The rows behind the one with these values."""
    # Bound as the column's own type: SQLAlchemy would take a bare True or False for a keyword, which has no order.
    return _further(
        key, [literal(value, column.type) for (column, _), value in zip(key, values, strict=True)]
    )


def _further(key: Key, bound: list[ColumnElement[Any]]) -> ColumnElement[bool]:
    """(a, b) > (x, y), with a direction for each column."""
    if len({direction for _, direction in key}) == 1:
        # An index seeks a row value exactly, however many rows share the first columns.
        columns, place = tuple_(*(column for column, _ in key)), tuple_(*bound)
        return columns > place if key[0][1] == "asc" else columns < place
    condition: ColumnElement[bool] = false()
    for (column, direction), value in reversed(list(zip(key, bound, strict=True))):
        further = column > value if direction == "asc" else column < value
        condition = or_(further, and_(column == value, condition))
    # The first column alone as a range as well: that is what lets an index seek.
    column, direction = key[0]
    return and_(column >= bound[0] if direction == "asc" else column <= bound[0], condition)


def behind(params: PageParams, key: Key) -> ColumnElement[bool] | None:
    """What `page` asks of rows for this cursor, for a statement that has to narrow them before it joins; None for the
    first page. Raises BadCursor."""
    return _behind(key, _decode(params.cursor, key)) if params.cursor else None


def behind_place(key: Key) -> ColumnElement[bool]:
    """As `behind`, for a statement that is made once: the place is given when it is executed, as `place_in` reads it."""
    return _further(key, [bindparam(f"place_{n}", type_=column.type) for n, (column, _) in enumerate(key)])


def place_in(params: PageParams, key: Key) -> dict[str, Any]:
    """The parameters of `behind_place`; nothing for the first page. Raises BadCursor."""
    values = _decode(params.cursor, key) if params.cursor else []
    return {f"place_{n}": value for n, value in enumerate(values)}


def sorted_by(key: Key) -> list[ColumnElement[Any]]:
    """What to order by."""
    return [column.asc() if direction == "asc" else column.desc() for column, direction in key]


def cut(found: Sequence[Any], params: PageParams, key: Key) -> tuple[Sequence[Any], str | None]:
    """Of up to `limit` + 1 rows, which end in the columns of `key`: those of the page, and the cursor of the next."""
    rows = found[: params.limit]
    return rows, _encode(list(rows[-1][-len(key) :])) if len(found) > params.limit else None


async def page(
    session: AsyncSession, statement: Select[Any], params: PageParams, *, key: Key
) -> tuple[Sequence[Any], str | None]:
    """One page of `statement` in the order of `key`, and the cursor of the next.

    `key` ends in something unique; its columns are not null and part of what is selected. Rows come as scalars
    where one entity or column is selected, else as Row. Raises BadCursor for a cursor of another list.
    """
    if params.cursor:
        statement = statement.where(_behind(key, _decode(params.cursor, key)))
    plain = len(statement.column_descriptions) == 1
    statement = statement.add_columns(*(column for column, _ in key))
    found = (await session.execute(statement.order_by(*sorted_by(key)).limit(params.limit + 1))).all()
    rows, next_cursor = cut(found, params, key)
    return ([row[0] for row in rows] if plain else rows), next_cursor


# --- a page beside what it hangs on ---------------------------------------------------------------------------

ROWS = bindparam("page_rows", type_=Integer())
_THERE = "page_there"


def beside(owner: Select[Any], listed: Select[Any], key: Key, *, is_first: bool) -> Select[Any]:
    """`owner`, one row at most, and beside it a page of `listed`, which may refer to it: one statement that tells an
    empty list from one whose owner is not there.

    Made once and executed by `page_beside`. The columns of the two have names of their own.
    """
    keys = [column.label(f"page_key_{n}") for n, (column, _) in enumerate(key)]
    listed = listed.add_columns(literal(True).label(_THERE), *keys)
    if not is_first:
        listed = listed.where(behind_place(key))
    page = listed.order_by(*sorted_by(key)).limit(ROWS).lateral("page")
    order = sorted_by([(page.c[f"page_key_{n}"], direction) for n, (_, direction) in enumerate(key)])
    return owner.add_columns(*page.c).outerjoin(page, true()).order_by(*order)


async def page_beside(
    session: AsyncSession, made: Callable[[bool], Select[Any]], params: PageParams, *, key: Key, **given: Any
) -> tuple[Row[Any] | None, Sequence[Row[Any]], str | None]:
    """The owner's row, None when it is not there; the page, each row with the owner's columns too; the next cursor.

    `made(is_first)` is what `beside` has made with this key, `given` are its parameters. Raises BadCursor.
    """
    values = {ROWS.key: params.limit + 1, **place_in(params, key), **given}
    rows = await rows_of(session, made(params.cursor is None), values)
    if not rows:
        return None, [], None
    return rows[0], *cut([row for row in rows if row._mapping[_THERE]], params, key)  # noqa: SLF001 - its public name
