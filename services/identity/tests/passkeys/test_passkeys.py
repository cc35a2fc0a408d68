"""Passkeys as a browser and an authenticator use them; the authenticator is in software, and its signatures real."""

import asyncio
from collections.abc import Awaitable, Callable
from datetime import timedelta
from typing import Any

import cbor2
import httpx
import pytest
from chassis.db import Database, now
from chassis.testing import Published
from contracts.identity import UserLoggedIn
from identity.passkeys import service
from identity.settings import Settings
from identity.testing import PASSWORD, MakePerson, Person, Postbox, text_of
from pyotp import TOTP
from sqlalchemy import text

ES256, EDDSA, RS256 = -7, -8, -257
MINE = "/users/me/passkeys"
LOGIN = "/api/v1/auth/passkey/login"
OPTIONS = "/api/v1/auth/passkey/options"
FAR = {"User-Agent": "phone", "X-Forwarded-For": "198.51.100.4"}

MakeDevice = Callable[..., Any]
Enroll = Callable[..., Awaitable[tuple[Person, Any]]]


async def sql(database: Database, statement: str, **given: Any) -> Any:
    async with database.transaction() as session:
        result = await session.execute(text(statement), given)
        return result.all() if result.returns_rows else None  # type: ignore[attr-defined]


async def register(person: Person, device: Any, name: str = "My phone", **spoiled: Any) -> httpx.Response:
    options = await person.post(f"{MINE}/options")
    assert options.status_code == 200, options.text
    credential = device.create(options.json()["public_key"], **spoiled)
    return await person.post(MINE, {"name": name, "credential": credential})


async def options_of(client: httpx.AsyncClient) -> dict[str, Any]:
    answer = await client.post(OPTIONS, headers=FAR)
    assert answer.status_code == 200, answer.text
    options: dict[str, Any] = answer.json()["public_key"]
    return options


async def log_in(client: httpx.AsyncClient, credential: dict[str, Any]) -> httpx.Response:
    return await client.post(LOGIN, json={"credential": credential}, headers=FAR)


def is_refused(answer: httpx.Response) -> bool:
    return (answer.status_code, answer.json()["type"]) == (401, "/problems/passkey-refused")


# --- registering --------------------------------------------------------------------------------------------


async def test_what_a_browser_is_asked_for(join: MakePerson) -> None:
    person = await join("ada")
    answer = await person.post(f"{MINE}/options")
    options = answer.json()["public_key"]
    assert answer.headers["cache-control"] == "no-store"
    assert options["rp"] == {"id": "lyceum.test", "name": "Lyceum"}
    assert options["authenticatorSelection"] == {
        "residentKey": "required",
        "requireResidentKey": True,
        "userVerification": "required",
    }
    assert options["attestation"] == "none"
    assert {one["alg"] for one in options["pubKeyCredParams"]} == {ES256, EDDSA, RS256}
    assert options["user"]["name"] == "ada@example.com"
    handle = options["user"]["id"]
    assert len(handle) == 43, "32 random bytes"
    assert (await person.post(f"{MINE}/options")).json()["public_key"]["user"]["id"] == handle
    other = await join("bob")
    assert (await other.post(f"{MINE}/options")).json()["public_key"]["user"]["id"] != handle


@pytest.mark.parametrize("algorithm", [ES256, EDDSA, RS256])
async def test_registering_and_logging_in(
    enroll: Enroll, client: httpx.AsyncClient, published: Published, database: Database, algorithm: int
) -> None:
    person, device = await enroll(algorithm=algorithm)
    (listed,) = (await person.get(MINE)).json()["items"]
    assert (listed["name"], listed["transports"], listed["is_backed_up"]) == (
        "My phone",
        ["internal", "hybrid"],
        False,
    )
    options = await options_of(client)
    assert (options["rpId"], options["userVerification"], options["allowCredentials"]) == (
        "lyceum.test",
        "required",
        [],
    )
    answer = await log_in(client, device.get(options))
    assert answer.status_code == 200, answer.text
    assert answer.headers["cache-control"] == "no-store"
    person.access = answer.json()["access"]
    assert (await person.me())["username"] == "ada"
    last = (await published())[-1]
    assert isinstance(last, UserLoggedIn)
    assert last.login_method == "passkey"
    (listed,) = (await person.get(MINE)).json()["items"]
    assert listed["last_used_at"]
    assert (await person.get("/users/me/sessions")).json()["items"][0]["login_method"] == "passkey"
    ((outcome, method),) = await sql(
        database, "SELECT outcome, login_method FROM users_loginlog ORDER BY id DESC LIMIT 1"
    )
    assert (outcome, method) == ("logged_in", "passkey")


