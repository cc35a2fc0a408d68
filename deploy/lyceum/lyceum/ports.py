"""Choosing ports on the loopback address."""

from __future__ import annotations

import random
import socket
from collections.abc import Iterable

import psutil

LOOPBACK = "127.0.0.1"

# Below Linux's ephemeral range (32768 up): no outgoing connection can sit on a port between our choosing it
# and the child's binding it.
FIRST, LAST = 20_000, 32_000


def is_free(port: int) -> bool:
    """Whether a server could listen on the loopback `port` now; a listener on 0.0.0.0 makes it busy too."""
    with socket.socket(socket.AF_INET, socket.SOCK_STREAM) as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((LOOPBACK, port))
            probe.listen(1)
        except OSError:
            return False
    return True


def choose_port(preferred: int | None = None, *, taken: Iterable[int] = ()) -> int:
    """The preferred port when it is free, else a random free one; never one of `taken`."""
    refused = set(taken)
    if preferred is not None and preferred not in refused and is_free(preferred):
        return preferred
    for _ in range(1_000):
        port = random.randrange(FIRST, LAST)  # noqa: S311 - a port is no secret
        if port not in refused and is_free(port):
            return port
    raise OSError(f"no free port between {FIRST} and {LAST} on {LOOPBACK}")


def listener(port: int) -> str:
    """Who listens on the port, as " by NAME (pid N)"; empty when we may not know."""
    try:
        for found in psutil.net_connections(kind="tcp"):
            if found.status == psutil.CONN_LISTEN and found.laddr[1:] == (port,) and found.pid is not None:
                return f" by {psutil.Process(found.pid).name()} (pid {found.pid})"
    except psutil.Error:
        pass
    return ""
