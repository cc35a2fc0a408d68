"""What its owner sees of an account's attempts, and what is kept of them."""

from typing import Any

import httpx
from chassis.db import Database
from identity.login_attempts import service
from identity.testing import PASSWORD, MakePerson
from sqlalchemy import text

MINE = "/users/me/logins"


async def sql(database: Database, statement: str) -> Any:
    async with database.transaction() as session:
        result = await session.execute(text(statement))
        return result.all() if result.returns_rows else None  # type: ignore[attr-defined]


async def attempt(client: httpx.AsyncClient, name: str, password: str) -> int:
    answer = await client.post(
        "/api/v1/auth/login",
        json={"username": name, "password": password},
        headers={"User-Agent": "curl/8", "X-Forwarded-For": "198.51.100.9"},
    )
    return answer.status_code


async def test_my_attempts_newest_first(client: httpx.AsyncClient, join: MakePerson) -> None:
    ada, bob = await join("ada"), await join("bob")
    assert await attempt(client, "ada", "wrong") == 401
    listed = (await ada.get(MINE)).json()["items"]
    assert [(one["outcome"], one["successful"], one["login_method"]) for one in listed] == [
        ("wrong_password", False, "password"),
        ("logged_in", True, "password"),
    ]
    assert (listed[0]["ip_address"], listed[0]["user_agent"]) == ("198.51.100.9", "curl/8")
    assert [one["outcome"] for one in (await bob.get(MINE)).json()["items"]] == ["logged_in"]
    first = (await ada.get(MINE, params={"limit": 1})).json()
    rest = (await ada.get(MINE, params={"limit": 1, "cursor": first["next_cursor"]})).json()
    assert [first["items"][0]["id"], rest["items"][0]["id"]] == [one["id"] for one in listed]
    assert (await client.get(f"/api/v1{MINE}")).status_code == 401


async def test_what_each_attempt_came_to(
    client: httpx.AsyncClient, join: MakePerson, database: Database
) -> None:
    ada = await join("ada")
    for spoil in (
        "is_active = false",
        "is_active = true, temporary_ban_until = now() + interval '1 day'",
        "temporary_ban_until = NULL, is_email_verified = false",
    ):
        await sql(database, f"UPDATE users_customuser SET {spoil}")
        await attempt(client, "ada", PASSWORD)
    await sql(database, "UPDATE users_customuser SET is_email_verified = true")
    listed = (await ada.get(MINE)).json()["items"]
    assert [one["outcome"] for one in listed] == ["unverified", "locked", "deactivated", "logged_in"]


async def test_old_attempts_are_cleared_away(
    client: httpx.AsyncClient, join: MakePerson, database: Database
) -> None:
    await join("ada")
    await attempt(client, "ada", "wrong")
    await attempt(client, "nobody", "wrong")
    for table in ("users_loginlog", "unknown_login_attempts"):
        await sql(
            database,
            f"UPDATE {table} SET timestamp = now() - interval '91 days' WHERE id = (SELECT max(id) FROM {table})",
        )
    async with database.transaction() as session:
        assert await service.purge_unknown(session) == 1
        assert await service.purge_known(session, days=92) == 0
        assert await service.purge_known(session, days=90) == 1
        assert await service.purge_known(session, days=90) == 0


async def test_the_export(client: httpx.AsyncClient, join: MakePerson, database: Database) -> None:
    ada = await join("ada")
    await attempt(client, "ada", "wrong")
    user_id = (await ada.me())["id"]
    async with database.transaction() as session:
        exported = await service.export_of(session, user_id)
    assert [one["outcome"] for one in exported] == ["logged_in", "wrong_password"]
    assert exported[1]["ip_address"] == "198.51.100.9"
