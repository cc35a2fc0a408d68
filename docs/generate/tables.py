"""Write docs/tables.md, the catalogue of every service's tables, from the models.

python docs/generate/tables.py            write it
python docs/generate/tables.py --print    print it
"""

import inspect
import json
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from importlib import import_module
from pathlib import Path
from typing import Any

from chassis.db import Base
from sqlalchemy import (
    CheckConstraint,
    Column,
    ColumnElement,
    DefaultClause,
    Integer,
    Numeric,
    Table,
    UniqueConstraint,
)
from sqlalchemy.dialects import postgresql

ROOT = Path(__file__).resolve().parents[2]
PAGE = ROOT / "docs" / "tables.md"
SERVICES = ("identity", "catalog", "learning", "assessment", "instructor", "analytics")
DIALECT = postgresql.dialect()  # type: ignore[no-untyped-call]
MODELS = len(json.loads((ROOT / "tests" / "architecture" / "tables.json").read_text()))

HEAD = f"""\
# Tables

Generated from the models by `python docs/generate/tables.py`; a test holds it to them. {MODELS} of these tables are
the old site's, under its names; the rest are the services' own. A table belongs to one service and lives in that
service's database alone; what refers to another service's row is an id without a foreign key. Times are UTC.
"""


# --- one service, in a process of its own: two services' tables cannot share an interpreter -----------------------


def describe_service(service: str) -> list[dict[str, Any]]:
    """Every table of the service's metadata, in the order of its slices."""
    import_module(f"{service}.tables")
    models = sorted(
        (mapper.class_ for mapper in Base.registry.mappers),
        key=lambda model: (model.__module__.startswith("chassis"), model.__module__, _line(model)),
    )
    return [_describe(model) for model in models]


def _line(model: type[Base]) -> int:
    return inspect.getsourcelines(model)[1]


def _describe(model: type[Base]) -> dict[str, Any]:
    table = model.__table__
    assert isinstance(table, Table)
    return {
        "table": table.name,
        "model": model.__name__,
        "source": Path(inspect.getfile(model)).resolve().relative_to(ROOT).as_posix(),
        "about": inspect.getdoc(model) or "",
        "columns": [
            [column.name, column.type.compile(DIALECT).lower(), _remarks(table, column)]
            for column in table.columns
        ],
        "rules": _rules(table),
    }


def _remarks(table: Table, column: Column[Any]) -> str:
    """What a column is beside its type: key, reference, copy, default."""
    remarks = []
    if column.primary_key:
        remarks.append("primary key")
    for key in column.foreign_keys:
        target = key.target_fullname.split(".")[0]
        remarks.append(f"→ {target}" + (f", on delete {key.ondelete.lower()}" if key.ondelete else ""))
    if _alone_unique(table, column):
        remarks.append("unique")
    if column.nullable:
        remarks.append("null")
    if column.computed is not None:
        remarks.append(f"copy of `{column.computed.sqltext}`")
    elif isinstance(column.server_default, DefaultClause):
        remarks.append(f"default `{_default(column, column.server_default)}`")
    return "; ".join(remarks)


def _alone_unique(table: Table, column: Column[Any]) -> bool:
    return any(isinstance(c, UniqueConstraint) and list(c.columns) == [column] for c in table.constraints)


def _default(column: Column[Any], default: DefaultClause) -> str:
    if isinstance(default.arg, str):
        return default.arg if isinstance(column.type, Integer | Numeric) else repr(default.arg)
    return str(default.arg.compile(dialect=DIALECT))


def _rules(table: Table) -> list[str]:
    """The table's check constraints and its keys over several columns."""
    rules = [
        f"{constraint.name}: {constraint.sqltext}"
        for constraint in table.constraints
        if isinstance(constraint, CheckConstraint)
    ]
    rules += [
        f"{constraint.name}: unique ({', '.join(column.name for column in constraint.columns)})"
        for constraint in table.constraints
        if isinstance(constraint, UniqueConstraint) and len(constraint.columns) > 1
    ]
    rules += [
        f"{index.name}: unique ({', '.join(_expression(table, e) for e in index.expressions)})"
        + (f" where {where}" if (where := index.dialect_options["postgresql"]["where"]) is not None else "")
        for index in table.indexes
        if index.unique
    ]
    return sorted(rules)


def _expression(table: Table, expression: str | ColumnElement[Any]) -> str:
    if isinstance(expression, str):
        return expression
    return str(expression.compile(dialect=DIALECT)).replace(f"{table.name}.", "")


# --- the page ---------------------------------------------------------------------------------------------------


def describe(service: str) -> list[dict[str, Any]]:
    """The tables of a service, asked of a process that loads it alone."""
    done = subprocess.run(
        [sys.executable, __file__, "--service", service],
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    if done.returncode != 0:
        raise RuntimeError(f"the models of {service} cannot be read:\n{done.stderr}")
    tables: list[dict[str, Any]] = json.loads(done.stdout)
    return tables


def page() -> str:
    """The whole of docs/tables.md."""
    with ThreadPoolExecutor(2) as pool:
        described = dict(zip(SERVICES, pool.map(describe, SERVICES), strict=True))
    own = {s: [t for t in tables if not _is_chassis(t)] for s, tables in described.items()}
    chassis = [table for table in described[SERVICES[0]] if _is_chassis(table)]
    parts = [HEAD]
    for title, tables in (*own.items(), ("every service", chassis)):
        parts.append(f"## {title}\n\n| table | model | what it is |\n| --- | --- | --- |\n{_index(tables)}")
        parts.extend(_section(table) for table in tables)
    return "\n".join(parts)


def _is_chassis(table: dict[str, Any]) -> bool:
    return bool(table["source"].startswith("chassis/"))


def _index(tables: list[dict[str, Any]]) -> str:
    return "".join(
        f"| [{t['table']}](#{t['table']}) | [{t['model']}](../{t['source']}) | {_first_sentence(t['about'])} |\n"
        for t in tables
    )


def _first_sentence(about: str) -> str:
    return about.split("\n\n")[0].replace("\n", " ")


def _section(table: dict[str, Any]) -> str:
    lines = [f"### {table['table']}\n", f"{table['about']}\n", "| column | type | |", "| --- | --- | --- |"]
    lines += [f"| {' | '.join(column)} |".replace("|  |", "| |") for column in table["columns"]]
    lines += ["", *(f"- {rule}" for rule in table["rules"]), ""] if table["rules"] else [""]
    return "\n".join(lines)


def main(arguments: list[str]) -> None:
    if arguments[:1] == ["--service"]:
        sys.stdout.write(json.dumps(describe_service(arguments[1])))
    elif arguments == ["--print"]:
        sys.stdout.write(page())
    elif not arguments:
        PAGE.write_text(page())
    else:
        raise SystemExit(__doc__)


if __name__ == "__main__":
    main(sys.argv[1:])
