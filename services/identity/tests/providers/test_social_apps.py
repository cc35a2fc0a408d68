"""Providers as the staff configure them."""

import asyncio
from collections.abc import Awaitable, Callable
from typing import Any

import httpx
import pytest
from chassis.db import Database
from identity.audit.models import AdminAuditEntry
from identity.providers import service
from identity.providers.models import SocialApp
from identity.settings import Settings
from identity.testing import MakePerson, Person
from identity.vault import vault_of
from lyceum.oidc_testing import SECRET, OidcProvider
from sqlalchemy import select

CHANGE = "identity.change_social_app"
Make = Callable[..., Awaitable[dict[str, Any]]]


def campus(issuer: str = "https://login.campus.example", **changes: Any) -> dict[str, Any]:
    return {
        "provider": "openid_connect",
        "provider_id": "campus",
        "name": "Campus",
        "client_id": "lyceum",
        "secret": SECRET,
        "settings": {"issuer": issuer},
        **changes,
    }


@pytest.fixture
def make(admin: Person) -> Make:
    async def create(**changes: Any) -> dict[str, Any]:
        answer = await admin.post("/social-apps", campus(**changes))
        assert answer.status_code == 201, answer.text
        made: dict[str, Any] = answer.json()
        return made

    return create


async def stored(database: Database, app_id: int) -> SocialApp:
    async with database.transaction() as session:
        row = await session.get(SocialApp, app_id)
        assert row is not None
        return row


async def test_who_may(client: httpx.AsyncClient, join: MakePerson, admin: Person, make: Make) -> None:
    made = await make()
    student, keeper = await join("ada"), await join("grace")
    keeper_id = (await keeper.me())["id"]
    await admin.patch(f"/users/{keeper_id}", {"permissions": [CHANGE]})
    await keeper.log_in()
    asked: list[tuple[str, str, Any, int]] = [
        ("GET", "/social-apps", None, 200),
        ("POST", "/social-apps", campus(provider_id="other"), 201),
        ("GET", f"/social-apps/{made['id']}", None, 200),
        ("PATCH", f"/social-apps/{made['id']}", {"name": "New"}, 200),
        ("POST", f"/social-apps/{made['id']}/check", None, 200),
        ("DELETE", f"/social-apps/{made['id']}", None, 204),
    ]
    for method, path, body, good in asked:
        answers = [
            (await client.request(method, f"/api/v1{path}", json=body, headers=headers)).status_code
            for headers in ({}, student.headers, keeper.headers)
        ]
        assert answers == [401, 403, good], (method, path)


async def test_a_right_that_was_taken_counts_no_more(join: MakePerson, admin: Person, make: Make) -> None:
    keeper = await join("grace")
    keeper_id = (await keeper.me())["id"]
    await admin.patch(f"/users/{keeper_id}", {"permissions": [CHANGE]})
    await keeper.log_in()
    await admin.patch(f"/users/{keeper_id}", {"permissions": []})
    assert (await keeper.post("/social-apps", campus())).status_code in (401, 403)


async def test_the_secret_goes_in_and_never_comes_out(
    admin: Person, make: Make, database: Database, settings: Settings
) -> None:
    answer = await admin.post("/social-apps", campus())
    made = answer.json()
    assert made["has_secret"] is True
    seen = [answer.text, (await admin.get("/social-apps")).text]
    seen.append((await admin.get(f"/social-apps/{made['id']}")).text)
    seen.append((await admin.patch(f"/social-apps/{made['id']}", {"secret": SECRET + "2"})).text)
    seen.append((await admin.get("/audit-log")).text)
    assert all(SECRET not in text for text in seen)
    row = await stored(database, made["id"])
    assert SECRET.encode().hex() not in row.secret
    assert service.open_secret(vault_of(settings), row).get_secret_value() == SECRET + "2"
    gone = await admin.patch(f"/social-apps/{made['id']}", {"secret": ""})
    assert (gone.json()["has_secret"], (await stored(database, made["id"])).secret) == (False, "")


