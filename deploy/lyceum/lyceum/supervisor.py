"""Keeps children alive: started again after a death, with a pause that grows; ended in order, each wait bounded.

It sleeps unless a child ends; there is no polling but for the size of the logs.
"""

from __future__ import annotations

import asyncio
import contextlib
import shutil
import signal
import time
from collections.abc import Awaitable, Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import IO

from lyceum.errors import NotReady, StackError
from lyceum.forks import Process
from lyceum.processes import last_lines

LOG_BYTES = 10_000_000
LOG_CHECK_SECONDS = 20.0
FIRST_PAUSE, LONGEST_PAUSE = 0.5, 10.0
SETTLED_SECONDS = 30.0
STARTS_BEFORE_GIVING_UP = 3


Start = Callable[[IO[bytes]], Awaitable[Process]]


@dataclass
class Child:
    """One process to keep alive. `start` starts it anew, writing to the file it is given."""

    name: str
    start: Start
    sign: Callable[[], str]
    """A word of its command line, asked once it runs: tells it from a stranger with its pid."""
    log: Path
    prepare: Callable[[], None] | None = None
    """Blocking work before each start; runs in a thread."""
    started: Callable[[], Awaitable[None]] | None = None
    """What a start has to be followed by; its failure ends the child, which is then started again."""
    endings: tuple[tuple[signal.Signals, float], ...] = ((signal.SIGTERM, 20.0),)
    """Signals to end it by and the seconds each is given; SIGKILL comes after the last."""
    process: Process | None = field(default=None, init=False)
    starts: int = field(default=0, init=False)
    ending: asyncio.Event = field(default_factory=asyncio.Event, init=False)
    keeper: asyncio.Task[None] | None = field(default=None, init=False)

    @property
    def pid(self) -> int | None:
        alive = self.process is not None and self.process.returncode is None
        return self.process.pid if alive and self.process is not None else None


