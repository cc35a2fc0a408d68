"""The side that faces clients: HTTP/1.1 connections to ASGI, with the limits that a public door needs.

uvicorn's server runs this in place of its own protocol class, which has no limit on the size of a request's head
or the time it takes, lets trailers join the headers, and cannot cut off an answer that went wrong half-way.

One request at a time: a pipelined second one is not read; the connection closes after the first answer and the
client sends it again (RFC 9112, 9.3.2). A connection that is closed while its client may still be sending is closed
in two steps (RFC 9112, 9.6): a reset could take the answer with it.
"""

import asyncio
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import unquote

import httptools
import structlog
from chassis.errors import LyceumError, Unavailable
from uvicorn.config import Config
from uvicorn.server import ServerState

from gateway.deadlines import NEVER, Deadlines
from gateway.errors import HeadTooLarge, MalformedRequest, RequestTimeout, UriTooLong
from gateway.exchange import Exchange
from gateway.heads import check_head, whole_answer
from gateway.settings import Settings

log = structlog.get_logger()

HIGH_WATER = 64 * 1024
LINGER = 3.0


@dataclass(frozen=True, slots=True)
class ClientLimits:
    """Sizes in bytes, times in seconds."""

    connections: int
    head_bytes: int
    target_bytes: int
    head_timeout: float
    body_timeout: float
    write_timeout: float
    keep_alive_timeout: float
    deadlines: Deadlines = field(default_factory=Deadlines)

    @classmethod
    def of(cls, settings: Settings) -> "ClientLimits":
        return cls(
            connections=settings.max_connections,
            head_bytes=settings.max_head_bytes,
            target_bytes=settings.max_target_bytes,
            head_timeout=settings.head_timeout,
            body_timeout=settings.body_timeout,
            write_timeout=settings.write_timeout,
            keep_alive_timeout=settings.keep_alive_timeout,
        )