async def test_what_is_told(admin: Person, make: Make) -> None:
    made = await make()
    read = await admin.get(f"/social-apps/{made['id']}")
    assert read.json() == made
    assert made | {"id": 0, "created_at": "", "updated_at": ""} == {
        "id": 0,
        "provider": "openid_connect",
        "provider_id": "campus",
        "slug": "campus",
        "name": "Campus",
        "client_id": "lyceum",
        "has_secret": True,
        "settings": {
            "issuer": "https://login.campus.example",
            "scopes": None,
            "mobile_client_ids": None,
            "authorize_url": None,
            "token_url": None,
            "userinfo_url": None,
            "emails_url": None,
        },
        "is_enabled": True,
        "is_supported": True,
        "site_ids": [],
        "callback_url": "http://lyceum.test/api/v1/auth/social/campus/callback",
        "created_at": "",
        "updated_at": "",
    }
    await make(provider="github", provider_id="", settings={})
    await make(provider="google", provider_id="", settings={"mobile_client_ids": ["ios"]}, is_enabled=False)
    slugs = [one["slug"] for one in (await admin.get("/social-apps")).json()["items"]]
    assert slugs == ["google", "github", "campus"]
    off = await admin.get("/social-apps", params={"is_enabled": False})
    assert [one["slug"] for one in off.json()["items"]] == ["google"]
    first = (await admin.get("/social-apps", params={"limit": 2})).json()
    rest = await admin.get("/social-apps", params={"limit": 2, "cursor": first["next_cursor"]})
    assert [one["slug"] for one in rest.json()["items"]] == ["campus"]
    assert (await admin.get("/social-apps/999999")).status_code == 404
    assert (await admin.get("/social-apps", params={"provider": "x"})).status_code == 422


@pytest.mark.parametrize(
    "changes",
    [
        {"provider": "facebook"},
        {"provider_id": ""},
        {"provider_id": "Campus"},
        {"provider_id": "-campus"},
        {"provider_id": "a/b"},
        {"provider_id": "partial"},
        {"provider_id": "providers"},
        {"provider_id": "x" * 60},
        {"name": ""},
        {"name": "x" * 101},
        {"client_id": ""},
        {"client_id": "a\nb"},
        {"secret": "s" * 4001},
        {"secret": None},
        {"settings": {}},
        {"settings": {"issuer": "https://x.example", "server_url": "https://y.example"}},
        {"settings": {"issuer": "https://x.example", "token_url": "https://y.example/token"}},
        {"settings": {"issuer": "ftp://x.example"}},
        {"settings": {"issuer": "http://x.example"}},
        {"settings": {"issuer": "https://127.0.0.1/"}},
        {"settings": {"issuer": "https://[::1]"}},
        {"settings": {"issuer": "https://u:p@x.example"}},
        {"settings": {"issuer": "https://x.example", "scopes": ["email"]}},
        {"settings": {"issuer": "https://x.example", "scopes": ["openid", "a b"]}},
        {"settings": {"issuer": "https://x.example", "scopes": []}},
        {"settings": {"issuer": "https://x.example", "mobile_client_ids": ["x"] * 21}},
        {"provider": "google", "settings": {"issuer": "https://x.example"}},
        {"provider": "github", "settings": {"mobile_client_ids": ["x"]}},
        {"provider": "github", "settings": {"token_url": "https://169.254.169.254/token"}},
        {"provider": "github", "settings": {"userinfo_url": "http://x.example/user"}},
        {"site_ids": [0]},
        {"site_ids": [987654]},
        {"has_secret": True},
        {"slug": "x"},
        {"key": "x"},
    ],
)
async def test_what_is_refused(admin: Person, changes: dict[str, Any]) -> None:
    answer = await admin.post("/social-apps", campus(**changes))
    assert answer.status_code == 422, answer.text
    assert "s" * 100 not in answer.text
    assert (await admin.get("/social-apps")).json()["items"] == []


async def test_a_name_is_given_once_also_at_the_same_time(admin: Person, make: Make) -> None:
    answers = await asyncio.gather(*(admin.post("/social-apps", campus()) for _ in range(4)))
    assert sorted(one.status_code for one in answers) == [201, 409, 409, 409]
    github: dict[str, Any] = {"provider": "github", "provider_id": "", "settings": {}}
    await make(**github)
    again = await admin.post("/social-apps", campus(**github))
    assert (again.status_code, again.json()["type"]) == (409, "/problems/provider-slug-taken")


