"""Rows leave as the JSON of a response model, without a model made of each.

A model checks every value it is given and asks each how it is written: for rows that our own tables hold that is the
dearest part of a list. A Shape knows the model's members and their order, takes them out of rows by name, and leaves the
writing to orjson. The model stays what OpenAPI tells; `chassis.testing.assert_as_told` holds the bytes against it.
"""

from collections.abc import Callable, Iterator, Sequence
from decimal import Decimal
from functools import cached_property
from operator import itemgetter
from typing import Any, Protocol, get_args

import orjson
from pydantic import BaseModel

from chassis.schemas import two_decimals

Json = orjson.Fragment
"""JSON that PostgreSQL has written, put into an answer as it is."""


class NamedRow(Protocol):
    """A row of SQLAlchemy's: values in order, and their names."""

    @property
    def _fields(self) -> tuple[str, ...]: ...


def to_bytes(value: Any) -> bytes:
    """JSON of plain values; instants, which are to be aware and in UTC, with a `Z`."""
    return orjson.dumps(value, option=orjson.OPT_UTC_Z)


class Shape:
    """The members of `model`, filled from rows.

    A member is the column of its own name, or of the one given here, or the Shape of what is nested there. Money may come
    as text with two decimals or as a Decimal, other decimals as floats, instants in UTC.
    """

    def __init__(self, model: type[BaseModel], **sources: "str | Shape") -> None:
        if unknown := sources.keys() - model.model_fields.keys():
            raise TypeError(f"{model.__name__} has no {', '.join(sorted(unknown))}")
        self.members = tuple(model.model_fields)
        self._model = model
        self._columns = {
            name: source for name in self.members if isinstance(source := sources.get(name, name), str)
        }
        self._nested = {name: source for name, source in sources.items() if isinstance(source, Shape)}
        self._fillers: dict[tuple[Any, ...], Callable[[Any], dict[str, Any]]] = {}

    @cached_property
    def _told(self) -> tuple[tuple[str, Callable[[Any], Any]], ...]:
        """How those members are written that JSON has no word for."""
        told = ((name, _teller(field.annotation)) for name, field in self._model.model_fields.items())
        return tuple((name, tell) for name, tell in told if tell is not None)

    def fill(self, rows: Sequence[NamedRow], **same: Any) -> list[dict[str, Any]]:
        """The members of each row, in the model's order. `same` are those that are alike for all rows."""
        if not rows:
            return []
        fill = self._filler(rows[0]._fields, frozenset(same))
        filled = [fill(row) for row in rows]
        for members in filled if same else ():
            members.update(same)
        return filled

    def one(self, row: NamedRow, **same: Any) -> dict[str, Any]:
        """As `fill`, for a single row."""
        [members] = self.fill([row], **same)
        return members

    def _filler(self, names: tuple[str, ...], same: frozenset[str]) -> Callable[[Any], dict[str, Any]]:
        """Made once for rows of these columns; KeyError names the column that a member lacks."""
        known = self._fillers.get((names, same))
        if known is None:
            known = self._fillers[names, same] = self._make_filler(names, same)
        return known

    def _make_filler(self, names: tuple[str, ...], same: frozenset[str]) -> Callable[[Any], dict[str, Any]]:
        # Where two columns have a name, it is the first's: behind come those that the page is sorted by.
        places = {name: place for place, name in reversed(list(enumerate(names)))}
        # What is filled in otherwise holds its place in the order with whatever the row begins with.
        elsewhere = same | self._nested.keys()
        pick = itemgetter(
            *(0 if name in elsewhere else places[self._columns[name]] for name in self.members), 0
        )
        nested = [
            (name, shape._filler(names, frozenset()))  # noqa: SLF001 - of the same class
            for name, shape in self._nested.items()
            if name not in same
        ]
        told = [(name, tell) for name, tell in self._told if name not in elsewhere]
        members = self.members

        def fill(row: Any) -> dict[str, Any]:
            filled = dict(zip(members, pick(row), strict=False))
            for name, tell in told:
                filled[name] = tell(filled[name])
            for name, inner in nested:
                filled[name] = inner(row)
            return filled

        return fill


def _parts(annotation: Any) -> Iterator[Any]:
    """An annotation, and what it is made of: `Annotated[Decimal, ...] | None` of a Decimal."""
    yield annotation
    for part in get_args(annotation):
        # What stands beside a type in Annotated is no type, and may not be hashed.
        if isinstance(part, type) or get_args(part):
            yield from _parts(part)


def _teller(annotation: Any) -> Callable[[Any], Any] | None:
    kinds = set(_parts(annotation))
    return _told_money if Decimal in kinds else _told_float if float in kinds else None


def _told_money(amount: Decimal | str | None) -> str | None:
    # By far the most are text already: PostgreSQL writes numeric(12, 2) so.
    return two_decimals(amount) if isinstance(amount, Decimal) else amount


def _told_float(number: Decimal | float | None) -> float | None:
    return float(number) if isinstance(number, Decimal) else number
