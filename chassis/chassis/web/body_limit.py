"""Bodies have a bound. FastAPI's own limit answers in plain text from outside all middleware; ours answers a problem."""

from starlette.exceptions import HTTPException

from chassis.asgi import App, Message, Receive, Scope, Send, header, respond
from chassis.errors import PayloadTooLarge
from chassis.problems import MEDIA_TYPE, problem_of

DRAINED = 8
"""How many times the limit is still read, and thrown away, before the answer. A connection that is closed with
bytes of the request unread is reset, and the reset takes the refusal with it."""


class BodyLimit:
    """Refuses a body over `limit` bytes: by its declared length, else when that much has come."""

    def __init__(self, app: App, limit: int) -> None:
        self.app = app
        self.limit = limit

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self.app(scope, receive, send)
            return
        declared = header(scope, b"content-length") or "0"
        if not declared.isdigit() or int(declared) > self.limit:
            if declared.isdigit() and int(declared) <= DRAINED * self.limit:
                await self._drain(receive, 0)
            error = PayloadTooLarge("The body is larger than this endpoint takes.")
            await respond(
                send,
                error.status,
                problem_of(error, scope["path"]),
                MEDIA_TYPE,
                extra={"Connection": "close"},
            )
            return
        seen = 0

        async def counted() -> Message:
            nonlocal seen
            message = await receive()
            if message["type"] == "http.request":
                seen += len(message.get("body", b""))
                if seen > self.limit:
                    if message.get("more_body"):
                        await self._drain(receive, seen)
                    # The one error that FastAPI, reading the body, passes on as it is.
                    raise HTTPException(413)
            return message

        await self.app(scope, counted, send)

    async def _drain(self, receive: Receive, seen: int) -> None:
        while seen <= DRAINED * self.limit:
            message = await receive()
            seen += len(message.get("body", b""))
            if message["type"] != "http.request" or not message.get("more_body"):
                return
