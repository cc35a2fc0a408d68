"""Throttles as clients meet them; what is behind a name must make no difference."""

import asyncio
import re
from typing import Any

import httpx
import pytest
from chassis.db import Database
from identity.settings import Settings
from identity.testing import PASSWORD, MakePerson
from identity.throttles import service
from sqlalchemy import text

LOGIN = "/api/v1/auth/login"
FAR = "198.51.100.9"


async def sql(database: Database, statement: str) -> Any:
    async with database.transaction() as session:
        result = await session.execute(text(statement))
        return result.all() if result.returns_rows else None  # type: ignore[attr-defined]


@pytest.fixture
def settings(settings: Settings) -> Settings:
    limits = {
        "login_tries_per_name": 8,
        "login_tries_per_address": 12,
        "registrations_per_address": 3,
        "mail_requests_per_address": 5,
        "mail_requests_per_mailbox": 2,
    }
    return settings.model_copy(update=limits)


async def attempt(
    client: httpx.AsyncClient, name: str, password: str = "wrong", address: str = FAR, agent: str = "far"
) -> httpx.Response:
    return await client.post(
        LOGIN,
        json={"username": name, "password": password},
        headers={"X-Forwarded-For": address, "User-Agent": agent},
    )


def told(answer: httpx.Response) -> dict[str, Any]:
    return {name: value for name, value in answer.json().items() if name != "request_id"}


async def test_a_name_is_throttled_whether_it_has_an_account_or_not(
    client: httpx.AsyncClient, join: MakePerson, database: Database
) -> None:
    await join("ada")
    await sql(database, "DELETE FROM identity_throttles")
    seen = []
    for name in ("ada", "nobody"):
        answers = [await attempt(client, name, address=f"198.51.100.{n}") for n in range(9)]
        assert [answer.status_code for answer in answers] == [401] * 8 + [429]
        refused = answers[-1]
        wait = int(refused.headers["retry-after"])
        assert 0 < wait <= 113
        assert refused.headers["ratelimit-policy"] == '"logins-by-name";q=8;w=900'
        assert re.fullmatch(rf'"logins-by-name";r=0;t={wait}', refused.headers["ratelimit"])
        seen.append((told(refused), sorted(refused.headers)))
    assert seen[0] == seen[1]
    logged = await sql(database, "SELECT outcome, count(*) FROM users_loginlog GROUP BY 1 ORDER BY 1")
    assert [tuple(row) for row in logged] == [
        ("locked", 3),
        ("logged_in", 1),
        ("throttled", 1),
        ("wrong_password", 5),
    ]
    ((unknown,),) = await sql(database, "SELECT count(*) FROM unknown_login_attempts")
    assert unknown == 9


async def test_the_right_password_of_a_throttled_name_is_not_looked_at(
    client: httpx.AsyncClient, join: MakePerson, database: Database
) -> None:
    person = await join("ada")
    await sql(database, "UPDATE users_usersession SET is_active = false")
    for _ in range(8):
        await attempt(client, "ada")
    await sql(database, "UPDATE users_customuser SET temporary_ban_until = NULL, failed_login_attempts = 0")
    assert (await attempt(client, "ada", person.password)).status_code == 429


async def test_a_device_with_a_live_session_is_spared(client: httpx.AsyncClient, join: MakePerson) -> None:
    person = await join("ada")
    for _ in range(20):
        await attempt(client, "ada", address="203.0.113.7", agent="guesser")
    assert (await person.log_in(agent="elsewhere", address="203.0.113.7")).status_code == 429
    assert (await person.log_in()).status_code == 200


async def test_spraying_from_one_address_is_throttled(client: httpx.AsyncClient, join: MakePerson) -> None:
    await join("ada")
    answers = [await attempt(client, f"name{n}") for n in range(12)]
    assert {answer.status_code for answer in answers} == {401}
    existing, unknown = await attempt(client, "ada", PASSWORD), await attempt(client, "nobody", PASSWORD)
    assert existing.status_code == unknown.status_code == 429
    assert existing.headers["ratelimit-policy"] == '"logins-by-address";q=12;w=900'
    assert told(existing) == told(unknown)
    assert (await attempt(client, "ada", PASSWORD, address="198.51.100.10")).status_code == 200


