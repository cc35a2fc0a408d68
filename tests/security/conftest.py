"""The shared platform's API as it describes itself, and what every refusal must look like."""

import asyncio
import json
import os
import re
import subprocess
import sys
from collections.abc import Awaitable, Callable, Iterable, Iterator
from pathlib import Path
from typing import Any, TypeVar

import httpx
import pytest
from lyceum.testing import Person, Platform, join

from .operations import Operation, operations

T = TypeVar("T")

# What an error must not tell: how we are made.
LEAKS = re.compile(
    r'Traceback|File \\?"|\.py\b|site-packages|sqlalchemy|asyncpg|psycopg|pydantic|aiokafka|/services/',
    re.IGNORECASE,
)
DEFECTS = re.compile(r"Traceback|a request met a defect|ERROR:? +Exception")


def _refusal(answer: httpx.Response, *statuses: int) -> str | None:
    """What is wrong with an answer that should be a problem document of one of these statuses; None if nothing."""
    told = f"{answer.status_code} {answer.text[:300]!r}"
    if answer.status_code not in statuses:
        return f"not {' or '.join(map(str, statuses))} but {told}"
    if answer.headers.get("content-type") != "application/problem+json":
        return f"a {answer.headers.get('content-type')}: {told}"
    document = answer.json()
    missing = {"type", "title", "status", "detail", "instance", "request_id"} - set(document)
    if missing or document["status"] != answer.status_code or not document["type"].startswith("/problems/"):
        return f"no proper problem document (missing: {missing}): {told}"
    if document["request_id"] != answer.headers.get("x-request-id"):
        return f"another request id in the header: {told}"
    if found := LEAKS.search(answer.text.replace(document["instance"], "")):
        return f"tells {found.group()!r}: {told}"
    if len(answer.content) > 64 * 1024:
        return f"a refusal of {len(answer.content)} bytes"
    return None


@pytest.fixture(scope="session")
def refusal() -> Callable[..., str | None]:
    return _refusal


@pytest.fixture(scope="session")
async def document(http: httpx.AsyncClient) -> dict[str, Any]:
    """The merged OpenAPI document."""
    merged: dict[str, Any] = (await http.get("/openapi.json")).raise_for_status().json()
    return merged


@pytest.fixture(scope="session")
def api(document: dict[str, Any]) -> list[Operation]:
    """Every operation of the platform."""
    found = operations(document)
    assert len(found) > 80, "the merged document does not hold the platform"
    return found


@pytest.fixture(scope="session")
async def student(stack: Platform, http: httpx.AsyncClient) -> Person:
    """Somebody without any rights of their own."""
    return await join(http, stack.spool, "nobody")


@pytest.fixture(scope="session")
def signing_key(stack: Platform) -> dict[str, str]:
    """Identity's own key: {"kid", "pem"}."""
    kept = json.loads((stack.data_dir / "secrets" / "platform.json").read_text())
    told = {
        "IDENTITY_SECRET_KEY": kept["identity_secret_key"],
        "IDENTITY_DATABASE_URL": stack.status()["services"]["identity"]["database_url"],
    }
    done = subprocess.run(
        [sys.executable, Path(__file__).with_name("signing_key.py")],
        env={**os.environ, **told},
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    key: dict[str, str] = json.loads(done.stdout)
    return key


@pytest.fixture(scope="module", autouse=True)
def no_defects(stack: Platform) -> Iterator[None]:
    """Whatever was sent, no process met an error that nobody had thought of."""
    logs = sorted((stack.data_dir / "logs").glob("*.log"))
    before = {log: log.stat().st_size for log in logs}
    yield
    found = []
    for log in logs:
        with log.open("rb") as lines:
            lines.seek(before[log])
            text = lines.read().decode(errors="replace")
        found += [f"{log.name}: {line[:1500]}" for line in text.splitlines() if DEFECTS.search(line)]
    assert not found, "\n".join(found[:20])


async def _each(of: Iterable[T], ask: Callable[[T], Awaitable[str | None]]) -> list[str]:
    """Ask for each, some at once; what was wrong, by what it was asked of."""
    turns = asyncio.Semaphore(6)

    async def one(item: T) -> str | None:
        async with turns:
            wrong = await ask(item)
        return None if wrong is None else f"{item}: {wrong}"

    return [wrong for wrong in await asyncio.gather(*(one(item) for item in of)) if wrong]


@pytest.fixture(scope="session")
def each() -> Callable[..., Awaitable[list[str]]]:
    return _each
