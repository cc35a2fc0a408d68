"""Fixtures for the tests of a service: its own migrated PostgreSQL database for every test, people with real tokens,
events through the real consumer code. The servers come from the root conftest.

A service's `tests/conftest.py` says which service it is:

    @pytest.fixture(scope="session")
    def service() -> ServiceUnderTest:
        return ServiceUnderTest("learning")
"""

import asyncio
import contextlib
import json
import os
import secrets
import subprocess
import sys
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from importlib import import_module
from importlib.util import find_spec
from pathlib import Path
from typing import Any, Protocol
from urllib.parse import urlsplit, urlunsplit
from uuid import UUID

import asyncpg
import httpx
import pytest
import uvicorn
from contracts.envelope import Event, enclose, to_kafka
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import ec
from fastapi import FastAPI
from jose import jwk, jwt
from sqlalchemy import select

from chassis.asgi import Receive, Scope, Send, respond
from chassis.auth import ALGORITHM, TokenVerifier
from chassis.consumer import Consumer, decode
from chassis.db import Database, now
from chassis.dead_letters import DeadLetter
from chassis.outbox import OutboxRow, new_event_id
from chassis.settings import ServiceSettings

ISSUER = "http://lyceum.test"
SERVICES = ("identity", "catalog", "learning", "assessment", "instructor", "analytics")


class PostgresServer(Protocol):
    """What the root conftest's `postgres` fixture is."""

    admin_url: str


def _named(url: str, database: str) -> str:
    parts = urlsplit(url)
    return urlunsplit(parts._replace(path=f"/{database}"))


async def _admin(url: str, *statements: str) -> None:
    connection = await asyncpg.connect(url)
    try:
        for statement in statements:
            await connection.execute(statement)
    finally:
        await connection.close()


class Templates:
    """One migrated database per service, made once a session; tests get copies of it."""

    def __init__(self, server: PostgresServer) -> None:
        self._url = server.admin_url.replace("+asyncpg", "")
        self._made: dict[str, str] = {}

    async def clone(self, service: str) -> str:
        """The URL of a fresh copy of the service's migrated database."""
        if service not in self._made:
            self._made[service] = await self._migrate(service)
        name = f"t_{service}_{secrets.token_hex(5)}"
        await _admin(
            self._url, f'CREATE DATABASE "{name}" TEMPLATE "{self._made[service]}" STRATEGY FILE_COPY'
        )
        return _named(self._url, name)

    async def drop(self, url: str) -> None:
        await _admin(self._url, f'DROP DATABASE IF EXISTS "{urlsplit(url).path[1:]}" WITH (FORCE)')

    async def empty(self) -> str:
        """A database with nothing in it."""
        name = f"t_empty_{secrets.token_hex(5)}"
        await _admin(self._url, f'CREATE DATABASE "{name}"')
        return _named(self._url, name)

    async def _migrate(self, service: str) -> str:
        name = f"template_{service}_{secrets.token_hex(4)}"
        extensions = ("pg_trgm", "unaccent", "citext")
        await _admin(self._url, f'CREATE DATABASE "{name}"')
        url = _named(self._url, name)
        await _admin(url, *(f"CREATE EXTENSION IF NOT EXISTS {extension}" for extension in extensions))
        await asyncio.to_thread(migrate, service, url)
        return name


def migrate(service: str, url: str, *revision: str) -> None:
    """Run a service's migrations to head (or the Alembic command given) as an operator would."""
    spec = find_spec(service)
    assert spec is not None
    assert spec.origin is not None
    home = Path(spec.origin).parents[1]
    done = subprocess.run(
        [
            sys.executable,
            "-m",
            "alembic",
            "-c",
            str(home / "alembic.ini"),
            *(revision or ("upgrade", "head")),
        ],
        env={**os.environ, f"{service.upper()}_DATABASE_URL": with_driver(url)},
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )
    assert done.returncode == 0, f"the migrations of {service} failed:\n{done.stdout}\n{done.stderr}"


def with_driver(url: str) -> str:
    """The URL as SQLAlchemy wants it."""
    return url.replace("postgresql://", "postgresql+asyncpg://", 1)


@dataclass
class Keys:
    """A P-256 key pair for tests: the private PEM and the public JWKS."""

    kid: str
    private_pem: str
    jwks: dict[str, Any]

    @classmethod
    def make(cls, kid: str) -> "Keys":
        key = ec.generate_private_key(ec.SECP256R1())
        pem = key.private_bytes(
            serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
        ).decode()
        public = jwk.construct(pem, ALGORITHM).public_key().to_dict()
        return cls(kid, pem, {"keys": [{**public, "kid": kid, "alg": ALGORITHM, "use": "sig"}]})

    def token(self, **claims: Any) -> str:
        instant = int(time.time())
        base = {"iss": ISSUER, "aud": "lyceum", "typ": "access", "iat": instant, "exp": instant + 600}
        return str(jwt.encode({**base, **claims}, self.private_pem, ALGORITHM, headers={"kid": self.kid}))


