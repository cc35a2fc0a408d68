"""The gateway's own pages: health, metrics, and the documents that describe the platform."""

import asyncio
import time

import orjson
from chassis.errors import NotFound, Unavailable

from gateway import asyncapi, metrics
from gateway.client import within
from gateway.connection import UpstreamError
from gateway.docs import Docs
from gateway.fetch import fetch
from gateway.openapi import OpenApi
from gateway.pages import JSON, NO_STORE, Answer, Page, tagged
from gateway.proxy import Proxy
from gateway.request import Request
from gateway.settings import Settings

READINESS_DEADLINE = 2.0
READINESS_KEPT = 0.5


class Site:
    """Finds the page of a path, and keeps what the pages need."""

    def __init__(self, settings: Settings, proxy: Proxy) -> None:
        self._settings = settings
        self._proxy = proxy
        self.openapi = OpenApi(settings, proxy)
        self._docs = Docs()
        self._readiness: tuple[float, asyncio.Task[dict[str, str]]] | None = None
        self._pages = {
            "/healthz": Page("/healthz", self._alive, limited=False),
            "/readyz": Page("/readyz", self._ready, limited=False),
            "/metrics": Page("/metrics", self._metrics, limited=False),
            "/openapi.json": Page("/openapi.json", self._openapi_document),
            "/asyncapi.json": Page("/asyncapi.json", asyncapi.page),
        }

    async def open(self) -> None:
        self.openapi.start()

    async def close(self) -> None:
        await self.openapi.stop()
        if self._readiness is not None:
            self._readiness[1].cancel()

    def page(self, path: str) -> Page | None:
        if path.startswith("/api/"):
            return None
        return self._pages.get(path) or self._docs.page(path)

    async def _alive(self, _request: Request) -> Answer:
        return Answer(200, [JSON, NO_STORE], b'{"status":"alive"}')

    async def _ready(self, _request: Request) -> Answer:
        """Ready when every service is. Asked at most twice a second, however many ask us."""
        now = time.monotonic()
        if self._readiness is None or (
            self._readiness[1].done() and now - self._readiness[0] > READINESS_KEPT
        ):
            self._readiness = (now, asyncio.create_task(self._ask_all()))
        services = await asyncio.shield(self._readiness[1])
        ready = all(state == "ready" for state in services.values())
        body = orjson.dumps({"status": "ready" if ready else "not ready", "services": services})
        headers = [JSON, NO_STORE]
        if not ready:
            headers.append((b"retry-after", b"1"))
        return Answer(200 if ready else 503, headers, body)

    async def _ask_all(self) -> dict[str, str]:
        names = list(self._settings.service_urls)
        return dict(zip(names, await asyncio.gather(*map(self._ask, names)), strict=True))

    async def _ask(self, service: str) -> str:
        pool = self._proxy.pools[service]
        try:
            status, _ = await fetch(pool, self._proxy.host(service), "/readyz", timeout=READINESS_DEADLINE)
        except TimeoutError:
            return "does not answer"
        except UpstreamError:
            return "cannot be reached"
        return "ready" if status == 200 else "not ready"

    async def _metrics(self, request: Request) -> Answer:
        if not within(request.client, self._settings.metrics_networks):
            raise NotFound
        return Answer(
            200, [(b"content-type", metrics.EXPOSITION.encode()), NO_STORE], metrics.exposition(self._proxy)
        )

    async def _openapi_document(self, request: Request) -> Answer:
        document = self.openapi.document
        if document is None:
            raise Unavailable("No service has said yet what it offers.", retry_after=2)
        return tagged(request, document, [JSON, (b"cache-control", b"public, max-age=60")])
