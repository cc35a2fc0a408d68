"""Running a Python module as a child: forked from the nursery where the system can, else by a new interpreter."""

from __future__ import annotations

import asyncio
import contextlib
import ctypes
import json
import os
import signal
import socket
import sys
import tempfile
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import IO, Protocol

import psutil

from lyceum.errors import StackError
from lyceum.nursery import Request
from lyceum.processes import bound_to_parent

PR_SET_CHILD_SUBREAPER = 36
START_SECONDS = 60.0


class Process(Protocol):
    """A child that can be waited for and signalled; asyncio's own processes are such."""

    @property
    def pid(self) -> int: ...
    @property
    def returncode(self) -> int | None: ...
    async def wait(self) -> int: ...
    def send_signal(self, signal: int, /) -> None: ...
    def kill(self) -> None: ...


class Runner(Protocol):
    """Starts modules. `sign` is a word in the command line of what it starts; `pid` is the runner's own, if any."""

    @property
    def pid(self) -> int | None: ...

    def sign(self, module: str) -> str: ...

    async def prepare(self) -> None: ...

    async def start(
        self,
        name: str,
        module: str,
        arguments: Sequence[str],
        *,
        env: Mapping[str, str],
        cwd: Path,
        output: IO[bytes],
    ) -> Process: ...

    async def close(self) -> None: ...


class Interpreters:
    """A new `python -m module` for each."""

    pid = None

    def sign(self, module: str) -> str:
        return module

    async def prepare(self) -> None:
        """Nothing is to be prepared."""

    async def start(
        self,
        name: str,
        module: str,
        arguments: Sequence[str],
        *,
        env: Mapping[str, str],
        cwd: Path,
        output: IO[bytes],
    ) -> Process:
        return await asyncio.create_subprocess_exec(
            *bound_to_parent([sys.executable, "-m", module, *arguments]),
            stdin=asyncio.subprocess.DEVNULL,
            stdout=output,
            stderr=output,
            env=dict(env),
            cwd=cwd,
            start_new_session=True,
        )

    async def close(self) -> None:
        """Nothing is kept."""


class Nursery:
    """Forks from one process that has the libraries loaded; started with the first request, and again if it died."""

    def __init__(self, *, env: Mapping[str, str], cwd: Path, log: Path) -> None:
        self._env = env
        self._cwd = cwd
        self._log = log
        self._process: asyncio.subprocess.Process | None = None
        self._control: socket.socket | None = None
        self._turn = asyncio.Lock()

    @staticmethod
    def possible() -> bool:
        """Whether this system can adopt a grandchild and wait for it by descriptor."""
        if not sys.platform.startswith("linux") or os.environ.get("LYCEUM_FORK") == "0":
            return False
        try:
            os.close(os.pidfd_open(os.getpid()))
        except OSError:
            return False
        return bool(ctypes.CDLL(None).prctl(PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0) == 0)

    @property
    def pid(self) -> int | None:
        return self._process.pid if self._process is not None and self._process.returncode is None else None

    def sign(self, module: str) -> str:
        return "lyceum.nursery"

    async def prepare(self) -> None:
        """Begin to load the libraries; returns at once."""
        async with self._turn:
            await self._ready()

    async def start(
        self,
        name: str,
        module: str,
        arguments: Sequence[str],
        *,
        env: Mapping[str, str],
        cwd: Path,
        output: IO[bytes],
    ) -> Process:
        request: Request = {
            "name": name,
            "module": module,
            "arguments": list(arguments),
            "env": dict(env),
            "cwd": str(cwd),
        }
        reading, writing = os.pipe()
        try:
            async with self._turn:
                control = await self._ready()
                socket.send_fds(control, [json.dumps(request).encode()], [output.fileno(), writing])
            os.close(writing)
            writing = -1
            async with asyncio.timeout(START_SECONDS):
                told = await _read(reading)
        except (OSError, TimeoutError) as error:
            raise StackError(f"{name} could not be forked: {error!r}") from error
        finally:
            os.close(reading)
            if writing >= 0:
                os.close(writing)
        if not told:
            raise StackError(f"{name} could not be forked; see {self._log} and the log of {name}")
        return Forked(int(told))

    async def _ready(self) -> socket.socket:
        if self.pid is None or self._control is None:
            await self.close()
            ours, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
            with self._log.open("ab") as output, theirs:
                self._process = await asyncio.create_subprocess_exec(
                    sys.executable,
                    "-m",
                    "lyceum.nursery",
                    str(theirs.fileno()),
                    str(os.getpid()),
                    stdin=asyncio.subprocess.DEVNULL,
                    stdout=output,
                    stderr=output,
                    env=dict(self._env),
                    cwd=self._cwd,
                    pass_fds=[theirs.fileno()],
                    start_new_session=True,
                )
            self._control = ours
        return self._control

    async def close(self) -> None:
        """End the nursery; what was forked from it is not its child and goes on."""
        if self._control is not None:
            self._control.close()
            self._control = None
        if self._process is not None:
            with contextlib.suppress(ProcessLookupError):
                self._process.kill()
            await self._process.wait()
            self._process = None


