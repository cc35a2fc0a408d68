"""The data path: a request goes out to its service and the answer comes back, in pieces and with back pressure.

Nothing of the client's framing is passed on. The parser has read the request, its headers are filtered, and it is
written anew with a Content-Length of ours or in our own chunks: there is no second reading of it to smuggle by.
"""

import asyncio
import contextlib
from dataclasses import dataclass
from urllib.parse import urlsplit

from chassis.asgi import Receive, Scope, Send

from gateway import problems
from gateway.connection import (
    Busy,
    Connection,
    TooSlow,
    Unanswered,
    Unreachable,
    UpstreamError,
)
from gateway.deadlines import NEVER, Deadlines
from gateway.pool import Pool, PoolLimits
from gateway.problems import Header, Problem
from gateway.settings import Settings
from gateway.upstreams import Route

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
_NOT_FORWARDED_PREFIXES = (b"x-forwarded-", b"x-lyceum-", b"x-original-")
# What the gateway says itself, or what is nobody's business.
_NOT_RETURNED = _HOP_BY_HOP | {
    b"date",
    b"server",
    b"traceparent",
    b"x-content-type-options",
    b"x-powered-by",
    b"x-request-id",
}


@dataclass(frozen=True, slots=True)
class Forwarding:
    """What we tell the service about the request, and the client beside the answer."""

    client: str
    scheme: str
    host: bytes
    request_id: str
    traceparent: str
    answer_headers: list[Header]


class Proxy:
    """The pools of every service: one for ordinary answers, one for those that never end."""

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

    async def forward(
        self, route: Route, scope: Scope, receive: Receive, send: Send, forwarding: Forwarding
    ) -> int:
        """Pass the request on and its answer back; returns the status. Raises Problem while nothing was sent."""
        pools = self.streams if "stream" in route.traits else self.pools
        pool = pools.get(route.service)
        if pool is None:
            raise problems.unavailable("This part of the platform is not running.", 5)
        settings = self._settings
        limit = settings.max_upload_bytes if "upload" in route.traits else settings.max_body_bytes
        upload = await _hold(scope["headers"], receive, limit)
        head = _request_head(scope, self._hosts[route.service], forwarding, upload)
        timeout = settings.slow_answer_timeout if "slow" in route.traits else settings.answer_timeout
        repeatable = upload.whole and (scope["method"] in IDEMPOTENT or _has_key(scope["headers"]))
        connection = await _connection(pool)
        try:
            return await self._exchange(connection, head, upload, scope, send, forwarding, timeout)
        except Unanswered:
            # Nothing of an answer came, so nothing was sent to the client. Once more, on a connection of its own,
            # where doing it twice is the same as doing it once; else the client has to decide.
            if not repeatable:
                raise problems.bad_gateway("The connection to the service was lost.") from None
        connection = await _connection(pool, fresh=True)
        return await self._exchange(connection, head, upload, scope, send, forwarding, timeout)

    async def _exchange(
        self,
        connection: Connection,
        head: bytes,
        upload: "Upload",
        scope: Scope,
        send: Send,
        forwarding: Forwarding,
        timeout: float,  # noqa: ASYNC109 - it bounds one wait, not the call
    ) -> int:
        pump: asyncio.Task[None] | None = None
        try:
            connection.begin(bodyless=scope["method"] == "HEAD", timeout=timeout)
            connection.write(head + upload.frame(upload.held) if upload.held else head)
            if not upload.whole:
                pump = asyncio.create_task(_pump(upload, connection, timeout))
            await connection.answer()
            status = connection.status
            await send(
                {
                    "type": "http.response.start",
                    "status": status,
                    "headers": _answer_headers(connection, forwarding.answer_headers),
                }
            )
            await _pass_body(connection, scope, send)
            return status
        except Unanswered:
            raise
        except UpstreamError as error:
            raise _problem_of(error) from error
        finally:
            if pump is not None:
                if not pump.done():
                    connection.reusable = False
                pump.cancel()
                with contextlib.suppress(asyncio.CancelledError):
                    await pump
            connection.pool.release(connection)


