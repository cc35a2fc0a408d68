"""A real SMTP server for tests: aiosmtpd on a free port of the loopback.

taker = Taker()
async with smtp(taker) as address:
    ...settings.model_copy(update={"smtp_url": f"smtp://{address}"})...
taker.messages
"""

# ruff: noqa: N802 - aiosmtpd calls its handlers so

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from email import message_from_bytes, policy
from email.message import EmailMessage
from typing import Any

from aiosmtpd.smtp import SMTP, Envelope


class Taker:
    """What a real SMTP server does with mail: takes it, after a while, or says what it was told to say."""

    def __init__(self, *, slow: float = 0.0, to_recipient: str = "", to_data: str = "") -> None:
        self.slow, self.to_recipient, self.to_data = slow, to_recipient, to_data
        self.taken: list[Envelope] = []
        self.sessions: list[Any] = []

    async def handle_RCPT(
        self, _server: Any, _session: Any, envelope: Envelope, address: str, options: list[str]
    ) -> str:
        if self.to_recipient:
            return self.to_recipient
        envelope.rcpt_tos.append(address)
        envelope.rcpt_options.extend(options)
        return "250 OK"

    async def handle_DATA(self, _server: Any, session: Any, envelope: Envelope) -> str:
        await asyncio.sleep(self.slow)
        if self.to_data:
            return self.to_data
        self.taken.append(envelope)
        self.sessions.append(session)
        return "250 taken"

    @property
    def messages(self) -> list[EmailMessage]:
        return [message_from_bytes(one.content, policy=policy.default) for one in self.taken]  # type: ignore[arg-type]


@asynccontextmanager
async def smtp(taker: Taker, **options: Any) -> AsyncIterator[str]:
    """aiosmtpd on a free port of the loopback: `host:port`. `tls` is a context for TLS from the start."""
    tls = options.pop("tls", None)
    loop = asyncio.get_running_loop()
    servers: list[SMTP] = []

    def serve() -> SMTP:
        servers.append(SMTP(taker, enable_SMTPUTF8=True, loop=loop, **options))
        return servers[-1]

    listening = await loop.create_server(serve, "127.0.0.1", 0, ssl=tls)
    try:
        yield f"127.0.0.1:{listening.sockets[0].getsockname()[1]}"
    finally:
        listening.close()
