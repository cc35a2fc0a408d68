"""deploy/postgres/10-databases.sh on a real, empty server: each role reaches its own database and no other."""

import os
import subprocess
from collections.abc import Iterator
from pathlib import Path

import asyncpg
import pytest
from lyceum.postgres import EmbeddedPostgres

SERVICES = ("identity", "catalog", "learning", "assessment", "instructor", "analytics")
# What a shell or SQL might trip over.
PASSWORDS = {service: f"pa'ss\"$wo\\rd {service}" for service in SERVICES}


@pytest.fixture(scope="module")
def server(root: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[EmbeddedPostgres]:
    """A server of its own, prepared by the script as the official image runs it."""
    with EmbeddedPostgres(tmp_path_factory.mktemp("compose-postgres"), durable=False) as postgres:
        subprocess.run(
            ["bash", root / "deploy/postgres/10-databases.sh"],
            env={
                "PATH": f"{postgres.binaries}:{os.environ['PATH']}",
                "PGHOST": "127.0.0.1",
                "PGPORT": str(postgres.port),
                "PGPASSWORD": postgres.password("postgres"),
                "POSTGRES_USER": "postgres",
                **{f"{service.upper()}_DB_PASSWORD": PASSWORDS[service] for service in SERVICES},
            },
            check=True,
            timeout=60,
        )
        yield postgres


async def connect(server: EmbeddedPostgres, role: str, database: str) -> asyncpg.Connection:
    return await asyncpg.connect(
        host="127.0.0.1", port=server.port, user=role, password=PASSWORDS[role], database=database, timeout=10
    )


@pytest.mark.parametrize("service", SERVICES)
async def test_a_service_owns_its_database_and_may_work_in_it(server: EmbeddedPostgres, service: str) -> None:
    connection = await connect(server, service, service)
    try:
        await connection.execute("CREATE TABLE t (id bigint); DROP TABLE t")
        extensions = {row["extname"] for row in await connection.fetch("SELECT extname FROM pg_extension")}
        assert {"pg_trgm", "unaccent", "citext", "pg_stat_statements"} <= extensions
        rights = await connection.fetchrow(
            "SELECT rolsuper, rolcreatedb, rolcreaterole, rolreplication FROM pg_roles WHERE rolname = current_user"
        )
        assert rights is not None
        assert not any(rights.values())
    finally:
        await connection.close()


@pytest.mark.parametrize("service", SERVICES)
async def test_no_service_may_enter_anothers_database(server: EmbeddedPostgres, service: str) -> None:
    for database in (*(other for other in SERVICES if other != service), "postgres", "template1"):
        with pytest.raises(asyncpg.InsufficientPrivilegeError):
            await connect(server, service, database)
