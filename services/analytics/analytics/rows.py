"""Rows of a fold table as plain dataclasses, read and written a set at a time.

A fold touches a few hundred rows of a table in a micro-batch; what it costs is round trips and per-row work. Here
each read and each write of a set is one statement, its rows travelling as one array or one JSON document.
"""

from collections.abc import Callable, Collection, Hashable, Iterable
from dataclasses import fields
from operator import attrgetter
from typing import Any, Generic, TypeVar

import orjson
from sqlalchemy import Table, text
from sqlalchemy.dialects import postgresql
from sqlalchemy.ext.asyncio import AsyncSession

S = TypeVar("S")

_DIALECT = postgresql.dialect()  # type: ignore[no-untyped-call]


class Rows(Generic[S]):
    """One table, whose columns are exactly the fields of the dataclass `state`.

    A key is the value of the table's one key column, or the tuple of its several. Who calls holds the locks under
    which the rows may be read and written (see `analytics.folding.service`).
    """

    def __init__(self, state: type[S], table: Table) -> None:
        names = [field.name for field in fields(state)]  # type: ignore[arg-type]
        if set(names) != set(table.columns.keys()):
            raise TypeError(
                f"{state.__name__} and {table.name} differ: {set(names) ^ set(table.columns.keys())}"
            )
        keys = [column.name for column in table.primary_key]
        self.state = state
        self.name = table.name
        self.key_of: Callable[[S], Any] = attrgetter(*keys)
        self._keys = keys
        columns, rest = ", ".join(names), [name for name in names if name not in keys]
        arrays = ", ".join(f"CAST(:{key} AS {_type(table, key)}[])" for key in keys)
        wanted = f"({', '.join(keys)}) IN (SELECT * FROM unnest({arrays}))"  # noqa: S608
        order = ", ".join(keys)
        self._select = text(f"SELECT {columns} FROM {table.name} WHERE {wanted}")  # noqa: S608 - our own names
        self._lock = text(f"SELECT {columns} FROM {table.name} WHERE {wanted} ORDER BY {order} FOR UPDATE")  # noqa: S608
        self._delete = text(f"DELETE FROM {table.name} WHERE {wanted}")  # noqa: S608
        rows = f"json_populate_recordset(NULL::{table.name}, CAST(CAST(:rows AS text) AS json))"
        insert = f"INSERT INTO {table.name} ({columns}) SELECT {columns} FROM {rows} ON CONFLICT ({order}) DO"  # noqa: S608
        changes = ", ".join(f"{name} = excluded.{name}" for name in rest)
        self._add = text(f"{insert} NOTHING")
        self._save = text(f"{insert} UPDATE SET {changes}" if rest else f"{insert} NOTHING")
        self._add_new = text(f"{insert} NOTHING RETURNING {order}")

    async def load(self, session: AsyncSession, keys: Collection[Hashable]) -> dict[Any, S]:
        """The rows with these keys, by key; what is not there is left out."""
        if not keys:
            return {}
        return self._by_key(await session.execute(self._select, self._parameters(keys)))

    async def load_locked(
        self, session: AsyncSession, keys: Collection[Any], blank: Callable[[Any], S]
    ) -> dict[Any, S]:
        """The rows with these keys, made from `blank` where they are missing, locked in the order of their keys."""
        if not keys:
            return {}
        found = self._by_key(await session.execute(self._lock, self._parameters(keys)))
        missing = sorted(set(keys) - found.keys())
        if missing:
            # Another transaction may be making the same rows: ours waits for it here, and reads them below.
            await self._write(session, self._add, [blank(key) for key in missing])
            found |= self._by_key(await session.execute(self._lock, self._parameters(missing)))
        return found

    async def save(self, session: AsyncSession, states: Iterable[S]) -> None:
        """Insert or overwrite these rows."""
        await self._write(session, self._save, sorted(states, key=self.key_of))

    async def add_new(self, session: AsyncSession, states: Iterable[S]) -> int:
        """Insert the rows that are not there yet; how many that were."""
        rows = sorted(states, key=self.key_of)
        if not rows:
            return 0
        return len((await session.execute(self._add_new, {"rows": _json(rows)})).all())

    async def delete(self, session: AsyncSession, keys: Collection[Any]) -> None:
        if keys:
            await session.execute(self._delete, self._parameters(keys))

    async def _write(self, session: AsyncSession, statement: Any, states: list[S]) -> None:
        if states:
            await session.execute(statement, {"rows": _json(states)})

    def _by_key(self, found: Any) -> dict[Any, S]:
        states = [self.state(*row) for row in found]
        return {self.key_of(state): state for state in states}

    def _parameters(self, keys: Collection[Any]) -> dict[str, list[Any]]:
        ordered = sorted(keys)
        if len(self._keys) == 1:
            return {self._keys[0]: ordered}
        return {name: [key[at] for key in ordered] for at, name in enumerate(self._keys)}


def _type(table: Table, column: str) -> str:
    return str(table.columns[column].type.compile(dialect=_DIALECT))


def _json(states: list[Any]) -> str:
    """The rows as one JSON document; what JSON has no word for (a Decimal) goes as text, which PostgreSQL reads."""
    return orjson.dumps(states, default=str).decode()