async def test_nobody_inherits_the_accounts_of_another_provider(admin: Person, make: Make) -> None:
    made = await make()
    elsewhere = {"issuer": "https://evil.example"}
    moved = await admin.patch(f"/social-apps/{made['id']}", {"settings": elsewhere, "secret": "new"})
    stands = "/problems/provider-slug-stands-for-another"
    assert (moved.status_code, moved.json()["type"]) == (409, stands)
    assert (await admin.client.delete(f"/api/v1/social-apps/{made['id']}", headers=admin.headers)).is_success
    again = await admin.post("/social-apps", campus("https://evil.example"))
    assert (again.status_code, again.json()["type"]) == (409, stands)
    assert (await admin.post("/social-apps", campus())).status_code == 201


async def test_what_the_old_site_left_stands_for_who_it_was(
    admin: Person, database: Database, make: Make
) -> None:
    async with database.transaction() as session:
        row = SocialApp(
            provider="openid_connect",
            provider_id="old",
            settings={"server_url": "https://old.example", "odd": 1},
        )
        session.add(row)
        session.add(SocialApp(provider="facebook", name="Gone", secret="plain"))
        await session.flush()
        old = row.id
    items = (await admin.get("/social-apps")).json()["items"]
    assert [(one["slug"], one["is_supported"]) for one in items] == [("facebook", False), ("old", True)]
    assert items[1]["settings"]["issuer"] == "https://old.example"
    facebook = items[0]["id"]
    assert (await admin.post(f"/social-apps/{facebook}/check")).status_code == 409
    assert (await admin.patch(f"/social-apps/{facebook}", {"name": "x"})).status_code == 422
    moved = await admin.patch(f"/social-apps/{old}", {"settings": {"issuer": "https://evil.example"}})
    assert moved.status_code == 409
    same = await admin.patch(f"/social-apps/{old}", {"settings": {"issuer": "https://old.example"}})
    assert (same.status_code, (await stored(database, old)).settings) == (
        200,
        {"issuer": "https://old.example"},
    )
    for app_id in (old, facebook):
        deleted = await admin.client.delete(f"/api/v1/social-apps/{app_id}", headers=admin.headers)
        assert deleted.status_code == 204
    again = await admin.post("/social-apps", campus("https://evil.example", provider_id="old"))
    assert again.status_code == 409


async def test_the_secret_is_not_sent_to_a_new_address_unless_given_again(admin: Person, make: Make) -> None:
    made = await make(provider="github", provider_id="forge", settings={})
    elsewhere = {"settings": {"token_url": "https://evil.example/token"}}
    needed = await admin.patch(f"/social-apps/{made['id']}", elsewhere)
    assert (needed.status_code, needed.json()["type"]) == (422, "/problems/provider-secret-needed")
    assert (await admin.get(f"/social-apps/{made['id']}")).json() == made
    given = await admin.patch(f"/social-apps/{made['id']}", {**elsewhere, "secret": "another"})
    assert given.status_code == 200


async def test_a_stale_copy_changes_nothing(admin: Person, make: Make) -> None:
    made = await make()
    path = f"/social-apps/{made['id']}"
    tag = (await admin.get(path)).headers["etag"]
    first = await admin.patch(path, {"name": "First"}, **{"If-Match": tag})
    assert (first.status_code, first.json()["name"]) == (200, "First")
    assert first.headers["etag"] == (await admin.get(path)).headers["etag"] != tag
    stale = await admin.patch(path, {"name": "Second"}, **{"If-Match": tag})
    assert stale.status_code == 412
    renewed = await admin.patch(path, {"secret": "another"}, **{"If-Match": first.headers["etag"]})
    assert renewed.headers["etag"] != first.headers["etag"]
    gone = await admin.client.delete(f"/api/v1{path}", headers=admin.headers | {"If-Match": tag})
    assert gone.status_code == 412
    answers = await asyncio.gather(
        *(admin.patch(path, {"name": name}, **{"If-Match": renewed.headers["etag"]}) for name in "abc")
    )
    assert sorted(one.status_code for one in answers) == [200, 412, 412]
    for refused in ({"provider": "github"}, {"provider_id": "x"}, {"id": 7}, {"name": None}):
        assert (await admin.patch(path, refused)).status_code == 422


