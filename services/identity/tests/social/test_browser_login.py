import asyncio
from collections.abc import Callable
from typing import Any
from urllib.parse import parse_qs, urlsplit

import httpx
import pytest
from chassis.db import Database
from chassis.testing import Published, ServiceUnderTest
from contracts.identity import UserEmailVerified, UserLoggedIn, UserRegistered
from identity.settings import Settings
from identity.testing import MakePerson
from lyceum.oidc import Client
from lyceum.oidc_testing import OidcProvider, query_of
from sqlalchemy import text

from .people import SOCIAL, Visitor, changed, fragment_of, path_of

Visitors = Callable[[], httpx.AsyncClient]


async def sql(database: Database, statement: str, **given: Any) -> Any:
    async with database.transaction() as session:
        result = await session.execute(text(statement), given)
        return result.all() if result.returns_rows else None  # type: ignore[attr-defined]


async def sub_of(client: httpx.AsyncClient, pair: dict[str, Any]) -> dict[str, Any]:
    answer = await client.get("/api/v1/users/me", headers={"Authorization": f"Bearer {pair['access']}"})
    assert answer.status_code == 200, answer.text
    found: dict[str, Any] = answer.json()
    return found


# --- the way there and back -----------------------------------------------------------------------------------


async def test_the_way_to_the_provider(visitor: Visitor, client: httpx.AsyncClient) -> None:
    answer = await client.get(f"{SOCIAL}/campus/login", headers={"Host": "evil.example"})
    assert answer.status_code == 302
    asked = parse_qs(urlsplit(answer.headers["location"]).query)
    assert asked["response_type"] == ["code"]
    assert asked["code_challenge_method"] == ["S256"]
    assert asked["redirect_uri"] == [f"http://lyceum.test{SOCIAL}/campus/callback"], "never from Host"
    assert set(asked["scope"][0].split()) == {"openid", "email", "profile"}
    assert len(asked["state"][0]) == len(asked["nonce"][0]) == len(asked["code_challenge"][0]) == 43
    cookie = answer.headers["set-cookie"].lower()
    assert "httponly" in cookie
    assert "samesite=lax" in cookie
    assert "max-age=600" in cookie
    assert asked["state"][0] not in answer.headers["set-cookie"]
    assert answer.headers["cache-control"] == "no-store"


async def test_where_the_platform_is_reached_safely(
    settings: Settings, service: ServiceUnderTest, campus: OidcProvider
) -> None:
    app = service.create_app(settings.model_copy(update={"public_url": "https://lyceum.example"}))
    transport = httpx.ASGITransport(app=app)
    async with (
        app.router.lifespan_context(app),
        httpx.AsyncClient(transport=transport, base_url="https://lyceum.example") as client,
    ):
        answer = await client.get(f"{SOCIAL}/campus/login")
        plain = await client.get(f"{SOCIAL}/campus/login", params={"next": "http://lyceum.example/"})
    name, *flags = answer.headers["set-cookie"].lower().split("; ")
    assert name.startswith("__host-lyceum-social=")
    assert {"secure", "httponly", "path=/", "samesite=lax"} <= set(flags)
    assert not any(flag.startswith("domain") for flag in flags)
    asked = parse_qs(urlsplit(answer.headers["location"]).query)
    assert asked["redirect_uri"] == [f"https://lyceum.example{SOCIAL}/campus/callback"]
    assert plain.status_code == 422, "not down from https"


async def test_somebody_new_logs_in(
    visitor: Visitor, client: httpx.AsyncClient, published: Published, database: Database
) -> None:
    answer = await visitor.log_in("ada")
    assert answer.status_code == 200, answer.text
    assert answer.headers["cache-control"] == "no-store"
    me = await sub_of(client, answer.json())
    assert me["email"] == "ada@idp.example"
    assert me["username"] == "ada"
    assert (me["first_name"], me["last_name"], me["role"]) == ("Ada", "Lovelace", "student")
    assert me["is_email_verified"] is True
    events = await published()
    (registered,) = [event for event in events if isinstance(event, UserRegistered)]
    assert (registered.registration_method, registered.role) == ("oidc", "student")
    assert [event for event in events if isinstance(event, UserEmailVerified)]
    (logged_in,) = [event for event in events if isinstance(event, UserLoggedIn)]
    assert logged_in.login_method == "oidc"
    ((password,),) = await sql(database, "SELECT password FROM users_customuser")
    assert password.startswith("!")
    ((method, outcome),) = await sql(database, "SELECT login_method, outcome FROM users_loginlog")
    assert (method, outcome) == ("oidc", "logged_in")
    ((session_method,),) = await sql(database, "SELECT login_method FROM users_usersession")
    assert session_method == "oidc"
    links = await sql(
        database,
        "SELECT provider, uid FROM socialaccount_socialaccount UNION ALL "
        "SELECT provider, uid FROM social_auth_usersocialauth",
    )
    assert [tuple(row) for row in links] == [("campus", "sub-ada")] * 2


