import asyncio

import httpx
from chassis.db import Database
from chassis.testing import Published
from contracts.identity import SessionRevoked
from identity.settings import Settings
from identity.testing import MakePerson, Person
from identity.worker import purge
from sqlalchemy import text


async def ended(published: Published) -> list[tuple[int | None, str]]:
    return [(e.session_id, e.reason) for e in await published() if isinstance(e, SessionRevoked)]


async def test_logout_ends_one_session(
    client: httpx.AsyncClient, join: MakePerson, published: Published
) -> None:
    person = await join("ada")
    elsewhere = Person(**person.__dict__)
    await elsewhere.log_in(agent="elsewhere")
    for expected in (1, 0):
        answer = await client.post("/api/v1/auth/logout", json={"refresh": person.refresh})
        assert (answer.status_code, answer.json()) == (200, {"sessions_ended": expected})
    assert [reason for _, reason in await ended(published)] == ["logout"]
    assert (await person.post("/auth/refresh", {"refresh": person.refresh})).status_code == 401
    assert (await person.post("/auth/refresh", {"refresh": elsewhere.refresh})).status_code == 200


async def test_logging_out_with_nonsense_is_no_error(client: httpx.AsyncClient) -> None:
    answer = await client.post("/api/v1/auth/logout", json={"refresh": "nonsense"})
    assert (answer.status_code, answer.json()) == (200, {"sessions_ended": 0})


async def test_logout_everywhere(client: httpx.AsyncClient, join: MakePerson, published: Published) -> None:
    ada, grace = await join("ada"), await join("grace")
    first = ada.refresh
    await ada.log_in()
    answer = await ada.post("/auth/logout-all")
    assert answer.json() == {"sessions_ended": 2}
    assert [reason for _, reason in await ended(published)] == ["logout_all"] * 2
    for token in (first, ada.refresh):
        assert (await ada.post("/auth/refresh", {"refresh": token})).status_code == 401
    assert (await grace.post("/auth/refresh", {"refresh": grace.refresh})).status_code == 200
    assert (await ada.post("/auth/logout-all")).status_code == 401
    assert (await client.post("/api/v1/auth/logout-all")).status_code == 401


async def test_logging_out_everywhere_while_refreshing_leaves_nothing_alive(join: MakePerson) -> None:
    person = await join("ada")
    answers = await asyncio.gather(
        person.post("/auth/refresh", {"refresh": person.refresh}),
        person.post("/auth/logout-all"),
        person.post("/auth/refresh", {"refresh": person.refresh}),
    )
    assert answers[1].status_code == 200
    for answer in (answers[0], answers[2]):
        token = answer.json().get("refresh", person.refresh)
        assert (await person.post("/auth/refresh", {"refresh": token})).status_code == 401


async def test_listing_shows_mine_newest_first(join: MakePerson) -> None:
    person, other = await join("ada"), await join("grace")
    await person.log_in(agent="Mozilla/5.0 (iPhone) Mobile", address="198.51.100.4")
    answer = (await person.get("/users/me/sessions")).json()
    assert [item["current"] for item in answer["items"]] == [True, False]
    newest = answer["items"][0]
    assert (newest["device_type"], newest["ip_address"], newest["login_method"]) == (
        "mobile",
        "198.51.100.4",
        "password",
    )
    page = (await person.get("/users/me/sessions?limit=1")).json()
    rest = (await person.get("/users/me/sessions", params={"cursor": page["next_cursor"]})).json()
    assert [item["id"] for item in page["items"] + rest["items"]] == [i["id"] for i in answer["items"]]
    assert len((await other.get("/users/me/sessions")).json()["items"]) == 1
    assert (await person.get("/users/me/sessions?wrong=1")).status_code == 422


async def test_ending_one(join: MakePerson, published: Published) -> None:
    ada, grace = await join("ada"), await join("grace")
    ((item),) = (await ada.get("/users/me/sessions")).json()["items"]
    path = f"/api/v1/users/me/sessions/{item['id']}"
    assert (await grace.client.delete(path, headers=grace.headers)).status_code == 404
    assert (await ada.client.delete(path)).status_code == 401
    assert (await ada.client.delete(path, headers=ada.headers)).status_code == 204
    assert (await ada.client.delete(path, headers=ada.headers)).status_code == 404
    assert await ended(published) == [(item["id"], "session_ended")]
    assert (await ada.post("/auth/refresh", {"refresh": ada.refresh})).status_code == 401


async def test_clearing_up(
    join: MakePerson, register: MakePerson, database: Database, settings: Settings, published: Published
) -> None:
    person = await join("ada")
    live = person.refresh
    await person.log_in()
    await register("grace")
    async with database.transaction() as session:
        for statement in (
            "UPDATE users_emailverification SET expires_at = now() - interval '8 days'",
            """INSERT INTO unknown_login_attempts (name_digest, timestamp, ip_address)
               VALUES ('x', now() - interval '91 days', '127.0.0.1'), ('y', now(), '127.0.0.1')""",
            """UPDATE token_blacklist_outstandingtoken SET expires_at = now() - interval '2 days'
               WHERE session_id = (SELECT max(id) FROM users_usersession)""",
            """UPDATE users_usersession SET expires_at = now() - interval '2 days'
               WHERE id = (SELECT max(id) FROM users_usersession)""",
        ):
            await session.execute(text(statement))
    await purge(settings)(database)
    await purge(settings)(database)
    async with database.transaction() as session:
        counts = (
            await session.execute(
                text(
                    "SELECT (SELECT count(*) FROM users_emailverification), "
                    "(SELECT count(*) FROM unknown_login_attempts), "
                    "(SELECT count(*) FROM token_blacklist_outstandingtoken), "
                    "(SELECT count(*) FROM users_usersession WHERE is_active), "
                    "(SELECT count(*) FROM users_usersession)"
                )
            )
        ).one()
    assert tuple(counts) == (0, 1, 1, 1, 2)
    assert (await person.post("/auth/refresh", {"refresh": live})).status_code == 200


async def test_the_oldest_of_too_many_sessions_end(
    join: MakePerson, database: Database, settings: Settings, published: Published
) -> None:
    person = await join("ada")
    oldest = person.refresh
    for _ in range(3):
        await person.log_in()
    await purge(settings.model_copy(update={"sessions_per_account": 2}))(database)
    assert [reason for _, reason in await ended(published)] == ["session_ended"] * 2
    assert (await person.post("/auth/refresh", {"refresh": oldest})).status_code == 401
    assert (await person.post("/auth/refresh", {"refresh": person.refresh})).status_code == 200
