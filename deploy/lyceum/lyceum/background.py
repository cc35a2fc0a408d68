"""`lyceum up --detach`: the supervisor in a session of its own, told of to whoever waits for its readiness."""

from __future__ import annotations

import asyncio
import contextlib
import json
import os
import signal
import subprocess
import sys
from dataclasses import asdict
from typing import IO, TYPE_CHECKING, Any

from lyceum.data_dir import DataDir
from lyceum.errors import StackError
from lyceum.progress import Step
from lyceum.stack import Options, Stack

if TYPE_CHECKING:
    # Not for the supervisor, which draws nothing: rich is twelve megabytes of it.
    from lyceum.checklist import View


def start_detached(data_dir: DataDir, options: Options, view: View) -> dict[str, Any]:
    """Start a supervisor that outlives us and return the status when it is ready; StackError when it gives up."""
    reading, writing = os.pipe()
    process = subprocess.Popen(
        [
            sys.executable,
            "-m",
            "lyceum.background",
            str(writing),
            json.dumps(asdict(options)),
            str(data_dir.path),
        ],
        stdin=subprocess.DEVNULL,
        pass_fds=[writing],
        start_new_session=True,
    )
    os.close(writing)
    try:
        with os.fdopen(reading) as told, view:
            return _follow(told, view)
    except KeyboardInterrupt:
        process.send_signal(signal.SIGTERM)
        process.wait(120)
        raise
    except StackError:
        with contextlib.suppress(subprocess.TimeoutExpired):
            process.wait(120)
        raise


def _follow(told: IO[str], view: View) -> dict[str, Any]:
    for line in told:
        message = json.loads(line)
        if "failed" in message:
            raise StackError(message["failed"])
        if "ready" in message:
            ready: dict[str, Any] = message["ready"]
            return ready
        view(Step(**message["step"]))
    raise StackError(
        "The supervisor ended before the stack was ready; see supervisor.log in the data dir's logs."
    )


def main() -> None:
    """What the detached process runs: arguments are the pipe's descriptor, the options as JSON, the data dir."""
    descriptor, options, path = int(sys.argv[1]), Options(**json.loads(sys.argv[2])), sys.argv[3]
    pipe = os.fdopen(descriptor, "w", buffering=1)
    data_dir = DataDir(path)

    def tell(message: dict[str, Any]) -> None:
        # Nobody may be listening any more.
        with contextlib.suppress(BrokenPipeError, ValueError):
            pipe.write(json.dumps(message) + "\n")

    def report(step: Step) -> None:
        tell({"step": asdict(step)})

    def ready(status: dict[str, Any]) -> None:
        tell({"ready": status})
        pipe.close()

    async def run() -> None:
        stack = Stack(data_dir, options, report=report, on_claimed=lambda: _speak_into_log(data_dir))
        await stack.run(on_ready=ready)

    try:
        asyncio.run(run())
    except StackError as error:
        tell({"failed": str(error)})
        sys.exit(1)


def _speak_into_log(data_dir: DataDir) -> None:
    """Let go of the terminal: what is said from now on goes to supervisor.log."""
    log = os.open(data_dir.logs / "supervisor.log", os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600)
    for stream in (1, 2):
        os.dup2(log, stream)
    os.close(log)


if __name__ == "__main__":
    main()
