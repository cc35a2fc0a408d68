"""Keeping real processes alive, and ending them."""

from __future__ import annotations

import asyncio
import os
import signal
import subprocess
import sys
import time
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from pathlib import Path

import psutil
import pytest
from lyceum import leftovers
from lyceum.errors import BrokerFailed, NotReady
from lyceum.processes import bound_to_parent
from lyceum.supervisor import Child, Supervisor, program, rotate

STUBBORN = "import signal, time; signal.signal(signal.SIGTERM, signal.SIG_IGN); print('up', flush=True); time.sleep(60)"


def child(name: str, code: str, folder: Path) -> Child:
    command = [sys.executable, "-S", "-c", code]
    start, sign = program(lambda: command, env=lambda: os.environ, cwd=folder)
    return Child(
        name=name, start=start, sign=sign, log=folder / f"{name}.log", endings=((signal.SIGTERM, 0.5),)
    )


@asynccontextmanager
async def supervising() -> AsyncIterator[tuple[Supervisor, list[str]]]:
    notes: list[str] = []
    supervisor = Supervisor(changed=lambda: None, note=notes.append)
    try:
        yield supervisor, notes
    finally:
        await supervisor.close()


async def soon(claim: Callable[[], bool]) -> None:
    for _ in range(500):
        if claim():
            return
        await asyncio.sleep(0.02)
    raise AssertionError("it did not become so within 10 s")


async def until_pid(kept: Child, *, other_than: int | None = None) -> int:
    await soon(lambda: kept.pid not in (None, other_than))
    assert kept.pid is not None
    return kept.pid


async def test_a_dead_child_is_started_again_after_a_growing_pause(tmp_path: Path) -> None:
    async with supervising() as (supervisor, notes):
        kept = child("sleeper", "import time; time.sleep(60)", tmp_path)
        supervisor.start(kept)
        first = await until_pid(kept)
        os.kill(first, signal.SIGKILL)
        second = await until_pid(kept, other_than=first)
        os.kill(second, signal.SIGKILL)
        await until_pid(kept, other_than=second)
        assert notes == [
            "sleeper ended by SIGKILL; started again in 0.5 s",
            "sleeper ended by SIGKILL; started again in 1 s",
        ]


async def test_a_child_that_dies_at_once_is_given_up_with_its_last_words(tmp_path: Path) -> None:
    async with supervising() as (supervisor, _):
        dying = child("dying", "raise SystemExit('no such module')", tmp_path)
        supervisor.start(dying)

        async def never() -> bool:
            return False

        with pytest.raises(NotReady, match=r"dying does not start; .*\n(no such module\n?)+"):
            await supervisor.until(dying, never, within=20, every=0.05)


async def test_a_child_that_is_never_ready_is_given_up_in_time(tmp_path: Path) -> None:
    async with supervising() as (supervisor, _):
        idle = child("idle", "import time; time.sleep(60)", tmp_path)
        supervisor.start(idle)

        async def never() -> bool:
            return False

        with pytest.raises(NotReady, match="idle was not ready after 0 s"):
            await supervisor.until(idle, never, within=0.3, every=0.05)


async def test_who_does_not_heed_the_signal_is_killed(tmp_path: Path) -> None:
    async with supervising() as (supervisor, notes):
        stubborn = child("stubborn", STUBBORN, tmp_path)
        supervisor.start(stubborn)
        pid = await until_pid(stubborn)
        await soon(lambda: "up" in (tmp_path / "stubborn.log").read_text())
        began = time.monotonic()
        await supervisor.end(["stubborn"])
        assert time.monotonic() - began < 5
        assert not psutil.pid_exists(pid)
        assert notes == ["stubborn did not end in time and was killed"]


async def test_a_start_whose_follow_up_fails_is_no_start(tmp_path: Path) -> None:
    async with supervising() as (supervisor, notes):
        kept = child("broker", "import time; time.sleep(60)", tmp_path)
        tries = 0

        async def make_topics() -> None:
            nonlocal tries
            tries += 1
            if tries == 1:
                raise BrokerFailed("no topics")

        kept.started = make_topics
        supervisor.start(kept)
        await soon(lambda: tries == 2)
        assert notes == ["broker did not start: no topics; started again in 0.5 s"]
        assert kept.starts == 2


def test_a_log_is_emptied_while_its_writer_goes_on(tmp_path: Path) -> None:
    log = tmp_path / "service.log"
    with log.open("ab", buffering=0) as writer:
        writer.write(b"old\n" * 100)
        assert not rotate(log, limit=400)
        assert rotate(log, limit=399)
        writer.write(b"new\n")
    assert log.read_bytes() == b"new\n"
    assert (tmp_path / "service.log.1").read_bytes() == b"old\n" * 100


@pytest.mark.skipif(
    not sys.platform.startswith("linux"), reason="the kernel's parent-death signal is Linux's"
)
async def test_a_child_does_not_outlive_a_parent_that_was_killed(tmp_path: Path) -> None:
    code = (
        "import subprocess, sys, time\n"
        "from lyceum.processes import bound_to_parent\n"
        "child = subprocess.Popen(bound_to_parent([sys.executable, '-S', '-c', 'import time; time.sleep(60)']))\n"
        "print(child.pid, flush=True)\n"
        "time.sleep(60)\n"
    )
    parent = await asyncio.create_subprocess_exec(sys.executable, "-c", code, stdout=asyncio.subprocess.PIPE)
    assert parent.stdout is not None
    grandchild = psutil.Process(int(await parent.stdout.readline()))
    # Past the launcher: the request to the kernel is made before it becomes the program.
    await soon(lambda: grandchild.cmdline()[1:3] == ["-S", "-c"])
    parent.kill()
    await parent.wait()
    gone, _ = psutil.wait_procs([grandchild], timeout=5)
    assert gone == [grandchild]


async def test_a_leftover_is_ended_and_a_stranger_with_its_pid_is_not() -> None:
    command = [sys.executable, "-S", "-c", "import time; time.sleep(60)"]
    process = subprocess.Popen(bound_to_parent(command))  # noqa: ASYNC220 - asyncio would wait for it itself
    try:
        await soon(lambda: psutil.Process(process.pid).cmdline() == command)
        recorded = leftovers.record(process.pid, command[-1])
        assert recorded is not None
        assert leftovers.end_all([{**recorded, "sign": "learning.worker"}]) == []
        assert leftovers.end_all([{**recorded, "created": recorded["created"] - 100}]) == []
        assert process.poll() is None
        assert leftovers.end_all([recorded]) == [process.pid]
        assert not psutil.pid_exists(process.pid)
        assert leftovers.end_all([recorded]) == []
    finally:
        process.kill()
        process.wait()