class Forked:
    """A child by adoption, waited for by its pid descriptor: no thread, no polling, no signal handler."""

    def __init__(self, pid: int) -> None:
        self.pid = pid
        self.returncode: int | None = None
        self._descriptor = os.pidfd_open(pid)
        self._loop = asyncio.get_running_loop()
        self._gone: asyncio.Future[int] = self._loop.create_future()
        self._loop.add_reader(self._descriptor, self._ended)

    async def wait(self) -> int:
        return await asyncio.shield(self._gone)

    def send_signal(self, signal: int, /) -> None:
        if self.returncode is not None:
            raise ProcessLookupError
        os.kill(self.pid, signal)

    def kill(self) -> None:
        self.send_signal(signal.SIGKILL)

    def _ended(self) -> None:
        self._loop.remove_reader(self._descriptor)
        os.close(self._descriptor)
        try:
            self.returncode = os.waitstatus_to_exitcode(os.waitpid(self.pid, 0)[1])
        except ChildProcessError:
            # Somebody else has waited for it; how it ended is lost, that it ended is not.
            self.returncode = 255
        self._gone.set_result(self.returncode)


async def run(
    runner: Runner,
    module: str,
    arguments: Sequence[str] = (),
    *,
    env: Mapping[str, str],
    cwd: Path,
    seconds: float,
) -> tuple[int, str]:
    """Run a module to its end: its exit code and all it said. StackError when it takes longer than `seconds`."""
    with tempfile.TemporaryFile() as output:
        process = await runner.start(module, module, arguments, env=env, cwd=cwd, output=output)
        try:
            async with asyncio.timeout(seconds):
                code = await process.wait()
        except (TimeoutError, asyncio.CancelledError) as error:
            with contextlib.suppress(ProcessLookupError):
                process.kill()
            await process.wait()
            if isinstance(error, TimeoutError):
                raise StackError(f"`python -m {module}` did not end within {seconds:g} s") from error
            raise
        output.seek(0)
        return code, output.read().decode(errors="replace").strip()


def _settle(readable: asyncio.Future[None]) -> None:
    if not readable.done():
        readable.set_result(None)


async def _read(descriptor: int) -> bytes:
    """What comes first, without blocking the loop; empty at the end."""
    loop = asyncio.get_running_loop()
    readable: asyncio.Future[None] = loop.create_future()
    loop.add_reader(descriptor, _settle, readable)
    try:
        await readable
    finally:
        loop.remove_reader(descriptor)
    return os.read(descriptor, 64)


def reap_orphans(name: str) -> int:
    """Wait for dead children of that program's name that nobody started here: a subreaper inherits such. How many."""
    reaped = 0
    for child in psutil.Process().children():
        with contextlib.suppress(psutil.Error, ChildProcessError):
            if child.name() == name and child.status() == psutil.STATUS_ZOMBIE:
                reaped += bool(os.waitpid(child.pid, os.WNOHANG)[0])
    return reaped
