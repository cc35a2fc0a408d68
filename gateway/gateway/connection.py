"""One HTTP/1.1 connection to a service, on the httptools parser.

UpstreamError
├── Unreachable     no connection could be made
├── Busy            every connection is taken and the queue is full, or the wait in it too long
├── TooSlow         connected, and no answer in time
├── BadAnswer       what came is not HTTP, or more than we take
└── Broken          the connection ended before the answer did
    └── Unanswered  ... before its first byte: closed while idle, most likely
"""

import asyncio
from typing import TYPE_CHECKING

import httptools

from gateway.deadlines import NEVER

if TYPE_CHECKING:
    from gateway.pool import Pool

HIGH_WATER = 64 * 1024
MAX_HEAD_BYTES = 64 * 1024
MAX_HEADERS = 200


class UpstreamError(Exception):
    """A service did not answer, or not with HTTP."""


class Unreachable(UpstreamError):
    """No connection could be made."""


class Busy(UpstreamError):
    """Every connection is taken, and so is the queue for them."""


class TooSlow(UpstreamError):
    """The service took our request and gave no answer in time."""


class BadAnswer(UpstreamError):
    """What came back is not an HTTP answer, or larger than we take."""


class Broken(UpstreamError):
    """The connection ended before the answer did."""


class Unanswered(Broken):
    """The connection ended before a byte of the answer came; a kept one was closed under our hands, most likely."""


