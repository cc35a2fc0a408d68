"""Accounts at providers, linked and taken off by who is logged in."""

import asyncio
from collections.abc import Callable
from typing import Any

import httpx
import pytest
from chassis.db import Database
from identity.social import links
from identity.testing import PASSWORD, MakePerson, Person, Postbox, text_of
from lyceum.oidc_testing import OidcProvider
from sqlalchemy import text

from .people import Visitor, fragment_of, path_of

LINKS = "/users/me/social-accounts"
Visitors = Callable[[], httpx.AsyncClient]


async def sql(database: Database, statement: str, **given: Any) -> Any:
    async with database.transaction() as session:
        result = await session.execute(text(statement), given)
        return result.all() if result.returns_rows else None  # type: ignore[attr-defined]


async def begin(person: Person, slug: str = "campus", **body: Any) -> str:
    answer = await person.post(f"{LINKS}/{slug}/link", body)
    assert answer.status_code == 200, answer.text
    assert answer.headers["cache-control"] == "no-store"
    return str(answer.json()["authorize_url"])


async def link(person: Person, visitor: Visitor, login: str, **body: Any) -> httpx.Response:
    back = await visitor.browser.log_in(await begin(person, **body), login)
    return await visitor.client.get(path_of(back))


async def test_an_account_is_linked_from_inside(
    visitor: Visitor, join: MakePerson, postbox: Postbox, database: Database
) -> None:
    ada = await join("ada")
    answer = await link(ada, visitor, "grace")
    assert answer.status_code == 200, answer.text
    linked = answer.json()
    assert (linked["provider"], linked["uid"]) == ("campus", "sub-grace")
    assert linked["shown_as"] == "grace@idp.example"
    assert "an account at Campus was linked to your account" in text_of(await postbox.one())
    listed = (await ada.get(LINKS)).json()
    assert [item["id"] for item in listed["items"]] == [linked["id"]]
    pair = (await visitor.log_in("grace")).json()
    me = await visitor.client.get("/api/v1/users/me", headers={"Authorization": f"Bearer {pair['access']}"})
    assert me.json()["username"] == "ada", "whatever the address at the provider is"
    assert (await link(ada, visitor, "grace")).status_code == 200, "linked is linked"
    assert await postbox.collect() == []
    ((accounts,),) = await sql(database, "SELECT count(*) FROM users_customuser")
    assert accounts == 1


async def test_a_page_that_waits(visitor: Visitor, join: MakePerson) -> None:
    ada = await join("ada")
    told = fragment_of(await link(ada, visitor, "grace", next="/settings"))
    assert set(told) == {"social_provider", "social_linked"}


async def test_somebody_elses_account_at_the_provider(visitor: Visitor, join: MakePerson) -> None:
    assert (await visitor.log_in("grace")).status_code == 200
    ada = await join("ada")
    answer = await link(ada, visitor, "grace")
    assert (answer.status_code, answer.json()["type"]) == (409, "/problems/social-account-linked-elsewhere")
    told = fragment_of(await link(ada, visitor, "grace", next="/settings"))
    assert told["social_error"] == "social-account-linked-elsewhere"
    assert (await ada.get(LINKS)).json()["items"] == []


async def test_two_link_the_same_at_once(visitor: Visitor, join: MakePerson, database: Database) -> None:
    people = [await join("ada"), await join("ben")]
    backs = [await visitor.browser.log_in(await begin(person), "grace") for person in people]
    answers = await asyncio.gather(*(visitor.client.get(path_of(back)) for back in backs))
    assert sorted(answer.status_code for answer in answers) == [200, 409]
    ((links_made,),) = await sql(database, "SELECT count(*) FROM socialaccount_socialaccount")
    assert links_made == 1


