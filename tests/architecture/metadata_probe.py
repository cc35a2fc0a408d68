"""Hold one service's SQLAlchemy metadata against its migrated database, and print what was found as JSON.

    metadata_probe.py learning postgresql://...migrated postgresql://...empty

A process of its own, because two services' tables cannot share an interpreter. `differences` is what Alembic's
autogenerate would still change in the migrated database, `generated` tells per generated column what became of an
attempt to write it. What the metadata makes is left in the empty database, to be looked at.
"""

import asyncio
import json
import sys
from importlib import import_module
from typing import Any

from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from sqlalchemy import Connection, MetaData, Table, insert
from sqlalchemy.exc import DBAPIError
from sqlalchemy.ext.asyncio import AsyncEngine, create_async_engine


def _differences(connection: Connection, metadata: MetaData) -> list[str]:
    # The partitions are no tables of the metadata; whatever else the database has beside it is a difference.
    partitions = {
        name
        for (name,) in connection.exec_driver_sql("SELECT relname::text FROM pg_class WHERE relispartition")
    }

    def include(name: str | None, kind: str, _parents: Any) -> bool:
        return not (kind == "table" and name in partitions)

    options = {"compare_type": True, "compare_server_default": True, "include_name": include}
    context = MigrationContext.configure(connection, opts=options)
    return [repr(difference) for difference in compare_metadata(context, metadata)]


async def _attempt_writes(engine: AsyncEngine, metadata: MetaData) -> dict[str, str]:
    told = {}
    for table in metadata.sorted_tables:
        for column in table.columns:
            if column.computed is not None:
                told[f"{table.name}.{column.name}"] = await _attempt_write(engine, table, column.name)
    return told


async def _attempt_write(engine: AsyncEngine, table: Table, column: str) -> str:
    value = {bool: True, int: 1, str: "x"}[table.c[column].type.python_type]
    async with engine.connect() as connection:
        try:
            await connection.execute(insert(table).values({column: value}))
        except DBAPIError as error:
            return str(getattr(error.orig, "sqlstate", error.orig))
    return "written"


async def main(service: str, migrated: str, empty: str) -> None:
    metadata: MetaData = import_module(f"{service}.tables").metadata
    engine = create_async_engine(migrated.replace("postgresql:", "postgresql+asyncpg:", 1))
    fresh = create_async_engine(empty.replace("postgresql:", "postgresql+asyncpg:", 1))
    async with engine.connect() as connection:
        differences = await connection.run_sync(_differences, metadata)
    generated = await _attempt_writes(engine, metadata)
    async with fresh.begin() as connection:
        await connection.run_sync(metadata.create_all)
    await engine.dispose()
    await fresh.dispose()
    sys.stdout.write(json.dumps({"differences": differences, "generated": generated}))


if __name__ == "__main__":
    asyncio.run(main(*sys.argv[1:]))
