"""The gateway as it runs, in front of real servers: uvicorn on loopback, and raw sockets for what misbehaves."""

import asyncio
import contextlib
import socket
import threading
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from dataclasses import dataclass, field
from typing import Any

import httpx
import orjson
import pytest
import uvicorn
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import ec
from gateway.app import Gateway
from gateway.main import config
from gateway.settings import Settings
from jose import jwk, jwt

SERVICES = ("identity", "catalog", "learning", "assessment", "instructor", "analytics")
ISSUER, AUDIENCE = "http://lyceum.test", "lyceum"
NOBODY = "127.0.0.1:9"
"""An address that nothing listens on."""


class Served:
    """A uvicorn server in a thread with a loop of its own, on a port of its own."""

    def __init__(self, served: uvicorn.Config) -> None:
        self._socket = socket.socket()
        self._socket.bind(("127.0.0.1", 0))
        self.port: int = self._socket.getsockname()[1]
        self.url = f"http://127.0.0.1:{self.port}"
        self.server = uvicorn.Server(served)
        self._thread = threading.Thread(target=self.server.run, args=([self._socket],), daemon=True)

    def __enter__(self) -> "Served":
        self._thread.start()
        deadline = time.monotonic() + 10
        while not self.server.started:
            assert self._thread.is_alive(), "the server did not start"
            assert time.monotonic() < deadline
            time.sleep(0.005)
        return self

    def __exit__(self, *_: object) -> None:
        self.server.should_exit = True
        self._thread.join(15)
        assert not self._thread.is_alive(), "the server did not stop"
        self._socket.close()


class Signer:
    """Identity's part in this: a key, its JWKS, and tokens."""

    def __init__(self, kid: str = "k1") -> None:
        self.kid = kid
        self._private = ec.generate_private_key(ec.SECP256R1())
        public = self._private.public_key().public_bytes(
            serialization.Encoding.PEM, serialization.PublicFormat.SubjectPublicKeyInfo
        )
        key = jwk.construct(public.decode(), "ES256").to_dict()
        self.jwks = {"keys": [{**_texts(key), "kid": kid, "use": "sig"}]}

    @property
    def pem(self) -> str:
        return self._private.private_bytes(
            serialization.Encoding.PEM,
            serialization.PrivateFormat.PKCS8,
            serialization.NoEncryption(),
        ).decode()

    def claims(self, **other: Any) -> dict[str, Any]:
        now = int(time.time())
        return {
            "iss": ISSUER,
            "aud": AUDIENCE,
            "sub": "7",
            "role": "student",
            "tier": "free",
            "permissions": [],
            "sid": "311",
            "jti": "a",
            "typ": "access",
            "iat": now,
            "exp": now + 600,
            **other,
        }

    def token(self, **other: Any) -> str:
        token: str = jwt.encode(self.claims(**other), self.pem, algorithm="ES256", headers={"kid": self.kid})
        return token


def _texts(key: dict[str, Any]) -> dict[str, Any]:
    return {name: value.decode() if isinstance(value, bytes) else value for name, value in key.items()}


@dataclass
class Echo:
    """A service that answers with what it was asked, as uvicorn read it."""

    signer: Signer
    openapi: dict[str, Any] = field(default_factory=lambda: {"openapi": "3.1.0", "paths": {}})
    disconnected: threading.Event = field(default_factory=threading.Event)
    requests: int = 0
    url: str = ""

    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
        if scope["type"] == "lifespan":
            await _lifespan(receive, send)
            return
        self.requests += 1
        path = scope["path"]
        if path in ("/healthz", "/readyz"):
            await _json(send, {"status": "ready"})
        elif path == "/.well-known/jwks.json":
            await _json(send, self.signer.jwks)
        elif path == "/openapi.json":
            await _json(send, self.openapi)
        else:
            await self._echo(scope, receive, send)

    async def _echo(self, scope: Any, receive: Any, send: Any) -> None:
        length, more = 0, True
        checksum = 0
        while more:
            message = await receive()
            if message["type"] == "http.disconnect":
                self.disconnected.set()
                return
            length += len(message["body"])
            checksum = (checksum + sum(message["body"][:64])) % 65536
            more = message["more_body"]
        await _json(
            send,
            {
                "method": scope["method"],
                "path": scope["path"],
                "raw_path": scope["raw_path"].decode(),
                "query": scope["query_string"].decode(),
                "headers": [[name.decode(), value.decode("latin-1")] for name, value in scope["headers"]],
                "length": length,
                "checksum": checksum,
            },
        )


