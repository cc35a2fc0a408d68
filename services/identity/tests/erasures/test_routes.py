"""Erase one's account: who may, what goes, what is told, and the receipt in the end."""

import asyncio
import json

import httpx
import pytest
from chassis.auth import ALGORITHM
from chassis.db import now
from chassis.mail import send_due_mail
from contracts.identity import SessionRevoked, UserErased
from contracts.platform import ErasureCompleted
from identity.erasures.rules import SERVICES
from identity.testing import PASSWORD
from jose import jwt
from sqlalchemy import text

OTHERS = tuple(name for name in SERVICES if name != "identity")


async def erase(person, **given):
    return await person.client.request("DELETE", "/api/v1/users/me", headers=person.headers, **given)


async def grow_old(database, minutes=16):
    async with database.transaction() as session:
        await session.execute(
            text("UPDATE users_usersession SET created_at = created_at - make_interval(mins => :m)"),
            {"m": minutes},
        )


async def count(database, statement, **given):
    async with database.transaction() as session:
        return await session.scalar(text(statement), given)


@pytest.fixture
def erased(join, published):
    """`event, receipt = await erased("ada")`: somebody erased; what was told, and where the receipt will be."""

    async def make(name="ada"):
        person = await join(name)
        answer = await erase(person)
        assert answer.status_code == 204, answer.text
        event = next(e for e in reversed(await published()) if isinstance(e, UserErased))
        return event, answer.headers["location"]

    return make


def report(event, service):
    return ErasureCompleted(
        user_id=event.user_id, tombstone_id=event.tombstone_id, service=service, completed_at=now()
    )


# --- who may ------------------------------------------------------------------------------------------------


async def test_a_guest_is_told_to_log_in(client):
    answer = await client.delete("/api/v1/users/me")
    assert answer.status_code == 401


async def test_an_old_session_needs_the_password(join, database):
    ada = await join("ada")
    await grow_old(database)
    refused = await erase(ada)
    assert (refused.status_code, refused.json()["type"]) == (403, "/problems/reauthentication-required")
    wrong = await erase(ada, json={"password": "not the one at all"})
    assert (wrong.status_code, wrong.json()["type"]) == (403, "/problems/current-password-wrong")
    assert (await ada.me())["username"] == "ada", "nothing was erased"
    assert await count(database, "SELECT failed_login_attempts FROM users_customuser") == 1
    assert (await erase(ada, json={"password": PASSWORD})).status_code == 204


async def test_guessing_the_password_locks_the_account(join, database, settings):
    ada = await join("ada")
    await grow_old(database)
    for _ in range(settings.lockout_after):
        assert (await erase(ada, json={"password": "not the one at all"})).status_code == 403
    locked = await erase(ada, json={"password": PASSWORD})
    assert (locked.status_code, locked.json()["type"]) == (429, "/problems/locked-out")


@pytest.mark.parametrize(
    "body", [{}, {"password": ""}, {"password": "x" * 1001}, {"password": PASSWORD, "user_id": 1}]
)
async def test_a_body_of_another_form_is_refused(join, body):
    ada = await join("ada")
    assert (await erase(ada, json=body)).status_code == 422


async def test_the_last_admin_stays(admin, database):
    refused = await erase(admin)
    assert (refused.status_code, refused.json()["type"]) == (409, "/problems/last-admin-stays")
    assert await count(database, "SELECT count(*) FROM erasures") == 0


async def test_of_two_admins_who_leave_at_once_one_stays(admin, join, database):
    other = await join("grace")
    async with database.transaction() as session:
        await session.execute(text("UPDATE users_customuser SET role = 'admin' WHERE username = 'grace'"))
    answers = await asyncio.gather(erase(admin), erase(other))
    assert sorted(answer.status_code for answer in answers) == [204, 409]
    assert await count(database, "SELECT count(*) FROM users_customuser WHERE role = 'admin'") == 1


async def test_asked_for_twice_at_once_it_is_done_once(join, database):
    ada = await join("ada")
    answers = await asyncio.gather(erase(ada), erase(ada))
    first, second = sorted(answer.status_code for answer in answers)
    assert (first, second in (401, 404)) == (204, True)
    assert await count(database, "SELECT count(*) FROM erasures") == 1


# --- what goes, and what is told ----------------------------------------------------------------------------


