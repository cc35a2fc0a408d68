"""Programs that are measured by themselves: started, waited for, and stopped whatever happens."""

import os
import subprocess
import sys
import time
import urllib.request
from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass
from pathlib import Path

import catalog
import psutil

from bench.stack import free_port


@dataclass
class Server:
    """A program that serves, and what it has used so far."""

    name: str
    url: str
    process: psutil.Process

    def seconds(self) -> float:
        """Of a core, by the program and what it started."""
        return sum(sum(one.cpu_times()[:2]) for one in (self.process, *self.process.children(recursive=True)))


@contextmanager
def serving(name: str, port: int, command: list[str], environment: dict[str, str]) -> Iterator[Server]:
    """A program that lists courses on this port; SystemExit where it does not within half a minute."""
    process = subprocess.Popen(command, env={**os.environ, **environment}, stdout=subprocess.DEVNULL)
    url = f"http://127.0.0.1:{port}"
    try:
        _wait_for(f"{url}/api/v1/courses", process)
        yield Server(name, url, psutil.Process(process.pid))
    finally:
        process.terminate()
        process.wait(timeout=20)


def _wait_for(url: str, process: "subprocess.Popen[bytes]") -> None:
    for _ in range(300):
        if process.poll() is not None:
            break
        try:
            urllib.request.urlopen(url, timeout=10).read()
            return
        except OSError:
            time.sleep(0.1)
    raise SystemExit(f"nobody answers at {url}")


def catalog_service(database_url: str, environment: dict[str, str]) -> AbstractContextManager[Server]:
    """The catalog service as it runs in production, before this database."""
    port = free_port()
    own = {
        "CATALOG_DATABASE_URL": database_url,
        "CATALOG_PORT": str(port),
        "CATALOG_LOG_LEVEL": "WARNING",
    }
    return serving("catalog", port, [sys.executable, "-m", "catalog.main"], {**own, **environment})


def migrate_catalog(database_url: str) -> None:
    """Give a database catalog's schema."""
    alembic = Path(catalog.__file__).parents[1] / "alembic.ini"
    subprocess.run(
        [sys.executable, "-m", "alembic", "-c", str(alembic), "upgrade", "head"],
        env={**os.environ, "CATALOG_DATABASE_URL": database_url},
        check=True,
        capture_output=True,
        timeout=3600,
    )
