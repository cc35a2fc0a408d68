"""`lyceum migrate`: the migrations of a stack, running or not."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager

from lyceum import control, migrations, services
from lyceum.data_dir import DataDir
from lyceum.errors import NotRunning, StackError
from lyceum.postgres import EmbeddedPostgres
from lyceum.services import SERVICES


async def run(
    data_dir: DataDir, *, check: bool, down: tuple[str, str] | None, say: Callable[[str], None]
) -> bool:
    """Upgrade every database, or only look (`check`), or take one back (`down`: service and revision).

    Whether `check` found a database that is behind.
    """
    if down is not None and down[0] not in SERVICES:
        raise StackError(f"There is no service {down[0]!r}; there are {', '.join(SERVICES)}.")
    async with _server(data_dir) as server:
        if down is not None:
            service, revision = down
            await migrations.alembic(service, _environment(server, service), "downgrade", revision)
            say(f"{service}: now at {_revision(server, service)}")
            return False
        behind = False
        for service in SERVICES:
            current = await asyncio.to_thread(migrations.is_current, server, service)
            if check:
                behind = behind or not current
                say(
                    f"{service}: {'at the newest revision' if current else 'behind'}, {_revision(server, service)}"
                )
            elif current:
                say(f"{service}: nothing to do")
            else:
                await migrations.alembic(service, _environment(server, service), "upgrade", "head")
                say(f"{service}: now at {_revision(server, service)}")
        return behind


@asynccontextmanager
async def _server(data_dir: DataDir) -> AsyncIterator[EmbeddedPostgres]:
    """The running stack's server, or its cluster started for as long as we need it."""
    try:
        status = control.running_status(data_dir)
    except NotRunning:
        if not data_dir.is_lyceum() or data_dir.is_claimed():
            raise
    else:
        address = status["services"]["identity"]["database_url"]
        port = int(address.rpartition("@")[2].partition("/")[0].rpartition(":")[2])
        yield EmbeddedPostgres(data_dir.postgres, port=port)
        return
    data_dir.claim()
    server = EmbeddedPostgres(data_dir.postgres, log=data_dir.logs / "postgres.log")
    try:
        server.start()
        await asyncio.to_thread(server.create_service_databases, *SERVICES)
        yield server
    finally:
        server.stop()
        data_dir.release()


def _environment(server: EmbeddedPostgres, service: str) -> dict[str, str]:
    prefix = f"{service.upper()}_"
    return services.inherited(prefix) | {f"{prefix}DATABASE_URL": server.url(service)}


def _revision(server: EmbeddedPostgres, service: str) -> str:
    if server.query("SELECT to_regclass('alembic_version') IS NULL", service) == [["t"]]:
        return "no revision"
    rows = server.query("SELECT version_num FROM alembic_version", service)
    return rows[0][0] if rows else "no revision"
