import asyncio
import re
import time

import httpx
import pytest

from .conftest import Door, OpenGateway, OpenUpstream, is_problem, read_head


async def test_alive_and_ready(client: httpx.AsyncClient) -> None:
    assert (await client.get("/healthz")).json() == {"status": "alive"}
    answer = await client.get("/readyz")
    assert answer.status_code == 200
    assert set(answer.json()["services"].values()) == {"ready"}
    assert answer.headers["cache-control"] == "no-store"


async def test_not_ready_says_who_is_not(open_gateway: OpenGateway, upstream: OpenUpstream) -> None:
    async def mute(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.read()

    async def starting(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await read_head(reader)
        writer.write(b"HTTP/1.1 503 Service Unavailable\r\ncontent-length: 0\r\n\r\n")

    door = open_gateway(
        {
            "identity": "http://127.0.0.1:9",
            "catalog": await upstream(mute),
            "learning": await upstream(starting),
        }
    )
    async with door.client() as client:
        started = time.monotonic()
        first, second = await asyncio.gather(client.get("/readyz"), client.get("/readyz"))
        assert time.monotonic() - started < 5
    assert first.status_code == second.status_code == 503
    assert first.json() == {
        "status": "not ready",
        "services": {
            "identity": "cannot be reached",
            "catalog": "does not answer",
            "learning": "not ready",
            "assessment": "ready",
            "instructor": "ready",
            "analytics": "ready",
        },
    }


async def test_metrics_go_by_route_and_only_to_whom_they_concern(open_gateway: OpenGateway) -> None:
    door = open_gateway(trusted_proxies=["127.0.0.0/8"])
    async with door.client() as client:
        await client.get("/api/v1/courses/a-very-particular-slug")
        await client.get("/api/v1/nobody-declared-this")
        told = (await client.get("/metrics")).text
        assert 'route="/api/v1/courses/{id}",service="catalog",status="200"' in told
        assert re.search(
            r'requests_total\{method="OTHER",route="unmatched",service="gateway",status="404"\}', told
        )
        assert "particular" not in told
        assert "nobody-declared" not in told
        assert 'lyceum_gateway_upstream_connections{service="catalog",state="idle"} 1.0' in told
        answer = await client.get("/metrics", headers={"x-forwarded-for": "203.0.113.9"})
        is_problem(answer, 404, "not-found")


async def test_the_reference_is_served_from_here_alone(client: httpx.AsyncClient) -> None:
    page = await client.get("/docs")
    assert page.status_code == 200
    assert "default-src 'none'" in page.headers["content-security-policy"]
    links = re.findall(r'(?:src|href)="([^"]+)"', page.text)
    assert not [link for link in links if "//" in link]
    for link in links:
        if not link.startswith("/docs/"):
            continue
        for encoding in ("gzip", "identity"):
            asset = await client.get(link, headers={"accept-encoding": encoding})
            assert asset.status_code == 200, link
            assert "immutable" in asset.headers["cache-control"]
            assert asset.headers.get("content-encoding", "identity") == encoding
            assert len(asset.content) > 100
    assert "SwaggerUIBundle" in (await client.get(next(link for link in links if "bundle" in link))).text


async def test_the_event_streams_are_described(client: httpx.AsyncClient) -> None:
    document = (await client.get("/asyncapi.json")).json()
    assert document["asyncapi"] == "3.0.0"
    assert "learning.lesson.completed.v1" in document["channels"]["learning.events"]["messages"]


@pytest.mark.parametrize(
    "path", ["/", "/docs/", "/docs/../settings.py", "/favicon.ico", "/docs/5/../start.js"]
)
async def test_there_is_nothing_else(client: httpx.AsyncClient, path: str) -> None:
    is_problem(await client.get(path), 404, "not-found")


async def test_pages_are_for_reading(client: httpx.AsyncClient) -> None:
    answer = await client.post("/healthz")
    is_problem(answer, 405, "method-not-allowed")
    assert answer.headers["allow"] == "GET, HEAD, OPTIONS"
    head = await client.head("/docs")
    assert (head.status_code, head.content) == (200, b"")
    assert int(head.headers["content-length"]) > 100


async def test_a_wrong_method_says_the_right_ones(client: httpx.AsyncClient) -> None:
    answer = await client.delete("/api/v1/courses")
    is_problem(answer, 405, "method-not-allowed")
    assert answer.headers["allow"] == "GET, HEAD, OPTIONS, POST"
    options = await client.options("/api/v1/courses")
    assert (options.status_code, options.headers["allow"]) == (204, "GET, HEAD, OPTIONS, POST")
    is_problem(await client.options("/api/v1/nothing"), 404, "not-found")


async def test_other_origins_are_let_in_by_name_only(open_gateway: OpenGateway, door: Door) -> None:
    app = {"origin": "https://app.example"}
    asks = {"access-control-request-method": "POST", "access-control-request-headers": "authorization"}
    async with door.client() as client:
        answer = await client.options("/api/v1/courses", headers={**app, **asks})
        assert not [name for name in answer.headers if name.startswith("access-control")]
    open_door = open_gateway(cors_origins=["https://app.example"])
    async with open_door.client() as client:
        answer = await client.options("/api/v1/courses", headers={**app, **asks})
        assert answer.status_code == 204
        assert answer.headers["access-control-allow-origin"] == "https://app.example"
        assert "POST" in answer.headers["access-control-allow-methods"]
        assert "authorization" in answer.headers["access-control-allow-headers"].lower()
        answer = await client.get("/api/v1/nothing", headers=app)
        assert answer.status_code == 404
        assert answer.headers["access-control-allow-origin"] == "https://app.example"
        assert "x-request-id" in answer.headers["access-control-expose-headers"].lower()
        assert "Origin" in answer.headers["vary"]
        evil = await client.get("/api/v1/courses", headers={"origin": "https://app.example.evil"})
        assert not [name for name in evil.headers if name.startswith("access-control")]
        assert "Origin" in evil.headers["vary"]
