import asyncio
from email.message import EmailMessage
from typing import Any

import httpx
import pytest
from chassis.db import Database
from chassis.testing import Published
from contracts.identity import UserChanged, UserEmailVerified
from identity.email_addresses import service
from identity.settings import Settings
from identity.testing import PASSWORD, MakePerson, Person, Postbox, text_of, token_in
from sqlalchemy import text

EMAILS = "/users/me/emails"
CONFIRM = "/api/v1/auth/emails/confirm"


async def remove(person: Person, address_id: int) -> httpx.Response:
    return await person.client.delete(f"/api/v1{EMAILS}/{address_id}", headers=person.headers)


async def list_of(person: Person) -> list[dict[str, Any]]:
    items: list[dict[str, Any]] = (await person.get(EMAILS)).json()["items"]
    return items


async def add_confirmed(person: Person, postbox: Postbox, email: str) -> dict[str, Any]:
    """An address on the person's list, confirmed by the mailed key; the notice of it is read."""
    added = await person.post(EMAILS, {"email": email})
    assert added.status_code == 201, added.text
    done = await person.client.post(CONFIRM, json={"key": await postbox.token()})
    assert done.status_code == 200, done.text
    await postbox.collect()
    found: dict[str, Any] = done.json()
    return found


def to(mails: list[EmailMessage]) -> list[tuple[str, str]]:
    return sorted((mail["To"], mail["Subject"]) for mail in mails)


async def test_a_second_address_from_its_adding_to_its_removal(
    client: httpx.AsyncClient, join: MakePerson, postbox: Postbox, published: Published
) -> None:
    ada = await join("ada")
    (first,) = await list_of(ada)
    assert (first["email"], first["verified"], first["primary"]) == ("ada@example.com", True, True)
    added = await ada.post(EMAILS, {"email": "Ada@Work.Example.com"})
    assert added.status_code == 201
    assert added.json() == {
        "id": added.json()["id"],
        "email": "ada@work.example.com",
        "verified": False,
        "primary": False,
    }
    mail = await postbox.one()
    assert mail["To"] == "ada@work.example.com"
    assert token_in(mail) in text_of(mail, "html")
    confirmed = await client.post(CONFIRM, json={"key": token_in(mail)})
    assert confirmed.status_code == 200
    assert confirmed.json() == {**added.json(), "verified": True}
    assert to(await postbox.collect()) == [("ada@example.com", "An e-mail address was added to your account")]
    told = len(await published())
    changed = await ada.post(f"{EMAILS}/{added.json()['id']}/primary")
    assert changed.json() == {**confirmed.json(), "primary": True}
    assert [mail["To"] for mail in await postbox.collect()] == ["ada@example.com", "ada@work.example.com"]
    assert (await ada.me())["email"] == "ada@work.example.com"
    assert len(await published()) == told, "an address is nothing that others see"
    assert (await ada.log_in()).status_code == 401, "the old address is no login name any more"
    ada.email = "Ada@work.example.com"
    assert (await ada.log_in()).status_code == 200
    assert (await remove(ada, first["id"])).status_code == 204
    assert sorted(mail["To"] for mail in await postbox.collect()) == [
        "ada@example.com",
        "ada@work.example.com",
    ]
    assert [one["email"] for one in await list_of(ada)] == ["ada@work.example.com"]
    assert (await remove(ada, first["id"])).status_code == 404


async def test_what_is_not_confirmed_does_not_become_primary_and_what_is_primary_stays(
    join: MakePerson, postbox: Postbox
) -> None:
    ada = await join("ada")
    (first,) = await list_of(ada)
    second = (await ada.post(EMAILS, {"email": "ada@work.example.com"})).json()
    refused = await ada.post(f"{EMAILS}/{second['id']}/primary")
    assert (refused.status_code, refused.json()["type"]) == (409, "/problems/email-address-unconfirmed")
    refused = await remove(ada, first["id"])
    assert (refused.status_code, refused.json()["type"]) == (409, "/problems/email-address-is-primary")
    again = await ada.post(f"{EMAILS}/{first['id']}/primary")
    assert (again.status_code, again.json()) == (200, first)
    refused = await ada.post(EMAILS, {"email": "ada@example.com"})
    assert (refused.status_code, refused.json()["type"]) == (409, "/problems/email-address-is-yours")
    assert len(await postbox.collect()) == 1