class Supervisor:
    """`changed` is called after a child came or went; `note` is told what a person may want to know."""

    def __init__(self, *, changed: Callable[[], None], note: Callable[[str], None]) -> None:
        self.children: dict[str, Child] = {}
        self._changed = changed
        self._note = note
        self._sweeper: asyncio.Task[None] | None = None

    def start(self, child: Child) -> None:
        """Begin to keep a child alive; returns before it runs."""
        self.children[child.name] = child
        child.keeper = asyncio.create_task(self._keep(child), name=f"keep {child.name}")
        if self._sweeper is None:
            self._sweeper = asyncio.create_task(self._keep_logs_small(), name="sweep logs")

    async def until(
        self, child: Child, ready: Callable[[], Awaitable[bool]], *, within: float, every: float = 0.15
    ) -> None:
        """Return when `ready` says so; NotReady, with the log's end, after `within` seconds or three deaths."""
        deadline = time.monotonic() + within
        while time.monotonic() < deadline:
            if child.pid is not None and await ready():
                return
            if child.starts >= STARTS_BEFORE_GIVING_UP and child.pid is None:
                raise NotReady(
                    f"{child.name} does not start; the end of {child.log}:\n{last_lines(child.log)}"
                )
            await asyncio.sleep(every)
        raise NotReady(
            f"{child.name} was not ready after {within:.0f} s; the end of {child.log}:\n{last_lines(child.log)}"
        )

    async def end(self, names: Iterable[str]) -> None:
        """End these children at once, side by side; those that are not there are none to end."""
        children = [self.children[name] for name in names if name in self.children]
        for child in children:
            child.ending.set()
        await asyncio.gather(*(self._end(child) for child in children))

    async def close(self) -> None:
        """End whatever is left, and the watch over the logs."""
        await self.end(list(self.children))
        if self._sweeper is not None:
            self._sweeper.cancel()
            await asyncio.wait([self._sweeper])

    def kill(self) -> None:
        """Kill every child now: for whoever cannot wait."""
        for child in self.children.values():
            child.ending.set()
            if child.pid is not None and child.process is not None:
                with contextlib.suppress(ProcessLookupError):
                    child.process.kill()

    async def _keep(self, child: Child) -> None:
        pause = FIRST_PAUSE
        while not child.ending.is_set():
            began = time.monotonic()
            try:
                code = await self._run_once(child)
                ended = f"ended by {signal.Signals(-code).name}" if code < 0 else f"ended with {code}"
            except (OSError, StackError) as error:
                ended = f"did not start: {error}"
            self._changed()
            if child.ending.is_set():
                return
            if time.monotonic() - began > SETTLED_SECONDS:
                pause = FIRST_PAUSE
            self._note(f"{child.name} {ended}; started again in {pause:g} s")
            with contextlib.suppress(TimeoutError):
                await asyncio.wait_for(child.ending.wait(), pause)
            pause = min(pause * 2, LONGEST_PAUSE)

    async def _run_once(self, child: Child) -> int:
        """Start the child and wait for its end; its exit code, negative for a signal."""
        child.starts += 1
        if child.prepare is not None:
            await asyncio.to_thread(child.prepare)
        if child.ending.is_set():
            return 0
        with child.log.open("ab") as output:
            child.process = await child.start(output)
        self._changed()
        if child.started is not None:
            await self._follow_up(child.process, child.started)
        return await child.process.wait()

    async def _follow_up(self, process: Process, started: Callable[[], Awaitable[None]]) -> None:
        """What belongs to a start, unless the process ends first; a failure ends the process and is raised."""
        work = asyncio.ensure_future(started())
        gone = asyncio.ensure_future(process.wait())
        await asyncio.wait([work, gone], return_when=asyncio.FIRST_COMPLETED)
        if not work.done():
            work.cancel()
            return
        gone.cancel()
        if work.exception() is not None:
            with contextlib.suppress(ProcessLookupError):
                process.kill()
            await process.wait()
            work.result()

    async def _end(self, child: Child) -> None:
        if child.keeper is None:
            return
        for number, patience in child.endings:
            if child.pid is not None and child.process is not None:
                with contextlib.suppress(ProcessLookupError):
                    child.process.send_signal(number)
            done, _ = await asyncio.wait([child.keeper], timeout=patience)
            if done:
                break
        else:
            self._note(f"{child.name} did not end in time and was killed")
            if child.pid is not None and child.process is not None:
                with contextlib.suppress(ProcessLookupError):
                    child.process.kill()
            await asyncio.wait([child.keeper], timeout=10)
        child.keeper.cancel()
        await asyncio.wait([child.keeper])

    async def _keep_logs_small(self) -> None:
        while True:
            await asyncio.sleep(LOG_CHECK_SECONDS)
            for child in list(self.children.values()):
                with contextlib.suppress(OSError):
                    rotate(child.log)


def program(
    command: Callable[[], Sequence[str]], *, env: Callable[[], Mapping[str, str]], cwd: Path
) -> tuple[Start, Callable[[], str]]:
    """A child's `start` and `sign` for a program: its command line is asked anew for every start."""
    last: list[Sequence[str]] = []

    async def start(output: IO[bytes]) -> Process:
        last[:] = [command()]
        return await asyncio.create_subprocess_exec(
            *last[0],
            stdin=asyncio.subprocess.DEVNULL,
            stdout=output,
            stderr=output,
            env=dict(env()),
            cwd=cwd,
            # Its own session: a Ctrl-C at the terminal reaches the supervisor alone, which ends in order.
            start_new_session=True,
        )

    return start, lambda: last[0][-1]


def rotate(log: Path, *, limit: int = LOG_BYTES) -> bool:
    """Move what a log holds to `<name>.1` once it is larger than `limit` bytes; whether it was.

    Copied and emptied, not renamed: the child has it open, for appending.
    """
    if not log.exists() or log.stat().st_size <= limit:
        return False
    shutil.copyfile(log, log.with_name(f"{log.name}.1"))
    with log.open("r+b") as emptied:
        emptied.truncate(0)
    return True


def stamp() -> str:
    """This instant for a log line, UTC."""
    return datetime.now(UTC).strftime("%Y-%m-%d %H:%M:%SZ")
