"""The side that faces the services: the connections to one, bounded, kept open, and queued for."""

import asyncio
from collections import deque
from dataclasses import dataclass

from gateway.connection import Busy, Connection, Unreachable
from gateway.deadlines import Deadlines


@dataclass(frozen=True, slots=True)
class PoolLimits:
    """Counts, and times in seconds."""

    connections: int
    queue: int
    queue_timeout: float
    connect_timeout: float
    idle_timeout: float
    idle_connection_timeout: float


class Pool:
    """The connections to one service: the freshest idle one first, a bounded number, a bounded queue for them."""

    def __init__(self, host: str, port: int, limits: PoolLimits, deadlines: Deadlines) -> None:
        self.loop = asyncio.get_running_loop()
        self.host = host
        self.port = port
        self.limits = limits
        self._deadlines = deadlines
        self._idle: deque[Connection] = deque()
        self._open = 0
        self._queue: deque[asyncio.Future[Connection | None]] = deque()

    @property
    def open(self) -> int:
        return self._open

    @property
    def idle(self) -> int:
        return len(self._idle)

    @property
    def queued(self) -> int:
        return len(self._queue)

    async def acquire(self, *, fresh: bool = False) -> Connection:
        """A connection, idle or new (always new with `fresh`). Raises Busy or Unreachable."""
        if not fresh:
            while self._idle:
                connection = self._idle.pop()
                if not connection.closed and not connection.transport.is_closing():
                    return connection
        if self._open < self.limits.connections:
            return await self._connect()
        if fresh and self._idle:
            self.drop(self._idle.popleft())
            return await self._connect()
        return await self._wait_in_queue() or await self._connect(reserved=True)

    def release(self, connection: Connection) -> None:
        """Give a connection back; one that is not fit for another request is closed."""
        if not connection.rest():
            self.drop(connection)
            return
        while self._queue:
            waiter = self._queue.popleft()
            if not waiter.done():
                waiter.set_result(connection)
                return
        connection.deadline = self.loop.time() + self.limits.idle_connection_timeout
        self._idle.append(connection)

    def drop(self, connection: Connection) -> None:
        if not connection.closed:
            connection.transport.abort()

    def lost(self, connection: Connection) -> None:
        """The connection is closed: forget it, and let the next in the queue make its own."""
        self._deadlines.forget(connection)
        if connection in self._idle:
            self._idle.remove(connection)
        if connection.counted:
            self._leave()

    def close(self) -> None:
        for connection in list(self._idle):
            self.drop(connection)

    def _leave(self) -> None:
        """One connection less: the next in the queue may make one, in the place that is kept for it."""
        self._open -= 1
        while self._queue:
            waiter = self._queue.popleft()
            if not waiter.done():
                self._open += 1
                waiter.set_result(None)
                return

    async def _connect(self, *, reserved: bool = False) -> Connection:
        if not reserved:
            self._open += 1
        try:
            async with asyncio.timeout(self.limits.connect_timeout):
                _, connection = await self.loop.create_connection(
                    lambda: Connection(self), self.host, self.port
                )
        except BaseException as error:
            self._leave()
            if isinstance(error, OSError | TimeoutError):
                raise Unreachable(str(error)) from error
            raise
        connection.counted = True
        self._deadlines.watch(connection)
        return connection

    async def _wait_in_queue(self) -> Connection | None:
        """A connection that somebody gave back, or None for the right to make one."""
        if len(self._queue) >= self.limits.queue:
            raise Busy("the queue is full")
        waiter: asyncio.Future[Connection | None] = self.loop.create_future()
        self._queue.append(waiter)
        try:
            async with asyncio.timeout(self.limits.queue_timeout):
                return await waiter
        except BaseException as error:
            if waiter.done() and not waiter.cancelled():
                # It was given to us in the moment we left.
                given = waiter.result()
                if given is None:
                    self._leave()
                else:
                    self.release(given)
            elif waiter in self._queue:
                self._queue.remove(waiter)
            if isinstance(error, TimeoutError):
                raise Busy("no connection in time") from None
            raise