async def test_an_address_that_is_anothers_looks_free_and_its_owner_is_told(
    join: MakePerson, postbox: Postbox
) -> None:
    ada, eve = await join("ada"), await join("eve")
    await add_confirmed(ada, postbox, "ada@work.example.com")
    answers = []
    for email in ("ada@example.com", "ADA@work.example.com", "free@example.com"):
        answer = await eve.post(EMAILS, {"email": email})
        answers.append(
            (
                answer.status_code,
                sorted(answer.headers),
                {**answer.json(), "id": 0, "email": answer.json()["email"].lower() == email.lower()},
            )
        )
    assert answers[0] == answers[1] == answers[2]
    mails = {mail["To"]: mail for mail in await postbox.collect()}
    assert set(mails) == {"ada@example.com", "ada@work.example.com", "free@example.com"}
    for email in ("ada@example.com", "ada@work.example.com"):
        assert "token=" not in text_of(mails[email])
        assert "eve" not in text_of(mails[email])
    listed = {one["email"]: one["verified"] for one in await list_of(eve)}
    assert listed == {
        "eve@example.com": True,
        "ada@example.com": False,
        "ada@work.example.com": False,
        "free@example.com": False,
    }


async def test_whoever_confirms_first_has_it(
    client: httpx.AsyncClient, join: MakePerson, postbox: Postbox
) -> None:
    people = [await join(name) for name in ("ada", "eve")]
    keys = []
    for person in people:
        await person.post(EMAILS, {"email": "shared@example.com"})
        keys.append(await postbox.token())
    answers = await asyncio.gather(*(client.post(CONFIRM, json={"key": key}) for key in keys))
    assert sorted(answer.status_code for answer in answers) == [200, 409]
    (late,) = (answer for answer in answers if answer.status_code == 409)
    assert late.json()["type"] == "/problems/email-address-taken"
    verified = [one["verified"] for person in people for one in (await list_of(person))[1:]]
    assert sorted(verified) == [False, True]


async def test_a_key_works_once_even_in_a_race(
    client: httpx.AsyncClient, join: MakePerson, postbox: Postbox
) -> None:
    ada = await join("ada")
    await ada.post(EMAILS, {"email": "ada@work.example.com"})
    key = await postbox.token()
    answers = await asyncio.gather(*(client.post(CONFIRM, json={"key": key}) for _ in range(6)))
    assert sorted(answer.status_code for answer in answers) == [200] + [422] * 5
    assert len(await postbox.collect()) == 1


async def test_every_bad_key_gets_one_answer(
    client: httpx.AsyncClient, join: MakePerson, postbox: Postbox, database: Database
) -> None:
    ada = await join("ada")
    for name in ("used", "removed", "expired", "deactivated"):
        await ada.post(EMAILS, {"email": f"{name}@example.com"})
    keys = {mail["To"].partition("@")[0]: token_in(mail) for mail in await postbox.collect()}
    assert (await client.post(CONFIRM, json={"key": keys["used"]})).status_code == 200
    gone = next(one for one in await list_of(ada) if one["email"] == "removed@example.com")
    assert (await remove(ada, gone["id"])).status_code == 204
    async with database.transaction() as session:
        await session.execute(
            text(
                "UPDATE account_emailconfirmation SET sent = now() - interval '48 hours' WHERE email_address_id = "
                "(SELECT id FROM account_emailaddress WHERE email = 'expired@example.com')"
            )
        )
    bad = [keys["used"], keys["removed"], keys["expired"], "never-existed", "x" * 200]
    answers = [await client.post(CONFIRM, json={"key": key}) for key in bad]
    async with database.transaction() as session:
        await session.execute(text("UPDATE users_customuser SET is_active = false"))
    answers.append(await client.post(CONFIRM, json={"key": keys["deactivated"]}))
    assert {(a.status_code, a.json()["type"], a.json()["detail"]) for a in answers} == {
        (
            422,
            "/problems/email-confirmation-invalid",
            "It was used, it expired, or it never existed. Ask for a new one.",
        )
    }


async def test_the_key_is_not_in_the_tables(join: MakePerson, postbox: Postbox, database: Database) -> None:
    ada = await join("ada")
    await ada.post(EMAILS, {"email": "ada@work.example.com"})
    key = await postbox.token()
    assert len(key) * 6 >= 128
    async with database.transaction() as session:
        kept = [
            str((await session.execute(text(f"SELECT * FROM {table}"))).all())
            for table in ("account_emailconfirmation", "mail_outbox")
        ]
    assert "work.example.com" in kept[1]
    assert not any(key in rows for rows in kept)


async def test_asking_again_mails_again_but_floods_nobody(join: MakePerson, postbox: Postbox) -> None:
    ada = await join("ada")
    answers = []
    for _ in range(8):
        answers.append(await ada.post(EMAILS, {"email": "ada@work.example.com"}))
        await postbox.collect()
    assert [answer.status_code for answer in answers] == [201] + [200] * 7
    assert len({answer.text for answer in answers}) == 1
    sent = [path for path in postbox.spool.glob("*.eml") if b"work.example.com" in path.read_bytes()]
    assert len(sent) == 5
    # Neither by removing it, nor through another account.
    address = (await list_of(ada))[1]
    assert (await remove(ada, address["id"])).status_code == 204
    await postbox.collect()
    eve = await join("eve")
    for person in (ada, eve):
        assert (await person.post(EMAILS, {"email": "ada@work.example.com"})).status_code == 201
    assert await postbox.collect() == []


