"""PostgreSQL's NOTIFY as asyncio events: one listening connection a process wakes everything in it."""

import asyncio


class Wakeups:
    """Who waits for what. A wake-up is a hint, never the only way: every waiter also polls slowly."""

    def __init__(self) -> None:
        self._events: dict[str, asyncio.Event] = {}

    def event(self, channel: str) -> asyncio.Event:
        return self._events.setdefault(channel, asyncio.Event())

    def channels(self) -> list[str]:
        return list(self._events)

    def wake(self, channel: str) -> None:
        self.event(channel).set()

    def wake_all(self) -> None:
        """After a lost connection nobody knows what was missed: everybody looks."""
        for event in self._events.values():
            event.set()

    async def wait(self, channel: str, at_most: float | None = None) -> bool:
        """Wait for a wake-up on `channel`, at most so many seconds if so many are given; whether there was one."""
        event = self.event(channel)
        try:
            async with asyncio.timeout(at_most):
                await event.wait()
        except TimeoutError:
            return False
        event.clear()
        return True
