"""For tests of export and erasure: a row about a person in every table of a service, and where traces of them are left.

The rows are made from the metadata, so a table added tomorrow is planted, exported and erased tomorrow, or a test
fails. What the metadata cannot say (an id without a foreign key that is not the person's) is `given`.
"""

import re
import uuid
from collections.abc import Collection, Mapping
from dataclasses import dataclass, field
from datetime import date, timedelta
from importlib import import_module
from typing import Any

from sqlalchemy import CheckConstraint, Column, String, Table, insert, text
from sqlalchemy.ext.asyncio import AsyncSession
from sqlalchemy.schema import sort_tables

from chassis.db import Base, now
from chassis.personal_data import OF_THE_CHASSIS

_PERSON = re.compile(
    r"(^|_)(user|instructor|author|reviewer|teacher|student|lead|actor|created_by|approved_by|requested_by|target)_id$"
)
_ONE_OF = re.compile(r"^\(?\"?(\w+)\"? IN \('([^']+)'")


@dataclass
class Planted:
    """Whom the rows are about: their id, the word in every text of theirs, and the keys of the rows by table."""

    user_id: int
    mark: str
    seed: int
    rows: dict[str, dict[str, Any]] = field(default_factory=dict)

    @property
    def needles(self) -> tuple[str, ...]:
        """What must be nowhere once the person is erased."""
        return (rf"\m{self.user_id}\M", rf"\m{self.mark}\M")


def tables_of(service: str) -> list[Table]:
    """The tables of a service and of the chassis, those referred to before those that refer: where tests of several
    services share a process, the metadata has them all."""
    import_module(f"{service}.tables")
    ours = {
        mapper.local_table
        for mapper in Base.registry.mappers
        if isinstance(mapper.local_table, Table)
        and mapper.class_.__module__.startswith((f"{service}.", "chassis."))
        and not mapper.class_.__module__.startswith("chassis.tests")
    }
    return sort_tables(ours)


async def plant(
    session: AsyncSession,
    service: str,
    person: Planted,
    *,
    given: Mapping[str, Any] | None = None,
    without: Collection[str] = (),
) -> Planted:
    """Insert one row about the person into every table but the chassis' own and those `without`.

    `given` has values by `table.column`; one that is callable is given the person, with the rows made so far.
    """
    given = given or {}
    for table in tables_of(service):
        if table.name in OF_THE_CHASSIS or table.name in without:
            continue
        values = {c.name: v for c in table.columns if (v := _value(table, c, person, given)) is not _UNSAID}
        made = (
            (await session.execute(insert(table).values(values).returning(*table.columns))).mappings().one()
        )
        person.rows[table.name] = dict(made)
    return person


_UNSAID = object()


def _value(table: Table, column: Column[Any], person: Planted, given: Mapping[str, Any]) -> Any:
    if (name := f"{table.name}.{column.name}") in given:
        value = given[name]
        return value(person) if callable(value) else value
    if column.computed is not None or column.identity is not None:
        return _UNSAID
    for key in column.foreign_keys:
        parent = person.rows.get(key.column.table.name)
        return _UNSAID if parent is None else parent[key.column.name]
    if (coded := _coded(table).get(column.name)) is not None:
        return coded
    if _PERSON.search(column.name):
        return str(person.user_id) if isinstance(column.type, String) else person.user_id
    return _of_type(column, person, f"{person.mark} {name}")


def _coded(table: Table) -> dict[str, str]:
    """The first value of each column that a check constraint has a list for."""
    checks = (str(c.sqltext) for c in table.constraints if isinstance(c, CheckConstraint))
    return {found[1]: found[2] for check in checks if (found := _ONE_OF.match(check))}


def _of_type(column: Column[Any], person: Planted, words: str) -> Any:
    kind = type(column.type).__name__
    match kind:
        case "String" | "Text":
            length = getattr(column.type, "length", None)
            return words if length is None or length >= len(words) else "x" * length
        case "JSONB" | "JSON":
            return {"words": words}
        case "ARRAY":
            return _UNSAID if column.server_default is not None or column.nullable else []
        case "INET":
            return f"203.0.113.{person.seed}"
        case "Uuid" | "UUID":
            return uuid.uuid4()
        case "LargeBinary":
            return words.encode()
        case "Boolean":
            return False
        case "DateTime":
            return _UNSAID if column.nullable else now() - timedelta(hours=person.seed)
        case "Date":
            return date(2026, 11, person.seed)
        case "BigInteger" | "Integer" | "SmallInteger":
            return person.seed if column.name.endswith("_id") or column.primary_key else 1
        case "TSVECTOR" | "SearchVector":
            return _UNSAID
        case _:
            return 1


async def traces(session: AsyncSession, service: str, needles: Collection[str]) -> dict[str, int]:
    """How many rows carry any of these (regular expressions) in which column: {"courses_note.content": 1}."""
    found: dict[str, int] = {}
    for table in tables_of(service):
        for column in table.columns:
            quoted = f'"{table.name}"."{column.name}"'
            shown = (
                f"encode({quoted}, 'escape')"
                if type(column.type).__name__ == "LargeBinary"
                else f"{quoted}::text"
            )
            rows = await session.scalar(
                text(f'SELECT count(*) FROM "{table.name}" WHERE {shown} ~ :any'),  # noqa: S608 - our own names
                {"any": "|".join(needles)},
            )
            if rows:
                found[f"{table.name}.{column.name}"] = int(rows)
    return found


async def rows_of(session: AsyncSession, service: str, person: Planted) -> dict[str, list[str]]:
    """Every row that carries a trace of the person, as text, by table; the chassis' own tables aside."""
    found = {}
    for table in tables_of(service):
        if table.name in OF_THE_CHASSIS:
            continue
        rows = await session.scalars(
            text(
                f'SELECT t::text FROM "{table.name}" t WHERE t::text ~ :any ORDER BY 1'  # noqa: S608
            ),
            {"any": "|".join(person.needles)},
        )
        if lines := list(rows):
            found[table.name] = lines
    return found


def unexcused(left: Collection[str], kept: Collection[str]) -> set[str]:
    """Those places with traces that are not `kept`, by column or by whole table; the report of the erasure aside."""
    return {
        name
        for name in left
        if not name.startswith("outbox.") and not {name, name.partition(".")[0]} & {*kept}
    }
