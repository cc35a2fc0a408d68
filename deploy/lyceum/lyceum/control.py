"""A running stack, seen and ended from another process: by its state file, checked against what really runs."""

from __future__ import annotations

import contextlib
import time
from typing import Any

import psutil

from lyceum import leftovers
from lyceum.data_dir import DataDir
from lyceum.errors import NotRunning, StackError

# Gateway, services, workers, broker and database, each with its own time to drain.
DOWN_SECONDS = 120.0
STATUS_KEYS = (
    "gateway",
    "services",
    "kafka",
    "mail_dir",
    "data_dir",
    "demo_accounts",
    "oidc",
    "supervisor",
    "ready",
)


def running_status(data_dir: DataDir) -> dict[str, Any]:
    """What `lyceum status --json` prints; NotRunning when no supervisor holds the data dir."""
    state = _state_of_running(data_dir)
    if "services" not in state:
        raise NotRunning(
            f"The stack in {data_dir.path} is still starting (`lyceum logs` shows how far it is)."
        )
    return {key: state[key] for key in STATUS_KEYS if key in state}


def running_children(data_dir: DataDir) -> dict[str, psutil.Process]:
    """The live processes of a running stack by name, the supervisor first."""
    state = _state_of_running(data_dir)
    recorded = {"supervisor": state.get("supervisor"), **state.get("children", {})}
    return {
        name: process
        for name, entry in recorded.items()
        if entry is not None and (process := leftovers.alive(entry)) is not None
    }


def memory_share(process: psutil.Process) -> int:
    """Bytes it holds, of what it shares with others its share (PSS), a database with all its sessions.

    The sum over processes is what the machine holds. 0 for one that is gone.
    """
    try:
        family = [process, *process.children(recursive=True)] if process.name() == "postgres" else [process]
        return sum(_proportional(member.memory_full_info()) for member in family)
    except psutil.Error:
        return 0


def _proportional(memory: Any) -> int:
    # Only Linux tells the share; elsewhere what is unique to the process comes nearest.
    return int(getattr(memory, "pss", memory.uss))


def _state_of_running(data_dir: DataDir) -> dict[str, Any]:
    if not data_dir.is_lyceum():
        raise NotRunning(
            f"No stack runs: {data_dir.path} is not a Lyceum data dir. Start one with `lyceum up`."
        )
    if not data_dir.is_claimed():
        raise NotRunning(f"No stack runs in {data_dir.path}. Start it with `lyceum up`.")
    return data_dir.state()


def bring_down(data_dir: DataDir) -> bool:
    """Have the supervisor drain and go, and end what a killed one left; whether there was anything to end."""
    state = data_dir.state()
    children = list(state.get("children", {}).values())
    supervisor = leftovers.alive(state.get("supervisor") or {})
    if not data_dir.is_claimed() or supervisor is None:
        ended = leftovers.end_all(children)
        if state and not data_dir.is_claimed():
            data_dir.forget_state()
        return bool(ended)
    with contextlib.suppress(psutil.NoSuchProcess):
        supervisor.terminate()
    deadline = time.monotonic() + DOWN_SECONDS
    while data_dir.is_claimed():
        if time.monotonic() > deadline:
            with contextlib.suppress(psutil.NoSuchProcess):
                supervisor.kill()
            leftovers.end_all(children)
            raise StackError(f"The stack did not stop within {DOWN_SECONDS:.0f} s and was killed.")
        time.sleep(0.1)
    return True
