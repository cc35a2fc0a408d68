"""Starting and ending one child process."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import threading
from collections.abc import Mapping, Sequence
from pathlib import Path

from lyceum import launch

LAUNCHER = str(Path(launch.__file__))


def bound_to_parent(
    program: Sequence[str],
    *,
    on_parent_death: signal.Signals = signal.SIGKILL,
    user: tuple[int, int] | None = None,
    keep_search: bool = False,
) -> list[str]:
    """The command line that runs `program`, as `user` (uid, gid) if given, and not beyond our own life.

    The kernel binds a child to the *thread* that forked it. Away from the main thread the binding is left
    out, since the end of that thread would take the child along.
    """
    mortal = threading.current_thread() is threading.main_thread()
    uid, gid = user or (-1, -1)
    return [
        sys.executable,
        "-I",
        "-S",
        LAUNCHER,
        str(os.getpid()),
        str(int(on_parent_death) if mortal else 0),
        str(uid),
        str(gid),
        "search" if keep_search else "-",
        "--",
        *program,
    ]


def spawn(command: Sequence[str], *, env: Mapping[str, str], log: Path, cwd: Path) -> subprocess.Popen[bytes]:
    """Start a child in its own session (a Ctrl-C at the terminal is ours to hand on), writing to `log`."""
    with log.open("ab") as output:
        return subprocess.Popen(
            command,
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=subprocess.STDOUT,
            env=dict(env),
            cwd=cwd,
            start_new_session=True,
        )


def end(process: subprocess.Popen[bytes], *signals: tuple[signal.Signals, float]) -> None:
    """Send each (signal, seconds to wait) in turn until the process is gone, and SIGKILL at the last."""
    for number, patience in signals:
        if process.poll() is not None:
            return
        process.send_signal(number)
        try:
            process.wait(patience)
        except subprocess.TimeoutExpired:
            continue
    if process.poll() is None:
        process.kill()
    process.wait(30)


def last_lines(log: Path, count: int = 15) -> str:
    """The end of a log, for an error message; empty when there is none."""
    try:
        with log.open("rb") as source:
            source.seek(0, os.SEEK_END)
            source.seek(max(0, source.tell() - 16_384))
            text = source.read().decode(errors="replace")
    except FileNotFoundError:
        return ""
    return "\n".join(text.splitlines()[-count:])
