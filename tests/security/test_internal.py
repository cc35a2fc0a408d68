"""What services ask each other is out of reach through the gateway, however it is spelled."""

import asyncio
import json
from collections.abc import Callable
from urllib.parse import urlsplit

import httpx
import pytest
from chassis.auth import ServiceSigner
from lyceum.testing import Person, Platform

pytestmark = pytest.mark.stack

TARGET = "/internal/users/1"
SPELLINGS = [
    TARGET,
    "//internal/users/1",
    "///internal/users/1",
    "/internal/users/1/",
    "/internal//users/1",
    "/./internal/users/1",
    "/x/../internal/users/1",
    "/api/v1/../../internal/users/1",
    "/api/v1/courses/../../../internal/users/1",
    "/api/v1/users/../../../internal/users/1",
    "/api/v1/users/me/../../../../internal/users/1",
    "/api/v1/users/%2e%2e/%2e%2e/%2e%2e/internal/users/1",
    "/api/v1/users/..%2f..%2f..%2finternal%2fusers%2f1",
    "/api/v1/users/..%252f..%252f..%252finternal%252fusers%252f1",
    "/api/v1/users/1%2f..%2f..%2f..%2f..%2finternal%2fusers%2f1",
    "/api/v1/users/..;/..;/..;/internal/users/1",
    "/%69nternal/users/1",
    "/%2569nternal/users/1",
    "/internal%2fusers%2f1",
    "/internal%5cusers%5c1",
    "/internal/users%2f1",
    "/%2finternal/users/1",
    "/\\internal\\users\\1",
    "/api\\v1\\..\\..\\internal\\users\\1",
    "/INTERNAL/users/1",
    "/Internal/Users/1",
    "/internal;v=1/users/1",
    "/internal%00/users/1",
    "/internal%20/users/1",
    "/internal%09/users/1",
    "/internal\u2044users\u20441",
    "/\uff49nternal/users/1",
    "/internal/users/1?x=/api/v1/courses",
    "/internal/users/1#/api/v1/courses",
    "/internal/users/1%23",
    "/identity/internal/users/1",
    "/api/v1/internal/users/1",
    "/api/internal/users/1",
    "http://127.0.0.1/internal/users/1",
    "http://identity/internal/users/1",
    "internal/users/1",
    "*",
    "/metrics/../internal/users/1",
    "/docs/../internal/users/1",
]


async def raw(url: str, target: str, *headers: str, method: str = "GET") -> bytes:
    """The whole answer to a request whose target is sent as it stands: no client tidies it up on the way."""
    parts = urlsplit(url)
    async with asyncio.timeout(10):
        reader, writer = await asyncio.open_connection(parts.hostname, parts.port)
        head = [f"{method} {target} HTTP/1.1", f"Host: {parts.netloc}", "Connection: close", *headers]
        writer.write(("\r\n".join(head) + "\r\n\r\n").encode())
        answer = await reader.read()
        writer.close()
    return answer


@pytest.fixture(scope="module")
def service_token(stack: Platform) -> str:
    """What instructor shows to identity: the gateway must not be a way around the network it lives in."""
    return ServiceSigner("instructor", stack.data_dir / "secrets" / "instructor.pem").token("identity")


async def test_it_is_there_and_the_token_opens_it(stack: Platform, service_token: str) -> None:
    """Asked directly it answers; so what is not answered below is the gateway's doing."""
    identity = stack.status()["services"]["identity"]["url"]
    answer = await raw(identity, TARGET, f"Authorization: Bearer {service_token}")
    assert answer.startswith(b"HTTP/1.1 200")
    assert b'"user_id"' in answer


@pytest.mark.parametrize("spelling", SPELLINGS)
async def test_no_spelling_reaches_it(
    stack: Platform, service_token: str, admin: Person, spelling: str
) -> None:
    account = admin.email.encode()
    for headers in (
        (),
        (f"Authorization: Bearer {service_token}",),
        (f"Authorization: Bearer {admin.token}",),
        (f"Authorization: Bearer {service_token}", f"X-Original-URL: {TARGET}", f"X-Rewrite-URL: {TARGET}"),
        (
            f"Authorization: Bearer {service_token}",
            "X-Forwarded-Prefix: /internal",
            "X-HTTP-Method-Override: GET",
        ),
    ):
        answer = await raw(stack.url, spelling, *headers)
        status = int(answer.split(b" ", 2)[1])
        assert 400 <= status < 500, answer
        head, _, body = answer.partition(b"\r\n\r\n")
        assert account not in answer
        assert b"application/problem+json" in head
        assert json.loads(body)["status"] == status


@pytest.mark.parametrize(
    "method", ["POST", "PUT", "PATCH", "DELETE", "HEAD", "OPTIONS", "TRACE", "CONNECT", "BREW"]
)
async def test_no_method_reaches_it(stack: Platform, service_token: str, method: str) -> None:
    answer = await raw(stack.url, TARGET, f"Authorization: Bearer {service_token}", method=method)
    assert 400 <= int(answer.split(b" ", 2)[1]) < 600
    assert b"user_id" not in answer


@pytest.mark.parametrize(
    "path", ["/api/v1/../metrics", "/identity/metrics", "/internal/metrics", "/readyz/", "/healthz/x"]
)
async def test_the_services_own_pages_are_not_reached(stack: Platform, path: str) -> None:
    answer = await raw(stack.url, path)
    assert answer.startswith((b"HTTP/1.1 404", b"HTTP/1.1 400"))


async def test_no_internal_path_is_described(
    http: httpx.AsyncClient, document: dict[str, object], refusal: Callable[..., str | None]
) -> None:
    assert "/internal" not in json.dumps(document)
    assert refusal(await http.get("/internal/openapi.json"), 404) is None