async def test_the_same_person_comes_again(
    visitor: Visitor, client: httpx.AsyncClient, database: Database
) -> None:
    first = await sub_of(client, (await visitor.log_in("ada")).json())
    second = await sub_of(client, (await visitor.log_in("ada")).json())
    assert first["id"] == second["id"]
    ((accounts, links, tokens),) = await sql(
        database,
        "SELECT (SELECT count(*) FROM users_customuser), (SELECT count(*) FROM socialaccount_socialaccount), "
        "(SELECT count(*) FROM socialaccount_socialtoken)",
    )
    assert (accounts, links, tokens) == (1, 1, 1)


async def test_another_algorithm(visitor: Visitor) -> None:
    assert (await visitor.log_in("grace", "campus-es256")).status_code == 200


async def test_the_providers_tokens_are_sealed(visitor: Visitor, database: Database) -> None:
    await visitor.log_in("ada")
    ((token, secret, expires_at),) = await sql(
        database, "SELECT token, token_secret, expires_at FROM socialaccount_socialtoken"
    )
    assert token.startswith("sealed:")
    assert secret == "" or secret.startswith("sealed:")
    assert expires_at is not None


async def test_nothing_secret_is_on_record(visitor: Visitor, database: Database) -> None:
    url = await visitor.begin(next="/courses")
    rows = await sql(database, "SELECT token, data::text FROM social_auth_partial")
    kept = " ".join(f"{row[0]} {row[1]}" for row in rows)
    asked = parse_qs(urlsplit(url).query)
    cookie = next(iter(visitor.client.cookies.jar)).value or "no cookie"
    assert not any(secret in kept for secret in (asked["state"][0], asked["nonce"][0], cookie, "courses"))


# --- back to a page -------------------------------------------------------------------------------------------


async def test_a_page_exchanges_its_code_once(visitor: Visitor, client: httpx.AsyncClient) -> None:
    answer = await visitor.log_in("ada", next="/courses?sort=new")
    assert answer.headers["location"].startswith("http://lyceum.test/courses?sort=new#")
    assert answer.headers["referrer-policy"] == "no-referrer"
    told = fragment_of(answer)
    assert set(told) == {"social_provider", "social_code"}
    given = {"code": told["social_code"]}
    answers = await asyncio.gather(*(client.post(f"{SOCIAL}/campus/token", json=given) for _ in range(4)))
    assert sorted(answer.status_code for answer in answers) == [200, 422, 422, 422]
    (pair,) = [answer.json() for answer in answers if answer.status_code == 200]
    assert (await sub_of(client, pair))["email"] == "ada@idp.example"


async def test_a_code_is_no_good_in_another_browser(visitor: Visitor, visitors: Visitors) -> None:
    told = fragment_of(await visitor.log_in("ada", next="/"))
    answer = await visitors().post(f"{SOCIAL}/campus/token", json={"code": told["social_code"]})
    assert (answer.status_code, answer.json()["type"]) == (422, "/problems/social-login-not-begun")


async def test_a_code_is_good_for_its_provider_and_a_minute(
    visitor: Visitor, client: httpx.AsyncClient, database: Database
) -> None:
    told = fragment_of(await visitor.log_in("ada", next="/"))
    answer = await client.post(f"{SOCIAL}/campus-es256/token", json={"code": told["social_code"]})
    assert answer.status_code == 422
    told = fragment_of(await visitor.log_in("ada", next="/"))
    await sql(database, "UPDATE social_auth_partial SET timestamp = timestamp - interval '61 seconds'")
    answer = await client.post(f"{SOCIAL}/campus/token", json={"code": told["social_code"]})
    assert answer.status_code == 422


