"""A process that has the services' libraries loaded and becomes them by fork.

Thirteen Python processes that each import FastAPI, SQLAlchemy and aiokafka for themselves hold the same sixty
megabytes thirteen times and spend half a minute of processor time on it. Forked from here they share both. Only the
embedded stack does that; a deployment runs `python -m learning.main`, and so does a machine that cannot fork so
(see `lyceum.forks`). What runs is the same module, as `__main__`.

One thread, one loop: a request (JSON) with two descriptors (its output, and where to say its pid) comes in over the
control socket; a child of a child is made of it, which the supervisor, as the nearest subreaper, inherits.
"""

from __future__ import annotations

import contextlib
import ctypes
import gc
import importlib
import json
import os
import runpy
import signal
import socket
import sys
import threading
import time
from typing import TypedDict

from lyceum.launch import die_with

PR_SET_NAME = 15
LARGEST_REQUEST = 1 << 17
ADOPTION_SECONDS = 10.0

# Nothing here may start a thread or draw a random number at import: its children would share both.
PRELOADED = (
    "chassis.web",
    "chassis.worker",
    "chassis.mail",
    "chassis.migrations",
    "alembic.config",
    "alembic.autogenerate",
    "sqlalchemy.dialects.postgresql.asyncpg",
    "asyncpg",
    "httptools",
    "uvloop",
    "uvicorn.protocols.http.httptools_impl",
    "uvicorn.lifespan.on",
)


class Request(TypedDict):
    """What to become."""

    name: str
    module: str
    arguments: list[str]
    env: dict[str, str]
    cwd: str


def main() -> None:
    """Arguments: the control socket's descriptor, and the pid of the supervisor that adopts what is forked."""
    control, supervisor = socket.socket(fileno=int(sys.argv[1])), int(sys.argv[2])
    die_with(supervisor, signal.SIGKILL)
    for name in PRELOADED:
        # Without one of them a child imports it for itself, or says what is wrong in its own log.
        with contextlib.suppress(ImportError):
            importlib.import_module(name)
    if threading.active_count() != 1:
        sys.exit("the nursery cannot fork: a library has started a thread at import")
    # The collector would write into every page it visits, and so unshare it.
    gc.collect()
    gc.freeze()
    request = serve(control, supervisor)
    if request is not None:
        sys.argv = [request["module"], *request["arguments"]]
        runpy.run_module(request["module"], run_name="__main__", alter_sys=True)


def serve(control: socket.socket, supervisor: int) -> Request | None:
    """Fork for every request. Returns in each child, with what it is to be; None when the supervisor is gone."""
    while True:
        message, descriptors, _, _ = socket.recv_fds(control, LARGEST_REQUEST, 2)
        if not message:
            return None
        first = os.fork()
        if first == 0:
            # A child of a child: its parent ends at once, so that it is the supervisor's and not ours to wait for.
            if os.fork() != 0:
                os._exit(0)
            control.close()
            request: Request = json.loads(message)
            settle(request, supervisor, *descriptors)
            return request
        os.waitpid(first, 0)
        for descriptor in descriptors:
            os.close(descriptor)


def settle(request: Request, supervisor: int, output: int, said: int) -> None:
    """Take on the request's environment, folder and output; bind our life to the supervisor's; say our pid."""
    os.setsid()
    nothing = os.open(os.devnull, os.O_RDONLY)
    for source, target in ((nothing, 0), (output, 1), (output, 2)):
        os.dup2(source, target)
    os.close(nothing)
    os.close(output)
    os.chdir(request["cwd"])
    os.environ.clear()
    os.environ.update(request["env"])
    deadline = time.monotonic() + ADOPTION_SECONDS
    while os.getppid() != supervisor:
        if time.monotonic() > deadline:
            sys.exit("the supervisor did not adopt this process")
        time.sleep(0.0005)
    die_with(supervisor, signal.SIGKILL)
    # What `ps` shows; the command line is the nursery's.
    ctypes.CDLL(None).prctl(PR_SET_NAME, request["name"].encode(), 0, 0, 0)
    os.write(said, str(os.getpid()).encode())
    os.close(said)


if __name__ == "__main__":
    main()
