"""Processes that outlived a supervisor killed outright: found by what it had recorded, ended before a new start."""

from __future__ import annotations

import contextlib
from collections.abc import Iterable, Mapping
from typing import Any

import psutil

PATIENCE_SECONDS = 5.0
# The clock's start is read anew at each boot and slewed by time servers.
SAME_TIME_SECONDS = 2.0


def record(pid: int, sign: str) -> dict[str, Any] | None:
    """What tells this process from another that may get its pid later; None when it is gone.

    `sign` is a word of its command line that says what it is.
    """
    try:
        return {"pid": pid, "created": psutil.Process(pid).create_time(), "sign": sign}
    except psutil.NoSuchProcess:
        return None


def alive(recorded: Mapping[str, Any]) -> psutil.Process | None:
    """The recorded process, if it is still that one."""
    try:
        process = psutil.Process(int(recorded["pid"]))
        same = (
            abs(process.create_time() - float(recorded["created"])) < SAME_TIME_SECONDS
            and process.status() != psutil.STATUS_ZOMBIE
            and recorded["sign"] in process.cmdline()
        )
    except (psutil.NoSuchProcess, psutil.AccessDenied, KeyError, ValueError):
        return None
    return process if same else None


def end_all(recorded: Iterable[Mapping[str, Any]]) -> list[int]:
    """End those still alive, first politely; their pids."""
    found = [process for entry in recorded if (process := alive(entry)) is not None]
    for process in found:
        with contextlib.suppress(psutil.NoSuchProcess):
            process.terminate()
    _, stubborn = psutil.wait_procs(found, timeout=PATIENCE_SECONDS)
    for process in stubborn:
        with contextlib.suppress(psutil.NoSuchProcess):
            process.kill()
    psutil.wait_procs(stubborn, timeout=PATIENCE_SECONDS)
    return [process.pid for process in found]