async def test_a_passkey_that_syncs_does_not_count(enroll: Enroll, client: httpx.AsyncClient) -> None:
    person, device = await enroll(counts=False, syncs=True)
    for _ in range(3):
        assert (await log_in(client, device.get(await options_of(client)))).status_code == 200
    assert (await person.get(MINE)).json()["items"][0]["is_backed_up"]


async def test_a_session_taken_over_registers_none(join: MakePerson, database: Database) -> None:
    person = await join("ada")
    await sql(database, "UPDATE users_usersession SET created_at = now() - interval '16 minutes'")
    refused = await person.post(f"{MINE}/options")
    assert (refused.status_code, refused.json()["type"]) == (403, "/problems/reauthentication-required")
    assert (await person.post(f"{MINE}/options", {"password": PASSWORD})).status_code == 200


@pytest.mark.parametrize(
    ("kind", "spoiled"),
    [
        ({"origin": "https://evil.test"}, {}),
        ({"origin": "https://lyceum.test"}, {}),
        ({"verifies": False}, {}),
        ({}, {"type": "webauthn.get"}),
        ({}, {"challenge": "AAAA"}),
        ({}, {"challenge": 7}),
        ({}, {"challenge": "x" * 43}),
    ],
)
async def test_what_is_no_passkey_for_us(
    join: MakePerson, device: MakeDevice, kind: dict[str, Any], spoiled: dict[str, Any]
) -> None:
    person = await join("ada")
    answer = await register(person, device(**kind), **spoiled)
    assert (answer.status_code, answer.json()["type"]) == (422, "/problems/passkey-unfit")
    assert (await person.get(MINE)).json()["items"] == []


async def test_a_registration_for_another_site_is_refused(join: MakePerson, device: MakeDevice) -> None:
    person, theirs = await join("ada"), device()
    options = (await person.post(f"{MINE}/options")).json()["public_key"]
    credential = theirs.create({**options, "rp": {"id": "evil.test"}})
    assert (await person.post(MINE, {"name": "x", "credential": credential})).status_code == 422


async def test_a_key_that_is_none_is_refused(
    join: MakePerson, device: MakeDevice, monkeypatch: pytest.MonkeyPatch
) -> None:
    person, theirs = await join("ada"), device()
    options = (await person.post(f"{MINE}/options")).json()["public_key"]
    off_the_curve = cbor2.dumps({1: 2, 3: ES256, -1: 1, -2: b"\x01" * 32, -3: b"\x02" * 32})
    maker = type(theirs.create.__globals__["KeyPair"](ES256))
    monkeypatch.setattr(maker, "cose", lambda _self: off_the_curve)
    credential = theirs.create(options)
    assert (await person.post(MINE, {"name": "x", "credential": credential})).status_code == 422


async def test_a_challenge_registers_once_and_its_owner_alone(
    join: MakePerson, device: MakeDevice, database: Database
) -> None:
    ada, bob, theirs = await join("ada"), await join("bob"), device()
    options = (await ada.post(f"{MINE}/options")).json()["public_key"]
    body = {"name": "x", "credential": theirs.create(options)}
    assert (await bob.post(MINE, body)).status_code == 422, "another's challenge"
    assert (await ada.post(MINE, body)).status_code == 201
    assert (await ada.post(MINE, {"name": "x", "credential": theirs.create(options)})).status_code == 422
    late = (await ada.post(f"{MINE}/options")).json()["public_key"]
    await sql(database, "UPDATE passkey_challenges SET expires_at = now()")
    assert (await ada.post(MINE, {"name": "x", "credential": theirs.create(late)})).status_code == 422
    login = await options_of(ada.client)
    pretended = {**late, "challenge": login["challenge"]}
    assert (await ada.post(MINE, {"name": "x", "credential": theirs.create(pretended)})).status_code == 422