VERIFIER = "dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk"
CHALLENGE = "E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM"
"""The pair of RFC 7636, appendix B."""


async def test_a_page_of_another_site_proves_itself_by_its_verifier(
    visitor: Visitor, visitors: Visitors, database: Database
) -> None:
    await sql(database, "INSERT INTO django_site (domain, name) VALUES ('app.example', 'App')")
    refused = await visitor.client.get(f"{SOCIAL}/campus/login", params={"next": "https://app.example/in"})
    assert (refused.status_code, refused.json()["type"]) == (422, "/problems/social-landing-refused")
    for verifier, status in (("x" * 43, 422), (None, 422), (VERIFIER, 200)):
        answer = await visitor.log_in("ada", next="https://app.example/in", code_challenge=CHALLENGE)
        assert answer.headers["location"].startswith("https://app.example/in#")
        given = {"code": fragment_of(answer)["social_code"], "code_verifier": verifier}
        answer = await visitors().post(f"{SOCIAL}/campus/token", json=given)
        assert answer.status_code == status, answer.text


@pytest.mark.parametrize(
    "target",
    [
        "https://evil.example/",
        "//evil.example/",
        "/\\evil.example",
        "\\\\evil.example",
        "https://lyceum.test@evil.example/",
        "https://lyceum.test.evil.example/",
        "http://lyceum.test:81/",
        "https:evil.example",
        "https:///evil.example",
        "http://lyceum.test\\@evil.example",
        "javascript:alert(1)",
        "data:text/html,x",
        "/x#social_code=stolen",
        "/\tx",
        "/x\r\nSet-Cookie: a=b",
        "courses",
        "http://lyceum.test:port/",
        "http://[::1",
    ],
)
async def test_a_login_leads_nowhere_else(
    client: httpx.AsyncClient, campus: OidcProvider, target: str
) -> None:
    answer = await client.get(f"{SOCIAL}/campus/login", params={"next": target})
    assert answer.status_code == 422, target
    assert "set-cookie" not in answer.headers


# --- attacks on the way back ------------------------------------------------------------------------------------


def is_not_begun(answer: httpx.Response) -> bool:
    return (answer.status_code, answer.json()["type"]) == (422, "/problems/social-login-not-begun")


async def test_a_state_that_is_missing_or_made_up(visitor: Visitor) -> None:
    back = await visitor.come_back("ada")
    for state in (None, "", "x", "A" * 43, query_of(back)["state"][:-1] + "_", "\x00"):
        assert is_not_begun(await visitor.client.get(path_of(changed(back, state=state)))), state
    assert (await visitor.client.get(path_of(back))).status_code == 200, "guesses harm nobody"


async def test_a_login_that_was_begun_in_another_browser(visitor: Visitor, visitors: Visitors) -> None:
    """Login CSRF: the attacker's callback, opened by somebody else, with no cookie and with one of their own."""
    back = await visitor.come_back("ada")
    assert is_not_begun(await visitors().get(path_of(back)))
    back = await visitor.come_back("ada")
    other = visitors()
    await other.get(f"{SOCIAL}/campus/login")
    assert is_not_begun(await other.get(path_of(back)))
    assert is_not_begun(await visitor.client.get(path_of(back))), "and it is used up"


async def test_a_callback_comes_twice(visitor: Visitor, database: Database) -> None:
    back = await visitor.come_back("ada")
    answers = await asyncio.gather(*(visitor.client.get(path_of(back)) for _ in range(5)))
    assert sorted(answer.status_code for answer in answers) == [200, 422, 422, 422, 422]
    assert is_not_begun(await visitor.client.get(path_of(back)))
    ((accounts,),) = await sql(database, "SELECT count(*) FROM users_customuser")
    assert accounts == 1


