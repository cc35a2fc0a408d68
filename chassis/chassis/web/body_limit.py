"""Bodies have a bound. FastAPI's own limit answers in plain text from outside all middleware; ours answers a problem."""

import re
from collections.abc import Callable, Iterable
from typing import Any, TypeVar

from starlette.exceptions import HTTPException

from chassis.asgi import App, Message, Receive, Scope, Send, header, respond
from chassis.errors import PayloadTooLarge
from chassis.problems import MEDIA_TYPE, problem_of

DRAINED = 8
"""How many times the common limit is still read, and thrown away, before the answer. A connection that is closed with
bytes of the request unread is reset, and the reset takes the refusal with it."""

Endpoint = TypeVar("Endpoint", bound=Callable[..., Any])


def takes_up_to(size: int) -> Callable[[Endpoint], Endpoint]:
    """Let an endpoint take a larger body than the others: `size` bytes. It goes below the route's decorator."""

    def mark(endpoint: Endpoint) -> Endpoint:
        endpoint.body_limit = size  # type: ignore[attr-defined]
        return endpoint

    return mark


def own_limit(endpoint: Any) -> int | None:
    """What `takes_up_to` lets the endpoint take; None where it takes what all do."""
    size: int | None = getattr(endpoint, "body_limit", None)
    return size


class OwnLimits:
    """The endpoints marked by `takes_up_to`, found by a request's method and path."""

    def __init__(self, routes: Iterable[Any]) -> None:
        self._marked: list[tuple[frozenset[str], re.Pattern[str], int]] = []
        for route in routes:
            size = own_limit(getattr(route, "endpoint", None))
            if size is not None:
                self._marked.append((frozenset(route.methods), route.path_regex, size))

    def of(self, scope: Scope) -> int | None:
        for methods, path, size in self._marked:
            if scope["method"] in methods and path.match(scope["path"]):
                return size
        return None


class BodyLimit:
    """Refuses a body over `limit` bytes, or over the endpoint's own: by its declared length, else when that much has
    come."""

    def __init__(self, app: App, limit: int, own: OwnLimits) -> None:
        self.app = app
        self.limit = limit
        self.own = own

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self.app(scope, receive, send)
            return
        declared = header(scope, b"content-length") or "0"
        # Looked up for large bodies alone: the others are within every limit.
        if not declared.isdigit() or int(declared) > self._limit(scope, int(declared)):
            await self._refuse(scope, receive, send, declared)
            return
        seen, limit = 0, self.limit

        async def counted() -> Message:
            nonlocal seen, limit
            message = await receive()
            if message["type"] == "http.request":
                seen += len(message.get("body", b""))
                if seen > limit:
                    limit = self._limit(scope, seen)
                if seen > limit:
                    if message.get("more_body"):
                        await self._drain(receive, seen)
                    # The one error that FastAPI, reading the body, passes on as it is.
                    raise HTTPException(413)
            return message

        await self.app(scope, counted, send)

    def _limit(self, scope: Scope, size: int) -> int:
        return self.limit if size <= self.limit else max(self.limit, self.own.of(scope) or 0)

    async def _refuse(self, scope: Scope, receive: Receive, send: Send, declared: str) -> None:
        if declared.isdigit() and int(declared) <= DRAINED * self.limit:
            await self._drain(receive, 0)
        error = PayloadTooLarge("The body is larger than this endpoint takes.")
        body = problem_of(error, scope["path"])
        await respond(send, error.status, body, MEDIA_TYPE, extra={"Connection": "close"})

    async def _drain(self, receive: Receive, seen: int) -> None:
        while seen <= DRAINED * self.limit:
            message = await receive()
            seen += len(message.get("body", b""))
            if message["type"] != "http.request" or not message.get("more_body"):
                return
