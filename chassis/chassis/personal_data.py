"""What a service holds on one person, declared in one list and read in pages, so that a long life costs no memory.

A service's `personal_data.py` names every one of its tables: as a `Section`, whose rows are handed out, or in
NOT_EXPORTED with the reason. A test holds the two lists against the metadata, so no table is forgotten.

Between services the sections travel as lines of JSON: `{"section": "notes", "row": {...}}` for each row, and at the end
`{"complete": {"notes": 3, ...}}`. Without that last line a reader knows that something is missing.
"""

from collections.abc import AsyncIterator, Mapping, Sequence
from dataclasses import dataclass
from string import Formatter
from typing import Any, Final

import orjson
from sqlalchemy import (
    Column,
    ColumnElement,
    LargeBinary,
    MetaData,
    Select,
    Table,
    bindparam,
    cast,
    select,
    tuple_,
)
from sqlalchemy.dialects.postgresql import JSONB

from chassis.db import Database

ROWS_A_PAGE = 200
HEAVY = 20
"""Rows a page where one row may be a megabyte."""

OF_THE_CHASSIS: Final[Mapping[str, str]] = {
    "outbox": "copies of what other sections hold, on their way to the other services; deleted after a week",
    "outbox_relay": "names a broker, nobody else",
    "processed_events": "ids of events, which say nothing by themselves",
    "dead_letters": "copies of events that could not be handled; what they tell of is exported by who published them",
    "idempotency_keys": "answers given already, kept for a day",
    "mail_outbox": "mails sent to the person themselves; their text is emptied once they are sent",
    "ended_sessions": "sessions whose tokens are refused, kept as long as such a token could live; identity exports them",
    "erased_people": "whoever is in it has no account to ask with",
}
"""The chassis' own tables, which no service exports."""


@dataclass(frozen=True, slots=True)
class Link:
    """An address that stands in a row as the member `name`: where the person, logged in, has what is too large for an
    export. `path` is made of the row's columns; null where the column `where` is not set, or `unless` is.
    """

    name: str
    path: str
    where: str | None = None
    unless: str | None = None

    def of(self, row: Mapping[str, Any], public_url: str) -> str | None:
        is_there = (self.where is None or row[self.where]) and (self.unless is None or not row[self.unless])
        return public_url.rstrip("/") + self.path.format_map(row) if is_there else None


@dataclass(frozen=True, slots=True)
class Section:
    """The rows of one table that are about a person.

    `whose` leads to their id: a column (`user_id`); a way through other tables' primary keys
    (`enrollment_id -> courses_enrollment.user_id`); or a member of a JSONB column (`data:user_id`).
    `leaves_out` names columns that are not handed out: secrets, what is said of other people, answer keys.
    `key` is the unique order in which pages are read: the primary key, unless an index serves another one better.
    """

    name: str
    table: str
    whose: str = "user_id"
    leaves_out: tuple[str, ...] = ()
    key: tuple[str, ...] = ()
    rows_a_page: int = ROWS_A_PAGE
    links: tuple[Link, ...] = ()


def rows_about(metadata: MetaData, section: Section, user_id: int) -> Select[Any]:
    """Every column handed out of the section's rows about a person."""
    table = metadata.tables[section.table]
    # What is a copy for searching is no data; a column of bytes is a hash or is sealed, and never handed out.
    columns = [c for c in table.columns if c.name not in section.leaves_out and _is_readable(c)]
    return select(*columns).where(_is_about(metadata, table, section.whose, user_id))


def _is_readable(column: Column[Any]) -> bool:
    return not isinstance(column.type, LargeBinary)


def _is_about(metadata: MetaData, table: Table, whose: str, user_id: int) -> ColumnElement[bool]:
    first, _, way = (part.strip() for part in whose.partition("->"))
    column, _, member = first.partition(":")
    if member:
        named: ColumnElement[bool] = cast(table.c[column], JSONB)[member].astext == str(user_id)
        return named
    if not way:
        return table.c[column] == user_id
    parent_name, _, beyond = way.partition(".")
    parent = metadata.tables[parent_name]
    (key,) = parent.primary_key
    return table.c[column].in_(select(key).where(_is_about(metadata, parent, beyond, user_id)))


