import asyncio
from collections.abc import Callable

import httpx
import pytest
from chassis.db import Database
from chassis.testing import Published
from contracts.identity import SessionRevoked
from identity.testing import MakePerson, Person, Postbox, text_of
from sqlalchemy import text

REFRESH = "/api/v1/auth/refresh"


async def refresh(client: httpx.AsyncClient, token: str) -> httpx.Response:
    return await client.post(REFRESH, json={"refresh": token})


async def revoked(published: Published) -> list[SessionRevoked]:
    return [event for event in await published() if isinstance(event, SessionRevoked)]


async def pass_time(database: Database, seconds: int) -> None:
    """Make every exchange so far lie further back."""
    async with database.transaction() as session:
        await session.execute(
            text(
                "UPDATE token_blacklist_blacklistedtoken "
                "SET blacklisted_at = blacklisted_at - make_interval(secs => :s)"
            ),
            {"s": seconds},
        )


async def test_refreshing_rotates(client: httpx.AsyncClient, join: MakePerson) -> None:
    person = await join("ada")
    seen = {person.refresh}
    token = person.refresh
    for _ in range(4):
        answer = await refresh(client, token)
        assert answer.status_code == 200
        assert answer.headers["cache-control"] == "no-store"
        token = answer.json()["refresh"]
        seen.add(token)
        person.access = answer.json()["access"]
        assert (await person.me())["username"] == "ada"
    assert len(seen) == 5


async def test_only_hashes_are_kept(client: httpx.AsyncClient, join: MakePerson, database: Database) -> None:
    person = await join("ada")
    newer = (await refresh(client, person.refresh)).json()["refresh"]
    async with database.transaction() as session:
        rows = (await session.execute(text("SELECT * FROM token_blacklist_outstandingtoken"))).all()
    assert len(rows) == 2
    assert person.refresh not in str(rows)
    assert newer not in str(rows)


async def test_parallel_use_gets_one_successor(
    client: httpx.AsyncClient, join: MakePerson, published: Published, database: Database
) -> None:
    person = await join("ada")
    answers = await asyncio.gather(*(refresh(client, person.refresh) for _ in range(8)))
    assert {answer.status_code for answer in answers} == {200}
    assert len({answer.json()["refresh"] for answer in answers}) == 1
    assert await revoked(published) == []
    async with database.transaction() as session:
        count = await session.scalar(text("SELECT count(*) FROM token_blacklist_outstandingtoken"))
    assert count == 2
    assert (await refresh(client, answers[0].json()["refresh"])).status_code == 200


async def test_reuse_ends_the_session(
    client: httpx.AsyncClient,
    join: MakePerson,
    published: Published,
    postbox: Postbox,
    database: Database,
) -> None:
    person = await join("ada")
    stolen = person.refresh
    newer = (await refresh(client, stolen)).json()["refresh"]
    await pass_time(database, 6)
    again = await refresh(client, stolen)
    assert again.status_code == 401
    assert again.json()["type"] == "/problems/refresh-token-invalid"
    assert (await refresh(client, newer)).status_code == 401, "the thief's or the owner's, it ends too"
    (event,) = await revoked(published)
    assert event.reason == "token_reuse"
    assert event.session_id is not None
    mail = await postbox.one()
    assert "copied" in text_of(mail)
    await refresh(client, stolen)
    assert len(await revoked(published)) == 1, "told once"
    assert await postbox.collect() == []


async def test_an_older_generation_is_reuse_at_once(
    client: httpx.AsyncClient, join: MakePerson, published: Published
) -> None:
    person = await join("ada")
    second = (await refresh(client, person.refresh)).json()["refresh"]
    third = (await refresh(client, second)).json()["refresh"]
    assert (await refresh(client, person.refresh)).status_code == 401
    assert (await refresh(client, third)).status_code == 401
    assert [event.reason for event in await revoked(published)] == ["token_reuse"]


async def test_reuse_spares_the_other_sessions(
    client: httpx.AsyncClient, join: MakePerson, database: Database
) -> None:
    person = await join("ada")
    other = Person(**person.__dict__)
    await other.log_in(agent="elsewhere")
    await refresh(client, person.refresh)
    await pass_time(database, 6)
    assert (await refresh(client, person.refresh)).status_code == 401
    assert (await refresh(client, other.refresh)).status_code == 200


async def test_reuse_and_rotation_in_a_race_leave_nothing_alive(
    client: httpx.AsyncClient, join: MakePerson, database: Database, published: Published
) -> None:
    person = await join("ada")
    newest = (await refresh(client, person.refresh)).json()["refresh"]
    await pass_time(database, 6)
    answers = await asyncio.gather(
        *(refresh(client, token) for token in (person.refresh, newest) * 4), return_exceptions=False
    )
    assert {answer.status_code for answer in answers} <= {200, 401}
    got = {answer.json()["refresh"] for answer in answers if answer.status_code == 200}
    for token in {newest, *got}:
        assert (await refresh(client, token)).status_code == 401
    assert len(await revoked(published)) == 1


@pytest.mark.parametrize(
    "spoil",
    [
        "UPDATE users_customuser SET is_active = false",
        "UPDATE users_usersession SET is_active = false",
        "UPDATE users_usersession SET expires_at = now()",
        "UPDATE token_blacklist_outstandingtoken SET expires_at = now()",
    ],
)
async def test_what_is_over_is_refused_alike(
    client: httpx.AsyncClient, join: MakePerson, database: Database, spoil: str
) -> None:
    person = await join("ada")
    unknown = await refresh(client, "never-issued")
    async with database.transaction() as session:
        await session.execute(text(spoil))
    answer = await refresh(client, person.refresh)
    assert answer.status_code == unknown.status_code == 401
    assert {**answer.json(), "request_id": ""} == {**unknown.json(), "request_id": ""}


async def test_a_session_ends_some_day_however_much_it_is_used(
    client: httpx.AsyncClient, join: MakePerson, database: Database
) -> None:
    person = await join("ada")
    async with database.transaction() as session:
        await session.execute(
            text("UPDATE users_usersession SET created_at = now() - interval '89 days 23 hours'")
        )
    await refresh(client, person.refresh)
    async with database.transaction() as session:
        left = await session.scalar(text("SELECT expires_at - now() FROM users_usersession"))
    assert left is not None
    assert left.total_seconds() <= 3600


async def test_a_new_role_is_in_the_next_token(
    client: httpx.AsyncClient,
    join: MakePerson,
    database: Database,
    claims_of: Callable[[str], dict[str, object]],
) -> None:
    person = await join("ada")
    async with database.transaction() as session:
        await session.execute(text("UPDATE users_customuser SET role = 'instructor'"))
        await session.execute(text("UPDATE users_subscription SET tier = 'premium'"))
    claims = claims_of((await refresh(client, person.refresh)).json()["access"])
    assert (claims["role"], claims["tier"]) == ("instructor", "premium")


async def test_bad_input(client: httpx.AsyncClient) -> None:
    for body in [{}, {"refresh": ""}, {"refresh": "x" * 501}, {"refresh": 1}, {"token": "x"}]:
        assert (await client.post(REFRESH, json=body)).status_code == 422, body


async def test_an_access_token_is_no_refresh_token(client: httpx.AsyncClient, join: MakePerson) -> None:
    person = await join("ada")
    answer = await refresh(client, person.access)
    assert answer.status_code in (401, 422)
