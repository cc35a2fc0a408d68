"""The flow for GitHub's shape: OAuth 2 without id_tokens, errors with status 200, addresses on a list of their own."""

from typing import Any

import httpx
from chassis.db import Database
from sqlalchemy import text

from .github import GitHub
from .people import SOCIAL, fragment_of, path_of


async def come_back(client: httpx.AsyncClient, **query: str) -> str:
    """Begin here, be sent back at once by the server; the callback's URL."""
    answer = await client.get(f"{SOCIAL}/hub/login", params=query)
    assert answer.status_code == 302, answer.text
    async with httpx.AsyncClient(timeout=10, trust_env=False) as browser:
        sent = await browser.get(answer.headers["location"])
    assert sent.status_code == 302, sent.text
    return path_of(sent.headers["location"])


async def log_in(client: httpx.AsyncClient, **query: str) -> httpx.Response:
    return await client.get(await come_back(client, **query))


async def me_of(client: httpx.AsyncClient, pair: dict[str, Any]) -> dict[str, Any]:
    answer = await client.get("/api/v1/users/me", headers={"Authorization": f"Bearer {pair['access']}"})
    found: dict[str, Any] = answer.json()
    return found


async def test_a_login(client: httpx.AsyncClient, hub: GitHub, database: Database) -> None:
    answer = await log_in(client)
    assert answer.status_code == 200, answer.text
    me = await me_of(client, answer.json())
    assert me["email"] == "octocat@hub.example", "the primary one of the list, not the one that is shown"
    assert (me["username"], me["first_name"], me["last_name"]) == ("octocat", "Mona", "Lisa Octocat")
    async with database.transaction() as session:
        uid = await session.scalar(text("SELECT uid FROM socialaccount_socialaccount WHERE provider = 'hub'"))
    assert uid == "583231"
    hub.user["login"] = "renamed"
    again = await me_of(client, (await log_in(client)).json())
    assert again["id"] == me["id"], "the id is who somebody is; a login name may be another's tomorrow"


async def test_addresses_that_are_not_verified_or_not_shown_do_not_count(
    client: httpx.AsyncClient, hub: GitHub
) -> None:
    hub.emails = [{"email": "shown@hub.example", "primary": True, "verified": False}]
    answer = await log_in(client)
    assert (answer.status_code, answer.json()["type"]) == (403, "/problems/social-email-needed")
    hub.emails_forbidden = True
    assert (await log_in(client)).json()["type"] == "/problems/social-email-needed"


async def test_a_page_is_told_what_is_missing(client: httpx.AsyncClient, hub: GitHub) -> None:
    hub.emails = []
    told = fragment_of(await log_in(client, next="/in"))
    answer = await client.post(f"{SOCIAL}/hub/token", json={"code": told["social_code"]})
    assert (answer.status_code, answer.json()["type"]) == (403, "/problems/social-email-needed")
    assert answer.json()["partial"]


async def test_a_code_replayed(client: httpx.AsyncClient, hub: GitHub) -> None:
    first = await come_back(client)
    assert (await client.get(first)).status_code == 200
    second = await come_back(client)
    used = first.partition("code=")[2].partition("&")[0]
    fresh = second.partition("code=")[2].partition("&")[0]
    answer = await client.get(second.replace(fresh, used))
    assert (answer.status_code, answer.json()["type"]) == (401, "/problems/social-proof-invalid")


async def test_a_wrong_client_secret_is_the_operators_affair(client: httpx.AsyncClient, hub: GitHub) -> None:
    hub.client_secret = "another"
    answer = await log_in(client)
    assert answer.status_code == 503
    assert answer.json()["type"] == "/problems/provider-unavailable"
    assert "incorrect_client_credentials" not in answer.text


async def test_an_access_token_of_our_own_client(client: httpx.AsyncClient, hub: GitHub) -> None:
    browser = await me_of(client, (await log_in(client)).json())
    answer = await client.post(f"{SOCIAL}/hub/token", json={"access_token": hub.issue(hub.client_id)})
    assert answer.status_code == 200, answer.text
    assert (await me_of(client, answer.json()))["id"] == browser["id"], "one person, one account"
    assert f"POST /api/applications/{hub.client_id}/token" in hub.asked


async def test_an_access_token_of_somebody_elses_client(client: httpx.AsyncClient, hub: GitHub) -> None:
    """The confused deputy: a token that the user gave to another site, brought here by that site."""
    for token in (hub.issue("another-app"), "gho_made_up"):
        answer = await client.post(f"{SOCIAL}/hub/token", json={"access_token": token})
        assert (answer.status_code, answer.json()["type"]) == (401, "/problems/social-proof-invalid")
    assert "GET /api/user" not in hub.asked


async def test_there_are_no_id_tokens(client: httpx.AsyncClient, hub: GitHub) -> None:
    answer = await client.post(f"{SOCIAL}/hub/token", json={"id_token": "a.b.c"})
    assert answer.status_code == 401
