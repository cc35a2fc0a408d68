"""A whole platform for a test: started by the command `lyceum` as its user would, asked over HTTP, broken by signals.

with platform(folder) as running:
    async with people(running.url) as http:
        ada = await join(http, running.spool, "ada")
        await ada.ask("GET", "/api/v1/users/me")
"""

from __future__ import annotations

import asyncio
import contextlib
import json
import os
import secrets
import signal
import subprocess
import sys
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import httpx
import psutil

from lyceum.data_dir import DataDir
from lyceum.mailbox import Spool
from lyceum.ports import choose_port

COMMAND_SECONDS = 170.0
PATIENCE_SECONDS = 60.0
"""For whatever heals by itself: a broker lets a consumer into its group up to 15 s after the last one was killed."""


class Unexpected(AssertionError):
    """The platform did something else than it should; the text says both."""


# --- the stack ----------------------------------------------------------------------------------------------


@dataclass
class Platform:
    """One data dir and the command `lyceum` on it. `env` is what is added to ours."""

    data_dir: Path
    port: int
    env: Mapping[str, str] = field(default_factory=dict)
    options: Sequence[str] = ()
    """What `lyceum up` is given beside."""

    def run(self, *words: str, check: bool = True) -> subprocess.CompletedProcess[str]:
        """`lyceum <words> --data-dir ...`; Unexpected for an exit code that is not 0, unless not to be checked."""
        done = subprocess.run(
            [Path(sys.executable).parent / "lyceum", *words, "--data-dir", str(self.data_dir)],
            env={**os.environ, **self.env},
            capture_output=True,
            text=True,
            timeout=COMMAND_SECONDS,
            check=False,
        )
        if check and done.returncode != 0:
            raise Unexpected(f"lyceum {' '.join(words)}: exit {done.returncode}\n{done.stdout}{done.stderr}")
        return done

    def up(self) -> None:
        """Start it; returns when it is ready."""
        self.run("up", "--detach", "--port", str(self.port), *self.options)

    def down(self) -> None:
        """Drain and stop it; Unexpected when a process of it outlives that."""
        recorded = self.pids()
        self.run("down")
        if left := {name: pid for name, pid in recorded.items() if _lives(pid)}:
            for pid in left.values():
                with contextlib.suppress(ProcessLookupError):
                    os.kill(pid, signal.SIGKILL)
            raise Unexpected(f"lyceum down left processes behind: {left}")

    def status(self) -> dict[str, Any]:
        """What `lyceum status --json` prints."""
        told: dict[str, Any] = json.loads(self.run("status", "--json").stdout)
        return told

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    @property
    def spool(self) -> Spool:
        return Spool(self.data_dir / "mail")

    @property
    def accounts(self) -> dict[str, dict[str, str]]:
        """The demo accounts: role to {"email", "password"}."""
        return dict(self.status()["demo_accounts"])

    def log(self, name: str) -> str:
        """What a process has written so far: `learning-api`, `learning-worker`, `gateway`, `broker`, ..."""
        path = self.data_dir / "logs" / f"{name}.log"
        return path.read_text(errors="replace") if path.exists() else ""

    def pid(self, name: str) -> int:
        """Of a running process: `gateway`, `broker`, `postgres`, `<service>-api`, `<service>-worker`."""
        return self.pids()[name]

    def pids(self) -> dict[str, int]:
        """Every process the supervisor keeps, by name; empty when it stopped in order."""
        children: dict[str, Any] = DataDir(self.data_dir).state().get("children", {})
        return {name: int(entry["pid"]) for name, entry in children.items()}

    def kill(self, name: str) -> int:
        """kill -9; the pid that is no more."""
        pid = self.pid(name)
        os.kill(pid, signal.SIGKILL)
        return pid

    @contextlib.contextmanager
    def halted(self, name: str) -> Iterator[None]:
        """Stop a process in its tracks (SIGSTOP) and let it go on at the end."""
        process = psutil.Process(self.pid(name))
        process.suspend()
        try:
            yield
        finally:
            process.resume()

    async def restarted(self, name: str, killed: int) -> None:
        """Wait until the supervisor has started the process again."""

        async def anew() -> bool:
            found = self.pids().get(name, killed)
            return found != killed and _lives(found)

        await eventually(anew, what=f"{name} started again after pid {killed}")

    async def whole(self) -> None:
        """Wait until the gateway, every service and every worker is ready."""
        urls = [self.url]
        for told in self.status()["services"].values():
            urls += [told["url"], told["worker_url"]]

        async def all_ready() -> bool:
            answers = await asyncio.gather(
                *(http.get(f"{url}/readyz") for url in urls), return_exceptions=True
            )
            return all(isinstance(answer, httpx.Response) and answer.status_code == 200 for answer in answers)

        async with httpx.AsyncClient(timeout=5, trust_env=False) as http:
            await eventually(all_ready, what="everything ready again")


def _lives(pid: int) -> bool:
    try:
        return psutil.Process(pid).status() != psutil.STATUS_ZOMBIE
    except psutil.NoSuchProcess:
        return False


@contextlib.contextmanager
def platform(
    folder: Path, *, env: Mapping[str, str] | None = None, options: Sequence[str] = ()
) -> Iterator[Platform]:
    """A running platform in `folder`; whatever happens, none of its processes is left at the end.

    LYCEUM_TEST_KAFKA=host:port, where set, is the Apache Kafka it uses in place of the embedded broker.
    """
    given = dict(env or {})
    if kafka := os.environ.get("LYCEUM_TEST_KAFKA"):
        given["LYCEUM_KAFKA"] = kafka
    running = Platform(folder, choose_port(), given, options)
    try:
        running.up()
        yield running
    finally:
        running.down()


