"""Logins without a confirmed address, or with one that has an account: paused, and ended by a mailed code."""

import asyncio
import re
from typing import Any

import httpx
import pytest
from chassis.db import Database
from identity.testing import PASSWORD, MakePerson, Person, Postbox, text_of
from lyceum.oidc_testing import OidcAccount, OidcProvider
from pyotp import TOTP
from sqlalchemy import text

from .people import SOCIAL, MobileClient, Visitor

Json = dict[str, Any]
CODE = re.compile(r"^[a-z2-7]{4}(-[a-z2-7]{4}){6}$", re.MULTILINE)


async def sql(database: Database, statement: str, **given: Any) -> Any:
    async with database.transaction() as session:
        result = await session.execute(text(statement), given)
        return result.all() if result.returns_rows else None  # type: ignore[attr-defined]


async def paused(visitor: Visitor, login: str, kind: str = "social-email-needed") -> Json:
    answer = await visitor.log_in(login)
    assert (answer.status_code, answer.json()["type"]) == (403, f"/problems/{kind}"), answer.text
    problem: Json = answer.json()
    assert problem["expires_in"] == 1800
    return problem


async def resume(client: httpx.AsyncClient, partial: str, **given: str) -> httpx.Response:
    return await client.post(f"{SOCIAL}/partial/{partial}", json=given)


async def code_in(postbox: Postbox) -> str:
    mail = await postbox.one()
    found = CODE.search(text_of(mail))
    assert found, text_of(mail)
    return found[0]


async def me_of(client: httpx.AsyncClient, pair: Json) -> Json:
    answer = await client.get("/api/v1/users/me", headers={"Authorization": f"Bearer {pair['access']}"})
    found: Json = answer.json()
    return found


@pytest.fixture
def ada_there(campus: OidcProvider) -> None:
    """At the provider somebody has, verified, the address under which `join("ada")` registers here."""
    campus.put_account(OidcAccount("adah", "sub-adah", "ada@example.com", True, "Ada Here"))


# --- no confirmed address -------------------------------------------------------------------------------------


@pytest.mark.parametrize("login", ["unverified", "nomail", "bare"])
async def test_somebody_without_a_confirmed_address(
    visitor: Visitor, client: httpx.AsyncClient, postbox: Postbox, login: str, database: Database
) -> None:
    partial = (await paused(visitor, login))["partial"]
    ((accounts,),) = await sql(database, "SELECT count(*) FROM users_customuser")
    assert accounts == 0
    answer = await resume(client, partial, email="Noah@Example.com")
    assert (answer.status_code, answer.json()) == (202, {"email": "noah@example.com", "expires_in": 1800})
    code = await code_in(postbox)
    answer = await resume(client, partial, code=code.upper().replace("-", " "))
    assert answer.status_code == 200, answer.text
    me = await me_of(client, answer.json())
    assert (me["email"], me["is_email_verified"]) == ("noah@example.com", True)
    assert (await visitor.log_in(login)).status_code == 200, "linked from now on"


async def test_a_mobile_client_is_paused_as_well(
    client: httpx.AsyncClient, mobile: MobileClient, postbox: Postbox, database: Database
) -> None:
    id_token = (await mobile.tokens("nomail"))["id_token"]
    answer = await client.post(f"{SOCIAL}/campus/token", json={"id_token": id_token})
    assert (answer.status_code, answer.json()["type"]) == (403, "/problems/social-email-needed")
    partial = answer.json()["partial"]
    await resume(client, partial, email="noah@example.com")
    assert (await resume(client, partial, code=await code_in(postbox))).status_code == 200
    ((method,),) = await sql(database, "SELECT login_method FROM users_usersession")
    assert method == "token"
    again = await client.post(f"{SOCIAL}/campus/token", json={"id_token": id_token})
    assert again.status_code == 401, "the id_token was used up by the pause"


async def test_a_code_ends_a_pause_once(
    visitor: Visitor, client: httpx.AsyncClient, postbox: Postbox
) -> None:
    partial = (await paused(visitor, "bare"))["partial"]
    await resume(client, partial, email="b@example.com")
    code = await code_in(postbox)
    answers = await asyncio.gather(*(resume(client, partial, code=code) for _ in range(5)))
    assert sorted(answer.status_code for answer in answers) == [200, 422, 422, 422, 422]
    answer = await resume(client, partial, code=code)
    assert answer.json()["type"] == "/problems/social-login-not-begun"


