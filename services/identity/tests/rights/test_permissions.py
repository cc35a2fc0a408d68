"""The permissions there are: as declared, whoever starts when."""

import asyncio
from collections.abc import Callable
from typing import Any

import httpx
from chassis.auth import MAX_TOKEN_BYTES
from chassis.db import Database
from contracts.permissions import PERMISSIONS, service_of
from identity.rights import service as rights
from identity.testing import MakePerson, Person


async def codenames(reader: Person, **asked: Any) -> list[str]:
    found: list[str] = []
    cursor = None
    while True:
        given = {**asked, "limit": 7, **({"cursor": cursor} if cursor else {})}
        answer = await reader.get("/permissions", params=given)
        assert answer.status_code == 200, answer.text
        found += [item["codename"] for item in answer.json()["items"]]
        cursor = answer.json()["next_cursor"]
        if cursor is None:
            return found


async def test_every_declared_permission_is_listed(admin: Person) -> None:
    assert await codenames(admin) == sorted(PERMISSIONS)
    catalog = [name for name in sorted(PERMISSIONS) if service_of(name) == "catalog"]
    assert await codenames(admin, service="catalog") == catalog
    first = (await admin.get("/permissions?limit=1&service=catalog")).json()["items"][0]
    assert first == {
        "codename": catalog[0],
        "name": PERMISSIONS[catalog[0]],
        "service": "catalog",
    }
    for bad in ({"service": "billing"}, {"service": "cata"}, {"sort": "x"}):
        assert (await admin.get("/permissions", params=bad)).status_code == 422


async def test_permissions_are_for_who_gives_them(
    client: httpx.AsyncClient, join: MakePerson, admin: Person
) -> None:
    assert (await client.get("/api/v1/permissions")).status_code == 401
    person = await join("ada")
    answer = await person.get("/permissions")
    assert (answer.status_code, answer.json()["permission"]) == (403, "identity.view_group")


async def test_starting_again_changes_nothing(database: Database, admin: Person) -> None:
    async with database.transaction() as session:
        assert await rights.sync_permissions(session) == 0


async def test_replicas_that_start_together_agree(database: Database, admin: Person) -> None:
    newer = {**PERMISSIONS, "catalog.change_colour": "Paint", "catalog.view_colour": "See paint"}

    async def start() -> int:
        async with database.transaction() as session:
            return await rights.sync_permissions(session, newer)

    assert sorted(await asyncio.gather(*(start() for _ in range(5)))) == [0, 0, 0, 0, 2]
    assert await codenames(admin) == sorted(newer)


async def test_what_is_declared_no_more_gives_nothing_until_it_comes_back(
    database: Database, admin: Person, join: MakePerson, claims_of: Callable[[str], dict[str, Any]]
) -> None:
    person = await join("ada")
    ada = (await person.me())["id"]
    both = ["catalog.change_category", "catalog.feature_course"]
    assert (await admin.patch(f"/users/{ada}", {"permissions": both})).status_code == 200
    older = {name: text for name, text in PERMISSIONS.items() if name != "catalog.feature_course"}

    async def held(declared: Any) -> tuple[list[str], list[str]]:
        async with database.transaction() as session:
            await rights.sync_permissions(session, declared)
        told = (await admin.get(f"/users/{ada}")).json()
        await person.log_in()
        return told["permissions"], claims_of(person.access)["permissions"]

    assert await held(older) == (both[:1], both[:1])
    assert "catalog.feature_course" not in await codenames(admin)
    unknown = await admin.patch(f"/users/{ada}", {"permissions": ["catalog.feature_course"]})
    assert (unknown.status_code, unknown.json()["unknown"]) == (422, ["catalog.feature_course"])
    # Who edits the rest does not take away what they were not shown.
    assert (await admin.patch(f"/users/{ada}", {"permissions": both[:1]})).status_code == 200
    assert await held(PERMISSIONS) == (both, both)


async def test_a_token_stays_small_whatever_its_bearer_may(
    admin: Person, join: MakePerson, claims_of: Callable[[str], dict[str, Any]]
) -> None:
    assert claims_of(admin.access)["permissions"] == ["*"]
    person = await join("ada")
    ada = (await person.me())["id"]
    answer = await admin.patch(f"/users/{ada}", {"permissions": sorted(PERMISSIONS)})
    assert answer.status_code == 200, answer.text
    await person.log_in()
    assert claims_of(person.access)["permissions"] == sorted(PERMISSIONS)
    assert len(person.access) < MAX_TOKEN_BYTES / 2