async def test_the_account_is_gone_and_told_of(join, database, published):
    ada = await join("ada")
    me = (await ada.me())["id"]
    answer = await erase(ada)
    assert (answer.status_code, answer.content) == (204, b"")
    assert await count(database, "SELECT count(*) FROM users_customuser") == 0
    events = await published()
    (event,) = [e for e in events if isinstance(e, UserErased)]
    assert event.user_id == me
    assert event.tombstone_id > me
    (done,) = [e for e in events if isinstance(e, ErasureCompleted)]
    assert (done.user_id, done.tombstone_id, done.service) == (me, event.tombstone_id, "identity")
    ended = [e for e in events if isinstance(e, SessionRevoked)]
    assert {e.reason for e in ended} == {"erased"}


async def test_no_token_of_theirs_is_good_any_more(join, client):
    ada = await join("ada")
    assert (await erase(ada)).status_code == 204
    # The list of ended sessions is looked at once a second.
    for _ in range(30):
        if (await ada.get("/users/me")).status_code == 401:
            break
        await asyncio.sleep(0.1)
    assert (await ada.get("/users/me")).status_code == 401
    assert (await client.post("/api/v1/auth/refresh", json={"refresh": ada.refresh})).status_code == 401
    assert (await ada.log_in()).json()["type"] == "/problems/wrong-credentials"


async def test_the_address_is_free_and_the_username_is_not(erased, register, client, database):
    await erased("ada")
    taken = await client.post(
        "/api/v1/auth/register",
        json={"email": "new@example.com", "username": "ADA", "password": PASSWORD},
    )
    assert (taken.status_code, taken.json()["type"]) == (409, "/problems/username-taken")
    kept = await count(database, "SELECT encode(digest, 'escape') FROM retired_usernames")
    assert "ada" not in kept
    again = await client.post(
        "/api/v1/auth/register",
        json={"email": "ada@example.com", "username": "countess", "password": PASSWORD},
    )
    assert again.status_code == 201
    assert await count(database, "SELECT count(*) FROM users_customuser WHERE email = 'ada@example.com'") == 1


async def test_mail_on_its_way_to_them_is_deleted(join, client, database):
    ada = await join("ada")
    ben = await join("ben")
    for person in (ada, ben):
        await client.post("/api/v1/auth/password/forgot", json={"email": person.email.upper()})
    assert (await erase(ada)).status_code == 204
    assert await count(database, "SELECT count(*) FROM mail_requests WHERE email ILIKE 'ada@%'") == 0
    assert await count(database, "SELECT count(*) FROM mail_outbox WHERE recipient ILIKE 'ada@%'") == 0
    assert await count(database, "SELECT count(*) FROM mail_requests WHERE email ILIKE 'ben@%'") == 1


# --- the receipt --------------------------------------------------------------------------------------------


async def test_the_receipt_comes_when_all_have_reported(erased, client, deliver, settings):
    event, path = await erased("ada")
    pending = (await client.get(path)).json()
    assert (pending["status"], pending["receipt"], pending["completed_at"]) == ("pending", None, None)
    done = {one["service"]: one["completed_at"] is not None for one in pending["services"]}
    assert done == {name: name == "identity" for name in SERVICES}
    # In any order, and twice.
    for service in reversed(OTHERS[1:]):
        await deliver(report(event, service), times=2)
    assert (await client.get(path)).json()["status"] == "pending"
    await deliver(report(event, OTHERS[0]), report(event, OTHERS[0]))
    complete = (await client.get(path)).json()
    assert complete["status"] == "complete"
    assert all(one["completed_at"] for one in complete["services"])

    jwks = (await client.get("/.well-known/jwks.json")).json()
    stated = jwt.decode(complete["receipt"], jwks, algorithms=[ALGORITHM], issuer=settings.issuer)
    assert stated["tombstone_id"] == event.tombstone_id
    assert set(stated["services"]) == set(SERVICES)
    assert stated["completed_at"] == max(stated["services"].values())
    assert set(stated) == {"iss", "typ", "tombstone_id", "requested_at", "completed_at", "services", "iat"}
    assert jwt.get_unverified_header(complete["receipt"])["typ"] == "erasure-receipt+jwt"
    said = json.dumps(stated)
    for name in ("ada", "example.com", str(event.user_id)):
        assert f'"{name}"' not in said
    # Nobody logs in with it.
    believed = await client.get(
        "/api/v1/users/me", headers={"Authorization": f"Bearer {complete['receipt']}"}
    )
    assert believed.status_code == 401