async def test_who_has_one_ipv6_address_has_its_neighbours(client: httpx.AsyncClient) -> None:
    for n in range(12):
        await attempt(client, f"name{n}", address=f"2001:db8:1:2::{n:x}")
    assert (await attempt(client, "ada", address="2001:db8:1:2:ffff::1")).status_code == 429
    assert (await attempt(client, "ada", address="2001:db8:1:3::1")).status_code == 401


async def test_the_right_password_costs_no_try(client: httpx.AsyncClient, join: MakePerson) -> None:
    person = await join("ada")
    for _ in range(15):
        assert (await person.log_in(address=FAR)).status_code == 200
    for _ in range(12):
        await attempt(client, "nobody" + str(_))
    assert (await attempt(client, "someone")).status_code == 429


async def test_tries_made_at_once_are_all_counted(client: httpx.AsyncClient) -> None:
    answers = await asyncio.gather(*(attempt(client, f"name{n}") for n in range(30)))
    assert sorted(answer.status_code for answer in answers) == [401] * 12 + [429] * 18


async def test_a_bucket_refills_evenly(client: httpx.AsyncClient, database: Database) -> None:
    for _ in range(8):
        await attempt(client, "nobody")
    assert (await attempt(client, "nobody")).status_code == 429
    # Two eighths of a quarter of an hour go by.
    await sql(database, "UPDATE identity_throttles SET full_at = full_at - interval '225 seconds'")
    assert [(await attempt(client, "nobody")).status_code for _ in range(3)] == [401, 401, 429]


async def test_registering_is_throttled_by_address(client: httpx.AsyncClient, join: MakePerson) -> None:
    await join("ada")

    async def register(name: str, address: str) -> httpx.Response:
        body = {"email": f"{name}@example.com", "username": f"new-{name}", "password": PASSWORD}
        return await client.post("/api/v1/auth/register", json=body, headers={"X-Forwarded-For": address})

    assert [(await register(name, FAR)).status_code for name in ("ada", "bob", "cyd")] == [201] * 3
    known, fresh = await register("ada", FAR), await register("dan", FAR)
    assert known.status_code == fresh.status_code == 429
    assert told(known) == told(fresh)
    assert known.headers["ratelimit-policy"] == '"registrations-by-address";q=3;w=3600'
    assert (await register("eve", "198.51.100.10")).status_code == 201


async def test_a_refused_registration_is_a_try_too(client: httpx.AsyncClient, join: MakePerson) -> None:
    await join("ada")
    body = {"email": "new@example.com", "username": "ada", "password": PASSWORD}
    headers = {"X-Forwarded-For": FAR}
    answers = [await client.post("/api/v1/auth/register", json=body, headers=headers) for _ in range(4)]
    assert [answer.status_code for answer in answers] == [409] * 3 + [429]


@pytest.mark.parametrize("path", ["/password/forgot", "/verify-email/resend"])
async def test_asking_for_mail_is_throttled(client: httpx.AsyncClient, join: MakePerson, path: str) -> None:
    await join("ada")

    async def ask(name: str, address: str) -> httpx.Response:
        return await client.post(
            f"/api/v1/auth{path}",
            json={"email": f"{name}@example.com"},
            headers={"X-Forwarded-For": address},
        )

    refused = []
    for name in ("ada", "nobody"):
        answers = [await ask(name, f"198.51.100.{n}") for n in range(3)]
        assert [answer.status_code for answer in answers] == [202, 202, 429]
        refused.append(told(answers[-1]))
        assert answers[-1].headers["ratelimit-policy"] == '"mails-by-mailbox";q=2;w=3600'
    assert refused[0] == refused[1]
    statuses = [(await ask(f"somebody{n}", "192.0.2.1")).status_code for n in range(6)]
    assert statuses == [202] * 5 + [429]


async def test_what_is_full_again_is_cleared_away(client: httpx.AsyncClient, database: Database) -> None:
    await attempt(client, "nobody")
    async with database.transaction() as session:
        assert await service.purge(session) == 0
    await sql(database, "UPDATE identity_throttles SET full_at = now() - interval '1 second'")
    async with database.transaction() as session:
        assert await service.purge(session) == 2