async def _connection(pool: Pool, *, fresh: bool = False) -> Connection:
    try:
        return await pool.acquire(fresh=fresh)
    except UpstreamError as error:
        raise _problem_of(error) from error


async def _pass_body(connection: Connection, scope: Scope, send: Send) -> None:
    try:
        while not connection.complete:
            body = connection.take()
            if body:
                await send({"type": "http.response.body", "body": body, "more_body": True})
            else:
                await connection.more()
    except (UpstreamError, Problem):
        # Half an answer is out. Cut the client off: a shorter answer must not pass for a whole one.
        scope["extensions"]["lyceum.edge"].abort()
        return
    await send({"type": "http.response.body", "body": connection.take(), "more_body": False})


def _problem_of(error: UpstreamError) -> Problem:
    match error:
        case Unreachable():
            return problems.unavailable("The service cannot be reached just now.", 2)
        case Busy():
            return problems.unavailable("The service has more to do than it can just now.")
        case TooSlow():
            return problems.gateway_timeout("The service did not answer in time.")
        case _:
            return problems.bad_gateway("The service did not answer properly.")


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
        """The next piece; raises Problem past the limit, and CancelledError when the client is gone."""
        message = await self.receive()
        if message["type"] != "http.request":
            raise asyncio.CancelledError
        body: bytes = message["body"]
        self.seen += len(body)
        if self.seen > self.limit:
            raise problems.too_large(self.limit)
        self.whole = not message["more_body"]
        return body

    def frame(self, body: bytes) -> bytes:
        """A piece of the body, as it goes to the service."""
        if self.length is not None or not body:
            return body
        return b"".join((b"%x\r\n" % len(body), body, b"\r\n"))


async def _hold(headers: list[Header], receive: Receive, limit: int) -> Upload:
    """Read a small body whole, and of a large one the beginning. Raises Problem for one over the limit."""
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
        raise problems.too_large(limit)
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
    except Problem as problem:
        connection.fail(problem)


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


def _request_head(scope: Scope, host: bytes, forwarding: Forwarding, upload: Upload) -> bytes:
    headers: list[Header] = scope["headers"]
    dropped = _named_in_connection(headers)
    target = scope["raw_path"]
    if scope["query_string"]:
        target = target + b"?" + scope["query_string"]
    lines = [
        scope["method"].encode(),
        b" ",
        target,
        b" HTTP/1.1\r\nhost: ",
        host,
        b"\r\nx-forwarded-for: ",
        forwarding.client.encode(),
        b"\r\nx-forwarded-proto: ",
        forwarding.scheme.encode(),
        b"\r\nx-forwarded-host: ",
        forwarding.host,
        b"\r\nx-request-id: ",
        forwarding.request_id.encode(),
        b"\r\ntraceparent: ",
        forwarding.traceparent.encode(),
        b"\r\n",
    ]
    for name, value in headers:
        if name in _NOT_FORWARDED or name in dropped or name.startswith(_NOT_FORWARDED_PREFIXES):
            continue
        lines += (name, b": ", value, b"\r\n")
    if upload.length is None:
        lines.append(b"transfer-encoding: chunked\r\n")
    elif upload.length or scope["method"] in ("POST", "PUT", "PATCH"):
        lines.append(b"content-length: %d\r\n" % upload.length)
    lines.append(b"\r\n")
    return b"".join(lines)


def _answer_headers(connection: Connection, ours: list[Header]) -> list[Header]:
    headers = connection.headers
    dropped = _named_in_connection(headers)
    unframed = connection.status in (204, 304)
    kept = [
        header
        for header in headers
        if header[0] not in _NOT_RETURNED
        and header[0] not in dropped
        and not header[0].startswith(b"x-lyceum-")
        and not (unframed and header[0] == b"content-length")
    ]
    kept += ours
    return kept