async def test_of_two_who_answer_at_once_one_registers(join: MakePerson, device: MakeDevice) -> None:
    person, theirs = await join("ada"), device()
    options = (await person.post(f"{MINE}/options")).json()["public_key"]
    bodies = [{"name": f"x{n}", "credential": theirs.create(options)} for n in range(4)]
    answers = await asyncio.gather(*(person.post(MINE, body) for body in bodies))
    assert sorted(answer.status_code for answer in answers) == [201, 422, 422, 422]


async def test_a_passkey_is_one_accounts(enroll: Enroll, join: MakePerson) -> None:
    ada, device = await enroll("ada")
    excluded = (await ada.post(f"{MINE}/options")).json()["public_key"]["excludeCredentials"]
    assert len(excluded) == 1
    bob = await join("bob")
    options = (await bob.post(f"{MINE}/options")).json()["public_key"]
    stolen = device.passkeys[0].credential_id
    device.create.__globals__["os"].urandom, kept = (
        (lambda _n: stolen),
        device.create.__globals__["os"].urandom,
    )
    try:
        credential = device.create(options)
    finally:
        device.create.__globals__["os"].urandom = kept
    answer = await bob.post(MINE, {"name": "x", "credential": credential})
    assert (answer.status_code, answer.json()["type"]) == (409, "/problems/passkey-taken")


async def test_an_account_has_only_so_many(enroll: Enroll, database: Database) -> None:
    person, _ = await enroll()
    await sql(
        database,
        "INSERT INTO passkeys (user_id, credential_id, public_key, name, is_backed_up) "
        "SELECT user_id, int8send(n), '', 'n', false FROM passkeys, generate_series(1, 19) AS n",
    )
    answer = await person.post(f"{MINE}/options")
    assert (answer.status_code, answer.json()["type"]) == (409, "/problems/too-many-passkeys")


@pytest.mark.parametrize(
    "spoil",
    [
        {"credential": {}},
        {"credential": []},
        {"name": ""},
        {"name": "x" * 61},
        {"user_id": 1},
        {"id": "not base64!"},
        {"type": "password"},
    ],
)
async def test_bad_input(join: MakePerson, device: MakeDevice, spoil: dict[str, Any]) -> None:
    person, theirs = await join("ada"), device()
    options = (await person.post(f"{MINE}/options")).json()["public_key"]
    credential = theirs.create(options)
    inner = {name: spoil[name] for name in ("id", "type") if name in spoil}
    outer = {name: value for name, value in spoil.items() if name not in inner}
    body = {"name": "x", "credential": {**credential, **inner}, **outer}
    assert (await person.post(MINE, body)).status_code == 422


# --- logging in ---------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "spoil",
    [
        {"origin": "https://evil.test"},
        {"verifies": False},
        {"type": "webauthn.create"},
        {"challenge": "x" * 43},
        {"signature": "AAAA"},
        {"authenticatorData": "AAAA"},
        {"userHandle": None},
        {"userHandle": "x" * 43},
        {"rawId": "AAAA", "id": "AAAA"},
        {"id": "AAAA"},
        {"clientDataJSON": "AAAA"},
    ],
)
async def test_what_does_not_log_in(enroll: Enroll, client: httpx.AsyncClient, spoil: dict[str, Any]) -> None:
    _, device = await enroll()
    for name in ("origin", "verifies"):
        if name in spoil:
            setattr(device, name, spoil[name])
    options = await options_of(client)
    spoiled = {name: spoil[name] for name in ("type", "challenge") if name in spoil}
    credential = device.get(options, **spoiled)
    credential |= {name: spoil[name] for name in ("id", "rawId") if name in spoil}
    response = ("signature", "authenticatorData", "userHandle", "clientDataJSON")
    credential["response"] |= {name: spoil[name] for name in response if name in spoil}
    assert is_refused(await log_in(client, credential))


async def test_a_challenge_logs_in_once(enroll: Enroll, client: httpx.AsyncClient) -> None:
    _, device = await enroll()
    options = await options_of(client)
    credential = device.get(options)
    assert (await log_in(client, credential)).status_code == 200
    assert is_refused(await log_in(client, credential))
    assert is_refused(await log_in(client, device.get(options)))


