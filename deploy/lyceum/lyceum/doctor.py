"""`lyceum doctor`: what this machine and a running stack lack, and what to do about it."""

from __future__ import annotations

import asyncio
import os
import platform
import resource
import shutil
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from dataclasses import dataclass
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Any, Literal

import psutil

from lyceum import broker, control, migrations
from lyceum.data_dir import NEEDED_MEGABYTES, DataDir
from lyceum.errors import NotRunning, StackError
from lyceum.ports import LOOPBACK, choose_port, is_free, listener
from lyceum.postgres import EmbeddedPostgres
from lyceum.postgres_programs import find_binaries, server_version
from lyceum.probe import status_of
from lyceum.services import SERVICES, service_folder

OLDEST_PYTHON = (3, 11)
NEEDED_MEMORY_MEGABYTES = 1500
NEEDED_FILES = 1024
BACKLOG_WARN = 1000
HELD_WARN_MEBIBYTES = 1200
MANDATED = ("fastapi", "sqlalchemy", "alembic", "aiokafka", "pydantic", "uvicorn", "httpx", "asyncpg")


@dataclass(frozen=True)
class Finding:
    """One line of the doctor's: what was looked at, how it is, and what to do if it is not well."""

    what: str
    verdict: Literal["ok", "warn", "fail"]
    detail: str
    advice: str = ""


def examine(data_dir: DataDir, port: int) -> Iterator[Finding]:
    """The machine first, then the stack if one runs."""
    yield python()
    yield packages()
    yield database_programs()
    yield broker_program()
    yield from service_packages()
    yield room(data_dir)
    yield memory()
    yield open_files()
    yield clock()
    yield loopback()
    try:
        status = control.running_status(data_dir)
    except NotRunning as error:
        yield gateway_port(port)
        yield Finding("stack", "ok", str(error))
        return
    except StackError as error:
        yield Finding("stack", "fail", str(error))
        return
    yield from running(data_dir, status)


# --- the machine ---


def python() -> Finding:
    found = platform.python_version()
    if sys.version_info[:2] < OLDEST_PYTHON:
        return Finding(
            "python", "fail", found, f"Install Python {'.'.join(map(str, OLDEST_PYTHON))} or newer."
        )
    return Finding("python", "ok", f"{found} at {sys.executable}")


def packages() -> Finding:
    found, missing = [], []
    for name in MANDATED:
        try:
            found.append(f"{name} {version(name)}")
        except PackageNotFoundError:
            missing.append(name)
    if missing:
        return Finding("packages", "fail", f"not installed: {', '.join(missing)}", "Run `make install`.")
    return Finding("packages", "ok", ", ".join(found))


def database_programs() -> Finding:
    try:
        binaries = find_binaries()
        return Finding("PostgreSQL", "ok", f"{server_version(binaries)} in {binaries}")
    except StackError as error:
        return Finding("PostgreSQL", "fail", str(error), "Run `make install`, or set LYCEUM_POSTGRES_BIN.")


def broker_program() -> Finding:
    try:
        program = broker.find_broker()
        told = subprocess.run([program, "--version"], capture_output=True, text=True, timeout=20, check=True)
    except StackError as error:
        return Finding("broker", "fail", str(error), "Run `make install`.")
    except (OSError, subprocess.SubprocessError) as error:
        return Finding("broker", "fail", f"does not run here: {error}", "Use `lyceum up --kafka HOST:PORT`.")
    return Finding("broker", "ok", f"{told.stdout.strip()} at {program}")


def service_packages() -> Iterator[Finding]:
    for service in SERVICES:
        try:
            folder = service_folder(service)
        except StackError as error:
            yield Finding(service, "fail", str(error), "Run `make install`.")
            continue
        if migrations.newest_revision(folder / "migrations" / "versions") is None:
            yield Finding(service, "warn", "its migrations have no single head", "Run `alembic heads` there.")


def room(data_dir: DataDir) -> Finding:
    place = next(path for path in (data_dir.path, *data_dir.path.parents) if path.exists())
    free = shutil.disk_usage(place).free // 1_000_000
    if free < NEEDED_MEGABYTES:
        return Finding(
            "disk", "fail", f"{free} MB free at {place}", "Make room, or choose another --data-dir."
        )
    if not os.access(place, os.W_OK):
        return Finding("disk", "fail", f"{place} may not be written to", "Choose another --data-dir.")
    verdict: Literal["ok", "warn"] = "warn" if free < 5 * NEEDED_MEGABYTES else "ok"
    advice = "" if verdict == "ok" else "Uploads and logs may fill it."
    return Finding("disk", verdict, f"{free} MB free at {place}", advice)


def memory() -> Finding:
    free = psutil.virtual_memory().available // 1_000_000
    if free < NEEDED_MEMORY_MEGABYTES:
        return Finding(
            "memory", "warn", f"{free} MB available", f"A stack needs {NEEDED_MEMORY_MEGABYTES} MB."
        )
    return Finding("memory", "ok", f"{free} MB available")


def open_files() -> Finding:
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    if soft != resource.RLIM_INFINITY and soft < NEEDED_FILES:
        return Finding("open files", "warn", f"at most {soft} (could be {hard})", f"ulimit -n {NEEDED_FILES}")
    return Finding("open files", "ok", f"at most {soft}")