async def _json(send: Any, value: Any, status: int = 200) -> None:
    body = orjson.dumps(value)
    headers = [(b"content-type", b"application/json"), (b"content-length", str(len(body)).encode())]
    await send({"type": "http.response.start", "status": status, "headers": headers})
    await send({"type": "http.response.body", "body": body})


async def _lifespan(receive: Any, send: Any) -> None:
    while True:
        message = await receive()
        await send({"type": f"{message['type']}.complete"})
        if message["type"] == "lifespan.shutdown":
            return


def asgi(app: Any) -> uvicorn.Config:
    return uvicorn.Config(
        app,
        http="httptools",
        loop="uvloop",
        ws="none",
        log_config=None,
        access_log=False,
        timeout_keep_alive=75,
    )


@pytest.fixture(scope="session")
def signer() -> Signer:
    return Signer()


@pytest.fixture(scope="session")
def echo(signer: Signer) -> Iterator[Echo]:
    """All six services in one."""
    app = Echo(signer)
    with Served(asgi(app)) as served:
        app.url = served.url
        yield app


class Door:
    """A running gateway, and ways to knock."""

    def __init__(self, served: Served, gateway: Gateway) -> None:
        self.url = served.url
        self.port = served.port
        self.gateway = gateway

    @contextlib.asynccontextmanager
    async def client(self, **options: Any) -> AsyncIterator[httpx.AsyncClient]:
        async with httpx.AsyncClient(base_url=self.url, timeout=15, **options) as client:
            yield client

    async def raw(self, request: bytes, *, wait: float = 5.0) -> bytes:
        """Send bytes, and read until the gateway closes or `wait` seconds have passed in silence."""
        reader, writer = await asyncio.open_connection("127.0.0.1", self.port)
        try:
            writer.write(request)
            answer = b""
            with contextlib.suppress(TimeoutError, ConnectionResetError):
                while True:
                    async with asyncio.timeout(wait):
                        piece = await reader.read(65536)
                    if not piece:
                        break
                    answer += piece
            return answer
        finally:
            writer.close()


OpenGateway = Callable[..., Door]


@pytest.fixture
def open_gateway(echo: Echo) -> Iterator[OpenGateway]:
    """Start a gateway; `urls` overrides where single services are, everything else is a setting."""
    with contextlib.ExitStack() as stack:

        def start(urls: dict[str, str] | None = None, **settings: Any) -> Door:
            url = echo.url
            values: dict[str, Any] = {
                "service_urls": dict.fromkeys(SERVICES, url) | (urls or {}),
                "jwks_url": f"{url}/.well-known/jwks.json",
                "issuer": ISSUER,
                "audience": AUDIENCE,
                "kafka_bootstrap": NOBODY,
                "limits_factor": 1_000_000.0,
                "access_log_sample": 0.0,
                "shutdown_timeout": 2,
                **settings,
            }
            served_config = config(Settings(**values))
            served = stack.enter_context(Served(served_config))
            return Door(served, served_config.app)  # type: ignore[arg-type]

        yield start


@pytest.fixture(scope="session")
def shared_door(echo: Echo) -> Iterator[Door]:
    """One gateway with ordinary settings for the many tests that change nothing in it."""
    url = echo.url
    settings = Settings(
        service_urls=dict.fromkeys(SERVICES, url),
        jwks_url=f"{url}/.well-known/jwks.json",
        issuer=ISSUER,
        audience=AUDIENCE,
        kafka_bootstrap=NOBODY,
        limits_factor=1_000_000.0,
        access_log_sample=0.0,
        head_timeout=0.5,
        body_timeout=0.5,
        shutdown_timeout=2,
    )
    served_config = config(settings)
    with Served(served_config) as served:
        yield Door(served, served_config.app)  # type: ignore[arg-type]


