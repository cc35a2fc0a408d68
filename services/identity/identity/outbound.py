"""The way out: everything that is fetched from an address somebody configured, or that a provider told us.

Whoever may write such an address must not reach what only we can reach: the database, another service, a cloud's
metadata. So a name is resolved here, every address it has is judged, and the connection is made to the very address
that was judged: a name that resolves to something else a moment later changes nothing. TLS still asks for the name.
Answers are read whole, within one deadline and up to a size, and a redirect is no answer.
"""

import asyncio
import re
import socket
import ssl
from collections.abc import Awaitable, Callable, Iterable, Sequence
from concurrent.futures import ThreadPoolExecutor
from functools import lru_cache, partial
from ipaddress import ip_address
from typing import Any

import httpcore
import httpx

from identity.public_addresses import Address, is_private_network, is_public, literal
from identity.settings import Settings

CONNECT_SECONDS = 3.0
READ_SECONDS = 5.0
TOTAL_SECONDS = 10.0
ANSWER_BYTES = 1 << 20
ADDRESSES_TRIED = 3

_NAME = re.compile(r"[A-Za-z0-9_-]+(\.[A-Za-z0-9_-]+)*\.?")

Resolver = Callable[[str, int], Awaitable[Sequence[str]]]
"""The addresses of a name (and a port), as text; raises OSError where there are none."""


class Refused(httpx.TransportError):
    """We do not ask there, or do not take what came: the message says why, for whoever configured the address."""


class Outbound:
    """Makes the clients that go out. `allowed_hosts` are `host:port` of providers on a private network, which may be
    asked over plain http too."""

    def __init__(
        self,
        allowed_hosts: Iterable[str] = (),
        *,
        resolve: Resolver | None = None,
        total_seconds: float = TOTAL_SECONDS,
        answer_bytes: int = ANSWER_BYTES,
    ) -> None:
        self._allowed = frozenset(entry.lower() for entry in allowed_hosts)
        self._resolve = resolve or _system_resolver
        self._total_seconds = total_seconds
        self._answer_bytes = answer_bytes

    def refuse_unless_allowed(self, url: str) -> None:
        """Raise Refused for an address that we would not ask, as far as it can be seen without resolving it."""
        try:
            parsed = httpx.URL(url)
        except (httpx.InvalidURL, TypeError, ValueError) as error:
            raise Refused(f"{url!r} is not a URL.") from error
        self._refuse_form(parsed)

    def is_allowed_host(self, host: str, port: int) -> bool:
        """Whether the operator named this host and port."""
        name = f"[{host}]" if ":" in host else host
        return f"{name}:{port}".lower() in self._allowed

    async def addresses(self, host: str, port: int) -> list[str]:
        """Where to connect for a host: its addresses, every one of them judged. Raises Refused."""
        found = await self._resolve(host, port)
        addresses = [ip_address(text) for text in found]
        allowed = is_private_network if self.is_allowed_host(host, port) else _nowhere
        if not addresses:
            raise Refused(f"{host} has no address.")
        for address in addresses:
            if not (is_public(address) or allowed(address)):
                raise Refused(f"{host} leads to an address that is not on the public internet.")
        return [str(address) for address in addresses]

    def transport(self, *, json_only: bool = True) -> httpx.AsyncBaseTransport:
        """A transport for one client (`httpx.AsyncClient`, Authlib's `AsyncOAuth2Client`), which closes it.

        It raises httpx's own errors, and Refused, which is one of them. `json_only` refuses a success that is not JSON.
        """
        return _Transport(self, self._total_seconds, self._answer_bytes, json_only=json_only)

    def client(self, **given: Any) -> httpx.AsyncClient:
        """A client for some requests; the caller closes it (`async with`)."""
        return httpx.AsyncClient(
            transport=self.transport(), timeout=timeout(), trust_env=False, follow_redirects=False, **given
        )

    async def get_json(self, url: str, **headers: str) -> Any:
        """The JSON at a URL. Raises httpx.TransportError (Refused is one), or httpx.HTTPStatusError."""
        async with self.client() as client:
            answer = await client.get(url, headers={"Accept": "application/json", **headers})
            answer.raise_for_status()
            try:
                return answer.json()
            except ValueError as error:
                raise Refused(f"What {url} answers is not JSON.") from error

    def _refuse_form(self, url: httpx.URL) -> None:
        host = url.raw_host.decode("ascii")
        if url.userinfo or url.fragment or not (_NAME.fullmatch(host) or literal(host)):
            raise Refused("A URL with a host, and without credentials or a fragment, is needed.")
        port = url.port or {"https": 443, "http": 80}.get(url.scheme, 0)
        if not 0 < port < 65536:
            raise Refused(f"{port} is no port to ask at.")
        if url.scheme in ("http", "https") and self.is_allowed_host(host, port):
            return
        if url.scheme != "https":
            raise Refused(f"Only https is asked, and {url.host} by {url.scheme or 'nothing'} is not.")
        address = literal(host)
        if address is not None and not is_public(address):
            raise Refused(f"{url.host} is not an address on the public internet.")


def outbound_of(settings: Settings) -> Outbound:
    """The way out as this deployment allows it."""
    return Outbound(settings.outbound_allowed_hosts)


def timeout() -> httpx.Timeout:
    """The deadlines of each step; the whole has one of its own, in the transport."""
    return httpx.Timeout(READ_SECONDS, connect=CONNECT_SECONDS)


def _nowhere(_address: Address) -> bool:
    return False


# --- the transport ------------------------------------------------------------------------------------------


