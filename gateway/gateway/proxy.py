"""The data path: a request goes out to its service and the answer comes back, in pieces and with back pressure.

Nothing of the client's framing is passed on. The parser has read the request, its headers are filtered, and it is
written anew with a Content-Length of ours or in our own chunks: there is no second reading of it to smuggle by.
"""

import asyncio
import contextlib
from dataclasses import dataclass
from urllib.parse import urlsplit

import structlog
from chassis.asgi import Receive, Send
from chassis.errors import LyceumError, PayloadTooLarge, Unavailable

from gateway import metrics
from gateway.connection import (
    Busy,
    Connection,
    TooSlow,
    Unanswered,
    Unreachable,
    UpstreamError,
)
from gateway.deadlines import NEVER, Deadlines
from gateway.errors import BadGateway, GatewayTimeout
from gateway.exchange import Exchange
from gateway.pool import Pool, PoolLimits
from gateway.problems import Header
from gateway.request import Request
from gateway.settings import Settings
from gateway.upstreams import Route

log = structlog.get_logger()

HELD_BODY = 64 * 1024
"""A body up to this size is read whole before a connection is taken: a slow sender costs the service nothing."""

IDEMPOTENT = frozenset({"GET", "HEAD", "PUT", "DELETE", "OPTIONS"})

# RFC 9110 (7.6.1), and what is between the client and us alone.
_HOP_BY_HOP = frozenset(
    {
        b"connection",
        b"keep-alive",
        b"proxy-authenticate",
        b"proxy-authorization",
        b"proxy-connection",
        b"te",
        b"trailer",
        b"transfer-encoding",
        b"upgrade",
    }
)
_NOT_FORWARDED = _HOP_BY_HOP | {
    b"host",
    b"content-length",
    b"expect",
    b"http2-settings",
    b"proxy",
    # Who asked for what is said by us, from what we saw.
    b"forwarded",
    b"x-real-ip",
    b"x-request-id",
    b"traceparent",
    # Spellings with which some frameworks let a client name another path or method than the one we routed.
    b"x-original-url",
    b"x-rewrite-url",
    b"x-http-method",
    b"x-http-method-override",
    b"x-method-override",
}
_NOT_FORWARDED_PREFIXES = (b"x-forwarded-", b"x-client-", b"x-lyceum-", b"x-original-")
# What the gateway says itself, or what is nobody's business.
_NOT_RETURNED = _HOP_BY_HOP | {
    b"date",
    b"server",
    b"traceparent",
    b"x-content-type-options",
    b"x-powered-by",
    b"x-request-id",
}


class Proxy:
    """The pools of every service: one for ordinary answers, one for those that never end and for long bodies."""

    def __init__(self, settings: Settings) -> None:
        self._settings = settings
        self._deadlines = Deadlines()
        self.pools: dict[str, Pool] = {}
        self.streams: dict[str, Pool] = {}
        self._hosts: dict[str, bytes] = {}
        for service, url in settings.service_urls.items():
            parts = urlsplit(url)
            host, port = parts.hostname or "", parts.port or 80
            self.pools[service] = Pool(
                host, port, self._limits(settings.connections_per_service), self._deadlines
            )
            self.streams[service] = Pool(
                host, port, self._limits(settings.streams_per_service), self._deadlines
            )
            self._hosts[service] = parts.netloc.encode()

    def host(self, service: str) -> str:
        """What the service is called in a Host header."""
        return self._hosts[service].decode()

    def _limits(self, connections: int) -> PoolLimits:
        settings = self._settings
        return PoolLimits(
            connections=connections,
            queue=settings.queue_per_service,
            queue_timeout=settings.queue_timeout,
            connect_timeout=settings.connect_timeout,
            idle_timeout=settings.idle_timeout,
            idle_connection_timeout=settings.idle_connection_timeout,
        )

    def close(self) -> None:
        for pool in [*self.pools.values(), *self.streams.values()]:
            pool.close()
        self._deadlines.stop()

    async def forward(self, route: Route, request: Request, receive: Receive, send: Send) -> int:
        """Pass the request on and its answer back; returns the status. Raises LyceumError while nothing was sent."""
        if route.service not in self.pools:
            raise Unavailable("This part of the platform is not running.", retry_after=5)
        settings = self._settings
        limit = settings.max_upload_bytes if "upload" in route.traits else settings.max_body_bytes
        scope = request.scope
        upload = await _hold(scope["headers"], receive, limit)
        # What its client sends for as long as it likes keeps no connection from the others.
        is_long = "stream" in route.traits or not upload.whole
        pool = (self.streams if is_long else self.pools)[route.service]
        timeout = _patience(settings, route)
        outgoing = Outgoing(
            head=_request_head(request, self._hosts[route.service], upload),
            upload=upload,
            bodyless=request.method == "HEAD",
            repeatable=upload.whole and (request.method in IDEMPOTENT or _has_key(scope["headers"])),
            timeout=timeout,
            edge=scope["extensions"]["lyceum.edge"],
            answer_headers=request.answer_headers,
            told=request.told,
        )
        try:
            return await _send(pool, outgoing, send)
        except UpstreamError as error:
            metrics.UPSTREAM_ERRORS.labels(route.service, type(error).__name__).inc()
            raise _told(error) from error