@pytest.fixture
def door(shared_door: Door) -> Door:
    return shared_door


@pytest.fixture
async def client(door: Door) -> AsyncIterator[httpx.AsyncClient]:
    async with door.client() as client:
        yield client


Script = Callable[[asyncio.StreamReader, asyncio.StreamWriter], Awaitable[None]]
OpenUpstream = Callable[[Script], Awaitable[str]]
Play = Callable[[Script], Door]


class Stage:
    """A server that does, for each connection, what the script of the moment says."""

    def __init__(self) -> None:
        self.script: Script | None = None
        self.url = ""
        self._server: asyncio.Server | None = None
        self._writers: set[asyncio.StreamWriter] = set()

    async def open(self) -> None:
        self._server = await asyncio.start_server(self._serve, "127.0.0.1", 0)
        self.url = f"http://127.0.0.1:{self._server.sockets[0].getsockname()[1]}"

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self._writers.add(writer)
        try:
            with contextlib.suppress(ConnectionError, asyncio.IncompleteReadError):
                head = await read_head(reader)
                # The gateway's own question for the API document is not the script's affair.
                if b"/openapi.json" not in head and self.script is not None:
                    reader._buffer[:0] = head  # type: ignore[attr-defined]
                    await self.script(reader, writer)
        finally:
            self._writers.discard(writer)
            writer.close()

    def clear(self) -> None:
        """The next script finds no connection of the last one."""
        self.script = None
        for writer in list(self._writers):
            writer.transport.abort()

    async def close(self) -> None:
        self.clear()
        if self._server is not None:
            self._server.close()
        await asyncio.sleep(0)


@pytest.fixture
async def upstream() -> AsyncIterator[OpenUpstream]:
    """Start a server that does, for each connection, what the script says. Returns its URL."""
    stages: list[Stage] = []

    async def start(script: Script) -> str:
        stage = Stage()
        stage.script = script
        stages.append(stage)
        await stage.open()
        return stage.url

    yield start
    for stage in stages:
        await stage.close()


@pytest.fixture(scope="session")
async def staged(echo: Echo) -> AsyncIterator[tuple[Stage, Door]]:
    """One gateway for the many scripts that want no settings of their own; any service is the stage."""
    stage = Stage()
    await stage.open()
    settings = Settings(
        service_urls=dict.fromkeys(SERVICES, stage.url),
        jwks_url=f"{echo.url}/.well-known/jwks.json",
        issuer=ISSUER,
        kafka_bootstrap=NOBODY,
        limits_factor=1_000_000.0,
        access_log_sample=0.0,
        shutdown_timeout=2,
    )
    served_config = config(settings)
    served = Served(served_config)
    await asyncio.to_thread(served.__enter__)
    try:
        yield stage, Door(served, served_config.app)  # type: ignore[arg-type]
    finally:
        await stage.close()
        await asyncio.to_thread(served.__exit__)


@pytest.fixture
def play(staged: tuple[Stage, Door]) -> Iterator[Play]:
    """Have the services do what a script says, and get the gateway before them."""
    stage, door = staged

    def start(script: Script) -> Door:
        stage.script = script
        return door

    yield start
    stage.clear()


async def read_head(reader: asyncio.StreamReader) -> bytes:
    return await reader.readuntil(b"\r\n\r\n")


async def until(true: Callable[[], bool], seconds: float = 5.0) -> None:
    """Wait for something that no event tells."""
    async with asyncio.timeout(seconds):
        while not true():  # noqa: ASYNC110
            await asyncio.sleep(0.01)


def is_problem(answer: httpx.Response, status: int, slug: str) -> None:
    """Assert that the answer is this problem, with all that every answer carries."""
    assert answer.status_code == status, answer.text
    assert answer.headers["content-type"] == "application/problem+json"
    body = answer.json()
    assert body["type"] == f"/problems/{slug}"
    assert body["status"] == status
    assert body["request_id"] == answer.headers["x-request-id"]
    assert {"title", "detail", "instance"} <= body.keys()
    assert answer.headers["traceparent"].startswith("00-")
    assert answer.headers["x-content-type-options"] == "nosniff"