async def test_an_owner_is_not_flooded_with_warnings(join: MakePerson, postbox: Postbox) -> None:
    ada, eve = await join("ada"), await join("eve")
    for _ in range(8):
        await eve.post(EMAILS, {"email": ada.email})
        await postbox.collect()
    assert len([path for path in postbox.spool.glob("*.eml") if b"wanted to use" in path.read_bytes()]) == 5


async def test_a_list_has_a_bound_even_in_a_race(join: MakePerson, settings: Settings) -> None:
    ada = await join("ada")
    answers = await asyncio.gather(
        *(ada.post(EMAILS, {"email": f"{n}@example.com"}) for n in range(settings.emails_per_account + 3))
    )
    refused = [answer for answer in answers if answer.status_code != 201]
    assert len(refused) == 4
    assert {answer.json()["type"] for answer in refused} == {"/problems/too-many-email-addresses"}
    assert len(await list_of(ada)) == settings.emails_per_account


async def test_nobody_touches_the_addresses_of_others(
    client: httpx.AsyncClient, join: MakePerson, postbox: Postbox
) -> None:
    ada, eve = await join("ada"), await join("eve")
    address = await add_confirmed(ada, postbox, "ada@work.example.com")
    assert (await eve.post(f"{EMAILS}/{address['id']}/primary")).status_code == 404
    assert (await remove(eve, address["id"])).status_code == 404
    guest = Person(client, "", "", "")
    for answer in (
        await client.get(f"/api/v1{EMAILS}"),
        await client.post(f"/api/v1{EMAILS}", json={"email": "x@example.com"}),
        await client.post(f"/api/v1{EMAILS}/{address['id']}/primary"),
        await client.delete(f"/api/v1{EMAILS}/{address['id']}"),
    ):
        assert answer.status_code == 401, guest
    assert len(await list_of(ada)) == 2


async def test_an_ended_session_changes_nothing(
    client: httpx.AsyncClient, join: MakePerson, postbox: Postbox
) -> None:
    ada = await join("ada")
    address = await add_confirmed(ada, postbox, "ada@work.example.com")
    await client.post("/api/v1/auth/logout", json={"refresh": ada.refresh})
    for answer in (
        await ada.post(EMAILS, {"email": "x@example.com"}),
        await ada.post(f"{EMAILS}/{address['id']}/primary"),
        await remove(ada, address["id"]),
    ):
        assert answer.status_code == 401


@pytest.mark.parametrize(
    "wrong",
    [
        {},
        {"email": "no address"},
        {"email": None},
        {"email": "x" * 300 + "@example.com"},
        {"email": "a@example.com", "verified": True},
        {"email": "a@example.com", "primary": True},
        {"email": "a@example.com\r\nBcc: b@example.com"},
        {"email": "nul\x00@example.com"},
    ],
)
async def test_bad_input(join: MakePerson, wrong: dict[str, Any]) -> None:
    ada = await join("ada")
    assert (await ada.post(EMAILS, wrong)).status_code == 422
    assert len(await list_of(ada)) == 1


async def test_reset_links_mailed_to_the_old_address_die_with_it(
    client: httpx.AsyncClient, join: MakePerson, postbox: Postbox
) -> None:
    ada = await join("ada")
    address = await add_confirmed(ada, postbox, "ada@work.example.com")
    await client.post("/api/v1/auth/password/forgot", json={"email": "ada@example.com"})
    token = await postbox.token()
    assert (await ada.post(f"{EMAILS}/{address['id']}/primary")).status_code == 200
    answer = await client.post(
        "/api/v1/auth/password/reset", json={"token": token, "new_password": "nine green hats at dawn"}
    )
    assert answer.status_code == 422


async def test_a_second_address_cannot_be_registered_with(
    client: httpx.AsyncClient, join: MakePerson, postbox: Postbox, published: Published
) -> None:
    ada = await join("ada")
    await add_confirmed(ada, postbox, "ada@work.example.com")
    told = len(await published())
    register = {"username": "other", "password": PASSWORD, "email": "ada@work.example.com"}
    answer = await client.post("/api/v1/auth/register", json=register)
    assert (answer.status_code, answer.json()) == (201, {"email": "ada@work.example.com"})
    assert len(await published()) == told
    assert to(await postbox.collect()) == [("ada@work.example.com", "You have an account at Lyceum already")]
    again = await client.post("/api/v1/auth/register", json={**register, "email": "free@example.com"})
    assert again.status_code == 409, "the username is reserved, as if the account had been made"