def person(keys: Keys, user_id: int = 1, role: str = "student", tier: str = "free", **claims: Any) -> str:
    """An access token as identity would issue it."""
    base = {"sub": str(user_id), "role": role, "tier": tier, "permissions": [], "sid": f"s{user_id}"}
    return keys.token(**{**base, "jti": secrets.token_hex(8), **claims})


@dataclass
class ServiceUnderTest:
    """Which service the tests below this conftest are about. `overrides` are settings by field name."""

    name: str
    overrides: dict[str, Any] = field(default_factory=dict)

    def settings(self, **given: Any) -> ServiceSettings:
        settings: ServiceSettings = import_module(f"{self.name}.settings").Settings(
            **{**self.overrides, **given}
        )
        return settings

    def create_app(self, settings: ServiceSettings) -> FastAPI:
        app: FastAPI = import_module(f"{self.name}.main").create_app(settings)
        return app

    def subscriptions(self) -> Any:
        return import_module(f"{self.name}.subscriptions").SUBSCRIPTIONS


@dataclass
class Upstream:
    """Another service as seen over HTTP: a real server on loopback that answers what it was told."""

    url: str
    answers: dict[tuple[str, str], tuple[int, Any]] = field(default_factory=dict)
    asked: list[tuple[str, str]] = field(default_factory=list)
    """Method and path with query of every request, in order."""

    def will_answer(self, path: str, content: Any, *, status: int = 200, method: str = "GET") -> None:
        """From now on `method path` is answered so; `path` with its query string, if it has one."""
        self.answers[(method, path)] = (status, content)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        while (await receive()).get("more_body"):
            continue
        query = scope["query_string"].decode()
        asked = (scope["method"], scope["path"] + (f"?{query}" if query else ""))
        self.asked.append(asked)
        status, content = self.answers.get(asked, (404, {"title": "not found", "status": 404}))
        await respond(send, status, json.dumps(content, default=str).encode())


@contextlib.asynccontextmanager
async def serving(app: Any, *, lifespan: str = "off") -> AsyncIterator[str]:
    """Serve an ASGI application on a free loopback port; yields its base URL."""
    config = uvicorn.Config(app, host="127.0.0.1", port=0, log_config=None, lifespan=lifespan)  # type: ignore[arg-type]
    server = uvicorn.Server(config)
    task = asyncio.create_task(server._serve())  # noqa: SLF001 - `serve` would take the signals of the test run
    try:
        while not server.started:
            if task.done():
                task.result()
            await asyncio.sleep(0.01)
        port = server.servers[0].sockets[0].getsockname()[1]
        yield f"http://127.0.0.1:{port}"
    finally:
        server.should_exit = True
        await asyncio.wait_for(task, 10)


# --- fixtures -----------------------------------------------------------------------------------------------


@pytest.fixture(scope="session")
def templates(postgres: PostgresServer) -> Templates:
    return Templates(postgres)


@pytest.fixture(scope="session")
def keys() -> Keys:
    """The key people's tokens are signed with."""
    return Keys.make("test-1")