async def test_codes_that_are_not_good(
    visitor: Visitor, client: httpx.AsyncClient, postbox: Postbox, database: Database
) -> None:
    mine = (await paused(visitor, "bare"))["partial"]
    theirs = (await paused(visitor, "bare"))["partial"]
    await resume(client, mine, email="b@example.com")
    code = await code_in(postbox)
    for partial, given, slug in [
        (mine, "k3xq-a7mz-rp2d-hq4f-5tbn-w6yc-jvua", "social-code-invalid"),
        (mine, "x", "social-code-invalid"),
        (theirs, code, "social-code-invalid"),
        ("A" * 43, code, "social-login-not-begun"),
    ]:
        answer = await resume(client, partial, code=given)
        assert (answer.status_code, answer.json()["type"]) == (422, f"/problems/{slug}")
    await sql(database, "UPDATE social_auth_code SET timestamp = timestamp - interval '31 minutes'")
    assert (await resume(client, mine, code=code)).json()["type"] == "/problems/social-code-invalid"
    await sql(database, "UPDATE social_auth_partial SET timestamp = timestamp - interval '31 minutes'")
    assert (await resume(client, mine, code=code)).json()["type"] == "/problems/social-login-not-begun"
    assert (await resume(client, mine, email="b@example.com")).status_code == 422


async def test_nothing_secret_is_on_record(
    visitor: Visitor, client: httpx.AsyncClient, postbox: Postbox, database: Database
) -> None:
    partial = (await paused(visitor, "bare"))["partial"]
    await resume(client, partial, email="b@example.com")
    code = await code_in(postbox)
    rows = await sql(
        database,
        "SELECT token || data::text FROM social_auth_partial UNION ALL SELECT code FROM social_auth_code",
    )
    kept = " ".join(row[0] for row in rows)
    assert len(rows) == 2
    assert not any(secret in kept for secret in (partial, code, code.replace("-", ""), "sub-bare"))


async def test_addresses_are_not_flooded(
    visitor: Visitor, client: httpx.AsyncClient, postbox: Postbox
) -> None:
    partials = [(await paused(visitor, "bare"))["partial"] for _ in range(6)]
    answers = await asyncio.gather(*(resume(client, one, email="b@example.com") for one in partials))
    assert sorted(answer.status_code for answer in answers) == [202] * 5 + [429]
    assert len(await postbox.collect()) == 5
    refused = next(answer for answer in answers if answer.status_code == 429)
    assert int(refused.headers["retry-after"]) > 0


async def test_a_pause_mails_few_codes(visitor: Visitor, client: httpx.AsyncClient) -> None:
    partial = (await paused(visitor, "bare"))["partial"]
    statuses = [(await resume(client, partial, email=f"b{n}@example.com")).status_code for n in range(6)]
    assert statuses == [202] * 5 + [429]


async def test_asking_tells_nothing_of_accounts(
    visitor: Visitor, client: httpx.AsyncClient, join: MakePerson, postbox: Postbox
) -> None:
    await join("grace")
    told = []
    for email in ("grace@example.com", "nobody@example.com"):
        partial = (await paused(visitor, "bare"))["partial"]
        answer = await resume(client, partial, email=email)
        mail = await postbox.one()
        body = CODE.sub("CODE", text_of(mail))
        told.append(
            (answer.status_code, answer.json()["expires_in"], set(answer.headers), mail["subject"], body)
        )
    assert told[0] == told[1]


# --- an address that has an account ---------------------------------------------------------------------------


@pytest.mark.usefixtures("ada_there")
async def test_an_address_alone_opens_nobodys_account(
    visitor: Visitor, client: httpx.AsyncClient, join: MakePerson, postbox: Postbox
) -> None:
    ada = await join("ada")
    problem = await paused(visitor, "adah", "social-ownership-needed")
    assert problem["email"] == "a***@example.com"
    linked = await ada.get("/users/me/social-accounts")
    assert linked.json()["items"] == []
    code = await code_in(postbox)
    answer = await resume(client, problem["partial"], code=code)
    assert answer.status_code == 200, answer.text
    me = await me_of(client, answer.json())
    assert me["username"] == "ada"
    assert "was linked to" in text_of(await postbox.one())
    linked = await ada.get("/users/me/social-accounts")
    assert [item["uid"] for item in linked.json()["items"]] == ["sub-adah"]
    assert (await ada.log_in()).status_code == 200, "the password stays good"


async def test_a_typed_address_that_has_an_account_is_linked_by_its_owner_alone(
    visitor: Visitor, client: httpx.AsyncClient, join: MakePerson, postbox: Postbox
) -> None:
    ada = await join("ada")
    partial = (await paused(visitor, "bare"))["partial"]
    assert (await resume(client, partial, email=ada.email)).status_code == 202
    assert (await resume(client, partial, code="k3xq-a7mz-rp2d-hq4f-5tbn-w6yc-jvua")).status_code == 422
    assert (await ada.get("/users/me/social-accounts")).json()["items"] == []
    answer = await resume(client, partial, code=await code_in(postbox))
    assert (await me_of(client, answer.json()))["username"] == "ada"


