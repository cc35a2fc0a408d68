"""Bodies have a bound. FastAPI's own limit answers in plain text from outside all middleware; ours answers a problem."""

from starlette.exceptions import HTTPException

from chassis.asgi import App, Message, Receive, Scope, Send, header, respond
from chassis.errors import PayloadTooLarge
from chassis.problems import MEDIA_TYPE, problem_of


class BodyLimit:
    """Refuses a body over `limit` bytes: at once when its length is declared, else when that much has come."""

    def __init__(self, app: App, limit: int) -> None:
        self.app = app
        self.limit = limit

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self.app(scope, receive, send)
            return
        declared = header(scope, b"content-length") or "0"
        if not declared.isdigit() or int(declared) > self.limit:
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
                    # The one error that FastAPI, reading the body, passes on as it is.
                    raise HTTPException(413)
            return message

        await self.app(scope, counted, send)
