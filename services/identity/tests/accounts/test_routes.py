from collections.abc import Callable

import httpx
from chassis.db import Database
from chassis.testing import Published
from contracts.identity import UserChanged
from identity.testing import MakePerson
from sqlalchemy import text


async def test_names_are_edited_and_told(join: MakePerson, published: Published) -> None:
    person = await join("ada", first_name="Ada")
    answer = await person.patch("/users/me", {"last_name": "Lovelace"})
    assert answer.status_code == 200
    assert answer.json()["last_name"] == "Lovelace"
    assert answer.json()["first_name"] == "Ada"
    changed = [event for event in await published() if isinstance(event, UserChanged)]
    assert [(event.version, event.display_name) for event in changed] == [(1, "Ada"), (2, "Ada Lovelace")]
    await person.patch("/users/me", {"last_name": "Lovelace"})
    assert len([event for event in await published() if isinstance(event, UserChanged)]) == 2, (
        "nothing changed"
    )


async def test_two_editors_do_not_overwrite_each_other(join: MakePerson) -> None:
    person = await join("ada")
    tag = (await person.get("/users/me")).headers["etag"]
    first = await person.patch("/users/me", {"first_name": "Ada"}, **{"If-Match": tag})
    assert first.status_code == 200
    second = await person.patch("/users/me", {"first_name": "Augusta"}, **{"If-Match": tag})
    assert second.status_code == 412
    assert (await person.me())["first_name"] == "Ada"
    again = await person.patch("/users/me", {"first_name": "Augusta"}, **{"If-Match": first.headers["etag"]})
    assert again.status_code == 200
    assert (await person.get("/users/me")).headers["etag"] == again.headers["etag"]


async def test_a_username_of_another_is_refused(join: MakePerson) -> None:
    ada = await join("ada")
    await join("grace")
    answer = await ada.patch("/users/me", {"username": "GRACE"})
    assert (answer.status_code, answer.json()["type"]) == (409, "/problems/username-taken")
    assert (await ada.patch("/users/me", {"username": "Ada"})).json()["username"] == "Ada"


async def test_mass_assignment_is_refused(join: MakePerson) -> None:
    person = await join("ada")
    before = await person.me()
    for wrong in [
        {"role": "admin"},
        {"is_staff": True},
        {"is_superuser": True},
        {"email": "other@example.com"},
        {"is_email_verified": True},
        {"id": 7},
        {"username": ""},
        {"username": "a b c"},
        {"first_name": None},
        {"first_name": "x" * 151},
        {"state_version": 1},
    ]:
        assert (await person.patch("/users/me", wrong)).status_code == 422, wrong
        assert await person.me() == before


async def test_the_public_side_is_public_and_no_more(
    client: httpx.AsyncClient, join: MakePerson, database: Database
) -> None:
    person = await join("ada", first_name="Ada", last_name="Lovelace")
    me = await person.me()
    answer = await client.get(f"/api/v1/users/{me['id']}/public")
    assert answer.json() == {"id": me["id"], "display_name": "Ada Lovelace", "picture_url": None}
    assert (await client.get(f"/api/v1/users/{me['id'] + 1}/public")).status_code == 404
    for bad in ("0", "-1", "x", str(2**63)):
        assert (await client.get(f"/api/v1/users/{bad}/public")).status_code == 422
    async with database.transaction() as session:
        await session.execute(text("UPDATE users_customuser SET is_active = false"))
    assert (await client.get(f"/api/v1/users/{me['id']}/public")).status_code == 404


async def test_services_may_ask_and_nobody_else(
    client: httpx.AsyncClient, join: MakePerson, service_auth: Callable[[str], dict[str, str]]
) -> None:
    person = await join("ada", first_name="Ada")
    me = await person.me()
    path = f"/internal/users/{me['id']}"
    answer = await client.get(path, headers=service_auth("instructor"))
    assert answer.json() == {
        "user_id": me["id"],
        "username": "ada",
        "display_name": "Ada",
        "email": "ada@example.com",
        "is_active": True,
        "role": "student",
    }
    assert (await client.get("/internal/users/999", headers=service_auth("catalog"))).status_code == 404
    assert (await client.get(path)).status_code == 401
    assert (await client.get(path, headers=person.headers)).status_code == 401


async def test_guests_have_no_account(client: httpx.AsyncClient) -> None:
    assert (await client.get("/api/v1/users/me")).status_code == 401
    assert (await client.patch("/api/v1/users/me", json={})).status_code == 401