@pytest.fixture(scope="session")
def service_keys(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with `<service>.pem` for every service and the gateway, and `jwks.json` with all their public keys."""
    folder = tmp_path_factory.mktemp("service-keys")
    made = [Keys.make(f"{name}.1") for name in (*SERVICES, "gateway")]
    for pair in made:
        (folder / f"{pair.kid.split('.')[0]}.pem").write_text(pair.private_pem)
    (folder / "jwks.json").write_text(
        json.dumps({"keys": [key for pair in made for key in pair.jwks["keys"]]})
    )
    return folder


@pytest.fixture(scope="session")
def service() -> ServiceUnderTest:
    raise LookupError("a service's tests/conftest.py must say which service it tests")


@pytest.fixture
async def database_of(templates: Templates) -> AsyncIterator[Callable[[str], Awaitable[str]]]:
    """`await database_of("learning")` is the URL of a fresh migrated database, dropped after the test."""
    made = []

    async def make(name: str) -> str:
        made.append(await templates.clone(name))
        return made[-1]

    yield make
    for url in made:
        await templates.drop(url)


@pytest.fixture
async def upstream() -> AsyncIterator[Upstream]:
    """Every other service, for a test of one: answers 404 until told what to answer."""
    stand_in = Upstream("")
    async with serving(stand_in) as url:
        stand_in.url = url
        yield stand_in


@pytest.fixture
async def settings(
    service: ServiceUnderTest,
    database_of: Callable[[str], Awaitable[str]],
    service_keys: Path,
    tmp_path: Path,
    upstream: Upstream,
) -> ServiceSettings:
    return service.settings(
        database_url=with_driver(await database_of(service.name)),
        issuer=ISSUER,
        public_url=ISSUER,
        service_key_file=service_keys / f"{service.name}.pem",
        service_jwks_file=service_keys / "jwks.json",
        service_urls=dict.fromkeys(SERVICES, upstream.url),
        mail_spool_dir=tmp_path / "mail",
        storage_url=f"file://{tmp_path}/storage",
    )


@pytest.fixture
async def database(settings: ServiceSettings) -> AsyncIterator[Database]:
    database = Database(settings, process="test")
    yield database
    await database.close()


@pytest.fixture
async def app(service: ServiceUnderTest, settings: ServiceSettings, keys: Keys) -> AsyncIterator[FastAPI]:
    """The service's application, its lifespan running. People's tokens are those of `token`, unless the service
    signs them itself."""
    app = service.create_app(settings)
    if service.name != "identity":

        async def published() -> dict[str, Any]:
            return keys.jwks

        app.state.verifier = TokenVerifier(issuer=ISSUER, audience=settings.audience, source=published)
        app.state.ended.guard(app.state.verifier)
    async with app.router.lifespan_context(app):
        yield app


@pytest.fixture
async def client(app: FastAPI) -> AsyncIterator[httpx.AsyncClient]:
    transport = httpx.ASGITransport(app=app, raise_app_exceptions=False)
    async with httpx.AsyncClient(transport=transport, base_url=ISSUER) as client:
        yield client


@pytest.fixture
def auth(keys: Keys) -> Callable[..., dict[str, str]]:
    """`auth(user_id=7, role="instructor", tier="premium")`: the headers of that person."""

    def headers(user_id: int = 1, role: str = "student", tier: str = "free", **claims: Any) -> dict[str, str]:
        return {"Authorization": f"Bearer {person(keys, user_id, role, tier, **claims)}"}

    return headers


@pytest.fixture
def service_auth(service: ServiceUnderTest, service_keys: Path) -> Callable[[str], dict[str, str]]:
    """`service_auth("catalog")`: the headers of that service calling the one under test."""
    from chassis.auth import ServiceSigner

    def headers(caller: str) -> dict[str, str]:
        signer = ServiceSigner(caller, service_keys / f"{caller}.pem")
        return {"Authorization": f"Bearer {signer.token(service.name)}"}

    return headers


Published = Callable[[], Awaitable[list[Event]]]
Deliver = Callable[..., Awaitable[None]]


@pytest.fixture
def published(database: Database) -> Published:
    """`await published()`: every event in the outbox, in order, as its contract."""
    from contracts import registry

    async def read() -> list[Event]:
        async with database.transaction() as session:
            rows = (await session.scalars(select(OutboxRow).order_by(OutboxRow.id))).all()
        return [_event(registry, row) for row in rows]

    return read


def _event(registry: Any, row: OutboxRow) -> Event:
    event: Event = registry.lookup(row.type).model_validate_json(json.dumps(row.payload))
    return event


@dataclass
class _Record:
    topic: str
    partition: int
    offset: int
    key: bytes
    value: bytes
    headers: Sequence[tuple[str, bytes]]


def _publisher_of(event: Event) -> str:
    context = event.topic.split(".")[0]
    return "/services/analytics" if context in ("platform", "schedule") else f"/services/{context}"


def as_record(
    event: Event, *, offset: int = 0, time: datetime | None = None, event_id: UUID | None = None
) -> _Record:
    """The Kafka record that carries this event."""
    source = _publisher_of(event)
    envelope = enclose(event, id=event_id or new_event_id(), source=source, time=time or now())
    key, value, headers = to_kafka(envelope)
    return _Record(event.topic, 0, offset, key, value, headers)


@pytest.fixture
def deliver(service: ServiceUnderTest, settings: ServiceSettings, database: Database) -> Deliver:
    """`await deliver(event, event, ..., times=2, time=...)`: the service handles them, through the consumer's own code.

    Delivered more than once, an event keeps its id. An event that ends in the dead letters fails the test.
    """
    consumer = Consumer(settings, database, service.subscriptions())

    async def handle(
        *events: Event, times: int = 1, time: datetime | None = None, event_id: UUID | None = None
    ) -> None:
        records = [as_record(e, offset=n, time=time, event_id=event_id) for n, e in enumerate(events)]
        for _ in range(times):
            items = [item for record in records if (item := decode(record, consumer.lookup)) is not None]
            try:
                await consumer._handle_together(items)  # noqa: SLF001
            except Exception:  # noqa: BLE001 - as the consumer itself does
                for item in items:
                    await consumer._handle_one(item)  # noqa: SLF001
        async with database.transaction() as session:
            dead = (await session.scalars(select(DeadLetter))).all()
            assert not dead, f"ended in the dead letters: {[(d.type, d.error, d.traceback) for d in dead]}"

    return handle


@pytest.fixture(scope="session", autouse=True)
def _quiet_logs() -> None:
    from chassis.logs import configure_logs

    configure_logs("test", "test", "WARNING")