class EdgeProtocol(asyncio.Protocol):
    """One client connection. Created by uvicorn's server, which passes the four arguments."""

    limits: ClientLimits

    def __init__(
        self,
        config: Config,
        server_state: ServerState,
        app_state: dict[str, Any],
        _loop: asyncio.AbstractEventLoop | None = None,
    ) -> None:
        self.app = config.loaded_app
        self.loop = _loop or asyncio.get_running_loop()
        self.server_state = server_state
        self.app_state = app_state
        self.transport: asyncio.Transport = None  # type: ignore[assignment]
        self.parser = httptools.HttpRequestParser(self)
        # What follows a request that ends its connection is dropped below, not an error in it.
        self.parser.set_dangerous_leniencies(lenient_data_after_close=True)
        self.client: tuple[str, int] | None = None
        self.server: tuple[str, int] | None = None
        self.deadline = NEVER
        self.writer: asyncio.Future[None] | None = None
        self.exchange: Exchange | None = None
        self.reading_paused = False
        self.closing = False
        self.deaf = False
        self._in_head = False
        self._in_message = False
        self._head_bytes = 0
        self._url = b""
        self._headers: list[tuple[bytes, bytes]] = []
        self._refusal: LyceumError | None = None

    # -- the transport

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self.transport = transport  # type: ignore[assignment]
        self.client = _address(transport.get_extra_info("peername"))
        self.server = _address(transport.get_extra_info("sockname"))
        self.server_state.connections.add(self)  # type: ignore[arg-type]
        self.deadline = self.loop.time() + self.limits.head_timeout
        self.limits.deadlines.watch(self)
        if len(self.server_state.connections) > self.limits.connections:
            self._refuse(Unavailable("More clients are here than can be served just now."))

    def connection_lost(self, exc: Exception | None) -> None:
        self.closing = True
        self.server_state.connections.discard(self)
        self.limits.deadlines.forget(self)
        self.resume_writing()
        if self.exchange is not None:
            self.exchange.lose()

    def eof_received(self) -> None:
        """A client that shuts its sending side is taken to be gone, as most servers do: the transport closes."""

    def pause_writing(self) -> None:
        if self.writer is None:
            self.writer = self.loop.create_future()
            self.deadline = self.loop.time() + self.limits.write_timeout

    def resume_writing(self) -> None:
        writer, self.writer = self.writer, None
        if writer is not None:
            self.forget_deadline()
            if not writer.done():
                writer.set_result(None)

    def forget_deadline(self) -> None:
        """What we waited for has come; an idle connection or an unread answer has a deadline nevertheless."""
        if self.writer is not None:
            self.deadline = self.loop.time() + self.limits.write_timeout
        elif self.exchange is None:
            self.deadline = self.loop.time() + (LINGER if self.closing else self.limits.keep_alive_timeout)
        else:
            self.deadline = NEVER

    def resume_reading(self) -> None:
        if self.reading_paused and not self.transport.is_closing():
            self.reading_paused = False
            self.transport.resume_reading()

    def pause_reading(self) -> None:
        if not self.reading_paused and not self.transport.is_closing():
            self.reading_paused = True
            self.transport.pause_reading()

    def data_received(self, data: bytes) -> None:
        if self.deaf:
            return
        try:
            self.parser.feed_data(data)
        except httptools.HttpParserUpgrade:
            # Nothing here upgrades: the request is answered as it stands, and what follows it is not HTTP.
            if self.exchange is not None:
                self.exchange.keep_alive = False
        except httptools.HttpParserError:
            if self.deaf:
                return
            self._refuse(self._refusal or MalformedRequest())
            return
        if self._in_head:
            self._head_grew(len(data))

    def _head_grew(self, size: int) -> None:
        """A head that comes in pieces is bounded in time and size, complete or not."""
        if self._head_bytes == 0 or self.deadline == NEVER:
            self.deadline = self.loop.time() + self.limits.head_timeout
        self._head_bytes += size
        if self._head_bytes > self.limits.head_bytes:
            self._refuse(HeadTooLarge(f"At most {self.limits.head_bytes} bytes are taken."))

    # -- the parser

    def on_message_begin(self) -> None:
        if self.exchange is not None:
            # Pipelined: the client finds the connection closed after this answer, and sends it again.
            self.exchange.keep_alive = False
            self.deaf = True
            raise ValueError
        self._in_head = self._in_message = True
        self._head_bytes = 0
        self._url = b""
        self._headers = []

    def on_url(self, url: bytes) -> None:
        self._url += url
        if len(self._url) > self.limits.target_bytes:
            self._refusal = UriTooLong()
            raise ValueError

    def on_header(self, name: bytes, value: bytes) -> None:
        if not self._in_head:
            return  # A trailer: it was not there when the request was let in.
        self._headers.append((name.lower(), value))

    def on_headers_complete(self) -> None:
        headers = self._headers
        size = len(self._url) + sum([len(name) + len(value) + 4 for name, value in headers])
        version = self.parser.get_http_version()
        try:
            check_head(version, size, self.limits.head_bytes, headers)
        except LyceumError as error:
            self._refusal = error  # The parser tells only that a callback failed.
            raise
        self._in_head = False
        self._begin(version)

    def _begin(self, version: str) -> None:
        parser = self.parser
        method = parser.get_method().decode("ascii")
        target = httptools.parse_url(self._url)
        raw_path = target.path
        path = raw_path.decode("ascii")
        expects = (b"expect", b"100-continue") in self._headers
        exchange = Exchange(self, method, version, expects and version == "1.1")
        exchange.keep_alive = version == "1.1" and parser.should_keep_alive() and not self.closing
        scope = {
            "type": "http",
            "asgi": {"version": "3.0", "spec_version": "2.3"},
            "http_version": version,
            "method": method,
            "scheme": "http",
            "path": unquote(path) if "%" in path else path,
            "raw_path": raw_path,
            "query_string": target.query or b"",
            "root_path": "",
            "headers": self._headers,
            "client": self.client,
            "server": self.server,
            "state": self.app_state,
            "extensions": {"lyceum.edge": exchange},
        }
        self.exchange = exchange
        self.deadline = NEVER
        exchange.task = self.loop.create_task(self._run(scope, exchange))
        self.server_state.tasks.add(exchange.task)

    def on_body(self, body: bytes) -> None:
        exchange = self.exchange
        if exchange is None or exchange.complete:
            return  # The answer is out already: what still comes is let run dry.
        exchange.body += body
        if len(exchange.body) > HIGH_WATER:
            self.pause_reading()
        exchange.wake_reader()

    def on_message_complete(self) -> None:
        self._in_message = False
        exchange = self.exchange
        if exchange is not None:
            exchange.more_body = False
            exchange.wake_reader()
            if exchange.complete:
                self._next()

    # -- the answer

    async def _run(self, scope: dict[str, Any], exchange: Exchange) -> None:
        try:
            await self.app(scope, exchange.receive, exchange.send)
            if not exchange.complete and not exchange.lost:
                raise RuntimeError("the application left its answer unfinished")
        except asyncio.CancelledError:
            if not exchange.complete:
                exchange.abort()
        except Exception as error:
            log.error("request failed", error=repr(error), exc_info=error)
            if exchange.complete:
                return
            if exchange.started:
                exchange.abort()
            elif not exchange.lost:
                self._refuse(LyceumError())
        finally:
            self.server_state.tasks.discard(exchange.task)

    def answer_complete(self, exchange: Exchange) -> None:
        self.server_state.total_requests += 1
        if not self._in_message:
            self._next()
        elif exchange.keep_alive:
            # The client is still sending: let the rest run dry for a while, and the connection can go on.
            self.deadline = self.loop.time() + LINGER
            self.resume_reading()
        else:
            self.deaf = True
            self._close()

    def _next(self) -> None:
        """The request is read and answered: wait for the next one, or close."""
        exchange, self.exchange = self.exchange, None
        if exchange is None or not exchange.keep_alive or self.closing:
            self._close()
            return
        self.resume_reading()
        self.deadline = self.loop.time() + self.limits.keep_alive_timeout

    def expire(self) -> None:
        """Called when the deadline has passed: which one it was is told by the state we are in."""
        exchange = self.exchange
        if self.writer is not None or (exchange is not None and exchange.started):
            self.transport.abort()
        elif exchange is not None or self._in_head:
            self._refuse(RequestTimeout())
        elif self.deaf:
            self.transport.abort()
        else:
            self._close()

    def shutdown(self) -> None:
        """uvicorn asks: end when the answer under way is out."""
        exchange = self.exchange
        if exchange is None or exchange.complete:
            self._close()
            return
        exchange.keep_alive = False
        if exchange.endless:
            exchange.lose()
            self.transport.close()

    def _refuse(self, error: LyceumError) -> None:
        """Answer in the application's place and close; an answer under way is cut off."""
        if self.closing:
            return
        self.closing = True
        exchange, self.exchange = self.exchange, None
        if exchange is not None:
            exchange.lose()
            if exchange.started:
                self.transport.abort()
                return
        self.deaf = True
        self.transport.write(whole_answer(error, self.server_state.default_headers))
        self._close()

    def _close(self) -> None:
        """Close; but where the client may still be sending, first say the last word and hear it out."""
        self.closing = True
        if self.deaf and not self.transport.is_closing():
            self.transport.write_eof()
            self.resume_reading()
            self.deadline = self.loop.time() + LINGER
        else:
            self.transport.close()


def edge_protocol(limits: ClientLimits) -> type[EdgeProtocol]:
    """The protocol class for uvicorn's `http` option."""
    return type("LimitedEdgeProtocol", (EdgeProtocol,), {"limits": limits})


def _address(info: Any) -> tuple[str, int] | None:
    return (str(info[0]), int(info[1])) if isinstance(info, tuple | list) and len(info) >= 2 else None