def clock() -> Finding:
    """Tokens live by the clock, and years past are how a machine with a dead battery starts."""
    newest = max(Path(__file__).stat().st_mtime, Path(sys.executable).stat().st_mtime)
    if time.time() < newest - 86_400:
        return Finding("clock", "fail", time.strftime("%Y-%m-%d %H:%M UTC", time.gmtime()), "Set the clock.")
    return Finding("clock", "ok", time.strftime("%Y-%m-%d %H:%M UTC", time.gmtime()))


def loopback() -> Finding:
    try:
        with socket.socket() as server:
            server.bind((LOOPBACK, choose_port()))
            server.listen(1)
            socket.create_connection(server.getsockname(), timeout=2).close()
    except OSError as error:
        return Finding(
            "loopback", "fail", f"{LOOPBACK} cannot be spoken to: {error}", "Bring up interface `lo`."
        )
    return Finding("loopback", "ok", f"{LOOPBACK} answers")


def gateway_port(port: int) -> Finding:
    if is_free(port):
        return Finding("port", "ok", f"{port} is free")
    return Finding("port", "fail", f"{port} is taken{listener(port)}", "Stop that, or use --port.")


# --- a running stack ---


def running(data_dir: DataDir, status: dict[str, Any]) -> Iterator[Finding]:
    url = status["gateway"]["url"]
    children = control.running_children(data_dir)
    code = asyncio.run(status_of(int(url.rpartition(":")[2])))
    yield _health("gateway", code)
    for service in SERVICES:
        told = status["services"][service]
        for process, key in (("api", "url"), ("worker", "worker_url")):
            yield _health(f"{service}-{process}", asyncio.run(status_of(int(told[key].rpartition(":")[2]))))
    held = sum(control.memory_share(process) for process in children.values()) >> 20
    verdict: Literal["ok", "warn"] = "ok" if held < HELD_WARN_MEBIBYTES else "warn"
    yield Finding(
        "memory held", verdict, f"{held} MiB by {len(children)} processes and the database's sessions"
    )
    yield from outside_listeners(children)
    server = EmbeddedPostgres(data_dir.postgres, port=_port(status["services"]["identity"]["database_url"]))
    for service in SERVICES:
        yield from queues(server, service)


def _health(name: str, code: int | None) -> Finding:
    if code == 200:
        return Finding(name, "ok", "ready")
    what = "does not answer" if code is None else f"answers {code}"
    return Finding(name, "fail", what, f"Look at `lyceum logs {name}`.")


def outside_listeners(children: dict[str, psutil.Process]) -> Iterator[Finding]:
    """Nothing of ours listens beyond the loopback address."""
    exposed = []
    for name, process in children.items():
        try:
            connections = process.net_connections(kind="inet")
        except psutil.Error:
            continue
        exposed += [
            f"{name} on {found.laddr.ip}:{found.laddr.port}"
            for found in connections
            if found.status == psutil.CONN_LISTEN and found.laddr.ip not in (LOOPBACK, "::1")
        ]
    if exposed:
        yield Finding(
            "listeners", "fail", ", ".join(exposed), "Stop the stack: it can be reached from outside."
        )
    else:
        yield Finding("listeners", "ok", "loopback only")


def queues(server: EmbeddedPostgres, service: str) -> Iterator[Finding]:
    """Migrations, dead letters, and events or mails that wait to be sent."""
    try:
        if not migrations.is_current(server, service):
            yield Finding(
                f"{service} database", "fail", "not at the newest revision", "Run `lyceum migrate`."
            )
            return
        rows = server.query(
            "SELECT (SELECT count(*) FROM dead_letters WHERE status IN ('waiting', 'retry')), "
            "(SELECT count(*) FROM outbox WHERE published_at IS NULL), "
            "(SELECT count(*) FROM mail_outbox WHERE sent_at IS NULL)",
            service,
        )
    except StackError as error:
        yield Finding(f"{service} database", "fail", str(error), "Look at `lyceum logs postgres`.")
        return
    dead, unpublished, unsent = (int(value) for value in rows[0])
    if dead:
        yield Finding(
            f"{service} dead letters",
            "warn",
            f"{dead} could not be handled",
            f"Read GET /api/v1/ops/{service}/dead-letters as an admin; retry or drop each.",
        )
    if unpublished > BACKLOG_WARN:
        yield Finding(
            f"{service} outbox",
            "warn",
            f"{unpublished} unpublished",
            f"Look at `lyceum logs {service}-worker`.",
        )
    if unsent > BACKLOG_WARN:
        yield Finding(
            f"{service} mail", "warn", f"{unsent} unsent", f"Look at `lyceum logs {service}-worker`."
        )
    if not dead and unpublished <= BACKLOG_WARN and unsent <= BACKLOG_WARN:
        waiting = f"{unpublished} events and {unsent} mails on their way"
        yield Finding(f"{service} queues", "ok", f"no dead letters; {waiting}")


def _port(database_url: str) -> int:
    return int(database_url.rpartition("@")[2].partition("/")[0].rpartition(":")[2])
