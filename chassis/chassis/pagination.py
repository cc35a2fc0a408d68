"""Keyset pagination: a page begins behind the last row of the one before, wherever that row is by now."""

import base64
import binascii
from collections.abc import Sequence
from datetime import date, datetime
from decimal import Decimal
from typing import Any, Generic, Literal, TypeVar
from uuid import UUID

import orjson
from pydantic import BaseModel, ConfigDict, Field
from sqlalchemy import ColumnElement, Select, and_, false, or_
from sqlalchemy.ext.asyncio import AsyncSession

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
    if isinstance(plain, int) and abs(plain) >= 2**63:
        raise ValueError(plain)
    if isinstance(plain, str) and "\x00" in plain:
        raise ValueError(plain)
    if isinstance(plain, Decimal) and not plain.is_finite():
        raise ValueError(plain)
    return plain


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
    """The rows behind the one with these values: (a, b) > (x, y), with a direction for each column."""
    condition: ColumnElement[bool] = false()
    for (column, direction), value in reversed(list(zip(key, values, strict=True))):
        further = column > value if direction == "asc" else column < value
        condition = or_(further, and_(column == value, condition))
    # The first column alone as a range as well: that is what lets an index seek.
    column, direction = key[0]
    return and_(column >= values[0] if direction == "asc" else column <= values[0], condition)


async def page(
    session: AsyncSession, statement: Select[Any], params: PageParams, *, key: Key
) -> tuple[Sequence[Any], str | None]:
    """One page of `statement` in the order of `key`, and the cursor of the next.

    `key` ends in something unique; its columns are not null and part of what is selected. Rows come as scalars
    where one entity or column is selected, else as Row. Raises BadCursor for a cursor of another list.
    """
    if params.cursor:
        statement = statement.where(_behind(key, _decode(params.cursor, key)))
    columns = [column.asc() if direction == "asc" else column.desc() for column, direction in key]
    plain = len(statement.column_descriptions) == 1
    statement = statement.add_columns(*(column for column, _ in key))
    found = (await session.execute(statement.order_by(*columns).limit(params.limit + 1))).all()
    rows = found[: params.limit]
    width = len(key)
    next_cursor = _encode(list(rows[-1][-width:])) if len(found) > params.limit else None
    return ([row[0] for row in rows] if plain else rows), next_cursor
