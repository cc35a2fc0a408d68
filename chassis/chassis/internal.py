"""Asking another service over HTTP: every wait bounded, safe questions asked again, refusals told in our terms."""

import ssl
from collections.abc import AsyncGenerator, Mapping
from functools import lru_cache
from typing import Any

import httpx
import stamina

from chassis.auth import ServiceSigner
from chassis.errors import Conflict, Invalid, NotFound, Unavailable
from chassis.settings import HttpSettings, ServiceSettings
from chassis.tracing import current_request_id, traceparent

LINE_AT_MOST = 32 * 1024 * 1024
STREAM_PATIENCE = httpx.Timeout(30.0, connect=1.0, pool=2.0)
"""For the next piece of a long answer, not for the whole of it."""


class _NotNow(Exception):
    """The callee did not answer, or said that it cannot just now."""


class InternalCalls:
    """Calls to the other services' `/internal` endpoints, one pool for the process."""

    def __init__(self, settings: HttpSettings, signer: ServiceSigner) -> None:
        self._urls: Mapping[str, str] = settings.service_urls
        self._signer = signer
        self._client = httpx.AsyncClient(
            verify=_trusted(),
            timeout=httpx.Timeout(3.0, connect=1.0, pool=2.0),
            # Idle connections end before the servers' own keep-alive (75 s) would end them under our hands.
            limits=httpx.Limits(max_connections=50, max_keepalive_connections=10, keepalive_expiry=30),
            follow_redirects=False,
            # A proxy in the environment is for the way out of the house; it has no business with our tokens.
            trust_env=False,
        )

    async def get(self, callee: str, path: str, *, params: Mapping[str, Any] | None = None) -> Any:
        """The JSON `callee` answers with. Raises NotFound for its 404, Unavailable when it cannot answer."""
        try:
            async for attempt in stamina.retry_context(
                on=_NotNow, attempts=3, timeout=4.0, wait_initial=0.05, wait_max=0.5
            ):
                with attempt:
                    return await self._send("GET", callee, path, params=params)
        except _NotNow as error:
            raise Unavailable(f"The {callee} service does not answer just now.") from error
        raise AssertionError("unreachable: the retries above return or raise")

    async def post(self, callee: str, path: str, *, json: Any, idempotent: bool = False) -> Any:
        """Post JSON. Asked again only where the caller says the endpoint is idempotent.

        Raises NotFound, Conflict or Invalid as the callee does, Unavailable when it cannot answer.
        """
        try:
            async for attempt in stamina.retry_context(
                on=_NotNow, attempts=3 if idempotent else 1, timeout=8.0, wait_initial=0.05, wait_max=0.5
            ):
                with attempt:
                    return await self._send("POST", callee, path, json=json)
        except _NotNow as error:
            raise Unavailable(f"The {callee} service does not answer just now.") from error
        raise AssertionError("unreachable: the retries above return or raise")

    async def lines(self, callee: str, path: str) -> AsyncGenerator[bytes, None]:
        """The lines `callee` answers with, one by one, as they come; none is held longer than its reader needs it.

        Raises NotFound for its 404; Unavailable when it cannot answer, or breaks off: what came before is then not
        the whole answer, so whoever must know also asks for a last line that says so.
        """
        url, headers = f"{self._urls[callee]}{path}", self._headers(callee)
        try:
            async with self._client.stream("GET", url, headers=headers, timeout=STREAM_PATIENCE) as answer:
                if answer.status_code == 404:
                    raise NotFound
                if answer.status_code != 200:
                    raise Unavailable(f"The {callee} service answered {answer.status_code}.")
                rest = b""
                async for piece in answer.aiter_bytes():
                    *whole, rest = (rest + piece).split(b"\n")
                    for line in whole:
                        yield line
                    if len(rest) > LINE_AT_MOST:
                        raise Unavailable(f"The {callee} service answered with a line without end.")
                if rest:
                    yield rest
        except httpx.TransportError as error:
            raise Unavailable(f"The {callee} service does not answer just now.") from error

    def _headers(self, callee: str) -> dict[str, str]:
        headers = {"Authorization": f"Bearer {self._signer.token(callee)}"}
        if (trace := traceparent()) is not None:
            headers["traceparent"] = trace
        if (request_id := current_request_id.get()) is not None:
            headers["X-Request-Id"] = request_id
        return headers

    async def _send(self, method: str, callee: str, path: str, **given: Any) -> Any:
        url, headers = f"{self._urls[callee]}{path}", self._headers(callee)
        try:
            answer = await self._client.request(method, url, headers=headers, **given)
        except httpx.TransportError as error:
            raise _NotNow(repr(error)) from error
        # 401: during a rotation of our key the callee may know the new one a few seconds later than we.
        if answer.status_code >= 500 or answer.status_code in (401, 429):
            raise _NotNow(f"{callee} answered {answer.status_code}")
        if answer.status_code in _REFUSALS:
            problem = answer.json() if "json" in answer.headers.get("content-type", "") else {}
            raise _REFUSALS[answer.status_code](problem.get("detail") if isinstance(problem, dict) else None)
        answer.raise_for_status()
        return answer.json() if answer.content else None

    async def close(self) -> None:
        await self._client.aclose()


@lru_cache
def _trusted() -> ssl.SSLContext:
    """The machine's authorities, read once a process: it takes 50 ms."""
    return ssl.create_default_context()


def signer_of(settings: ServiceSettings) -> ServiceSigner:
    """The signer with this service's deployed key; ValueError where none is."""
    if settings.service_key_file is None:
        raise ValueError(f"{settings.service} has no service key: set service_key_file")
    kid = f"{settings.service}.{settings.service_key_number}"
    return ServiceSigner(settings.service, settings.service_key_file, kid=kid)


_REFUSALS: dict[int, type[NotFound | Conflict | Invalid]] = {404: NotFound, 409: Conflict, 422: Invalid}