async def test_two_tabs_come_back_at_once(visitor: Visitor, database: Database) -> None:
    backs = [await visitor.come_back("ada") for _ in range(4)]
    answers = await asyncio.gather(*(visitor.client.get(path_of(back)) for back in backs))
    assert [answer.status_code for answer in answers] == [200] * 4
    ((accounts, links),) = await sql(
        database,
        "SELECT (SELECT count(*) FROM users_customuser), (SELECT count(*) FROM socialaccount_socialaccount)",
    )
    assert (accounts, links) == (1, 1)


async def test_a_code_that_was_used_before(visitor: Visitor) -> None:
    """Code replay and injection: a code of one login brought with the state of another."""
    first = await visitor.come_back("ada")
    assert (await visitor.client.get(path_of(first))).status_code == 200
    second = await visitor.come_back("ada")
    injected = changed(second, code=query_of(first)["code"])
    answer = await visitor.client.get(path_of(injected))
    assert (answer.status_code, answer.json()["type"]) == (401, "/problems/social-proof-invalid")


async def test_somebody_elses_code(visitor: Visitor, campus: OidcProvider, visitors: Visitors) -> None:
    """An unused code of another browser's login: PKCE tells."""
    async with Visitor(visitors(), campus) as victim:
        stolen = query_of(await victim.come_back("grace"))["code"]
    back = changed(await visitor.come_back("ada"), code=stolen)
    assert (await visitor.client.get(path_of(back))).status_code == 401


async def test_a_login_that_took_too_long(visitor: Visitor, database: Database) -> None:
    back = await visitor.come_back("ada")
    await sql(database, "UPDATE social_auth_partial SET timestamp = timestamp - interval '601 seconds'")
    assert is_not_begun(await visitor.client.get(path_of(back)))


async def test_a_mix_up(visitor: Visitor, client: httpx.AsyncClient) -> None:
    """A state of one provider at another's callback, and an answer that another issuer gave."""
    back = await visitor.come_back("ada")
    astray = path_of(back).replace("/campus/", "/campus-es256/")
    assert is_not_begun(await client.get(astray))
    for iss in ("https://evil.example", None, ""):
        back = await visitor.come_back("ada")
        answer = await client.get(path_of(changed(back, iss=iss)))
        assert (answer.status_code, answer.json()["type"]) == (401, "/problems/social-proof-invalid"), iss
    assert (await visitor.log_in("ada")).status_code == 200


async def test_a_nonce_of_another_login(visitor: Visitor) -> None:
    url = changed(await visitor.begin(), nonce="n" * 43)
    back = await visitor.browser.log_in(url, "ada")
    answer = await visitor.client.get(path_of(back))
    assert (answer.status_code, answer.json()["type"]) == (401, "/problems/social-proof-invalid")


async def test_what_the_provider_refuses(visitor: Visitor) -> None:
    back = await visitor.browser.cancel(await visitor.begin())
    assert query_of(back)["error"] == "access_denied"
    answer = await visitor.client.get(path_of(back))
    assert (answer.status_code, answer.json()["type"]) == (403, "/problems/social-login-denied")
    assert answer.json()["provider_error"] == "access_denied"
    assert is_not_begun(await visitor.client.get(path_of(back)))
    back = await visitor.browser.cancel(await visitor.begin(next="/login"))
    told = fragment_of(await visitor.client.get(path_of(back)))
    assert told == {"social_provider": "campus", "social_error": "social-login-denied"}


@pytest.mark.parametrize(
    ("error", "status", "repeated"),
    [
        ("temporarily_unavailable", 503, None),
        ("server_error", 503, None),
        ("login_required", 403, "login_required"),
        ("<script>alert(1)</script>", 403, "unknown_error"),
        ("", 403, "unknown_error"),
    ],
)
async def test_other_errors_of_the_provider(
    visitor: Visitor, error: str, status: int, repeated: str | None
) -> None:
    back = await visitor.browser.cancel(await visitor.begin())
    answer = await visitor.client.get(path_of(changed(back, error=error, error_description="<b>call me</b>")))
    assert answer.status_code == status
    assert answer.json().get("provider_error") == repeated
    assert "call me" not in answer.text


