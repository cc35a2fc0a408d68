"""Pure ASGI middleware, without FastAPI: the gateway and the workers use it too."""

import time
from collections.abc import Awaitable, Callable, MutableMapping
from typing import Any

from chassis import metrics
from chassis.tracing import continue_trace, current_request_id, current_trace, sane_request_id

Scope = MutableMapping[str, Any]
Message = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[Message]]
Send = Callable[[Message], Awaitable[None]]
App = Callable[[Scope, Receive, Send], Awaitable[None]]


def header(scope: Scope, name: bytes) -> str | None:
    """The first value of a header (`name` in lower case)."""
    for given, value in scope["headers"]:
        if given == name:
            return bytes(value).decode("latin-1")
    return None


class TraceMiddleware:
    """Gives every request its request id and its place in a trace, and says both in the answer."""

    def __init__(self, app: App) -> None:
        self.app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self.app(scope, receive, send)
            return
        request_id = sane_request_id(header(scope, b"x-request-id"))
        trace = continue_trace(header(scope, b"traceparent"))
        current_request_id.set(request_id)
        current_trace.set(trace)
        own = [(b"x-request-id", request_id.encode()), (b"traceparent", trace.traceparent.encode())]

        async def traced(message: Message) -> None:
            if message["type"] == "http.response.start":
                kept = [
                    (n, v)
                    for n, v in message.get("headers", ())
                    if n not in (b"x-request-id", b"traceparent")
                ]
                message["headers"] = kept + own
            await send(message)

        await self.app(scope, receive, traced)


class MetricsMiddleware:
    """Counts and times requests by route template; a path nobody declared counts as `unmatched`."""

    def __init__(self, app: App, service: str) -> None:
        self.app = app
        self.service = service
        self._measured: dict[tuple[str, str, int], tuple[Any, Any]] = {}

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http" or scope["path"] in ("/metrics", "/healthz", "/readyz"):
            await self.app(scope, receive, send)
            return
        started = time.perf_counter()
        status = 500

        async def observed(message: Message) -> None:
            nonlocal status
            if message["type"] == "http.response.start":
                status = message["status"]
            await send(message)

        try:
            await self.app(scope, receive, observed)
        finally:
            # Without a route there is only what the client typed, and that must not become a label.
            route = scope.get("lyceum.route") or "unmatched"
            method = scope["method"] if scope["method"] in _METHODS else "OTHER"
            requests, seconds = self._measures(method, route, status)
            requests.inc()
            seconds.observe(time.perf_counter() - started)

    def _measures(self, method: str, route: str, status: int) -> tuple[Any, Any]:
        # To look a measure up by its labels takes longer than to count. There are as many as routes and answers.
        known = self._measured.get((method, route, status))
        if known is None:
            known = (
                metrics.HTTP_REQUESTS.labels(self.service, method, route, str(status)),
                metrics.HTTP_SECONDS.labels(self.service, method, route),
            )
            self._measured[method, route, status] = known
        return known


_METHODS = frozenset({"GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"})


async def respond(
    send: Send,
    status: int,
    body: bytes,
    content_type: str = "application/json",
    *,
    extra: dict[str, str] | None = None,
) -> None:
    """Send one whole answer."""
    headers = [(b"content-type", content_type.encode()), (b"content-length", str(len(body)).encode())]
    headers += [(name.lower().encode(), value.encode("latin-1")) for name, value in (extra or {}).items()]
    await send({"type": "http.response.start", "status": status, "headers": headers})
    await send({"type": "http.response.body", "body": body})