class _Transport(httpx.AsyncBaseTransport):
    def __init__(
        self, outbound: Outbound, total_seconds: float, answer_bytes: int, *, json_only: bool
    ) -> None:
        self._outbound = outbound
        self._total_seconds = total_seconds
        self._answer_bytes = answer_bytes
        self._json_only = json_only
        self._pool = httpcore.AsyncConnectionPool(
            ssl_context=_trusted(), max_connections=10, network_backend=_Judging(outbound)
        )

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        self._outbound._refuse_form(request.url)  # noqa: SLF001 - one thing in two halves
        # What is not compressed cannot grow while it is read.
        request.headers["Accept-Encoding"] = "identity"
        # Whoever made the client without deadlines gets ours.
        steps = {**timeout().as_dict(), **_given(request.extensions.get("timeout", {}))}
        asked = httpcore.Request(
            request.method,
            httpcore.URL(
                scheme=request.url.raw_scheme,
                host=request.url.raw_host,
                port=request.url.port,
                target=request.url.raw_path,
            ),
            headers=request.headers.raw,
            content=request.stream,
            extensions={**request.extensions, "timeout": steps},
        )
        try:
            async with asyncio.timeout(self._total_seconds):
                return await self._answer(asked)
        except TimeoutError as error:
            raise httpx.ReadTimeout(
                f"{request.url.host} took more than {self._total_seconds:g} s.", request=request
            ) from error
        except httpcore.UnsupportedProtocol as error:
            raise httpx.UnsupportedProtocol(str(error), request=request) from error
        except (httpcore.TimeoutException, httpcore.NetworkError, httpcore.ProtocolError) as error:
            # The two libraries name their errors alike.
            raise getattr(httpx, type(error).__name__)(str(error), request=request) from error

    async def _answer(self, asked: httpcore.Request) -> httpx.Response:
        answer = await self._pool.handle_async_request(asked)
        try:
            headers = httpx.Headers(answer.headers)
            self._refuse_answer(answer.status, headers)
            body = bytearray()
            async for part in answer.aiter_stream():
                body += part
                if len(body) > self._answer_bytes:
                    raise Refused(f"The answer is larger than {self._answer_bytes} bytes.")
        finally:
            await answer.aclose()
        return httpx.Response(
            answer.status,
            headers=headers,
            stream=httpx.ByteStream(bytes(body)),
            extensions={"http_version": answer.extensions.get("http_version", b"HTTP/1.1")},
        )

    def _refuse_answer(self, status: int, headers: httpx.Headers) -> None:
        if 300 <= status < 400:
            raise Refused("The answer is a redirect, and those are not followed.")
        if headers.get("content-encoding", "identity").lower() not in ("", "identity"):
            raise Refused("The answer is compressed, which was not asked for.")
        kind = headers.get("content-type", "").partition(";")[0].strip().lower()
        if self._json_only and 200 <= status < 300 and not _is_json(kind):
            raise Refused(f"The answer is {kind or 'of no stated kind'} where JSON is expected.")

    async def aclose(self) -> None:
        await self._pool.aclose()


class _Judging(httpcore.AsyncNetworkBackend):
    """Connects to addresses that were judged, never to a name: nothing resolves it a second time."""

    def __init__(self, outbound: Outbound) -> None:
        self._outbound = outbound
        self._network = httpcore.AnyIOBackend()

    async def connect_tcp(
        self,
        host: str,
        port: int,
        timeout: float | None = None,  # noqa: ASYNC109 - httpcore's signature
        local_address: str | None = None,
        socket_options: Iterable[Any] | None = None,
    ) -> httpcore.AsyncNetworkStream:
        try:
            addresses = await self._outbound.addresses(host, port)
        except OSError as error:
            raise httpcore.ConnectError(f"{host} does not resolve.") from error
        failure: Exception | None = None
        for address in addresses[:ADDRESSES_TRIED]:
            try:
                return await self._network.connect_tcp(address, port, timeout, local_address, socket_options)
            except (httpcore.ConnectError, httpcore.ConnectTimeout) as error:
                failure = error
        assert failure is not None
        raise failure

    async def connect_unix_socket(
        self,
        path: str,
        timeout: float | None = None,  # noqa: ASYNC109 - httpcore's signature
        socket_options: Iterable[Any] | None = None,
    ) -> httpcore.AsyncNetworkStream:
        raise httpcore.UnsupportedProtocol("Nothing outside has a socket in our file system.")

    async def sleep(self, seconds: float) -> None:
        await self._network.sleep(seconds)


def _given(steps: dict[str, float | None]) -> dict[str, float]:
    return {step: seconds for step, seconds in steps.items() if seconds is not None}


def _is_json(kind: str) -> bool:
    return kind == "application/json" or (kind.startswith("application/") and kind.endswith("+json"))


@lru_cache
def _trusted() -> ssl.SSLContext:
    """The machine's authorities (or those of SSL_CERT_FILE), read once a process: it takes 50 ms."""
    return ssl.create_default_context()


# Threads of its own: a name server that does not answer holds up nothing else that needs a thread.
_RESOLVING = ThreadPoolExecutor(max_workers=4, thread_name_prefix="outbound-names")


async def _system_resolver(host: str, port: int) -> Sequence[str]:
    """The addresses the machine knows for a name, in the order it prefers."""
    ask = partial(socket.getaddrinfo, host, port, type=socket.SOCK_STREAM)
    found = await asyncio.get_running_loop().run_in_executor(_RESOLVING, ask)
    return list(dict.fromkeys(str(entry[4][0]) for entry in found))