async def eventually(
    ask: Callable[[], Awaitable[Any]], *, what: str, seconds: float = PATIENCE_SECONDS, every: float = 0.1
) -> Any:
    """The first answer that is true; Unexpected when none comes in time."""
    deadline = time.monotonic() + seconds
    while True:
        if found := await ask():
            return found
        if time.monotonic() > deadline:
            raise Unexpected(f"not within {seconds:g} s: {what}")
        await asyncio.sleep(every)


# --- people -------------------------------------------------------------------------------------------------


@contextlib.asynccontextmanager
async def people(url: str) -> AsyncIterator[httpx.AsyncClient]:
    """Connections to the gateway; every wait bounded, no proxy in between."""
    timeout = httpx.Timeout(30, connect=5)
    async with httpx.AsyncClient(base_url=url, timeout=timeout, trust_env=False) as http:
        yield http


@dataclass
class Person:
    """Somebody before the gateway; a guest until `token` is set."""

    http: httpx.AsyncClient
    name: str = "guest"
    email: str = ""
    password: str = ""
    token: str | None = None

    async def send(
        self, method: str, path: str, *, json: Any = None, key: str | None = None
    ) -> httpx.Response:
        """The answer, whatever it is. Raises httpx.HTTPError when there is none."""
        headers = {}
        if self.token is not None:
            headers["Authorization"] = f"Bearer {self.token}"
        if key is not None:
            headers["Idempotency-Key"] = key
        return await self.http.request(method, path, json=json, headers=headers)

    async def ask(
        self,
        method: str,
        path: str,
        *,
        json: Any = None,
        key: str | None = None,
        expect: int | Collection[int] = 200,
    ) -> Any:
        """The JSON of an answer with an expected status; else Unexpected."""
        answer = await self.send(method, path, json=json, key=key)
        expected = {expect} if isinstance(expect, int) else set(expect)
        if answer.status_code not in expected:
            raise Unexpected(
                f"{self.name}: {method} {path}: expected {expected}, came {answer.status_code}: "
                f"{answer.text[:800]}"
            )
        return answer.json() if answer.content else None

    async def insist(
        self, method: str, path: str, *, json: Any = None, key: str | None = None
    ) -> tuple[Any, int]:
        """As a good client does: the same request again until it is answered, waiting where that helps.

        What came, and how many requests were never answered: those may or may not have done their work.
        """
        deadline = time.monotonic() + PATIENCE_SECONDS
        unanswered = 0
        while True:
            try:
                answer = await self.send(method, path, json=json, key=key)
            except httpx.HTTPError as error:
                unanswered += 1
                seen = repr(error)
            else:
                if answer.is_success:
                    return answer.json(), unanswered
                seen = f"{answer.status_code} {answer.text[:800]}"
                in_flight = answer.status_code == 409 and "idempotency-key-in-flight" in answer.text
                if answer.status_code in (502, 503, 504):
                    unanswered += 1
                elif answer.status_code != 429 and not in_flight:
                    raise Unexpected(f"{self.name}: {method} {path}: {seen}")
            if time.monotonic() > deadline:
                raise Unexpected(f"{self.name}: {method} {path}: no answer in {PATIENCE_SECONDS:g} s: {seen}")
            await asyncio.sleep(0.2)

    async def log_in(self) -> None:
        """Sign in; what is asked from now on carries the access token."""
        pair = await self.ask(
            "POST", "/api/v1/auth/login", json={"email": self.email, "password": self.password}
        )
        self.token = pair["access"]


async def join(http: httpx.AsyncClient, spool: Spool, name: str) -> Person:
    """Register somebody new, verify their address by the link in the mail, and sign them in."""
    mark = secrets.token_hex(5)
    person = Person(
        http, name, email=f"{name}-{mark}@people.example", password=f"{secrets.token_urlsafe(16)}-aA1"
    )
    registration = {"email": person.email, "username": f"{name}-{mark}", "password": person.password}
    await person.ask("POST", "/api/v1/auth/register", json=registration, expect=201)
    mail = await asyncio.to_thread(spool.wait_for, person.email, timeout=PATIENCE_SECONDS)
    await person.ask("POST", "/api/v1/auth/verify-email", json={"token": mail.token})
    await person.log_in()
    return person


async def sign_in(http: httpx.AsyncClient, name: str, account: Mapping[str, str]) -> Person:
    """Somebody who has an account, signed in."""
    person = Person(http, name, email=account["email"], password=account["password"])
    await person.log_in()
    return person


@dataclass(frozen=True)
class Course:
    """A published course."""

    id: int
    lessons: Sequence[int]


async def publish_course(author: Person, category: int, *, modules: int = 2, lessons: int = 2) -> Course:
    """Write a free course of so many modules of so many lessons, and publish it."""
    title = f"The road to a statistic {secrets.token_hex(5)}"
    wanted = {
        "title": title,
        "category_id": category,
        "description": f"{title}: how what learners do becomes a number that is right, whatever fails on the way.",
        "level": "beginner",
        "price": "0.00",
    }
    course = await author.ask("POST", "/api/v1/courses", json=wanted, expect=201)
    made = []
    for number in range(1, modules + 1):
        module = await author.ask(
            "POST", f"/api/v1/courses/{course['id']}/modules", json={"title": f"Part {number}"}, expect=201
        )
        for part in range(1, lessons + 1):
            lesson = await author.ask(
                "POST",
                f"/api/v1/modules/{module['id']}/lessons",
                json={
                    "title": f"Step {number}.{part}",
                    "content": "Read this slowly.",
                    "duration_minutes": 5,
                },
                expect=201,
            )
            made.append(lesson["id"])
    await author.ask("POST", f"/api/v1/courses/{course['id']}/publish")
    return Course(course["id"], tuple(made))