async def test_of_two_who_answer_a_challenge_at_once_one_gets_in(
    enroll: Enroll, client: httpx.AsyncClient
) -> None:
    _, device = await enroll(counts=False)
    options = await options_of(client)
    answers = await asyncio.gather(*(log_in(client, device.get(options)) for _ in range(4)))
    assert sorted(answer.status_code for answer in answers) == [200, 401, 401, 401]


@pytest.mark.parametrize(
    "spoil",
    [
        "UPDATE passkey_challenges SET expires_at = now()",
        "UPDATE passkey_challenges SET user_id = (SELECT min(id) FROM users_customuser)",
        "DELETE FROM passkeys",
        "UPDATE users_customuser SET is_active = false",
        "UPDATE users_customuser SET is_email_verified = false",
        "UPDATE users_customuser SET temporary_ban_until = now() + interval '1 day'",
    ],
)
async def test_accounts_and_challenges_that_do_not_log_in(
    enroll: Enroll, client: httpx.AsyncClient, database: Database, spoil: str
) -> None:
    _, device = await enroll()
    options = await options_of(client)
    await sql(database, spoil)
    assert is_refused(await log_in(client, device.get(options)))


async def test_a_copy_is_found_out(
    enroll: Enroll, client: httpx.AsyncClient, postbox: Postbox, database: Database
) -> None:
    person, device = await enroll()
    for _ in range(2):
        assert (await log_in(client, device.get(await options_of(client)))).status_code == 200
    device.passkeys[0].count = 0
    assert is_refused(await log_in(client, device.get(await options_of(client))))
    assert "My phone" in text_of(await postbox.one())
    assert (await person.get(MINE)).json()["items"][0]["suspected_at"]
    ((outcome,),) = await sql(database, "SELECT outcome FROM users_loginlog ORDER BY id DESC LIMIT 1")
    assert outcome == "suspected_passkey"
    device.passkeys[0].count = 10
    assert (await log_in(client, device.get(await options_of(client)))).status_code == 200


async def test_of_two_with_the_same_count_at_once_one_gets_in(
    enroll: Enroll, client: httpx.AsyncClient
) -> None:
    _, device = await enroll()
    credentials = []
    for _ in range(3):
        credentials.append(device.get(await options_of(client)))
        device.passkeys[0].count -= 1
    answers = await asyncio.gather(*(log_in(client, one) for one in credentials))
    assert sorted(answer.status_code for answer in answers) == [200, 401, 401]


async def test_a_passkey_is_two_factors(enroll: Enroll, client: httpx.AsyncClient) -> None:
    person, device = await enroll()
    secret = (await person.post("/users/me/second-factor/totp")).json()["secret"]
    await person.post("/users/me/second-factor/totp/confirm", {"code": TOTP(secret).at(now())})
    assert (await person.log_in()).status_code == 403
    assert (await log_in(client, device.get(await options_of(client)))).status_code == 200


async def test_trying_is_throttled(client: httpx.AsyncClient, enroll: Enroll, settings: Settings) -> None:
    _, device = await enroll()
    options = await options_of(client)
    statuses = []
    for _ in range(settings.login_tries_per_address + 1):
        statuses.append((await log_in(client, device.get(options, challenge="x" * 43))).status_code)
    assert statuses == [401] * settings.login_tries_per_address + [429]


# --- one's own ----------------------------------------------------------------------------------------------


async def test_renaming_with_its_tag(enroll: Enroll) -> None:
    person, _ = await enroll()
    (listed,) = (await person.get(MINE)).json()["items"]
    path = f"{MINE}/{listed['id']}"
    read = await person.get(path)
    assert read.json() == listed
    renamed = await person.patch(path, {"name": "Old phone"}, **{"If-Match": read.headers["etag"]})
    assert (renamed.status_code, renamed.json()["name"]) == (200, "Old phone")
    stale = await person.patch(path, {"name": "x"}, **{"If-Match": read.headers["etag"]})
    assert stale.status_code == 412
    assert (await person.patch(path, {"name": ""})).status_code == 422


