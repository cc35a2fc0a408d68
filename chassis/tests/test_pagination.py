"""Cursors: whatever is sent as one is a page or a 422."""

import base64
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from typing import Any

import orjson
import pytest
from chassis.db import Base, Database
from chassis.pagination import BadCursor, Direction, PageParams, page
from sqlalchemy import (
    BigInteger,
    Boolean,
    Date,
    DateTime,
    Identity,
    Integer,
    Numeric,
    SmallInteger,
    Text,
    select,
)
from sqlalchemy.orm import Mapped, mapped_column


class Row(Base):
    __tablename__ = "chassis_test_row"
    id: Mapped[int] = mapped_column(BigInteger, Identity(), primary_key=True)
    small: Mapped[int] = mapped_column(SmallInteger, server_default="1")
    number: Mapped[int] = mapped_column(Integer, server_default="1")
    amount: Mapped[Decimal] = mapped_column(Numeric(12, 2), server_default="1")
    at: Mapped[datetime] = mapped_column(DateTime(timezone=True), server_default="2026-01-01T00:00:00Z")
    day: Mapped[date] = mapped_column(Date, server_default="2026-01-01")
    name: Mapped[str] = mapped_column(Text, server_default="")
    flag: Mapped[bool] = mapped_column(Boolean, server_default="false")


@pytest.fixture
async def rows(database: Database) -> type[Row]:
    async with database.engine.begin() as connection:
        await connection.run_sync(Base.metadata.create_all, tables=[Base.metadata.tables["chassis_test_row"]])
    return Row


def cursor(*values: Any) -> str:
    return base64.urlsafe_b64encode(orjson.dumps(values)).rstrip(b"=").decode()


@pytest.mark.parametrize(
    ("column", "value"),
    [
        ("at", {"t": "2026-01-01T00:00:00"}),
        ("at", {"t": "2026-01-01"}),
        ("at", {"t": "0001-01-01T00:00:00+14:00"}),
        ("at", {"t": "9999-12-31T23:59:59-14:00"}),
        ("at", {"t": 5}),
        ("at", "now"),
        ("day", {"t": "0000-00-00"}),
        ("number", 2**31),
        ("number", -(2**31) - 1),
        ("number", True),
        ("small", 2**15),
        ("id", 2**63),
        ("amount", {"d": "NaN"}),
        ("amount", {"d": "1E+999999"}),
        ("amount", {"d": "1E-999999"}),
        ("amount", {"d": "9" * 500}),
        ("name", "a\x00b"),
        ("name", {"t": "2026-01-01", "d": "1"}),
        ("name", None),
        ("flag", 1),
        ("flag", "true"),
    ],
)
async def test_a_forged_cursor_is_a_bad_cursor(
    database: Database, rows: Any, column: str, value: Any
) -> None:
    async with database.transaction() as session:
        with pytest.raises(BadCursor):
            await page(
                session,
                select(rows),
                PageParams(cursor=cursor(value, 1)),
                key=[(getattr(rows, column), "asc"), (rows.id, "asc")],
            )


@pytest.mark.parametrize("direction", ["asc", "desc"])
@pytest.mark.parametrize("column", ["small", "number", "amount", "at", "day", "name", "flag"])
async def test_pages_of_one_hold_every_row_once(
    database: Database, rows: Any, column: str, direction: Direction
) -> None:
    start = datetime(2026, 1, 1, tzinfo=UTC)
    async with database.transaction() as session:
        for n in range(8):
            half = n // 2
            session.add(
                rows(
                    small=half - 2,
                    number=2**31 - 1 - half,
                    amount=Decimal(half) / 100 - 1,
                    at=start + timedelta(microseconds=half),
                    day=date(2026, 1, 1) + timedelta(days=half),
                    name=["", "Ä", "a", "ß\N{GRINNING FACE}"][half],
                    flag=half < 2,
                )
            )
    key: list[Any] = [(getattr(rows, column), direction), (rows.id, direction)]
    async with database.transaction() as session:
        whole = list(await session.scalars(select(rows).order_by(*(getattr(c, d)() for c, d in key))))
        seen: list[int] = []
        following: str | None = None
        while len(seen) < 20:
            found, following = await page(
                session, select(rows), PageParams(limit=1, cursor=following), key=key
            )
            seen += [row.id for row in found]
            if following is None:
                break
    assert seen == [row.id for row in whole]