async def test_a_link_that_another_browser_ends(
    visitor: Visitor, visitors: Visitors, join: MakePerson, campus: OidcProvider
) -> None:
    """The attacker begins a link to their own account, and has the victim follow the address."""
    attacker = await join("mallory")
    url = await begin(attacker)
    async with Visitor(visitors(), campus) as victim:
        back = await victim.browser.log_in(url, "grace")
        answer = await victim.client.get(path_of(back))
    assert (answer.status_code, answer.json()["type"]) == (422, "/problems/social-login-not-begun")
    assert (await attacker.get(LINKS)).json()["items"] == []


async def test_a_session_that_ended_on_the_way(visitor: Visitor, join: MakePerson) -> None:
    ada = await join("ada")
    back = await visitor.browser.log_in(await begin(ada), "grace")
    await ada.post("/auth/logout", {"refresh": ada.refresh})
    answer = await visitor.client.get(path_of(back))
    assert (answer.status_code, answer.json()["type"]) == (401, "/problems/session-ended")


async def test_an_old_session_gives_the_password(
    visitor: Visitor, join: MakePerson, database: Database
) -> None:
    ada = await join("ada")
    await sql(database, "UPDATE users_usersession SET created_at = created_at - interval '1 day'")
    answer = await ada.post(f"{LINKS}/campus/link", {})
    assert answer.status_code == 403, answer.text
    answer = await ada.post(f"{LINKS}/campus/link", {"password": "wrong"})
    assert answer.status_code == 403
    assert await begin(ada, password=PASSWORD)


async def test_a_link_is_taken_off(
    visitor: Visitor, join: MakePerson, postbox: Postbox, database: Database
) -> None:
    ada = await join("ada")
    linked = (await link(ada, visitor, "grace")).json()
    await postbox.collect()
    answer = await ada.client.delete(f"/api/v1{LINKS}/{linked['id']}", headers=ada.headers)
    assert answer.status_code == 204
    assert "taken off" in text_of(await postbox.one())
    ((left,),) = await sql(
        database,
        "SELECT (SELECT count(*) FROM socialaccount_socialaccount) + (SELECT count(*) FROM socialaccount_socialtoken)"
        " + (SELECT count(*) FROM social_auth_usersocialauth)",
    )
    assert left == 0
    answer = await ada.client.delete(f"/api/v1{LINKS}/{linked['id']}", headers=ada.headers)
    assert answer.status_code == 404


async def test_the_only_way_in_stays(visitor: Visitor, client: httpx.AsyncClient, database: Database) -> None:
    pair = (await visitor.log_in("ada")).json()
    ada = Person(client, "ada@idp.example", "ada", PASSWORD, pair["access"], pair["refresh"])
    (first,) = (await ada.get(LINKS)).json()["items"]
    refused = await client.delete(f"/api/v1{LINKS}/{first['id']}", headers=ada.headers)
    assert (refused.status_code, refused.json()["type"]) == (409, "/problems/only-way-in")
    back = await visitor.browser.log_in(await begin(ada, "campus-es256"), "ada")
    assert (await client.get(path_of(back))).status_code == 200
    await sql(database, "UPDATE socialaccount_socialapp SET is_enabled = false WHERE provider_id <> 'campus'")
    refused = await client.delete(f"/api/v1{LINKS}/{first['id']}", headers=ada.headers)
    assert refused.status_code == 409, "a provider that is not offered lets nobody in"
    await sql(database, "UPDATE socialaccount_socialapp SET is_enabled = true")
    rows = (await ada.get(LINKS)).json()["items"]
    answers = await asyncio.gather(
        *(client.delete(f"/api/v1{LINKS}/{row['id']}", headers=ada.headers) for row in rows)
    )
    assert sorted(answer.status_code for answer in answers) == [204, 409], "of both at once, one stays"


