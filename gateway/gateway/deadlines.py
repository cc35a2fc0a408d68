"""Many deadlines, one timer: a sweep every half second over what has one."""

import asyncio
from typing import Protocol

NEVER = float("inf")


class Expiring(Protocol):
    """What can be late. `deadline` is in the loop's time; `expire` is called once it has passed."""

    deadline: float

    def expire(self) -> None: ...


class Deadlines:
    """Watches things that move their deadlines at every step.

    A timer per step would cost more than the step; here a step is one assignment, and the price is that
    `expire` comes up to `every` seconds late. Nothing runs while nothing is watched.
    """

    def __init__(self, every: float = 0.5) -> None:
        self._every = every
        self._watched: set[Expiring] = set()
        self._timer: asyncio.TimerHandle | None = None

    def __len__(self) -> int:
        return len(self._watched)

    def watch(self, one: Expiring) -> None:
        self._watched.add(one)
        if self._timer is None:
            self._timer = asyncio.get_running_loop().call_later(self._every, self._sweep)

    def forget(self, one: Expiring) -> None:
        self._watched.discard(one)

    def stop(self) -> None:
        self._watched.clear()
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None

    def _sweep(self) -> None:
        loop = asyncio.get_running_loop()
        now = loop.time()
        for one in [one for one in self._watched if one.deadline <= now]:
            one.deadline = NEVER
            one.expire()
        self._timer = loop.call_later(self._every, self._sweep) if self._watched else None
