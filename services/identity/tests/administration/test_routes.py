import asyncio
from collections.abc import Callable
from typing import Any

import httpx
from chassis.testing import Published
from contracts.identity import SessionRevoked, UserChanged, UserDeactivated
from identity.testing import MakePerson, Person


async def test_only_admins_administer(client: httpx.AsyncClient, join: MakePerson, admin: Person) -> None:
    student = await join("ada")
    for method, path in (("GET", "/users"), ("GET", "/users/1"), ("PATCH", "/users/1")):
        body = {"role": "admin"} if method == "PATCH" else None
        guest = await client.request(method, f"/api/v1{path}", json=body)
        other = await client.request(method, f"/api/v1{path}", json=body, headers=student.headers)
        assert (guest.status_code, other.status_code) == (401, 403)


async def test_listing_and_searching(join: MakePerson, register: MakePerson, admin: Person) -> None:
    await join("ada", first_name="Ada", last_name="Lovelace")
    await register("grace")
    everybody = (await admin.get("/users")).json()["items"]
    assert [user["username"] for user in everybody] == ["grace", "ada", "demo-admin"]
    assert "password" not in everybody[0]

    async def found(**params: Any) -> list[str]:
        answer = await admin.get("/users", params=params)
        assert answer.status_code == 200, answer.text
        return [user["username"] for user in answer.json()["items"]]

    assert await found(q="lovelace") == ["ada"]
    assert await found(q="GRACE@") == ["grace"]
    assert await found(q="%") == []
    assert await found(role="admin") == ["demo-admin"]
    assert await found(is_active=False) == []
    first = (await admin.get("/users?limit=2")).json()
    rest = (await admin.get("/users", params={"limit": 2, "cursor": first["next_cursor"]})).json()
    assert [u["username"] for u in first["items"] + rest["items"]] == ["grace", "ada", "demo-admin"]
    for bad in ({"sort": "x"}, {"role": "root"}, {"limit": 0}, {"cursor": "x"}, {"q": "x" * 101}):
        assert (await admin.get("/users", params=bad)).status_code == 422


async def test_deactivating_ends_it_all_and_reactivating_does_not_restore_it(
    join: MakePerson, admin: Person, published: Published
) -> None:
    person = await join("ada")
    user_id = (await person.me())["id"]
    answer = await admin.patch(f"/users/{user_id}", {"is_active": False})
    assert (answer.status_code, answer.json()["is_active"]) == (200, False)
    assert (await person.post("/auth/refresh", {"refresh": person.refresh})).status_code == 401
    assert (await person.log_in()).status_code == 401
    told = [e for e in await published() if getattr(e, "user_id", None) == user_id]
    versions = [e.version for e in told if isinstance(e, UserChanged | UserDeactivated)]
    assert versions == [1, 2, 3]
    assert [e.reason for e in told if isinstance(e, SessionRevoked)] == ["deactivated"]
    await admin.patch(f"/users/{user_id}", {"is_active": True})
    last = [e for e in await published() if isinstance(e, UserChanged)][-1]
    assert (last.is_active, last.version) == (True, 4)
    assert (await person.post("/auth/refresh", {"refresh": person.refresh})).status_code == 401
    assert (await person.log_in()).status_code == 200


async def test_giving_and_taking_the_role_admin(
    join: MakePerson, admin: Person, claims_of: Callable[[str], dict[str, Any]], published: Published
) -> None:
    person = await join("ada")
    user_id = (await person.me())["id"]
    answer = await admin.patch(f"/users/{user_id}", {"role": "admin"})
    assert (answer.json()["role"], answer.json()["is_staff"]) == ("admin", True)
    renewed = await person.post("/auth/refresh", {"refresh": person.refresh})
    assert claims_of(renewed.json()["access"])["role"] == "admin"
    answer = await admin.patch(f"/users/{user_id}", {"role": "student"})
    assert (answer.json()["role"], answer.json()["is_staff"]) == ("student", False)
    assert [e.reason for e in await published() if isinstance(e, SessionRevoked)] == ["role_changed"]
    person.access = renewed.json()["access"]
    own = await person.patch(f"/users/{user_id}", {"role": "admin"})
    assert own.status_code == 401, "a token that outlived the role gives nothing"


async def test_nobody_takes_away_their_own_rights(admin: Person) -> None:
    me = (await admin.me())["id"]
    for change in ({"role": "student"}, {"is_active": False}):
        answer = await admin.patch(f"/users/{me}", change)
        assert (answer.status_code, answer.json()["type"]) == (409, "/problems/own-account")
    assert (await admin.patch(f"/users/{me}", {"role": "admin", "is_active": True})).status_code == 200


async def test_two_admins_cannot_take_each_others_rights_at_once(join: MakePerson, admin: Person) -> None:
    person = await join("ada")
    ada, me = (await person.me())["id"], (await admin.me())["id"]
    await admin.patch(f"/users/{ada}", {"role": "admin"})
    await person.log_in()
    answers = await asyncio.gather(
        admin.patch(f"/users/{ada}", {"role": "student"}), person.patch(f"/users/{me}", {"role": "student"})
    )
    assert sorted(answer.status_code for answer in answers) == [200, 401]


async def test_a_stale_copy_changes_nothing(join: MakePerson, admin: Person) -> None:
    user_id = (await (await join("ada")).me())["id"]
    tag = (await admin.get(f"/users/{user_id}")).headers["etag"]
    assert (
        await admin.patch(f"/users/{user_id}", {"role": "instructor"}, **{"If-Match": tag})
    ).status_code == 200
    assert (
        await admin.patch(f"/users/{user_id}", {"is_active": False}, **{"If-Match": tag})
    ).status_code == 412


async def test_bad_input(admin: Person) -> None:
    me = (await admin.me())["id"]
    for wrong in [
        {"is_superuser": True},
        {"is_staff": True},
        {"role": "root"},
        {"is_active": None},
        {"password": "x"},
    ]:
        assert (await admin.patch(f"/users/{me}", wrong)).status_code == 422, wrong


async def test_nobody_is_there(admin: Person) -> None:
    assert (await admin.get("/users/999999")).status_code == 404
    assert (await admin.patch("/users/999999", {"is_active": True})).status_code == 404
