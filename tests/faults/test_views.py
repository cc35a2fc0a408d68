"""Views of courses while processes are killed: every view that was answered is counted, and none twice."""

import asyncio
import contextlib
import os
import secrets
import signal
from collections.abc import AsyncIterator, Callable
from dataclasses import dataclass
from typing import Any

import asyncpg
import httpx
import pytest
from lyceum.testing import Course, Person, Platform, eventually, people, publish_course, sign_in

pytestmark = pytest.mark.stack

VISITORS = 3


@dataclass
class Shown:
    """A course, and how often people who do not teach it were shown it."""

    author: Person
    course: Course
    views: int = 0

    async def look(self, http: httpx.AsyncClient) -> bool:
        """Look at it as a guest; whether an answer came, and came whole."""
        try:
            answer = await http.get(f"/api/v1/courses/{self.course.id}")
        except httpx.HTTPError:
            return False
        if answer.status_code == 200:
            self.views += 1
        return answer.status_code == 200

    async def counted(self) -> int:
        """As its author sees it, whose own looks are work."""
        found = await self.author.ask("GET", f"/api/v1/courses/{self.course.id}")
        return int(found["view_count"])

    async def is_exact(self) -> bool:
        return await self.counted() == self.views


@pytest.fixture
async def shown(http: httpx.AsyncClient, stack: Platform, admin: Person) -> Shown:
    author = await sign_in(http, "instructor", stack.accounts["instructor"])
    named = {"name": f"Shown {secrets.token_hex(4)}"}
    category = await admin.ask("POST", "/api/v1/categories", json=named, expect=201)
    return Shown(author, await publish_course(author, category["id"]))


@contextlib.asynccontextmanager
async def visited(stack: Platform, shown: Shown) -> AsyncIterator[Callable[[int], Any]]:
    """People look at the course all the while; `await some(10)` waits until ten more were shown it.

    They leave between two looks: whether an answer was counted that nobody waited for, nobody can say.
    """
    closing = asyncio.Event()

    async def visit() -> None:
        async with people(stack.url) as http:
            while not closing.is_set():
                pause = 0.01 if await shown.look(http) else 0.1
                with contextlib.suppress(TimeoutError):
                    await asyncio.wait_for(closing.wait(), pause)

    async def some(more: int) -> None:
        wanted = shown.views + more

        async def seen() -> bool:
            return shown.views >= wanted

        await eventually(seen, what=f"{more} more views")

    async with asyncio.TaskGroup() as visitors:
        for _ in range(VISITORS):
            visitors.create_task(visit())
        try:
            yield some
        finally:
            closing.set()


async def in_the_statistics(stack: Platform, course: int) -> int:
    """The views that analytics was told of."""
    url = stack.status()["services"]["analytics"]["database_url"].replace("+asyncpg", "")
    connection = await asyncpg.connect(url)
    try:
        found: int = await connection.fetchval(
            "SELECT coalesce(sum((data->>'views')::bigint), 0)::bigint FROM other_facts"
            " WHERE fact_type = 'catalog.course.viewed' AND subject = $1",
            f"courses/{course}",
        )
        return found
    finally:
        await connection.close()


async def test_every_view_is_counted_once_whatever_is_killed(stack: Platform, shown: Shown) -> None:
    async with visited(stack, shown) as some:
        await some(20)
        for _ in range(2):
            killed = stack.kill("catalog-api")
            await stack.restarted("catalog-api", killed)
            await some(20)
        # Asked to stop, the gateway tells first what it has counted.
        stopped = stack.pid("gateway")
        os.kill(stopped, signal.SIGTERM)
        await stack.restarted("gateway", stopped)
        await some(20)
        killed = stack.kill("analytics-worker")
    await stack.restarted("analytics-worker", killed)
    await stack.whole()
    await eventually(shown.is_exact, what=f"{shown.views} views counted")

    async def told() -> bool:
        return await in_the_statistics(stack, shown.course.id) == shown.views

    await eventually(told, what=f"{shown.views} views in the statistics")
    assert await shown.counted() == shown.views, "and it stays so"