async def test_who_confirms_an_address_is_not_kept_from_it_by_who_only_registered_it(
    client: httpx.AsyncClient, join: MakePerson, register: MakePerson, postbox: Postbox, published: Published
) -> None:
    await register("squatter", email="ada@work.example.com")
    squatters = await postbox.token()
    ada = await join("ada")
    address = await add_confirmed(ada, postbox, "ada@work.example.com")
    assert (await ada.post(f"{EMAILS}/{address['id']}/primary")).status_code == 200
    assert (await ada.me())["email"] == "ada@work.example.com"
    verified = sum(isinstance(event, UserEmailVerified) for event in await published())
    late = await client.post("/api/v1/auth/verify-email", json={"token": squatters})
    assert (late.status_code, late.json()["type"]) == (422, "/problems/one-time-token-invalid")
    assert sum(isinstance(event, UserEmailVerified) for event in await published()) == verified


async def test_a_registration_is_not_verified_over_who_has_the_address(
    client: httpx.AsyncClient, join: MakePerson, register: MakePerson, postbox: Postbox
) -> None:
    await register("squatter", email="ada@work.example.com")
    squatters = await postbox.token()
    ada = await join("ada")
    await add_confirmed(ada, postbox, "ada@work.example.com")
    late = await client.post("/api/v1/auth/verify-email", json={"token": squatters})
    assert (late.status_code, late.json()["type"]) == (422, "/problems/one-time-token-invalid")
    await client.post("/api/v1/auth/verify-email/resend", json={"email": "ada@work.example.com"})
    assert await postbox.collect() == []


async def test_both_ways_to_confirm_an_address_meet_in_a_race(
    client: httpx.AsyncClient, join: MakePerson, register: MakePerson, postbox: Postbox
) -> None:
    """Somebody registers with an address while another account adds it; both have the mailed link."""
    await register("newcomer", email="shared@example.com")
    token = await postbox.token()
    ada = await join("ada")
    await ada.post(EMAILS, {"email": "shared@example.com"})
    key = await postbox.token()
    answers = await asyncio.gather(
        client.post("/api/v1/auth/verify-email", json={"token": token}),
        client.post(CONFIRM, json={"key": key}),
    )
    statuses = [answer.status_code for answer in answers]
    assert statuses in ([200, 409], [422, 200]), [answer.text for answer in answers]


async def test_no_event_tells_an_address(join: MakePerson, postbox: Postbox, published: Published) -> None:
    ada = await join("ada")
    address = await add_confirmed(ada, postbox, "ada@work.example.com")
    await ada.post(f"{EMAILS}/{address['id']}/primary")
    events = await published()
    assert any(isinstance(event, UserChanged) for event in events)
    assert not any("@" in event.model_dump_json() for event in events)


async def test_what_is_over_is_cleared_away(
    join: MakePerson, postbox: Postbox, database: Database, settings: Settings
) -> None:
    ada = await join("ada")
    await ada.post(EMAILS, {"email": "old@example.com"})
    await postbox.collect()
    async with database.transaction() as session:
        for table, column in (("account_emailconfirmation", "sent"), ("confirmation_mails", "sent_at")):
            await session.execute(text(f"UPDATE {table} SET {column} = now() - interval '49 hours'"))
    await ada.post(EMAILS, {"email": "new@example.com"})
    await postbox.collect()
    async with database.transaction() as session:
        assert await service.purge(session, settings) == 2
    async with database.transaction() as session:
        assert await service.purge(session, settings) == 0
        exported = await service.export_of(session, (await ada.me())["id"])
        assert [one["email"] for one in exported] == ["ada@example.com", "old@example.com", "new@example.com"]
        await service.forget(session, (await ada.me())["id"])
    assert await list_of(ada) == []


async def test_one_confirmation_that_fails_holds_up_no_other(
    join: MakePerson, postbox: Postbox, database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    ada = await join("ada")
    for name in ("bad", "good"):
        await ada.post(EMAILS, {"email": f"{name}@example.com"})
    async with database.transaction() as session:
        await session.execute(
            text(
                "CREATE FUNCTION refuse() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN "
                "IF NEW.email = 'bad@example.com' THEN RAISE EXCEPTION 'refused'; END IF; RETURN NEW; END $$"
            )
        )
        await session.execute(
            text(
                "CREATE TRIGGER bad BEFORE INSERT ON confirmation_mails "
                "FOR EACH ROW EXECUTE FUNCTION refuse()"
            )
        )
    assert [mail["To"] for mail in await postbox.collect()] == ["good@example.com"]
    async with database.transaction() as session:
        await session.execute(text("DROP TRIGGER bad ON confirmation_mails"))
    assert [mail["To"] for mail in await postbox.collect()] == ["bad@example.com"]
