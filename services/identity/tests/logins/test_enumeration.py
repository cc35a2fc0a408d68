"""Whether an account exists is told neither by status, nor body, nor headers, nor time: over 300 tries of each kind.

Nothing here waits for a clock: times are compared with times of the same moment (see conftest).
"""

import asyncio
import base64
import hashlib
import random
import time
from collections.abc import Awaitable, Callable, Mapping, Sequence
from typing import Any

import httpx
import pytest
from chassis.db import Database
from fastapi import FastAPI
from identity.logins import service
from identity.logins.errors import WrongCredentials
from identity.passwords.hashing import Hasher, Verdict
from identity.settings import Settings
from identity.testing import PASSWORD, MakePerson
from pwdlib.hashers.argon2 import Argon2Hasher
from sqlalchemy import text

ROUNDS = 300
LOGIN = "/api/v1/auth/login"
Try = Callable[[int], Awaitable[httpx.Response]]
Gaps = Callable[[Mapping[str, Sequence[float]]], list[Any]]


async def sql(database: Database, statement: str, **given: Any) -> None:
    async with database.transaction() as session:
        await session.execute(text(statement), given)


@pytest.fixture
def settings(settings: Settings) -> Settings:
    return settings.model_copy(update={"limits_factor": 1000.0, "lockout_after": 5})


@pytest.fixture
def hasher(app: FastAPI) -> Hasher:
    """The app's hasher with a small argon2, the same for real and for dummy hashes: a try takes a few milliseconds,
    of which argon2 is but a part, and what the rest tells is heard the better."""
    hasher: Hasher = app.state.hasher
    hasher._argon2 = Argon2Hasher(time_cost=1, memory_cost=2048, parallelism=1)
    hasher._nobody = hasher._argon2.hash("nobody's")
    return hasher


async def measure(
    kinds: Mapping[str, Try], between: Callable[[], Awaitable[None]] | None = None, rounds: int = ROUNDS
) -> tuple[dict[str, list[float]], list[Any]]:
    """The times of each kind, round by round, and what was answered, apart from what is each answer's own. What has to
    be done `between` two tries takes nobody's time."""
    times: dict[str, list[float]] = {kind: [] for kind in kinds}
    answers: dict[str, set[Any]] = {kind: set() for kind in kinds}
    chance = random.Random(7)
    for number in range(-5, rounds):
        order = list(kinds)
        chance.shuffle(order)
        for kind in order:
            if between is not None:
                await between()
            took, answer = await timed(kinds[kind], number)
            if number >= 0:
                times[kind].append(took)
                answers[kind].add(seen(answer))
    return times, list(answers.values())


async def measure_together(
    kinds: Mapping[str, Try], rounds: int = ROUNDS
) -> tuple[dict[str, list[float]], list[Any]]:
    """The same for answers that are waited for: all kinds of a round at once."""
    times: dict[str, list[float]] = {kind: [] for kind in kinds}
    answers: dict[str, set[Any]] = {kind: set() for kind in kinds}
    chance = random.Random(7)
    for number in range(rounds):
        order = list(kinds)
        chance.shuffle(order)
        round_ = await asyncio.gather(*(timed(kinds[kind], number) for kind in order))
        for kind, (took, answer) in zip(order, round_, strict=True):
            times[kind].append(took)
            answers[kind].add(seen(answer))
    return times, list(answers.values())


async def timed(attempt: Try, number: int) -> tuple[float, httpx.Response]:
    while True:
        begun = time.perf_counter()
        answer = await attempt(number)
        took = time.perf_counter() - begun
        # A database that a busy machine keeps from answering says nothing of names.
        if answer.status_code != 503:
            return took, answer


def seen(answer: httpx.Response) -> Any:
    """What a client sees of an answer, without the ids that every answer has of its own, and without the address that
    was asked about."""
    body = {name: value for name, value in answer.json().items() if name not in ("request_id", "email")}
    own = {"x-request-id", "traceparent", "date"}
    headers = tuple((name, value) for name, value in answer.headers.raw if name.decode().lower() not in own)
    return answer.status_code, tuple(sorted(body.items())), headers


