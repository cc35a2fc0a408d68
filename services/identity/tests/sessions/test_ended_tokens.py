"""An ended session's access token is refused by identity itself: within a second, and like any other bad one."""

import asyncio
import time
from collections.abc import Callable
from typing import Any

import httpx
import pytest
from chassis.db import Database
from identity.testing import MakePerson, Person
from sqlalchemy import text

from chassis import revocations


async def status(person: Person, access: str) -> int:
    answer = await person.client.get("/api/v1/users/me", headers={"Authorization": f"Bearer {access}"})
    return answer.status_code


async def refused_in_time(person: Person, access: str) -> None:
    ended = time.monotonic()
    while await status(person, access) == 200:
        assert time.monotonic() - ended < 30
        await asyncio.sleep(0.05)
    answer = await person.client.get("/api/v1/users/me", headers={"Authorization": f"Bearer {access}"})
    assert (answer.status_code, answer.json()["type"]) == (401, "/problems/invalid-token")


async def test_logging_out_ends_the_token_and_spares_the_others(join: MakePerson) -> None:
    ada = await join("ada")
    here, refresh = ada.access, ada.refresh
    await ada.log_in(agent="elsewhere")
    assert await status(ada, here) == 200
    await ada.client.post("/api/v1/auth/logout", json={"refresh": refresh})
    await refused_in_time(ada, here)
    assert await status(ada, ada.access) == 200


async def test_who_logs_in_right_after_ending_everything_stays_in(
    join: MakePerson, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(revocations, "FRESH_SECONDS", -1.0)
    ada = await join("ada")
    for _ in range(3):
        before = ada.access
        assert (await ada.post("/auth/logout-all")).status_code == 200
        await ada.log_in()
        assert await status(ada, before) == 401
        assert await status(ada, ada.access) == 200


async def test_a_deactivated_account_is_out_and_one_let_in_again_is_in(
    join: MakePerson, admin: Person, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(revocations, "FRESH_SECONDS", -1.0)
    ada = await join("ada")
    me, before = await ada.me(), ada.access
    for is_active in (False, True):
        answer = await admin.patch(f"/users/{me['id']}", {"is_active": is_active})
        assert answer.status_code == 200, answer.text
    assert await status(ada, before) == 401
    assert (await ada.log_in()).status_code == 200
    assert await status(ada, ada.access) == 200


async def test_a_refused_logout_ends_nothing(
    join: MakePerson, database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What ends a session and what refuses its tokens are one transaction."""
    monkeypatch.setattr(revocations, "FRESH_SECONDS", -1.0)
    ada = await join("ada")
    async with database.transaction() as session:
        await session.execute(
            text("ALTER TABLE outbox ADD CONSTRAINT no_more CHECK (type NOT LIKE 'identity.session.%')")
        )
    assert (await ada.client.post("/api/v1/auth/logout", json={"refresh": ada.refresh})).status_code >= 500
    assert await status(ada, ada.access) == 200
    async with database.transaction() as session:
        assert await session.scalar(text("SELECT count(*) FROM ended_sessions")) == 0


async def test_a_token_says_to_the_microsecond_when_it_was_issued(
    join: MakePerson, claims_of: Callable[[str], dict[str, Any]]
) -> None:
    started = time.time_ns() // 1000
    ada = await join("ada")
    claims = claims_of(ada.access)
    assert started < claims["iat_us"] < time.time_ns() // 1000
    assert claims["iat"] == claims["iat_us"] // 1_000_000
    assert claims["exp"] - claims["iat"] == 600


async def test_two_refresh_while_the_session_is_ended(join: MakePerson, client: httpx.AsyncClient) -> None:
    ada = await join("ada")
    answers = await asyncio.gather(
        client.post("/api/v1/auth/refresh", json={"refresh": ada.refresh}),
        client.post("/api/v1/auth/logout", json={"refresh": ada.refresh}),
    )
    assert answers[1].status_code == 200
    await refused_in_time(ada, answers[0].json().get("access", ada.access))


async def test_a_token_does_not_outlive_its_session(
    join: MakePerson,
    database: Database,
    client: httpx.AsyncClient,
    claims_of: Callable[[str], dict[str, Any]],
) -> None:
    ada = await join("ada")
    async with database.transaction() as session:
        # Ninety days but two minutes ago: however much it is used, the session ends then.
        await session.execute(
            text(
                "UPDATE users_usersession SET created_at = created_at - interval '89 days 23 hours 58 minutes'"
            )
        )
    answer = (await client.post("/api/v1/auth/refresh", json={"refresh": ada.refresh})).json()
    claims = claims_of(answer["access"])
    assert 100 < answer["expires_in"] <= 120
    assert claims["exp"] - claims["iat"] == answer["expires_in"]