async def test_a_provider_that_is_not_there(
    client: httpx.AsyncClient, campus: OidcProvider, database: Database
) -> None:
    for slug in ("nowhere", "partial", "providers"):
        answer = await client.get(f"{SOCIAL}/{slug}/login")
        assert answer.status_code == 404, slug
    await sql(
        database,
        "UPDATE socialaccount_socialapp SET settings = jsonb_build_object('issuer', 'http://127.0.0.1:1')",
    )
    answer = await client.get(f"{SOCIAL}/campus/login")
    assert (answer.status_code, answer.json()["type"]) == (503, "/problems/provider-unavailable")
    assert "127.0.0.1" not in answer.text


async def test_an_account_that_may_not_be_used(visitor: Visitor, database: Database) -> None:
    assert (await visitor.log_in("ada")).status_code == 200
    await sql(database, "UPDATE users_customuser SET is_active = false")
    answer = await visitor.log_in("ada")
    assert (answer.status_code, answer.json()["type"]) == (403, "/problems/account-not-usable")
    told = fragment_of(await visitor.log_in("ada", next="/"))
    answer = await visitor.client.post(f"{SOCIAL}/campus/token", json={"code": told["social_code"]})
    assert answer.status_code == 403
    outcomes = await sql(database, "SELECT outcome FROM users_loginlog ORDER BY id")
    assert [row[0] for row in outcomes] == ["logged_in", "deactivated", "deactivated"]


async def test_an_account_that_is_banned(visitor: Visitor, visitors: Visitors, database: Database) -> None:
    assert (await visitor.log_in("ada")).status_code == 200
    await sql(database, "UPDATE users_customuser SET temporary_ban_until = now() + interval '7 days'")
    await sql(database, "UPDATE users_usersession SET is_active = false")
    answer = await visitor.log_in("ada")
    assert (answer.status_code, answer.json()["type"]) == (403, "/problems/account-not-usable")


async def test_a_provider_that_is_taken_away_meanwhile(
    visitor: Visitor, client: httpx.AsyncClient, database: Database
) -> None:
    told = fragment_of(await visitor.log_in("ada", next="/"))
    back = await visitor.come_back("ada")
    await sql(database, "UPDATE socialaccount_socialapp SET is_enabled = false")
    answer = await client.post(f"{SOCIAL}/campus/token", json={"code": told["social_code"]})
    assert (answer.status_code, answer.json()["type"]) == (404, "/problems/provider-unknown")
    assert (await client.get(path_of(back))).status_code == 404


async def test_claims_that_only_userinfo_tells_and_a_client_without_a_secret(
    client: httpx.AsyncClient, database: Database, app: Any
) -> None:
    callback = f"http://lyceum.test{SOCIAL}/plain/callback"
    clients = [Client("public", "", [callback])]
    with OidcProvider(redirect_uris=[], clients=clients, claims_in_id_token=False) as provider:
        await sql(
            database,
            "INSERT INTO socialaccount_socialapp (provider, provider_id, name, client_id, settings) "
            "VALUES ('openid_connect', 'plain', 'Plain', 'public', jsonb_build_object('issuer', CAST(:i AS text)))",
            i=provider.issuer,
        )
        app.state.discovery.outbound._allowed |= {provider.host}
        async with Visitor(client, provider) as visitor:
            answer = await visitor.log_in("grace", "plain")
        assert answer.status_code == 200, answer.text
        assert (await sub_of(client, answer.json()))["email"] == "grace@idp.example"


async def test_the_providers_on_offer(client: httpx.AsyncClient, campus: OidcProvider) -> None:
    first = (await client.get(f"{SOCIAL}/providers", params={"limit": 1})).json()
    assert first["items"] == [{"slug": "campus", "name": "Campus", "kind": "oidc"}]
    rest = await client.get(f"{SOCIAL}/providers", params={"cursor": first["next_cursor"]})
    assert [item["slug"] for item in rest.json()["items"]] == ["campus-es256"]
    assert rest.json()["next_cursor"] is None
    answer = await client.get(f"{SOCIAL}/providers", params={"cursor": "No such thing"})
    assert (answer.status_code, answer.json()["type"]) == (422, "/problems/bad-cursor")


async def test_a_taken_username_is_not_given_twice(visitor: Visitor, join: MakePerson) -> None:
    await join("ada")
    me = await sub_of(visitor.client, (await visitor.log_in("ada")).json())
    assert me["username"] != "ada"
    assert me["username"] == "Ada-Lovelace"
