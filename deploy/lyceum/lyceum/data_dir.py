"""The folder that holds all of one stack: data, secrets, logs, mail, and who runs it now.

<data dir>/LYCEUM        the marker: only a folder that has it is ever emptied
           lock          held (flock) by the one supervisor
           state.json    what runs where, 0600; its absence means: stopped in order
           ports.json    the ports of last time, wished for again
           secrets/  postgres/  broker/  logs/  mail/  files/
"""

from __future__ import annotations

import fcntl
import json
import os
import shutil
from pathlib import Path
from typing import Any

from lyceum.errors import AlreadyRunning, DataDirUnusable, StackError
from lyceum.private_files import write_private

MARKER = "LYCEUM"
NEEDED_MEGABYTES = 400
# PostgreSQL holds paths in 1024 bytes, and hangs its own file names below the cluster's.
LONGEST_PATH = 800


class DataDir:
    """Paths and files of one data dir; nothing is touched before `claim`."""

    def __init__(self, path: Path | str) -> None:
        self.path = Path(path).expanduser().absolute()
        self.marker = self.path / MARKER
        self.state_file = self.path / "state.json"
        self.ports_file = self.path / "ports.json"
        self.secrets = self.path / "secrets"
        self.postgres = self.path / "postgres"
        self.broker = self.path / "broker"
        self.logs = self.path / "logs"
        self.mail = self.path / "mail"
        self.files = self.path / "files"
        self._lock: int | None = None

    def claim(self, *, fresh: bool = False) -> None:
        """Make it ours until `release`: made if need be, locked, emptied if `fresh`.

        Raises DataDirUnusable (not ours, not writable, too long a path, too little room), AlreadyRunning.
        """
        if len(os.fsencode(self.path)) > LONGEST_PATH:
            raise DataDirUnusable(
                f"The data dir's path is {len(os.fsencode(self.path))} bytes long; PostgreSQL can keep its "
                f"files under paths of at most {LONGEST_PATH}. Choose a shorter one with --data-dir."
            )
        try:
            self._make()
            self._take_lock()
            if fresh:
                self._empty()
            self._check_room()
            for folder in (self.secrets, self.postgres, self.broker, self.logs, self.mail, self.files):
                folder.mkdir(mode=0o700, exist_ok=True)
        except OSError as error:
            raise DataDirUnusable(
                f"The data dir {self.path} cannot be used: {error.strerror or error}. "
                "It must be a folder you may write to; choose another with --data-dir."
            ) from error

    def release(self) -> None:
        """Let another supervisor have it."""
        if self._lock is not None:
            os.close(self._lock)
            self._lock = None

    def is_claimed(self) -> bool:
        """Whether a supervisor (any, ours too) holds it now."""
        try:
            descriptor = os.open(self.path / "lock", os.O_RDWR)
        except OSError:
            return False
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            return True
        finally:
            os.close(descriptor)
        return False

    def is_lyceum(self) -> bool:
        return self.marker.is_file()

    def state(self) -> dict[str, Any]:
        """What the supervisor wrote last; empty when none did, or it stopped in order."""
        return self._read(self.state_file)

    def write_state(self, state: dict[str, Any]) -> None:
        write_private(self.state_file, json.dumps(state, indent=1))

    def forget_state(self) -> None:
        self.state_file.unlink(missing_ok=True)

    def ports(self) -> dict[str, int]:
        return self._read(self.ports_file)

    def write_ports(self, ports: dict[str, int]) -> None:
        self.ports_file.write_text(json.dumps(ports, indent=1))

    def _read(self, path: Path) -> dict[str, Any]:
        try:
            found: dict[str, Any] = json.loads(path.read_text())
        except FileNotFoundError:
            return {}
        except PermissionError as error:
            raise DataDirUnusable(f"{path} belongs to another user; run as its owner, or as root.") from error
        except ValueError as error:
            # Written in one step, so only a stranger's hand can have done that.
            raise StackError(f"{path} is not what Lyceum wrote there: {error}. Remove it.") from error
        return found

    def _make(self) -> None:
        self.path.mkdir(parents=True, mode=0o700, exist_ok=True)
        if not self.marker.exists():
            strangers = sorted(entry.name for entry in self.path.iterdir())
            if strangers:
                raise DataDirUnusable(
                    f"{self.path} is not a Lyceum data dir, and it is not empty ({', '.join(strangers[:3])}"
                    f"{', ...' if len(strangers) > 3 else ''}): nothing was touched. Choose another --data-dir."
                )
            # The passwords of the databases lie below.
            self.path.chmod(0o700)
            self.marker.write_text("A data dir of Lyceum. `lyceum up --fresh` empties it.\n")
        if not os.access(self.path, os.W_OK | os.X_OK):
            raise PermissionError(13, "permission denied")

    def _take_lock(self) -> None:
        descriptor = os.open(self.path / "lock", os.O_RDWR | os.O_CREAT, 0o600)
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            os.close(descriptor)
            running = self.state()
            raise AlreadyRunning(
                f"This stack runs already: pid {running.get('supervisor', {}).get('pid', 'unknown')}, "
                f"{running.get('gateway', {}).get('url', 'starting')} (data dir {self.path}). "
                "Stop it with `lyceum down`, or start another with --data-dir and --port."
            ) from None
        self._lock = descriptor

    def _empty(self) -> None:
        for entry in self.path.iterdir():
            if entry.name in (MARKER, "lock"):
                continue
            if entry.is_dir() and not entry.is_symlink():
                shutil.rmtree(entry)
            else:
                entry.unlink()

    def _check_room(self) -> None:
        free = shutil.disk_usage(self.path).free // 1_000_000
        if free < NEEDED_MEGABYTES:
            raise DataDirUnusable(
                f"Only {free} MB are free on the disk of {self.path}; a stack needs {NEEDED_MEGABYTES}. "
                "Make room, or choose another --data-dir."
            )