def _patience(settings: Settings, route: Route) -> float:
    """Seconds in which the answer must begin."""
    if "long" in route.traits:
        return settings.long_answer_timeout
    return settings.slow_answer_timeout if "slow" in route.traits else settings.answer_timeout


@dataclass(slots=True)
class Outgoing:
    """A request on its way: everything that is needed to send it, once more if need be."""

    head: bytes
    upload: "Upload"
    bodyless: bool
    repeatable: bool
    timeout: float
    edge: Exchange
    answer_headers: list[Header]
    told: list[Header]


async def _send(pool: Pool, outgoing: Outgoing, send: Send) -> int:
    try:
        return await _exchange(await pool.acquire(), outgoing, send)
    except Unanswered:
        # Nothing of an answer came, so nothing was sent to the client. Once more, on a connection of its own, where
        # doing it twice is the same as doing it once; else it is the client's to decide.
        if not outgoing.repeatable:
            raise
    return await _exchange(await pool.acquire(fresh=True), outgoing, send)


async def _exchange(connection: Connection, outgoing: Outgoing, send: Send) -> int:
    """One try. Raises UpstreamError, or the LyceumError of a body that grew too large, while nothing was sent."""
    upload = outgoing.upload
    pump: asyncio.Task[None] | None = None
    try:
        connection.begin(bodyless=outgoing.bodyless, timeout=outgoing.timeout)
        connection.write(outgoing.head + upload.frame(upload.held) if upload.held else outgoing.head)
        if not upload.whole:
            pump = asyncio.create_task(_pump(upload, connection, outgoing.timeout))
        await connection.answer()
        status = connection.status
        headers = _answer_headers(connection, outgoing)
        await send({"type": "http.response.start", "status": status, "headers": headers})
        await _pass_body(connection, outgoing.edge, send)
        return status
    finally:
        if pump is not None:
            if not pump.done():
                connection.reusable = False
            pump.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await pump
        connection.pool.release(connection)


async def _pass_body(connection: Connection, edge: Exchange, send: Send) -> None:
    try:
        if not connection.complete:
            # The head must not wait for a body that comes later, as events do.
            await send({"type": "http.response.body", "body": connection.take(), "more_body": True})
        while not connection.complete:
            body = connection.take()
            if body:
                await send({"type": "http.response.body", "body": body, "more_body": True})
            else:
                await connection.more()
    except (UpstreamError, LyceumError) as error:
        # Half an answer is out. Cut the client off: a shorter answer must not pass for a whole one.
        log.warning("an answer broke off", error=repr(error))
        edge.abort()
        return
    await send({"type": "http.response.body", "body": connection.take(), "more_body": False})


def _told(error: UpstreamError) -> LyceumError:
    """What the client is told of it."""
    match error:
        case Unreachable():
            return Unavailable("The service cannot be reached just now.", retry_after=2)
        case Busy():
            return Unavailable("The service has more to do than it can just now.")
        case TooSlow():
            return GatewayTimeout("The service did not answer in time.")
        case Unanswered():
            return BadGateway(
                "The connection to the service was lost; it may or may not have done what was asked."
            )
        case _:
            return BadGateway("The service did not answer properly.")


# -- the request's body


class Upload:
    """A request's body: what of it we hold, and where the rest comes from."""

    def __init__(self, receive: Receive, length: int | None, limit: int) -> None:
        self.receive = receive
        self.length = length
        """As the client declared it, or as we counted it; None for a chunked one that goes on."""
        self.limit = limit
        self.held = b""
        self.whole = False
        self.seen = 0

    async def next(self) -> bytes:
        """The next piece; raises PayloadTooLarge past the limit, and CancelledError when the client is gone."""
        message = await self.receive()
        if message["type"] != "http.request":
            raise asyncio.CancelledError
        body: bytes = message["body"]
        self.seen += len(body)
        if self.seen > self.limit:
            raise PayloadTooLarge(f"At most {self.limit} bytes are taken here.")
        self.whole = not message["more_body"]
        return body

    def frame(self, body: bytes) -> bytes:
        """A piece of the body, as it goes to the service."""
        if self.length is not None or not body:
            return body
        return b"".join((b"%x\r\n" % len(body), body, b"\r\n"))