def assert_alike(times: Mapping[str, Sequence[float]], answers: list[Any], gaps_in: Gaps) -> None:
    assert len(set.union(*answers)) == 1, answers
    telling = [gap for gap in gaps_in(times) if gap.tells]
    medians = {kind: f"{sorted(series)[len(series) // 2] * 1000:.2f} ms" for kind, series in times.items()}
    assert not telling, (telling, medians)


def logging_in(client: httpx.AsyncClient, name: str, password: str) -> Try:
    async def attempt(number: int) -> httpx.Response:
        address = f"198.51.{number % 250}.{random.randrange(250)}"
        return await client.post(
            LOGIN,
            json={"email": f"{name}@example.com", "password": password},
            headers={"X-Forwarded-For": address, "User-Agent": "prober"},
        )

    return attempt


@pytest.fixture
async def people(hasher: Hasher, join: MakePerson, database: Database) -> None:
    """Accounts of every kind that a wrong password meets."""
    for name in ("opened", "locked", "vanish", "barely"):
        await join(name)
    await sql(
        database,
        "UPDATE users_customuser SET temporary_ban_until = now() + interval '1 day' WHERE username = 'locked'",
    )
    await sql(database, "UPDATE users_customuser SET is_active = false WHERE username = 'vanish'")
    await sql(database, "UPDATE users_customuser SET password = '!none' WHERE username = 'barely'")


@pytest.fixture
def unlock(database: Database) -> Callable[[], Awaitable[None]]:
    """Forget wrong passwords, so that an account stays of its kind for all of its tries."""

    async def work() -> None:
        await sql(
            database,
            "UPDATE users_customuser SET failed_login_attempts = 0, "
            "temporary_ban_until = CASE WHEN username = 'locked' THEN temporary_ban_until END "
            "WHERE failed_login_attempts > 0",
        )

    return work


def kinds_of_login(client: httpx.AsyncClient) -> dict[str, Try]:
    return {
        "unknown": logging_in(client, "nobody", PASSWORD),
        "wrong": logging_in(client, "opened", "not the password"),
        "locked": logging_in(client, "locked", "not the password"),
        "locked, right": logging_in(client, "locked", PASSWORD),
        "deactivated, right": logging_in(client, "vanish", PASSWORD),
        "without a password": logging_in(client, "barely", PASSWORD),
    }


@pytest.mark.usefixtures("people")
async def test_logins(
    client: httpx.AsyncClient, unlock: Callable[[], Awaitable[None]], gaps_in: Gaps
) -> None:
    times, answers = await measure(kinds_of_login(client), unlock)
    assert_alike(times, answers, gaps_in)


@pytest.mark.usefixtures("people")
async def test_logins_beside_hashes_of_the_old_site(
    client: httpx.AsyncClient,
    database: Database,
    join: MakePerson,
    unlock: Callable[[], Awaitable[None]],
    gaps_in: Gaps,
) -> None:
    for name, iterations in (("old", 60_000), ("older", 20_000)):
        await join(name)
        digest = hashlib.pbkdf2_hmac("sha256", PASSWORD.encode(), b"s4lt", iterations)
        hashed = f"pbkdf2_sha256${iterations}$s4lt${base64.b64encode(digest).decode()}"
        await sql(
            database,
            "UPDATE users_customuser SET password = :hashed WHERE username = :name",
            hashed=hashed,
            name=name,
        )
    kinds = kinds_of_login(client)
    kinds = {kind: kinds[kind] for kind in ("unknown", "wrong", "locked, right", "without a password")}
    for name in ("old", "older"):
        kinds[name] = logging_in(client, name, "not the password")
    times, answers = await measure(kinds, unlock, rounds=120)
    assert_alike(times, answers, gaps_in)


# --- the test of the tests ----------------------------------------------------------------------------------


