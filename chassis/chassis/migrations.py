"""What every service's `migrations/env.py` does: run Alembic over asyncpg, one run at a time for a database, with lock
and statement time-outs."""

import asyncio
import os
import time
from typing import Any

from alembic import context
from sqlalchemy import Connection, MetaData, pool, text
from sqlalchemy.ext.asyncio import create_async_engine

LOCK_TIMEOUT = "5s"
STATEMENT_TIMEOUT = "10min"
SECONDS_BETWEEN = 0.5
"""Between two looks at whether another run is done."""


def _include_name(name: str | None, kind: str, _parents: Any) -> bool:
    # Partitions are made ahead of time by a periodic task, not by a revision.
    return not (kind == "table" and name is not None and ("_y2" in name or name.endswith("_default")))


_RUN = "hashtextextended('migrations', 0)"


def _have_alone(connection: Connection) -> None:
    """Wait until nobody else migrates this database, and keep others waiting until this connection ends.

    A revision of several transactions would be begun by both, and who comes second would set back what the first has
    finished. Who waited within the database would in turn be waited for by an index that is made beside the traffic.
    """
    while not connection.scalar(text(f"SELECT pg_try_advisory_lock({_RUN})")):
        connection.rollback()
        time.sleep(SECONDS_BETWEEN)
    connection.commit()


def _run(connection: Connection, metadata: MetaData) -> None:
    # A migration that waits for a lock makes everybody behind it wait: better to fail soon and be run again.
    connection.execute(text(f"SET lock_timeout = '{LOCK_TIMEOUT}'"))
    connection.execute(text(f"SET statement_timeout = '{STATEMENT_TIMEOUT}'"))
    connection.commit()
    _have_alone(connection)
    context.configure(
        connection=connection,
        target_metadata=metadata,
        compare_type=True,
        compare_server_default=False,
        include_name=_include_name,
        transaction_per_migration=True,
    )
    with context.begin_transaction():
        context.run_migrations()
    connection.execute(text(f"SELECT pg_advisory_unlock({_RUN})"))
    connection.commit()


async def _online(url: str, metadata: MetaData) -> None:
    engine = create_async_engine(url, poolclass=pool.NullPool, connect_args={"timeout": 10})
    async with engine.connect() as connection:
        await connection.run_sync(_run, metadata)
    await engine.dispose()


def run_env(metadata: MetaData, service: str) -> None:
    """Run the revisions against `<SERVICE>_DATABASE_URL`, or the connection a caller put into the config."""
    connection = context.config.attributes.get("connection")
    if connection is not None:
        _run(connection, metadata)
        return
    url = context.config.get_main_option("sqlalchemy.url") or os.environ[f"{service.upper()}_DATABASE_URL"]
    if context.is_offline_mode():
        context.configure(url=url, target_metadata=metadata, literal_binds=True)
        with context.begin_transaction():
            context.run_migrations()
        return
    asyncio.run(_online(url, metadata))