async def _hold(headers: list[Header], receive: Receive, limit: int) -> Upload:
    """Read a small body whole, and of a large one the beginning. Raises PayloadTooLarge for one over the limit."""
    length: int | None = 0
    for name, value in headers:
        if name == b"content-length":
            length = int(value)
        elif name == b"transfer-encoding":
            length = None
    upload = Upload(receive, length, limit)
    if length == 0:
        upload.whole = True
        return upload
    if length is not None and length > limit:
        raise PayloadTooLarge(f"At most {limit} bytes are taken here.")
    if length is not None and length > HELD_BODY:
        return upload
    held = bytearray()
    while not upload.whole and len(held) <= HELD_BODY:
        held += await upload.next()
    upload.held = bytes(held)
    if upload.whole:
        upload.length = len(held)
    return upload


async def _pump(upload: Upload, connection: Connection, timeout: float) -> None:  # noqa: ASYNC109
    """Pass the rest of the body on, as fast as the service reads and no faster."""
    try:
        while not upload.whole and not connection.closed:
            if connection.paused:
                _allow(connection, timeout)
                await connection.drain()
            _allow(connection, NEVER)  # How long the client may take is the edge's to say.
            connection.write(upload.frame(await upload.next()))
        if upload.length is None:
            connection.write(b"0\r\n\r\n")
        _allow(connection, timeout)
    except PayloadTooLarge as error:
        connection.fail(error)


def _allow(connection: Connection, seconds: float) -> None:
    if not connection.started:
        connection.deadline = connection.loop.time() + seconds


# -- headers


def _has_key(headers: list[Header]) -> bool:
    """Whether the service will recognise a second one of this request as the same."""
    return any(name == b"idempotency-key" for name, _ in headers)


def _named_in_connection(headers: list[Header]) -> frozenset[bytes]:
    """The headers that a Connection header declares to be for this hop alone."""
    named: set[bytes] = set()
    for name, value in headers:
        if name == b"connection":
            named.update(token.strip().lower() for token in value.split(b","))
    return frozenset(named)


def _request_head(request: Request, host: bytes, upload: Upload) -> bytes:
    scope = request.scope
    headers: list[Header] = scope["headers"]
    dropped = _named_in_connection(headers)
    target = scope["raw_path"]
    if scope["query_string"]:
        target = target + b"?" + scope["query_string"]
    lines = [
        request.method.encode(),
        b" ",
        target,
        b" HTTP/1.1\r\nhost: ",
        host,
        b"\r\nx-forwarded-for: ",
        request.client.encode(),
        b"\r\nx-forwarded-proto: ",
        request.scheme.encode(),
        b"\r\nx-forwarded-host: ",
        request.host,
        b"\r\nx-request-id: ",
        request.request_id.encode(),
        b"\r\ntraceparent: ",
        request.traceparent.encode(),
        b"\r\n",
    ]
    for name, value in headers:
        if name in _NOT_FORWARDED or name in dropped or name.startswith(_NOT_FORWARDED_PREFIXES):
            continue
        lines += (name, b": ", value, b"\r\n")
    for name, value in request.place:
        lines += (name, b": ", value, b"\r\n")
    if upload.length is None:
        lines.append(b"transfer-encoding: chunked\r\n")
    elif upload.length or request.method in ("POST", "PUT", "PATCH"):
        lines.append(b"content-length: %d\r\n" % upload.length)
    lines.append(b"\r\n")
    return b"".join(lines)


def _answer_headers(connection: Connection, outgoing: Outgoing) -> list[Header]:
    """What the client gets to see; what the service tells us alone is put aside."""
    headers = connection.headers
    dropped = _named_in_connection(headers)
    unframed = connection.status in (204, 304)
    kept: list[Header] = []
    for header in headers:
        name = header[0]
        if name in _NOT_RETURNED or name in dropped or (unframed and name == b"content-length"):
            continue
        (outgoing.told if name.startswith(b"x-lyceum-") else kept).append(header)
    kept += outgoing.answer_headers
    return kept
