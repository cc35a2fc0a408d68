"""Showing the logs of a stack's processes."""

from __future__ import annotations

import os
import time
from collections.abc import Callable, Sequence
from pathlib import Path

from lyceum.errors import StackError

FOLLOW_SECONDS = 0.25
TAIL_BYTES = 4_000_000


def choose(folder: Path, wanted: str | None) -> list[Path]:
    """The logs of one process (`learning-worker`), of one service (`learning`), or all of them."""
    there = sorted(folder.glob("*.log"))
    if wanted is None:
        chosen = there
    else:
        chosen = [log for log in there if log.stem == wanted or log.stem.startswith(f"{wanted}-")]
    if not chosen:
        names = ", ".join(log.stem for log in there) or "none: the stack was never started"
        raise StackError(f"There is no log of {wanted or 'anything'} in {folder}. There are: {names}.")
    return chosen


def show(logs: Sequence[Path], say: Callable[[str], None], *, lines: int, follow: bool) -> None:
    """Print the last `lines` of each log, and go on with what is written when following (until interrupted)."""
    named = len(logs) > 1
    places: dict[Path, int] = {}
    for log in logs:
        text, places[log] = _tail(log, lines)
        _print(log, text, say, named=named)
    while follow:
        time.sleep(FOLLOW_SECONDS)
        for log in logs:
            text, places[log] = _since(log, places[log])
            _print(log, text, say, named=named)


def _print(log: Path, text: Sequence[str], say: Callable[[str], None], *, named: bool) -> None:
    for line in text:
        say(f"{log.stem}: {line}" if named else line)


def _tail(log: Path, lines: int) -> tuple[list[str], int]:
    with log.open("rb") as source:
        end = source.seek(0, os.SEEK_END)
        source.seek(max(0, end - TAIL_BYTES))
        data = source.read(end)
    text = data.decode(errors="replace").splitlines()
    return (text[-lines:] if lines > 0 else []), end


def _since(log: Path, place: int) -> tuple[list[str], int]:
    """The whole lines written after `place`; from the start when the log was emptied meanwhile."""
    size = log.stat().st_size
    if size < place:
        place = 0
    with log.open("rb") as source:
        source.seek(place)
        data = source.read(size - place)
    whole = data.rfind(b"\n") + 1
    return data[:whole].decode(errors="replace").splitlines(), place + whole