async def test_a_passkey_is_a_way_in(visitor: Visitor, client: httpx.AsyncClient, database: Database) -> None:
    pair = (await visitor.log_in("ada")).json()
    ada = Person(client, "ada@idp.example", "ada", PASSWORD, pair["access"], pair["refresh"])
    (only,) = (await ada.get(LINKS)).json()["items"]
    await sql(
        database,
        "INSERT INTO passkeys (user_id, credential_id, public_key, name, is_backed_up) "
        "SELECT id, 'c', 'k', 'phone', false FROM users_customuser",
    )
    answer = await client.delete(f"/api/v1{LINKS}/{only['id']}", headers=ada.headers)
    assert answer.status_code == 204


async def test_who_has_no_password_sets_one_by_mail(
    visitor: Visitor, client: httpx.AsyncClient, postbox: Postbox
) -> None:
    pair = (await visitor.log_in("ada")).json()
    ada = Person(
        client, "ada@idp.example", "ada", "eight red foxes by night", pair["access"], pair["refresh"]
    )
    assert (await ada.log_in()).status_code == 401
    await client.post("/api/v1/auth/password/forgot", json={"email": ada.email})
    given = {"token": await postbox.token(), "new_password": ada.password}
    answer = await client.post("/api/v1/auth/password/reset", json=given)
    assert answer.status_code == 200, answer.text
    assert (await ada.log_in()).status_code == 200
    (only,) = (await ada.get(LINKS)).json()["items"]
    answer = await client.delete(f"/api/v1{LINKS}/{only['id']}", headers=ada.headers)
    assert answer.status_code == 204


async def test_permissions(
    visitor: Visitor, join: MakePerson, client: httpx.AsyncClient, admin: Person
) -> None:
    ada, other = await join("ada"), await join("other")
    linked = (await link(ada, visitor, "grace")).json()
    for person in (other, admin):
        answer = await client.delete(f"/api/v1{LINKS}/{linked['id']}", headers=person.headers)
        assert answer.status_code == 404
        assert (await person.get(LINKS)).json()["items"] == []
    for method, path in (("GET", LINKS), ("POST", f"{LINKS}/campus/link"), ("DELETE", f"{LINKS}/1")):
        answer = await client.request(method, f"/api/v1{path}", json={} if method == "POST" else None)
        assert answer.status_code == 401


async def test_the_list_is_paged(visitor: Visitor, join: MakePerson, client: httpx.AsyncClient) -> None:
    ada = await join("ada")
    for slug in ("campus", "campus-es256"):
        back = await visitor.browser.log_in(await begin(ada, slug), "grace")
        assert (await client.get(path_of(back))).status_code == 200
    first = (await ada.get(LINKS, params={"limit": 1})).json()
    rest = (await ada.get(LINKS, params={"limit": 1, "cursor": first["next_cursor"]})).json()
    assert [item["provider"] for item in first["items"] + rest["items"]] == ["campus-es256", "campus"]
    assert rest["next_cursor"] is None


@pytest.mark.parametrize("target", ["https://evil.example/", "//evil.example"])
async def test_a_link_leads_nowhere_else(visitor: Visitor, join: MakePerson, target: str) -> None:
    ada = await join("ada")
    answer = await ada.post(f"{LINKS}/campus/link", {"next": target})
    assert (answer.status_code, answer.json()["type"]) == (422, "/problems/social-landing-refused")


async def test_the_export_and_the_end(visitor: Visitor, join: MakePerson, database: Database) -> None:
    ada = await join("ada")
    await link(ada, visitor, "grace")
    ((user_id,),) = await sql(database, "SELECT user_id FROM socialaccount_socialaccount")
    await sql(
        database,
        "INSERT INTO social_auth_usersocialauth (user_id, provider, uid) VALUES (:user_id, 'old', '7')",
        user_id=user_id,
    )
    async with database.transaction() as session:
        told = await links.export_of(session, user_id)
    assert [(one["provider"], one["uid"], one["shown_as"]) for one in told] == [
        ("campus", "sub-grace", "grace@idp.example"),
        ("old", "7", ""),
    ]
    assert "sealed" not in str(told)
    async with database.transaction() as session:
        await links.forget(session, user_id, ["ada@example.com"])
        assert await links.export_of(session, user_id) == []