async def test_deleting(enroll: Enroll, client: httpx.AsyncClient, postbox: Postbox) -> None:
    person, device = await enroll()
    passkey_id = (await person.get(MINE)).json()["items"][0]["id"]
    url = f"/api/v1{MINE}/{passkey_id}"
    assert (await client.delete(url, headers=person.headers)).status_code == 204
    assert "deleted" in text_of(await postbox.one())
    assert is_refused(await log_in(client, device.get(await options_of(client))))
    assert (await client.delete(url, headers=person.headers)).status_code == 404


async def test_an_old_session_deletes_none_without_the_password(
    enroll: Enroll, client: httpx.AsyncClient, database: Database
) -> None:
    person, _ = await enroll()
    passkey_id = (await person.get(MINE)).json()["items"][0]["id"]
    await sql(database, "UPDATE users_usersession SET created_at = now() - interval '16 minutes'")
    url = f"/api/v1{MINE}/{passkey_id}"
    assert (await client.delete(url, headers=person.headers)).status_code == 403
    done = await client.request("DELETE", url, headers=person.headers, json={"password": PASSWORD})
    assert done.status_code == 204


async def test_the_only_way_in_is_not_deleted(
    enroll: Enroll, client: httpx.AsyncClient, database: Database, device: MakeDevice
) -> None:
    person, _ = await enroll()
    await sql(database, "UPDATE users_customuser SET password = '!'")
    passkey_id = (await person.get(MINE)).json()["items"][0]["id"]
    url = f"/api/v1{MINE}/{passkey_id}"
    refused = await client.delete(url, headers=person.headers)
    assert (refused.status_code, refused.json()["type"]) == (409, "/problems/only-way-in")
    assert (await register(person, device(), "Another")).status_code == 201
    other = (await person.get(MINE)).json()["items"][0]["id"]
    urls = [url, f"/api/v1{MINE}/{other}"]
    answers = await asyncio.gather(*(client.delete(one, headers=person.headers) for one in urls))
    assert sorted(answer.status_code for answer in answers) == [204, 409], "two at once leave one"


async def test_a_linked_account_is_another_way_in(
    enroll: Enroll, client: httpx.AsyncClient, database: Database
) -> None:
    person, _ = await enroll()
    await sql(database, "UPDATE users_customuser SET password = '!'")
    await sql(
        database,
        "INSERT INTO socialaccount_socialaccount (user_id, provider, uid) "
        "SELECT id, 'somewhere', '7' FROM users_customuser",
    )
    passkey_id = (await person.get(MINE)).json()["items"][0]["id"]
    url = f"/api/v1{MINE}/{passkey_id}"
    assert (await client.delete(url, headers=person.headers)).status_code == 204


async def test_others_are_not_to_be_seen(enroll: Enroll, client: httpx.AsyncClient) -> None:
    ada, _ = await enroll("ada")
    bob, _ = await enroll("bob")
    path = f"{MINE}/{(await ada.get(MINE)).json()['items'][0]['id']}"
    assert (await bob.get(path)).status_code == 404
    assert (await bob.patch(path, {"name": "x"})).status_code == 404
    assert (await client.delete(f"/api/v1{path}", headers=bob.headers)).status_code == 404
    for method, where in [("GET", MINE), ("POST", f"{MINE}/options"), ("GET", path), ("DELETE", path)]:
        assert (await client.request(method, f"/api/v1{where}")).status_code == 401


async def test_export_and_forgetting(enroll: Enroll, database: Database, client: httpx.AsyncClient) -> None:
    person, device = await enroll()
    user_id = (await person.me())["id"]
    async with database.transaction() as session:
        (exported,) = await service.export_of(session, user_id)
        assert exported["name"] == "My phone"
        assert "key" not in " ".join(exported)
        await service.forget(session, user_id)
    assert is_refused(await log_in(client, device.get(await options_of(client))))


async def test_challenges_that_are_over_are_cleared_away(
    client: httpx.AsyncClient, database: Database
) -> None:
    for _ in range(3):
        await options_of(client)
    await sql(
        database,
        "UPDATE passkey_challenges SET expires_at = :past WHERE digest <> (SELECT max(digest) FROM passkey_challenges)",
        past=now() - timedelta(seconds=1),
    )
    async with database.transaction() as session:
        assert await service.purge_expired(session) == 2