@pytest.mark.parametrize("scatter", [0.02, 0.1, 0.2])
@pytest.mark.parametrize("seed", range(5))
def test_a_difference_of_30_percent_tells_and_none_does_not(gaps_in: Gaps, scatter: float, seed: int) -> None:
    chance = random.Random(seed)

    def series(median: float) -> list[float]:
        # Now and then a machine is busy with something else for a while.
        return [
            median * chance.lognormvariate(0, scatter) * (5 if chance.random() < 0.03 else 1)
            for _ in range(ROUNDS)
        ]

    assert not any(gap.tells for gap in gaps_in({"one": series(1), "other": series(1)}))
    assert any(gap.tells for gap in gaps_in({"one": series(1), "other": series(1.3)}))
    often_early = [time_ * (0.2 if chance.random() < 0.4 else 1) for time_ in series(1)]
    assert any(gap.tells for gap in gaps_in({"one": series(1), "other": often_early}))


@pytest.mark.usefixtures("people")
async def test_an_unknown_name_that_costs_no_argon2_is_found_out(
    client: httpx.AsyncClient, hasher: Hasher, gaps_in: Gaps, monkeypatch: pytest.MonkeyPatch
) -> None:
    honest = hasher._compare

    def leak(password: str, hashed: str | None) -> Verdict:
        return Verdict(False) if hashed is None else honest(password, hashed)

    monkeypatch.setattr(hasher, "_compare", leak)
    # As it is in production, where the leak would be.
    hasher._argon2 = Argon2Hasher(time_cost=3, memory_cost=65_536, parallelism=1)
    hasher._nobody = hasher._argon2.hash("nobody's")
    kinds = {
        "unknown": logging_in(client, "nobody", PASSWORD),
        "bare": logging_in(client, "barely", PASSWORD),
    }
    times, answers = await measure(kinds, rounds=60)
    assert len(set.union(*answers)) == 1
    assert [(gap.slower, gap.quicker) for gap in gaps_in(times) if gap.tells] == [("bare", "unknown")]


@pytest.mark.usefixtures("people")
async def test_an_answer_that_says_more_is_found_out(
    client: httpx.AsyncClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    class Telling(WrongCredentials):
        title = "There is nobody of that name"

    honest = service._refuse

    async def leak(session: Any, verdict: Verdict) -> Any:
        refused = await honest(session, verdict)
        return refused if verdict.right else service.Refused(Telling())

    monkeypatch.setattr(service, "_refuse", leak)
    kinds = kinds_of_login(client)
    _, answers = await measure({kind: kinds[kind] for kind in ("unknown", "locked, right")}, rounds=3)
    assert len(set.union(*answers)) == 2


# --- registering and asking for mail ------------------------------------------------------------------------


def registering(client: httpx.AsyncClient, email: Callable[[int], str], prefix: str) -> Try:
    async def attempt(number: int) -> httpx.Response:
        body = {"email": email(number), "username": f"{prefix}-{number + 100}", "password": PASSWORD}
        address = f"198.51.{random.randrange(250)}.{random.randrange(250)}"
        return await client.post("/api/v1/auth/register", json=body, headers={"X-Forwarded-For": address})

    return attempt


@pytest.mark.usefixtures("people")
async def test_registrations(
    app: FastAPI, client: httpx.AsyncClient, register: MakePerson, settings: Settings, gaps_in: Gaps
) -> None:
    await register("waiter")
    app.state.settings = settings.model_copy(update={"registration_step_seconds": 0.15})
    kinds = {
        "new": registering(client, lambda number: f"n{number + 10000}@example.com", "new"),
        "taken": registering(client, lambda _: "opened@example.com", "taken"),
        "taken, unconfirmed": registering(client, lambda _: "waiter@example.com", "waiter"),
    }
    times, answers = await measure_together(kinds)
    assert_alike(times, answers, gaps_in)


@pytest.mark.usefixtures("people")
@pytest.mark.parametrize("path", ["/password/forgot", "/verify-email/resend"])
async def test_requests_for_mail(
    client: httpx.AsyncClient, register: MakePerson, gaps_in: Gaps, path: str
) -> None:
    await register("waiter")

    def asking(name: str) -> Try:
        async def attempt(_number: int) -> httpx.Response:
            address = f"198.51.{random.randrange(250)}.{random.randrange(250)}"
            body = {"email": f"{name}@example.com"}
            return await client.post(f"/api/v1/auth{path}", json=body, headers={"X-Forwarded-For": address})

        return attempt

    times, answers = await measure({name: asking(name) for name in ("opened", "waiter", "nobody")})
    assert_alike(times, answers, gaps_in)