class Connection(asyncio.Protocol):
    """One connection to a service; one request on it at a time.

    `begin`, `write` the request (waiting in `drain` while `paused`), then `answer`, then `take` and `more` until
    `complete`; the pool's `release` ends it, complete or not.
    """

    def __init__(self, pool: "Pool") -> None:
        self.pool = pool
        self.loop = pool.loop
        self.transport: asyncio.Transport = None  # type: ignore[assignment]
        self.deadline = NEVER
        self.counted = False
        self.closed = False
        self.error: Exception | None = None
        self.paused = False
        self.status = 0
        self.headers: list[tuple[bytes, bytes]] = []
        self.started = self.complete = self.reusable = False
        self._parser = httptools.HttpResponseParser(self)
        self._busy = False
        self._bodyless = False
        self._informational = False
        self._in_head = True
        self._head_bytes = 0
        self._framed = False
        self._chunks: list[bytes] = []
        self._buffered = 0
        self._reading_paused = False
        self._waiter: asyncio.Future[None] | None = None
        self._drainer: asyncio.Future[None] | None = None

    # -- what the proxy calls

    def begin(self, *, bodyless: bool, timeout: float) -> None:
        """Take the connection for a request; `bodyless` for HEAD, `timeout` until the answer's first byte."""
        self._busy = True
        self._bodyless = bodyless
        self.status = 0
        self.headers = []
        self.started = self.complete = False
        self.reusable = False
        self.error = None
        self._informational = False
        self._in_head = True
        self._head_bytes = 0
        self._framed = False
        self.deadline = self.loop.time() + timeout

    def write(self, data: bytes) -> None:
        if not self.closed:
            self.transport.write(data)

    async def drain(self) -> None:
        """Wait until the service reads on, or the connection is over (which `answer` then tells)."""
        if self.paused and not self.closed:
            self._drainer = self.loop.create_future()
            try:
                await self._drainer
            finally:
                self._drainer = None

    async def answer(self) -> None:
        """Wait for the head of the answer: `status` and `headers` are there after it."""
        while not self.started:
            if self.error is not None:
                raise self.error
            await self._wait()

    async def more(self) -> None:
        """Wait until `take` has something or the answer is `complete`."""
        while not self._chunks and not self.complete:
            if self.error is not None:
                raise self.error
            self.deadline = self.loop.time() + self.pool.limits.idle_timeout
            try:
                await self._wait()
            finally:
                self.deadline = NEVER

    def take(self) -> bytes:
        """What has come of the body since the last time."""
        chunks = self._chunks
        if not chunks:
            return b""
        self._chunks = []
        self._buffered = 0
        if self._reading_paused:
            self._reading_paused = False
            if not self.closed:
                self.transport.resume_reading()
        return chunks[0] if len(chunks) == 1 else b"".join(chunks)

    def fail(self, error: Exception) -> None:
        """End the connection; whoever waits on it gets `error`."""
        if self.error is None and not self.complete:
            self.error = error
        self.reusable = False
        self.deadline = NEVER
        if not self.closed and self.transport is not None:
            self.transport.abort()
        self._wake()

    def expire(self) -> None:
        if self._busy:
            self.fail(TooSlow("no answer in time"))
        else:
            self.pool.drop(self)

    async def _wait(self) -> None:
        self._waiter = self.loop.create_future()
        try:
            await self._waiter
        finally:
            self._waiter = None

    def _wake(self) -> None:
        if self._waiter is not None and not self._waiter.done():
            self._waiter.set_result(None)
        if self._drainer is not None and not self._drainer.done():
            self._drainer.set_result(None)

    # -- the transport

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self.transport = transport  # type: ignore[assignment]

    def connection_lost(self, exc: Exception | None) -> None:
        self.closed = True
        self.reusable = False
        if self._busy and not self.complete:
            if self.started and not self._framed and exc is None and self.error is None:
                self.complete = True  # The end of the connection is the end of such a body.
            elif self.error is None:
                unanswered = not self.started and self._head_bytes == 0
                self.error = (Unanswered if unanswered else Broken)("the connection ended before the answer")
        self._wake()
        self.pool.lost(self)

    def pause_writing(self) -> None:
        self.paused = True

    def resume_writing(self) -> None:
        self.paused = False
        if self._drainer is not None and not self._drainer.done():
            self._drainer.set_result(None)

    def data_received(self, data: bytes) -> None:
        if not self._busy or self.complete:
            self.fail(BadAnswer("bytes that nobody asked for"))
            return
        try:
            self._parser.feed_data(data)
        except (httptools.HttpParserError, httptools.HttpParserUpgrade):
            if self.complete:
                self.reusable = False
            else:
                self.fail(BadAnswer("not an HTTP answer"))
            return
        if self._in_head:
            self._head_bytes += len(data)
            if self._head_bytes > MAX_HEAD_BYTES:
                self.fail(BadAnswer("a head without end"))
            return
        if self._buffered > HIGH_WATER and not self._reading_paused and not self.complete:
            self._reading_paused = True
            self.transport.pause_reading()
        if self._waiter is not None and not self._waiter.done():
            self._waiter.set_result(None)

    # -- the parser

    def on_header(self, name: bytes, value: bytes) -> None:
        if not self._in_head:
            return  # Trailers are not passed on.
        name = name.lower()
        if name == b"content-length":
            self._framed = True
        elif name == b"transfer-encoding":
            if value.strip().lower() != b"chunked":
                raise ValueError
            self._framed = True
        self.headers.append((name, value))

    def on_headers_complete(self) -> None:
        if self.complete or len(self.headers) > MAX_HEADERS:
            raise ValueError
        status = self._parser.get_status_code()
        if status < 200:
            if status == 101:
                raise ValueError  # Nothing was asked to upgrade.
            self._informational = True
            self.headers = []
            return
        if status > 599:
            raise ValueError
        self.status = status
        self._in_head = False
        self.started = True
        self.reusable = self._parser.should_keep_alive()
        self.deadline = NEVER
        if self._bodyless or status in (204, 304):
            # This parser would now wait for the body that Content-Length speaks of; there is none.
            self.complete = True
            self._parser = httptools.HttpResponseParser(self)

    def on_body(self, body: bytes) -> None:
        if self.complete:
            self.reusable = False
            return
        self._chunks.append(body)
        self._buffered += len(body)

    def on_message_complete(self) -> None:
        if self._informational:
            self._informational = False
        else:
            self.complete = True

    def rest(self) -> bool:
        """Put the connection to rest after an answer; False when it cannot serve another request."""
        self._busy = False
        self._chunks = []
        self._buffered = 0
        fit = self.complete and self.reusable and not self.closed and not self.paused
        if fit and self._reading_paused:
            self._reading_paused = False
            self.transport.resume_reading()
        return fit and not self.transport.is_closing()
