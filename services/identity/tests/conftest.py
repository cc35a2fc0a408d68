"""People for identity's tests: registered, verified and logged in as people do it, over HTTP and by mail."""

import base64
import os
import re
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from email import message_from_bytes, policy
from email.message import EmailMessage
from pathlib import Path
from typing import Any

import httpx
import pytest
from chassis.db import Database
from chassis.mail import send_due_mail
from chassis.settings import ServiceSettings
from chassis.testing import ServiceUnderTest
from identity.demo import make_demo_accounts
from identity.settings import Settings
from pydantic import SecretStr

PASSWORD = "seven grey owls at noon"


@pytest.fixture(scope="session")
def service() -> ServiceUnderTest:
    return ServiceUnderTest("identity", {"secret_key": base64.b64encode(os.urandom(32)).decode()})


@dataclass
class Postbox:
    """The mails that really left: sent by the worker's code into the spool, read back from their files."""

    database: Database
    spool: Path
    seen: set[str] = field(default_factory=set)

    async def collect(self) -> list[EmailMessage]:
        """The mails that came since the last time."""
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


@pytest.fixture
def postbox(database: Database, settings: ServiceSettings) -> Postbox:
    assert settings.mail_spool_dir is not None
    return Postbox(database, settings.mail_spool_dir)


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


@pytest.fixture
def register(client: httpx.AsyncClient) -> MakePerson:
    """`await register("ada")`: registered, not verified."""

    async def make(name: str = "ada", **given: Any) -> Person:
        person = Person(client, f"{name}@example.com", name, PASSWORD)
        answer = await client.post(
            "/api/v1/auth/register",
            json={"email": person.email, "username": name, "password": PASSWORD, **given},
        )
        assert answer.status_code == 201, answer.text
        return person

    return make


@pytest.fixture
def join(client: httpx.AsyncClient, register: MakePerson, postbox: Postbox) -> MakePerson:
    """`await join("ada")`: registered, verified by the mailed link, and logged in."""

    async def make(name: str = "ada", **given: Any) -> Person:
        person = await register(name, **given)
        answer = await client.post("/api/v1/auth/verify-email", json={"token": await postbox.token()})
        assert answer.status_code == 200, answer.text
        assert (await person.log_in()).status_code == 200
        return person

    return make


@pytest.fixture
async def admin(client: httpx.AsyncClient, settings: Settings) -> Person:
    """An admin, made as `lyceum up` makes one, logged in."""
    email = "admin@example.com"
    with_admin = settings.model_copy(
        update={"demo_admin_email": email, "demo_admin_password": SecretStr(PASSWORD)}
    )
    await make_demo_accounts(with_admin)
    person = Person(client, email, "demo-admin", PASSWORD)
    assert (await person.log_in()).status_code == 200
    return person