async def test_what_was_done_is_on_record(admin: Person, make: Make, database: Database) -> None:
    made = await make()
    path = f"/social-apps/{made['id']}"
    await admin.patch(path, {"is_enabled": False, "secret": "another"})
    await admin.patch(path, {"is_enabled": False})
    await admin.client.delete(f"/api/v1{path}", headers=admin.headers)
    async with database.transaction() as session:
        entries = await session.scalars(
            select(AdminAuditEntry)
            .where(AdminAuditEntry.target_type == "social_app")
            .order_by(AdminAuditEntry.id)
        )
        told = [(entry.action, entry.changes) for entry in entries]
    assert [action for action, _ in told] == [
        "social_app.created",
        "social_app.changed",
        "social_app.deleted",
    ]
    assert told[0][1]["issuer"] == [None, "https://login.campus.example"]
    assert told[1][1] == {"is_enabled": [True, False], "client_secret": [None, "(not shown)"]}


async def findings(admin: Person, app_id: int) -> tuple[bool, dict[str, str]]:
    answer = await admin.post(f"/social-apps/{app_id}/check")
    assert answer.status_code == 200, answer.text
    told = answer.json()
    return told["ok"], {one["what"]: one["verdict"] for one in told["findings"]}


async def test_a_check_tells_a_good_provider_from_a_bad_one(
    admin: Person, make: Make, oidc_provider: OidcProvider
) -> None:
    made = await make(issuer=oidc_provider.issuer)
    good = {"metadata": "ok", "keys": "ok", "credentials": "ok"}
    assert await findings(admin, made["id"]) == (True, good)
    path = f"/social-apps/{made['id']}"
    await admin.patch(path, {"secret": "wrong"})
    assert await findings(admin, made["id"]) == (False, good | {"credentials": "problem"})
    await admin.patch(path, {"client_id": "nobody", "secret": SECRET})
    assert await findings(admin, made["id"]) == (False, good | {"credentials": "problem"})
    public = {"client_id": "lyceum-mobile", "secret": ""}
    scopes = {"issuer": oidc_provider.issuer, "scopes": ["openid", "telepathy"]}
    await admin.patch(path, public | {"settings": scopes})
    assert await findings(admin, made["id"]) == (True, good | {"scopes": "warning"})
    nowhere = await make(issuer="https://idp.invalid", provider_id="nowhere")
    assert await findings(admin, nowhere["id"]) == (False, {"metadata": "problem"})


async def test_a_check_of_a_provider_of_githubs_shape(
    admin: Person, make: Make, oidc_provider: OidcProvider
) -> None:
    urls = {"token_url": f"{oidc_provider.issuer}/token"}
    made = await make(provider="github", provider_id="forge", client_id="lyceum", settings=urls)
    assert await findings(admin, made["id"]) == (True, {"credentials": "ok"})
    await admin.patch(f"/social-apps/{made['id']}", {"secret": "wrong"})
    assert await findings(admin, made["id"]) == (False, {"credentials": "problem"})


async def test_apps_are_offered_on_their_sites(
    admin: Person, make: Make, database: Database, settings: Settings
) -> None:
    ids = [
        (await admin.post("/sites", {"domain": domain})).json()["id"]
        for domain in ("lyceum.test", "other.example")
    ]
    made = await make(site_ids=[ids[1], ids[1]])
    assert made["site_ids"] == [ids[1]]

    async def is_offered() -> bool:
        async with database.transaction() as session:
            return bool(await service.list_providers(session, settings))

    assert not await is_offered()
    both = await admin.patch(f"/social-apps/{made['id']}", {"site_ids": ids})
    assert (both.json()["site_ids"], await is_offered()) == (ids, True)
    none = await admin.patch(f"/social-apps/{made['id']}", {"site_ids": []})
    assert (none.json()["site_ids"], await is_offered()) == ([], True)
    off = await admin.patch(f"/social-apps/{made['id']}", {"is_enabled": False})
    assert (off.status_code, await is_offered()) == (200, False)
