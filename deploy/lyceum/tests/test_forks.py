"""Forked from the nursery or started by an interpreter: a module runs the same."""

from __future__ import annotations

import asyncio
import ctypes
import json
import os
import signal
import sys
from collections.abc import AsyncIterator
from pathlib import Path

import psutil
import pytest
from lyceum import forks
from lyceum.errors import StackError
from lyceum.forks import PR_SET_CHILD_SUBREAPER, Interpreters, Nursery, Runner

TELLING = """
import json, os, random, sys
import uuid_utils
print(json.dumps({
    "name": __name__, "argv": sys.argv[1:], "cwd": os.getcwd(), "env": dict(os.environ), "pid": os.getpid(),
    "parent": os.getppid(), "session": os.getsid(0), "input": sys.stdin.read(),
    "chance": random.random(), "id": str(uuid_utils.uuid7()),
}))
sys.exit(7)
"""


@pytest.fixture(params=["fork", "interpreter"])
async def runner(request: pytest.FixtureRequest, tmp_path: Path) -> AsyncIterator[Runner]:
    (tmp_path / "telling.py").write_text(TELLING)
    (tmp_path / "failing.py").write_text("raise ValueError('the moon is full')")
    (tmp_path / "sleeping.py").write_text("import time\ntime.sleep(60)")
    if request.param == "interpreter":
        yield Interpreters()
        return
    if not Nursery.possible():
        pytest.skip("this system cannot fork and adopt")
    nursery = Nursery(
        env=os.environ | {"PYTHONPATH": str(tmp_path)}, cwd=tmp_path, log=tmp_path / "nursery.log"
    )
    yield nursery
    await nursery.close()
    ctypes.CDLL(None).prctl(PR_SET_CHILD_SUBREAPER, 0, 0, 0, 0)


def env_of(folder: Path) -> dict[str, str]:
    return {"PATH": os.environ["PATH"], "PYTHONPATH": str(folder), "OWN": "1"}


async def tell(runner: Runner, folder: Path) -> dict[str, object]:
    code, said = await forks.run(runner, "telling", ["a", "b c"], env=env_of(folder), cwd=folder, seconds=30)
    assert code == 7, said
    told: dict[str, object] = json.loads(said)
    return told


async def test_a_module_runs_as_main_with_its_own_surroundings(runner: Runner, tmp_path: Path) -> None:
    told = await tell(runner, tmp_path)
    assert told["name"] == "__main__"
    assert told["argv"] == ["a", "b c"]
    assert told["cwd"] == str(tmp_path)
    assert told["input"] == ""
    assert isinstance(told["env"], dict)
    assert {name: told["env"].get(name) for name in env_of(tmp_path)} == env_of(tmp_path)
    assert "HOME" not in told["env"]
    # Ours to wait for, in a session of its own: a Ctrl-C at our terminal does not reach it.
    assert told["parent"] == os.getpid()
    assert told["session"] == told["pid"]


async def test_chance_and_event_ids_differ_between_children(runner: Runner, tmp_path: Path) -> None:
    """A generator seeded before the fork would give every service the same event ids."""
    told = [await tell(runner, tmp_path) for _ in range(3)]
    assert len({one["chance"] for one in told}) == 3
    assert len({str(one["id"])[14:] for one in told}) == 3


async def test_an_exception_is_said_in_the_output_and_ends_with_one(runner: Runner, tmp_path: Path) -> None:
    code, said = await forks.run(runner, "failing", env=env_of(tmp_path), cwd=tmp_path, seconds=30)
    assert code == 1
    assert said.endswith("ValueError: the moon is full")


async def test_a_module_that_is_not_there_is_said_in_the_output(runner: Runner, tmp_path: Path) -> None:
    code, said = await forks.run(runner, "nowhere", env=env_of(tmp_path), cwd=tmp_path, seconds=30)
    assert code == 1
    assert "No module named" in said


async def test_what_takes_too_long_is_killed(runner: Runner, tmp_path: Path) -> None:
    with pytest.raises(StackError, match="`python -m sleeping` did not end within 1 s"):
        await forks.run(runner, "sleeping", env=env_of(tmp_path), cwd=tmp_path, seconds=1)


async def test_signals_reach_it_and_its_end_is_known(runner: Runner, tmp_path: Path) -> None:
    with (tmp_path / "log").open("wb") as output:
        process = await runner.start(
            "sleeping", "sleeping", [], env=env_of(tmp_path), cwd=tmp_path, output=output
        )
    words: list[str] = []
    # Empty for the instant in which the new program takes the old one's place.
    for _ in range(200):
        if words := psutil.Process(process.pid).cmdline():
            break
        await asyncio.sleep(0.05)
    assert runner.sign("sleeping") in words
    process.send_signal(signal.SIGKILL)
    async with asyncio.timeout(10):
        assert await process.wait() == -signal.SIGKILL
    assert process.returncode == -signal.SIGKILL
    assert not psutil.pid_exists(process.pid)
    with pytest.raises(ProcessLookupError):
        process.kill()


@pytest.mark.skipif(not sys.platform.startswith("linux"), reason="only there is forked")
@pytest.mark.parametrize("runner", ["fork"], indirect=True)
async def test_children_outlive_the_nursery_and_another_takes_its_place(
    runner: Nursery, tmp_path: Path
) -> None:
    with (tmp_path / "log").open("wb") as output:
        process = await runner.start(
            "sleeping", "sleeping", [], env=env_of(tmp_path), cwd=tmp_path, output=output
        )
    first = runner.pid
    assert first is not None
    os.kill(first, signal.SIGKILL)
    async with asyncio.timeout(10):
        while runner.pid is not None:  # noqa: ASYNC110 - a dead child makes no event of ours
            await asyncio.sleep(0.02)
    assert (await tell(runner, tmp_path))["argv"] == ["a", "b c"]
    assert runner.pid != first
    assert process.returncode is None
    process.kill()
    await process.wait()