def _next_page(metadata: MetaData, section: Section, user_id: int, *, first: bool) -> Select[Any]:
    table = metadata.tables[section.table]
    key = [table.c[name] for name in section.key] or list(table.primary_key)
    statement = rows_about(metadata, section, user_id).add_columns(*(c.label(f"after_{c.name}") for c in key))
    if not first:
        after = [bindparam(f"after_{c.name}", type_=c.type) for c in key]
        statement = statement.where(tuple_(*key) > tuple_(*after))
    return statement.order_by(*key).limit(section.rows_a_page)


async def pages(
    database: Database, metadata: MetaData, section: Section, user_id: int
) -> AsyncIterator[list[dict[str, Any]]]:
    """A section's rows, a page at a time, each page in a transaction of its own: who reads slowly holds up nobody."""
    after: dict[str, Any] = {}
    while True:
        statement = _next_page(metadata, section, user_id, first=not after)
        async with database.transaction() as session:
            found = [dict(row) for row in (await session.execute(statement, after)).mappings()]
        if not found:
            return
        after = {name: value for name, value in found[-1].items() if name.startswith("after_")}
        yield [_handed_out(section, row, database.settings.public_url) for row in found]
        if len(found) < section.rows_a_page:
            return


def _handed_out(section: Section, found: Mapping[str, Any], public_url: str) -> dict[str, Any]:
    row = {name: value for name, value in found.items() if not name.startswith("after_")}
    return {**row, **{link.name: link.of(row, public_url) for link in section.links}}


def as_json(value: Any) -> bytes:
    """JSON as people get it: times RFC 3339 in UTC, decimals and addresses as text."""
    return orjson.dumps(value, default=str, option=orjson.OPT_UTC_Z | orjson.OPT_NON_STR_KEYS)


async def lines(
    database: Database, metadata: MetaData, sections: Sequence[Section], user_id: int
) -> AsyncIterator[bytes]:
    """Everything in these sections, as lines of JSON; several to a chunk."""
    counts = {}
    for section in sections:
        counts[section.name] = 0
        async for rows in pages(database, metadata, section, user_id):
            counts[section.name] += len(rows)
            yield b"".join(as_json({"section": section.name, "row": row}) + b"\n" for row in rows)
    yield as_json({"complete": counts}) + b"\n"


def unaccounted_for(
    tables: Sequence[Table], sections: Sequence[Section], not_exported: Mapping[str, str]
) -> list[str]:
    """What is wrong with a service's two lists: tables in neither or in both, tables and columns there are none of."""
    columns = {table.name: table.columns.keys() for table in tables}
    exported = {section.table for section in sections}
    excused = not_exported.keys() | OF_THE_CHASSIS.keys()
    wrong = [f"{name}: neither exported nor excused" for name in columns.keys() - exported - excused]
    wrong += [f"{name}: exported, and excused" for name in exported & excused]
    wrong += [f"{name}: no such table" for name in (exported | not_exported.keys()) - columns.keys()]
    wrong += [
        f"{name}: excused without a reason" for name, reason in not_exported.items() if len(reason) < 10
    ]
    for section in sections:
        named = [(link.where, link.unless, *_columns_in(link.path)) for link in section.links]
        for name in {*section.leaves_out, *(name for names in named for name in names if name)}:
            if name not in columns.get(section.table, ()):
                wrong.append(f"{section.table}.{name}: no such column")
        for link in section.links:
            if link.name in columns.get(section.table, ()):
                wrong.append(f"{section.table}.{link.name}: a column, and a link")
    names = [section.name for section in sections]
    wrong += [f"{name}: two sections of one name" for name in set(names) if names.count(name) > 1]
    return sorted(wrong)


def _columns_in(path: str) -> list[str]:
    return [name for _, name, _, _ in Formatter().parse(path) if name]