@pytest.mark.usefixtures("ada_there")
async def test_who_registered_a_strangers_address_keeps_no_key_to_it(
    visitor: Visitor,
    client: httpx.AsyncClient,
    register: MakePerson,
    postbox: Postbox,
    database: Database,
    mobile: MobileClient,
) -> None:
    """Pre-hijacking: an account made with the victim's address and the attacker's password, never confirmed."""
    attacker = await register("ada")
    await postbox.collect()
    # As the old site let them: with an account at the provider of their own.
    await sql(
        database,
        "INSERT INTO socialaccount_socialaccount (user_id, provider, uid) "
        "SELECT id, 'campus', 'sub-grace' FROM users_customuser",
    )
    id_token = (await mobile.tokens("grace"))["id_token"]
    refused = await client.post(f"{SOCIAL}/campus/token", json={"id_token": id_token})
    assert (refused.status_code, refused.json()["type"]) == (403, "/problems/email-not-verified")
    problem = await paused(visitor, "adah", "social-ownership-needed")
    answer = await resume(client, problem["partial"], code=await code_in(postbox))
    assert answer.status_code == 200, answer.text
    me = await me_of(client, answer.json())
    assert (me["email"], me["is_email_verified"]) == ("ada@example.com", True)
    assert (await attacker.log_in()).status_code == 401
    ((password,),) = await sql(database, "SELECT password FROM users_customuser")
    assert password.startswith("!")
    uids = await sql(database, "SELECT uid FROM socialaccount_socialaccount")
    assert [row[0] for row in uids] == ["sub-adah"]


@pytest.mark.usefixtures("ada_there")
async def test_an_address_that_is_not_the_primary_one(
    visitor: Visitor, client: httpx.AsyncClient, join: MakePerson, postbox: Postbox, database: Database
) -> None:
    await join("grace")
    await sql(
        database,
        'INSERT INTO account_emailaddress (user_id, email, verified, "primary") '
        "SELECT id, 'ada@example.com', true, false FROM users_customuser",
    )
    problem = await paused(visitor, "adah", "social-ownership-needed")
    answer = await resume(client, problem["partial"], code=await code_in(postbox))
    assert (await me_of(client, answer.json()))["username"] == "grace"


@pytest.mark.usefixtures("ada_there")
async def test_a_deactivated_account_is_not_linked(
    visitor: Visitor, client: httpx.AsyncClient, join: MakePerson, postbox: Postbox, database: Database
) -> None:
    await join("ada")
    await sql(database, "UPDATE users_customuser SET is_active = false")
    problem = await paused(visitor, "adah", "social-ownership-needed")
    answer = await resume(client, problem["partial"], code=await code_in(postbox))
    assert (answer.status_code, answer.json()["type"]) == (403, "/problems/account-not-usable")
    ((links,),) = await sql(database, "SELECT count(*) FROM socialaccount_socialaccount")
    assert links == 0


async def switch_totp_on(person: Person, database: Database) -> TOTP:
    begun = await person.post("/users/me/second-factor/totp")
    totp = TOTP(begun.json()["secret"])
    answer = await person.post("/users/me/second-factor/totp/confirm", {"code": totp.now()})
    assert answer.status_code == 200, answer.text
    await sql(database, "UPDATE second_factor_authenticators SET last_step = 0")
    return totp


@pytest.mark.usefixtures("ada_there")
async def test_a_mailbox_alone_links_no_account_with_a_second_factor(
    visitor: Visitor, client: httpx.AsyncClient, join: MakePerson, postbox: Postbox, database: Database
) -> None:
    ada = await join("ada")
    await switch_totp_on(ada, database)
    await postbox.collect()
    problem = await paused(visitor, "adah", "social-ownership-needed")
    answer = await resume(client, problem["partial"], code=await code_in(postbox))
    assert (answer.status_code, answer.json()["type"]) == (403, "/problems/social-link-from-inside")
    ((links,),) = await sql(database, "SELECT count(*) FROM socialaccount_socialaccount")
    assert links == 0


async def test_a_second_factor_is_asked_for(
    visitor: Visitor, client: httpx.AsyncClient, database: Database, mobile: MobileClient
) -> None:
    pair = (await visitor.log_in("ada")).json()
    ada = Person(client, "ada@idp.example", "ada", PASSWORD, pair["access"], pair["refresh"])
    totp = await switch_totp_on(ada, database)
    challenges = [await visitor.log_in("ada")]
    id_token = (await mobile.tokens("ada"))["id_token"]
    challenges.append(await client.post(f"{SOCIAL}/campus/token", json={"id_token": id_token}))
    for problem in challenges:
        assert (problem.status_code, problem.json()["type"]) == (403, "/problems/second-factor-required")
        await sql(database, "UPDATE second_factor_authenticators SET last_step = 0")
        given = {"challenge": problem.json()["challenge"], "code": totp.now()}
        answer = await client.post("/api/v1/auth/second-factor", json=given)
        assert answer.status_code == 200, answer.text
    methods = await sql(database, "SELECT login_method FROM users_usersession ORDER BY id")
    assert [row[0] for row in methods] == ["oidc", "oidc", "token"]


@pytest.mark.parametrize(
    "body",
    [{}, {"email": "no address"}, {"code": ""}, {"email": "a@b.example", "code": "x"}, {"x": 1}],
    ids=str,
)
async def test_bad_input(client: httpx.AsyncClient, body: Json) -> None:
    answer = await client.post(f"{SOCIAL}/partial/{'A' * 43}", json=body)
    assert (answer.status_code, answer.json()["type"]) == (422, "/problems/validation")
