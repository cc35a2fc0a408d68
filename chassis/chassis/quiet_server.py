"""uvicorn's server, asleep while nobody asks it anything.

uvicorn wakes ten times a second to see whether it was told to end and which second the Date has to say. An idle
platform of thirteen processes spends a fifth of its work on that. Here the signal wakes the server, and the Date is
looked up by the answer that carries it.
"""

import asyncio
import gc
import time
from email.utils import formatdate
from types import FrameType

import uvicorn
from uvicorn.server import ServerState

Header = tuple[bytes, bytes]


class QuietServer(uvicorn.Server):
    """Run it as uvicorn's own. It knows neither `limit_max_requests` nor `callback_notify`, which need the ticking."""

    def __init__(self, config: uvicorn.Config) -> None:
        super().__init__(config)
        self.server_state = _DatedWhenAsked(config)
        self._loop: asyncio.AbstractEventLoop | None = None
        self._told_to_exit = asyncio.Event()

    def end(self) -> None:
        """Answer what is in flight, then leave. From the loop's own thread, or a signal's handler."""
        self.should_exit = True
        if self._loop is not None:
            # A handler runs between two steps of whatever the loop does, or while it sleeps, and then must wake it.
            self._loop.call_soon_threadsafe(self._told_to_exit.set)

    def handle_exit(self, sig: int, frame: FrameType | None) -> None:
        super().handle_exit(sig, frame)
        self.end()

    async def main_loop(self) -> None:
        # In this order: a signal that comes before the first line has set `should_exit`, a later one sets the event.
        self._loop = asyncio.get_running_loop()
        if not self.should_exit:
            await self._told_to_exit.wait()


def spare_the_collector() -> None:
    """Call it when all that a server needs is there: it stays to the end, and the collector need not walk through it
    again under somebody's request."""
    gc.collect()
    gc.freeze()
    gc.set_threshold(10_000, 20, 20)


class _DatedWhenAsked(ServerState):
    """The headers of every answer, the Date among them as of this second."""

    def __init__(self, config: uvicorn.Config) -> None:
        self._config = config
        self._second = 0
        self._headers: list[Header] = []
        super().__init__()

    @property
    def default_headers(self) -> list[Header]:
        second = int(time.time())
        if second != self._second:
            # Loaded by the time anybody asks: the configuration is complete once the server listens.
            dated = [(b"date", formatdate(second, usegmt=True).encode())] if self._config.date_header else []
            self._headers, self._second = dated + self._config.encoded_headers, second
        return self._headers

    @default_headers.setter
    def default_headers(self, _headers: list[Header]) -> None:
        """uvicorn begins with none."""
