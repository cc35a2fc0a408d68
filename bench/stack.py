"""The platform to be measured: a real one, started as a user starts it, in a folder of its own."""

import json
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

LYCEUM = Path(sys.executable).parent / "lyceum"


@dataclass
class RunningStack:
    """A platform that runs. `seconds_to_ready` is from the command to its answer, the first start of an empty folder."""

    data_dir: Path
    port: int
    seconds_to_ready: float
    status: dict[str, Any]

    @property
    def url(self) -> str:
        return str(self.status["gateway"]["url"])


def free_port() -> int:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        return int(taken.getsockname()[1])


def lyceum(*words: str) -> str:
    """Run `lyceum` and return what it printed; what it complained of is shown, and ends the run."""
    done = subprocess.run([str(LYCEUM), *words], capture_output=True, text=True, timeout=180, check=False)
    if done.returncode != 0:
        raise SystemExit(f"lyceum {' '.join(words)} failed:\n{done.stdout}{done.stderr}")
    return done.stdout


@contextmanager
def running_stack(folder: Path) -> Iterator[RunningStack]:
    """Start a platform, and stop it whatever happens."""
    data_dir, port = folder / "stack", free_port()
    began = time.monotonic()
    lyceum("up", "--detach", "--data-dir", str(data_dir), "--port", str(port))
    seconds = time.monotonic() - began
    try:
        status = json.loads(lyceum("status", "--json", "--data-dir", str(data_dir)))
        yield RunningStack(data_dir, port, seconds, status)
    finally:
        lyceum("down", "--data-dir", str(data_dir))
