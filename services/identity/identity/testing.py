"""People for identity's tests: they register, read their mail and log in as people do, over HTTP."""

import re
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from email import message_from_bytes, policy
from email.message import EmailMessage
from pathlib import Path
from typing import Any

import httpx
from chassis.db import Database
from chassis.mail import send_due_mail

from identity.email_addresses.service import mail_confirmations
from identity.settings import Settings
from identity.worker import answer_mail_requests

PASSWORD = "seven grey owls at noon"  # noqa: S105 - nobody's


@dataclass
class Postbox:
    """The mails that really left: written and sent by the worker's code into the spool, read back from its files."""

    database: Database
    settings: Settings
    spool: Path
    seen: set[str] = field(default_factory=set)

    async def collect(self) -> list[EmailMessage]:
        """The mails that came since the last time."""
        await answer_mail_requests(self.settings)(self.database)
        await mail_confirmations(self.database, self.settings)
        await send_due_mail(self.database)
        fresh = sorted(p for p in self.spool.glob("*.eml") if p.name not in self.seen)
        self.seen |= {path.name for path in fresh}
        return [message_from_bytes(path.read_bytes(), policy=policy.default) for path in fresh]

    async def one(self) -> EmailMessage:
        (mail,) = await self.collect()
        return mail

    async def token(self) -> str:
        """The token in the one mail that came."""
        return token_in(await self.one())


def text_of(mail: EmailMessage, kind: str = "plain") -> str:
    part = mail.get_body(preferencelist=(kind,))
    assert part is not None
    content: str = part.get_content()
    return content.replace("\r\n", "\n")


def token_in(mail: EmailMessage) -> str:
    found = re.search(r"^http://lyceum\.test/\S+\?token=(\S+)$", text_of(mail), re.MULTILINE)
    assert found, text_of(mail)
    return found[1]


@dataclass
class Person:
    """Somebody with an account, and the tokens of their newest session."""

    client: httpx.AsyncClient
    email: str
    username: str
    password: str
    access: str = ""
    refresh: str = ""

    @property
    def headers(self) -> dict[str, str]:
        return {"Authorization": f"Bearer {self.access}"}

    async def log_in(self, *, agent: str = "test", address: str = "203.0.113.7") -> httpx.Response:
        answer = await self.client.post(
            "/api/v1/auth/login",
            json={"email": self.email, "password": self.password},
            headers={"User-Agent": agent, "X-Forwarded-For": address},
        )
        if answer.status_code == 200:
            self.access, self.refresh = answer.json()["access"], answer.json()["refresh"]
        return answer

    async def get(self, path: str, **given: Any) -> httpx.Response:
        return await self.client.get(f"/api/v1{path}", headers=self.headers, **given)

    async def post(self, path: str, json: Any = None) -> httpx.Response:
        return await self.client.post(f"/api/v1{path}", headers=self.headers, json=json)

    async def patch(self, path: str, json: Any, **headers: str) -> httpx.Response:
        return await self.client.patch(f"/api/v1{path}", headers={**self.headers, **headers}, json=json)

    async def me(self) -> dict[str, Any]:
        answer = await self.get("/users/me")
        assert answer.status_code == 200, answer.text
        found: dict[str, Any] = answer.json()
        return found


MakePerson = Callable[..., Awaitable[Person]]
