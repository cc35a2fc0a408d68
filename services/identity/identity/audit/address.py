"""Remember where a request came from, for what is recorded while it is answered."""

from chassis.asgi import App, Receive, Scope, Send, header

from identity.audit.service import current_address
from identity.origin import origin_of
from identity.settings import Settings


class RememberAddress:
    """Pure ASGI middleware: the address of the request's origin, for the audit log."""

    def __init__(self, app: App, settings: Settings) -> None:
        self.app = app
        self.settings = settings

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "http":
            client = scope.get("client")
            origin = origin_of(
                client[0] if client else None,
                header(scope, b"x-forwarded-for"),
                None,
                self.settings.trusted_proxies,
            )
            current_address.set(origin.address)
        await self.app(scope, receive, send)
