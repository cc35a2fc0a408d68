"""The real server: isolation between services, what survives a crash, who can reach it."""

from __future__ import annotations

import os
import stat
import subprocess
from collections.abc import Iterator
from pathlib import Path

import asyncpg
import psutil
import pytest
from lyceum.errors import PostgresFailed
from lyceum.postgres import EmbeddedPostgres
from lyceum.postgres_programs import find_binaries


def plain(url: str) -> str:
    return url.replace("+asyncpg", "")


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[EmbeddedPostgres]:
    with EmbeddedPostgres(tmp_path_factory.mktemp("pg"), durable=False, max_connections=20) as pg:
        pg.create_service_databases("learning", "catalog")
        yield pg


async def test_a_role_reaches_its_own_database_and_owns_it(server: EmbeddedPostgres) -> None:
    connection = await asyncpg.connect(plain(server.url("learning")))
    try:
        await connection.execute("CREATE TABLE enrollment (id int); DROP TABLE enrollment")
        owner = await connection.fetchval(
            "SELECT pg_get_userbyid(datdba) FROM pg_database WHERE datname = current_database()"
        )
    finally:
        await connection.close()
    assert owner == "learning"


@pytest.mark.parametrize("database", ["catalog", "postgres", "template1"])
async def test_a_role_cannot_connect_to_another_database(server: EmbeddedPostgres, database: str) -> None:
    with pytest.raises(asyncpg.InsufficientPrivilegeError, match="permission denied for database"):
        await asyncpg.connect(plain(server.url("learning", database)))


async def test_a_wrong_password_is_refused(server: EmbeddedPostgres) -> None:
    address = plain(server.url("learning")).replace(server.password("learning"), "guess")
    with pytest.raises(asyncpg.InvalidPasswordError):
        await asyncpg.connect(address)


def test_the_extensions_are_there_before_the_role_needs_them(server: EmbeddedPostgres) -> None:
    found = {row[0] for row in server.query("SELECT extname FROM pg_extension", "catalog")}
    assert {"pg_trgm", "unaccent", "citext", "pg_stat_statements"} <= found


def test_creating_a_database_again_keeps_it(server: EmbeddedPostgres) -> None:
    server.query("CREATE TABLE kept ()", "learning")
    assert server.create_service_database("learning") == server.url("learning")
    assert server.query("SELECT count(*) FROM kept", "learning") == [["0"]]


def test_it_listens_on_the_loopback_port_alone(server: EmbeddedPostgres) -> None:
    assert server.pid is not None
    open_sockets = psutil.Process(server.pid).net_connections(kind="all")
    assert {connection.laddr for connection in open_sockets if connection.status == psutil.CONN_LISTEN} == {
        ("127.0.0.1", server.port)
    }
    assert [found for found in open_sockets if isinstance(found.laddr, str) and found.laddr] == []


def test_passwords_and_cluster_are_for_their_owner_only(server: EmbeddedPostgres) -> None:
    modes = {
        path.name: stat.S_IMODE(path.stat().st_mode)
        for path in (server.path / "credentials.json", server.cluster, server.cluster / "pg_hba.conf")
    }
    assert modes == {"credentials.json": 0o600, "cluster": 0o700, "pg_hba.conf": 0o600}
    assert not (server.path / ".initial-password").exists()


def test_the_log_holds_no_statement_and_no_value(server: EmbeddedPostgres) -> None:
    with pytest.raises(PostgresFailed, match="division by zero"):
        server.query("SELECT 1 / 0 AS hidden_statement", "catalog")
    with pytest.raises(PostgresFailed, match="hidden-value"):
        server.query("SELECT 'hidden-value'::int", "catalog")
    assert "hidden" not in server.log.read_text()


@pytest.mark.parametrize("durable", [True, False])
def test_committed_rows_survive_a_killed_postmaster(tmp_path: Path, durable: bool) -> None:
    pg = EmbeddedPostgres(tmp_path, durable=durable)
    pg.start()
    try:
        pg.query("CREATE TABLE kept (id int); INSERT INTO kept VALUES (7)")
        port = pg.port
        pg.kill()
        assert (pg.cluster / "postmaster.pid").exists()
        pg.start()
        assert pg.query("SELECT id FROM kept") == [["7"]]
        assert pg.port == port
    finally:
        pg.stop()
    assert pg.pid is None


def test_another_supervisor_takes_over_a_leftover_server(tmp_path: Path) -> None:
    first = EmbeddedPostgres(tmp_path, durable=False)
    first.start()
    left = first.pid
    assert left is not None
    with EmbeddedPostgres(tmp_path, durable=False) as second:
        assert second.pid != left
        assert second.query("SELECT 1") == [["1"]]
    first.stop()


def test_a_pid_file_naming_a_strangers_process_is_dropped(tmp_path: Path) -> None:
    with EmbeddedPostgres(tmp_path, durable=False) as pg:
        lines = (pg.cluster / "postmaster.pid").read_text().splitlines()
        pg.stop()
        stranger = subprocess.Popen(["sleep", "60"])
        try:
            (pg.cluster / "postmaster.pid").write_text("\n".join([str(stranger.pid), *lines[1:]]) + "\n")
            pg.start()
            assert stranger.poll() is None
            assert pg.query("SELECT 1") == [["1"]]
        finally:
            stranger.kill()
            stranger.wait()


def test_a_cluster_of_another_version_is_refused_by_name(tmp_path: Path) -> None:
    pg = EmbeddedPostgres(tmp_path, durable=False)
    pg.prepare()
    (pg.cluster / "PG_VERSION").write_text("13\n")
    with pytest.raises(PostgresFailed, match="was made by PostgreSQL 13"):
        pg.prepare()


def test_a_bin_folder_without_a_server_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("LYCEUM_POSTGRES_BIN", str(tmp_path))
    with pytest.raises(PostgresFailed, match="no runnable postgres, initdb, psql"):
        EmbeddedPostgres(tmp_path / "pg").prepare()


def test_an_installed_server_stands_in_for_the_wheel(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("LYCEUM_POSTGRES_BIN", str(find_binaries()))
    monkeypatch.setattr("importlib.util.find_spec", lambda _: pytest.fail("asked for the wheel"))
    assert find_binaries() == Path(os.environ["LYCEUM_POSTGRES_BIN"])


def test_names_that_are_not_plain_are_refused(server: EmbeddedPostgres) -> None:
    with pytest.raises(ValueError, match="not a database name"):
        server.create_service_database('x"; DROP DATABASE learning; --')
