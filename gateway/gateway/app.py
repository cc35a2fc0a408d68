"""The gateway as an ASGI application: what happens to a request, from the door to the service and back."""

import asyncio
import time
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager

from chassis.asgi import Receive, Scope, Send
from chassis.auth import TokenVerifier
from chassis.errors import LyceumError, NotFound, TooManyRequests, Unauthenticated, Unavailable

from gateway import metrics, problems
from gateway.access import AccessLog
from gateway.auth import principal_of
from gateway.client import Clients
from gateway.cors import Cors
from gateway.errors import MethodNotAllowed
from gateway.exchange import Exchange
from gateway.limits import Limiter, Limits, address_key
from gateway.pages import Page
from gateway.places import TOLD, Places
from gateway.proxy import Proxy
from gateway.request import Request, read
from gateway.revocations import Follower, Revocations
from gateway.settings import Settings
from gateway.site import Site
from gateway.upstreams import Route, WrongMethod, route
from gateway.views import Views

CLIENT_GONE = 499
_READS = frozenset({"GET", "HEAD", "OPTIONS"})


class Gateway:
    """Made once a process; `open` and `close` frame its life in the event loop."""

    def __init__(self, settings: Settings) -> None:
        self.settings = settings
        self.limits = Limits(settings)
        self.cors = Cors(settings.cors_origins)
        self.clients = Clients(settings.trusted_proxies)
        self.places = Places(settings)
        self.access = AccessLog(settings.access_log_sample)
        self.verifier = TokenVerifier(
            issuer=settings.issuer,
            audience=settings.audience,
            jwks_url=settings.jwks_url,
            lives=settings.access_token_seconds,
        )
        self.revocations = Revocations(settings.revocation_window)
        self.verifier.revoked = self.revocations.covers
        self.measured = metrics.RequestMetrics()
        self.proxy: Proxy
        self.site: Site
        self.views: Views
        self.follower = Follower(settings, self.revocations)
        self._in_flight = 0
        self._streams: Counter[str | int] = Counter()
        self._uploads: Counter[str | int] = Counter()

    async def open(self) -> None:
        self.proxy = Proxy(self.settings)
        self.site = Site(self.settings, self.proxy)
        self.views = Views(self.settings, self.proxy)
        await self.site.open()
        self.follower.start()
        self.views.start()
        metrics.IN_FLIGHT.set_function(lambda: self._in_flight)

    async def close(self) -> None:
        # Side by side: each waits for somebody else, and whoever stops us does not wait for ever.
        await asyncio.gather(self.follower.stop(), self.views.stop())
        await self.site.close()
        self.proxy.close()
        self.access.flush()

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self._live(receive, send)
            return
        exchange: Exchange = scope["extensions"]["lyceum.edge"]
        request = read(scope, self.clients, self.settings)
        status = CLIENT_GONE
        try:
            status = await self._answer(request, exchange, receive, send)
        except LyceumError as error:
            status = error.status
            await _refuse(error, request, send)
        except asyncio.CancelledError:
            if not exchange.lost:
                raise
        finally:
            self._note(request, status)

    async def _answer(self, request: Request, exchange: Exchange, receive: Receive, send: Send) -> int:
        self.cors.allow(request.origin, request.answer_headers)
        page = self.site.page(request.scope["path"])
        if page is not None:
            return await self._own_page(page, request, send)
        found = route(request.method, request.scope["raw_path"])
        if not isinstance(found, Route):
            return await self._unrouted(found, request, send)
        request.service, request.route = found.service, found.path
        if found.service in TOLD:
            headers = request.scope["headers"]
            request.place = self.places.headers(request.client, headers, believed=request.from_proxy)
        if self._in_flight >= self.settings.max_in_flight:
            metrics.SHED.inc()
            raise Unavailable("More is being asked than can be answered just now.")
        await self._admit(found, request)
        if "stream" in found.traits:
            exchange.endless = True
            return await self._stream(found, request, receive, send)
        self._in_flight += 1
        try:
            if "upload" in found.traits:
                with self._one_of(request, "uploads", self._uploads, self.settings.uploads_per_client):
                    return await self.proxy.forward(found, request, receive, send)
            status = await self.proxy.forward(found, request, receive, send)
        finally:
            self._in_flight -= 1
        # An answer that broke off was seen by nobody.
        if request.told and not exchange.lost:
            self.views.heed(request, status)
        return status

    async def _stream(self, found: Route, request: Request, receive: Receive, send: Send) -> int:
        """Streams are not counted with what is in flight: they stay for hours, and each client has so many."""
        request.stream = True
        with (
            self._one_of(request, "streams", self._streams, self.settings.streams_per_client),
            metrics.STREAMS.track_inprogress(),
        ):
            return await self.proxy.forward(found, request, receive, send)

    @contextmanager
    def _one_of(
        self, request: Request, what: str, counted: Counter[str | int], at_most: int
    ) -> Iterator[None]:
        """Count what lasts long, by its client. Raises TooManyRequests for one more than a client may have."""
        client = client_key(request)
        if counted[client] >= at_most:
            metrics.LIMITED.labels(what).inc()
            raise TooManyRequests(f"You have as many {what} open as one client may have.", retry_after=60)
        counted[client] += 1
        try:
            yield
        finally:
            counted[client] -= 1
            if not counted[client]:
                del counted[client]

    async def _admit(self, found: Route, request: Request) -> None:
        """Raises InvalidToken for a token that does not verify, and TooManyRequests for who asks too often."""
        address = address_key(request.client)
        if "auth" in found.traits:
            self._charge(self.limits.auth, address, request)
        if request.authorization:
            await self._identify(address, request)
        if "auth" not in found.traits:
            limiter = self.limits.reads if request.method in _READS else self.limits.writes
            self._charge(limiter, client_key(request), request)

    async def _identify(self, address: str, request: Request) -> None:
        """Tokens that do not verify are counted per address: verifying costs us more than sending costs them."""
        if self.limits.forged.exhausted(address, time.monotonic()):
            self._charge(self.limits.forged, address, request)
        try:
            request.principal = await principal_of(request.authorization, self.verifier)
        except Unauthenticated:
            self.limits.forged.take(address, time.monotonic())
            raise

    def _charge(self, limiter: Limiter, client: object, request: Request) -> None:
        verdict = limiter.take(client, time.monotonic())
        request.answer_headers += verdict.headers
        if not verdict.allowed:
            metrics.LIMITED.labels(limiter.policy.name).inc()
            raise TooManyRequests("You may ask again later.", retry_after=verdict.wait)

    async def _own_page(self, page: Page, request: Request, send: Send) -> int:
        request.route = page.name
        request.noted = page.limited
        if page.limited:
            self._charge(self.limits.reads, address_key(request.client), request)
        if request.method not in _READS:
            raise MethodNotAllowed("GET, HEAD, OPTIONS")
        answer = await page.render(request)
        await _respond(send, answer.status, [*answer.headers, *request.answer_headers], answer.body)
        return answer.status

    async def _unrouted(self, found: WrongMethod | None, request: Request, send: Send) -> int:
        self._charge(self.limits.reads, address_key(request.client), request)
        if found is None:
            raise NotFound
        if request.method != "OPTIONS":
            raise MethodNotAllowed(found.allow)
        headers = [(b"allow", found.allow.encode()), *self.cors.preflight(request.origin, found.allow)]
        await _respond(send, 204, headers + request.answer_headers, b"")
        return 204

    def _note(self, request: Request, status: int) -> None:
        seconds = time.perf_counter() - request.started
        method = request.method if request.route != "unmatched" else "OTHER"
        timed = None if request.stream else seconds
        self.measured.observe(request.service, method, request.route, status, timed)
        if request.noted and self.access.wants(status):
            principal = request.principal
            self.access.write(
                request_id=request.request_id,
                trace_id=request.trace_id,
                method=request.method,
                upstream=request.service,
                route=request.route,
                status=status,
                seconds=seconds,
                client=request.client,
                user_id=None if principal is None else principal.user_id,
            )

    async def _live(self, receive: Receive, send: Send) -> None:
        """The lifespan protocol: opened before the first request, closed after the last."""
        await receive()
        try:
            await self.open()
        except BaseException as error:
            await send({"type": "lifespan.startup.failed", "message": repr(error)})
            raise
        await send({"type": "lifespan.startup.complete"})
        await receive()
        await self.close()
        await send({"type": "lifespan.shutdown.complete"})


def client_key(request: Request) -> str | int:
    """Whom a request counts against: the person where there is one, else the address."""
    return address_key(request.client) if request.principal is None else request.principal.user_id


async def _refuse(error: LyceumError, request: Request, send: Send) -> None:
    body = problems.document(error, instance=request.scope["path"], request_id=request.request_id)
    await _respond(send, error.status, problems.headers(error) + request.answer_headers, body)


async def _respond(send: Send, status: int, headers: list[problems.Header], body: bytes) -> None:
    if status not in (204, 304):
        headers.append((b"content-length", b"%d" % len(body)))
    await send({"type": "http.response.start", "status": status, "headers": headers})
    await send({"type": "http.response.body", "body": body, "more_body": False})