async def test_the_receipt_is_mailed_and_the_address_then_forgotten(
    erased, client, deliver, database, postbox, settings
):
    from identity.erasures.service import forget_mailed

    event, path = await erased("ada")
    await postbox.collect()
    assert await count(database, "SELECT recipient_sealed IS NOT NULL AND user_id IS NOT NULL FROM erasures")
    for service in OTHERS:
        await deliver(report(event, service))
    assert await count(database, "SELECT recipient_sealed IS NULL AND user_id IS NULL FROM erasures")
    await forget_mailed(database)
    assert await count(database, "SELECT count(*) FROM mail_outbox") == 1, "it has not left yet"
    mail = await postbox.one()
    assert mail["To"] == "ada@example.com"
    body = mail.get_body(("plain",)).get_content()
    assert f"{settings.public_url}{path}" in body
    assert (await client.get(path)).json()["receipt"] in body
    await send_due_mail(database)
    await forget_mailed(database)
    assert await count(database, "SELECT count(*) FROM mail_outbox WHERE recipient = 'ada@example.com'") == 0
    assert await count(database, "SELECT mail_id IS NULL FROM erasures")


async def test_reports_of_nobody_change_nothing(erased, deliver, client):
    event, path = await erased("ada")
    stranger = event.model_copy(update={"tombstone_id": event.tombstone_id + 1000, "user_id": 4711})
    await deliver(*(report(stranger, service) for service in SERVICES))
    assert (await client.get(path)).json()["status"] == "pending"


async def test_a_receipt_is_found_by_its_token_alone(erased, client, database):
    _, path = await erased("ada")
    token = path.rpartition("/")[2]
    assert len(token) >= 43
    for other in (token[:-1], token[::-1], "1", "x" * 100):
        answer = await client.get(f"/api/v1/erasures/{other}")
        assert (answer.status_code, answer.json()["type"]) == (404, "/problems/no-such-receipt")
    digest = await count(database, "SELECT encode(token_digest, 'hex') FROM erasures")
    assert (await client.get(f"/api/v1/erasures/{digest}")).status_code == 404


async def test_a_receipt_outlives_the_key_it_was_signed_with(erased, client, deliver, database, settings):
    from identity.tokens import signing_keys
    from identity.vault import vault_of

    event, path = await erased("ada")
    await deliver(*(report(event, service) for service in OTHERS))
    before = (await client.get(path)).json()["receipt"]
    async with database.transaction() as session:
        await signing_keys.rotate_now(session, vault_of(settings), settings, distrust=True)
    after = httpx.Response(500)
    for _ in range(80):
        # A process signs with the key at hand for a few seconds after a rotation.
        after = await client.get(path)
        jwks = (await client.get("/.well-known/jwks.json")).json()
        kid = jwt.get_unverified_header(after.json()["receipt"])["kid"]
        if kid in {key["kid"] for key in jwks["keys"]}:
            break
        await asyncio.sleep(0.1)
    stated = jwt.decode(after.json()["receipt"], jwks, algorithms=[ALGORITHM], issuer=settings.issuer)
    assert after.json()["receipt"] != before
    assert stated["iat"] == jwt.get_unverified_claims(before)["iat"]


async def test_who_is_silent_is_asked_again(erased, database, settings, published, deliver, client):
    from identity.erasures.service import ask_again

    event, path = await erased("ada")
    await ask_again(database, settings)
    assert len([e for e in await published() if isinstance(e, UserErased)]) == 1, "it is not late yet"
    async with database.transaction() as session:
        await session.execute(text("UPDATE erasures SET told_at = told_at - interval '25 hours'"))
    await asyncio.gather(ask_again(database, settings), ask_again(database, settings))
    told = [e for e in await published() if isinstance(e, UserErased)]
    assert told == [event, event]
    await deliver(*(report(event, service) for service in OTHERS))
    async with database.transaction() as session:
        await session.execute(text("UPDATE erasures SET told_at = told_at - interval '25 hours'"))
    await ask_again(database, settings)
    assert len([e for e in await published() if isinstance(e, UserErased)]) == 2
    assert (await client.get(path)).json()["status"] == "complete"
