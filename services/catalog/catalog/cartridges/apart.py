"""Long pages are read in a process of their own, which may be lost.

Of some pages that are within every limit html-to-markdown makes minutes of work (line breaks in a link), of others
gigabytes (a table as wide as it is long, quotes within quotes), and a call that runs cannot be taken back. So what is
longer than SHORT is read by `python -m catalog.cartridges.apart`, with bounds that the system holds, and whoever goes
beyond them costs that page. Shorter ones take fractions of a second here, and all of a cartridge share one budget.
Where no such process can be had, nothing is wrong with the page: the import is refused, and can be tried again.
"""

import json
import os
import resource
import select
import signal
import struct
import subprocess
import sys
import time
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from types import TracebackType
from typing import Any

from chassis.errors import Unavailable

from catalog.cartridges import pages, trees
from catalog.cartridges.pages import Name, Page

SHORT = 20_000
"""Characters."""
PAGE_SECONDS = 10.0
"""Of a processor, for one page; megabytes of honest HTML take one or two."""
ALL_SECONDS = 120.0
"""And for all pages of a cartridge."""
MEMORY = 512 * 2**20
"""Bytes of addresses that the process may have."""
LONGEST_TOLD = 400_000
"""Characters; more than a lesson takes, so that it is seen to be more."""
ANSWER_SECONDS = 60.0
"""On the clock, until the process says anything: it may have to wait for a processor."""
CLOSE_SECONDS = 5.0

_TOO_MUCH = "It takes more time or memory to read than there is for a page."
_IN_ALL = "The pages before it took all the time there is for a cartridge's."
_LENGTH = struct.Struct(">I")
_LONGEST_MESSAGE = 16 * 2**20
Json = dict[str, Any]


class Reader:
    """Reads the pages of one cartridge, for one thread; no process is started before there is a long one."""

    def __init__(self) -> None:
        self._process: subprocess.Popen[bytes] | None = None
        self._seconds_left = ALL_SECONDS

    def __enter__(self) -> "Reader":
        return self

    def __exit__(
        self,
        _kind: type[BaseException] | None,
        _error: BaseException | None,
        _where: TracebackType | None,
    ) -> None:
        self._close()

    def markdown(self, html: str, named: Name) -> Page:
        """As `pages.markdown`; Unreadable also for what takes more than there is. Raises Unavailable where there is no
        process for a long one."""
        if self._seconds_left <= 0:
            raise trees.Unreadable(_IN_ALL)
        if len(html) > SHORT:
            return self._markdown_apart(html, named)
        began = time.thread_time()
        try:
            return pages.markdown(html, named)
        finally:
            self._seconds_left -= time.thread_time() - began

    def _markdown_apart(self, html: str, named: Name) -> Page:
        process = self._started()
        try:
            told = _ask(process, {"html": html, "seconds": min(PAGE_SECONDS, self._seconds_left)}, named)
        except BaseException as error:
            # Whatever it was, nobody knows any more where in its answers the process is.
            self._close()
            self._seconds_left -= PAGE_SECONDS
            if isinstance(error, OSError | EOFError):
                raise trees.Unreadable(_TOO_MUCH) from error
            raise
        self._seconds_left -= told["seconds"]
        if told["unreadable"] is not None:
            raise trees.Unreadable(told["unreadable"])
        return Page(told["text"], told["is_cut"])

    def _started(self) -> "subprocess.Popen[bytes]":
        if self._process is not None:
            return self._process
        try:
            process = self._process = _start()
            assert process.stdout is not None
            _receive(process.stdout.fileno(), ANSWER_SECONDS)
        except (OSError, EOFError) as error:
            # Whoever asks later finds it at work: to say that the page is too much would be to lose it for good.
            self._close()
            raise Unavailable("There is no room for another process just now.", retry_after=30) from error
        return process

    def _close(self) -> None:
        process, self._process = self._process, None
        if process is None:
            return
        process.kill()
        process.communicate(timeout=CLOSE_SECONDS)


def _ask(process: "subprocess.Popen[bytes]", given: Json, named: Name) -> Json:
    """The process's last word about a page; until then it asks where references lead to."""
    assert process.stdin is not None
    assert process.stdout is not None
    _send(process.stdin.fileno(), given)
    while "reference" in (told := _receive(process.stdout.fileno(), ANSWER_SECONDS)):
        _send(process.stdin.fileno(), {"name": named(told["reference"])})
    return told


def _start() -> "subprocess.Popen[bytes]":
    return subprocess.Popen(
        [sys.executable, "-P", "-m", __name__],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        bufsize=0,
        # Nothing that this process is told in secret is any business of that one.
        env={"PYTHONPATH": os.pathsep.join(filter(None, sys.path))},
    )


# --- what the two say to each other -----------------------------------------------------------------------------


def _send(to: int, message: Json) -> None:
    content = json.dumps(message, ensure_ascii=False).encode("utf-8", "surrogatepass")
    whole = memoryview(_LENGTH.pack(len(content)) + content)
    while whole:
        whole = whole[os.write(to, whole) :]


def _receive(source: int, seconds: float | None = None) -> Json:
    """Raises EOFError where the other is gone, TimeoutError where it says nothing for so long."""
    (length,) = _LENGTH.unpack(_read(source, _LENGTH.size, seconds))
    if length > _LONGEST_MESSAGE:
        raise EOFError("no message of ours is as long")
    message: Json = json.loads(_read(source, length, seconds))
    return message


def _read(source: int, size: int, seconds: float | None) -> bytes:
    found = bytearray()
    coming = select.poll()
    coming.register(source, select.POLLIN)
    while len(found) < size:
        if not coming.poll(None if seconds is None else seconds * 1000):
            raise TimeoutError
        chunk = os.read(source, size - len(found))
        if not chunk:
            raise EOFError
        found += chunk
    return bytes(found)


# --- the other process ------------------------------------------------------------------------------------------


def _answer(html: str, named: Name) -> Json:
    told: Json = {"unreadable": None, "text": "", "is_cut": False}
    try:
        page = pages.markdown(html, named)
    except trees.Unreadable as error:
        return {**told, "unreadable": error.reason}
    return {**told, "text": page.text[:LONGEST_TOLD], "is_cut": page.is_cut}


def _serve(source: int, to: int, within: Callable[[float], Any]) -> None:
    def named(reference: str) -> str | None:
        _send(to, {"reference": reference})
        name: str | None = _receive(source)["name"]
        return name

    while True:
        try:
            given = _receive(source)
        except EOFError:
            return
        began = time.process_time()
        within(given["seconds"])
        told = _answer(given["html"], named)
        within(0)
        _send(to, {**told, "seconds": time.process_time() - began})


def main() -> None:
    """Read pages until nobody asks any more. The system ends who takes more time or memory than there is."""
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    resource.setrlimit(resource.RLIMIT_AS, (MEMORY, MEMORY))
    # Where the machine, or the container, has less than that: this process is the one to end, and not the service.
    with suppress(OSError):
        Path("/proc/self/oom_score_adj").write_text("1000")
    pages.load()
    _send(1, {"ready": True})
    # SIGPROF, which ends a process that has not asked for it: so much work, however long it had to wait for it.
    _serve(0, 1, lambda seconds: signal.setitimer(signal.ITIMER_PROF, seconds))


if __name__ == "__main__":
    main()
