"""Bans: nobody gets in, by whatever means, until the clock or the staff say so."""

import asyncio
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from chassis.db import Database
from chassis.testing import Published
from contracts.identity import SessionRevoked, UserChanged, UserDeactivated
from identity.accounts import service as accounts
from identity.testing import MakePerson, Person
from sqlalchemy import text

LATER = "2033-05-01T00:00:00Z"


async def banned_until(database: Database, user_id: int, moment: datetime) -> None:
    """Set the clock of a ban, rather than wait for it."""
    async with database.transaction() as session:
        await session.execute(
            text("UPDATE users_customuser SET temporary_ban_until = :moment WHERE id = :id"),
            {"moment": moment, "id": user_id},
        )


async def test_a_ban_keeps_out_and_ends_what_is_open(
    join: MakePerson, admin: Person, published: Published
) -> None:
    person = await join("ada")
    ada = (await person.me())["id"]
    before = len(await published())
    answer = await admin.post(f"/users/{ada}/ban", {"until": LATER, "reason": "Sold answers."})
    assert answer.status_code == 200, answer.text
    told = answer.json()
    assert (told["is_banned"], told["temporary_ban_until"], told["is_active"]) == (True, LATER, True)
    assert answer.headers["etag"] == (await admin.get(f"/users/{ada}")).headers["etag"]
    events = (await published())[before:]
    (deactivated,) = [event for event in events if isinstance(event, UserDeactivated)]
    assert (deactivated.user_id, deactivated.banned_until) == (ada, datetime.fromisoformat(LATER))
    assert {event.reason for event in events if isinstance(event, SessionRevoked)} == {"banned"}
    assert (await person.post("/auth/refresh", {"refresh": person.refresh})).status_code == 401
    refused = await person.log_in()
    assert (refused.status_code, refused.json()["type"]) == (401, "/problems/wrong-credentials")
    (entry,) = (await admin.get("/audit-log")).json()["items"]
    assert (entry["action"], entry["target_id"]) == ("user.banned", str(ada))
    assert entry["changes"] == {
        "banned_until": [None, "2033-05-01T00:00:00+00:00"],
        "reason": [None, "Sold answers."],
    }


async def test_the_right_password_from_a_known_device_does_not_help(
    join: MakePerson, admin: Person, database: Database
) -> None:
    """Not even where a session lives that the ban should have ended."""
    person = await join("ada")
    ada = (await person.me())["id"]
    await admin.post(f"/users/{ada}/ban", {"until": LATER})
    async with database.transaction() as session:
        await session.execute(
            text("UPDATE users_usersession SET is_active = true WHERE user_id = :id"), {"id": ada}
        )
    for _ in range(3):
        assert (await person.log_in()).status_code == 401
    assert (await person.post("/auth/refresh", {"refresh": person.refresh})).status_code == 401


async def test_wrong_passwords_neither_shorten_nor_lengthen_a_ban(
    join: MakePerson, admin: Person, database: Database
) -> None:
    person = await join("ada")
    ada = (await person.me())["id"]
    await admin.post(f"/users/{ada}/ban", {"until": LATER})
    right, person.password = person.password, "not the password at all"
    for _ in range(8):
        assert (await person.log_in()).status_code == 401
    told = (await admin.get(f"/users/{ada}")).json()
    assert (told["is_banned"], told["temporary_ban_until"]) == (True, LATER)
    person.password = right
    assert (await person.log_in()).status_code == 401


async def test_the_clock_lets_them_in_again(join: MakePerson, admin: Person, database: Database) -> None:
    person = await join("ada")
    ada = (await person.me())["id"]
    await admin.post(f"/users/{ada}/ban", {"until": LATER})
    await banned_until(database, ada, datetime.now(UTC) - timedelta(seconds=1))
    assert (await admin.get(f"/users/{ada}")).json()["is_banned"] is False
    assert (await person.log_in()).status_code == 200


async def test_a_lockout_after_a_ban_is_a_lockout(
    join: MakePerson, admin: Person, database: Database
) -> None:
    """A known device is spared it, as it is spared every other."""
    person = await join("ada")
    ada = (await person.me())["id"]
    await admin.post(f"/users/{ada}/ban", {"until": LATER})
    await banned_until(database, ada, datetime.now(UTC) - timedelta(seconds=1))
    assert (await person.log_in(agent="known")).status_code == 200
    right, person.password = person.password, "not the password at all"
    for _ in range(5):
        await person.log_in(agent="stranger", address="203.0.113.99")
    person.password = right
    told = (await admin.get(f"/users/{ada}")).json()
    assert told["temporary_ban_until"] is not None
    assert told["is_banned"] is False
    assert (await person.log_in(agent="stranger", address="203.0.113.99")).status_code == 401
    assert (await person.log_in(agent="known")).status_code == 200


async def test_null_lifts_a_ban(join: MakePerson, admin: Person, published: Published) -> None:
    person = await join("ada")
    ada = (await person.me())["id"]
    await admin.post(f"/users/{ada}/ban", {"until": LATER})
    before = len(await published())
    answer = await admin.post(f"/users/{ada}/ban", {"until": None, "reason": "It was her brother."})
    assert (answer.json()["is_banned"], answer.json()["temporary_ban_until"]) == (False, None)
    (changed,) = [event for event in (await published())[before:] if isinstance(event, UserChanged)]
    assert (changed.user_id, changed.is_active) == (ada, True)
    assert (await person.log_in()).status_code == 200
    entry = (await admin.get("/audit-log")).json()["items"][0]
    assert (entry["action"], entry["changes"]["banned_until"]) == (
        "user.unbanned",
        ["2033-05-01T00:00:00+00:00", None],
    )
    # Once is enough.
    again = await admin.post(f"/users/{ada}/ban", {"until": None})
    assert again.status_code == 200
    assert len((await admin.get("/audit-log")).json()["items"]) == 2


async def test_null_lifts_a_lockout_too(join: MakePerson, admin: Person) -> None:
    person = await join("ada")
    ada = (await person.me())["id"]
    right, person.password = person.password, "not the password at all"
    for _ in range(6):
        await person.log_in(agent="stranger", address="203.0.113.99")
    person.password = right
    assert (await person.log_in(agent="stranger", address="203.0.113.99")).status_code == 401
    answer = await admin.post(f"/users/{ada}/ban", {"until": None})
    assert (answer.json()["failed_login_attempts"], answer.json()["temporary_ban_until"]) == (0, None)
    assert (await person.log_in(agent="stranger", address="203.0.113.99")).status_code == 200
    assert (await admin.get("/audit-log")).json()["items"][0]["action"] == "user.unlocked"


async def test_a_ban_is_made_longer_and_shorter(
    join: MakePerson, admin: Person, published: Published
) -> None:
    ada = (await (await join("ada")).me())["id"]
    moments = ["2033-05-01T00:00:00Z", "2034-05-01T00:00:00Z", "2030-05-01T00:00:00Z", "2030-05-01T00:00:00Z"]
    for until in moments:
        assert (await admin.post(f"/users/{ada}/ban", {"until": until})).json()[
            "temporary_ban_until"
        ] == until
    told = [event for event in await published() if isinstance(event, UserDeactivated)]
    assert [event.banned_until for event in told] == [datetime.fromisoformat(m) for m in moments[:3]]
    versions = [event.version for event in told]
    assert versions == sorted(set(versions))


@pytest.mark.parametrize(
    "wrong",
    [
        {},
        {"until": "tomorrow"},
        {"until": "2033-05-01T00:00:00"},
        {"until": "2020-01-01T00:00:00Z"},
        {"until": "2100-01-01T00:00:00Z"},
        {"until": 17, "reason": 3},
        {"until": LATER, "reason": "x" * 501},
        {"until": LATER, "is_active": False},
    ],
)
async def test_bad_input(admin: Person, join: MakePerson, wrong: dict[str, Any]) -> None:
    ada = (await (await join("ada")).me())["id"]
    assert (await admin.post(f"/users/{ada}/ban", wrong)).status_code == 422
    assert (await admin.get(f"/users/{ada}")).json()["is_banned"] is False


async def test_nobody_bans_themselves_or_nobody(admin: Person) -> None:
    me = (await admin.me())["id"]
    answer = await admin.post(f"/users/{me}/ban", {"until": LATER})
    assert (answer.status_code, answer.json()["type"]) == (409, "/problems/own-account")
    assert (await admin.post("/users/999999/ban", {"until": LATER})).status_code == 404


async def test_two_admins_cannot_ban_each_other_at_once(join: MakePerson, admin: Person) -> None:
    person = await join("ada")
    ada, me = (await person.me())["id"], (await admin.me())["id"]
    await admin.patch(f"/users/{ada}", {"role": "admin"})
    await person.log_in()
    answers = await asyncio.gather(
        admin.post(f"/users/{ada}/ban", {"until": LATER}), person.post(f"/users/{me}/ban", {"until": LATER})
    )
    assert sorted(answer.status_code for answer in answers) == [200, 401]


async def test_a_banned_admin_does_not_count_as_one_who_is_left(
    join: MakePerson, admin: Person, database: Database
) -> None:
    async def is_last(user_id: int) -> bool:
        async with database.transaction() as session:
            return await accounts.is_last_admin(session, await accounts.find(session, user_id))

    ada, me = (await (await join("ada")).me())["id"], (await admin.me())["id"]
    assert await is_last(me)
    await admin.patch(f"/users/{ada}", {"role": "admin"})
    assert not await is_last(me)
    await admin.post(f"/users/{ada}/ban", {"until": LATER})
    assert await is_last(me)
    await admin.post(f"/users/{ada}/ban", {"until": None})
    assert not await is_last(me)


async def test_logging_in_while_being_banned_leaves_nobody_in(join: MakePerson, admin: Person) -> None:
    person = await join("ada")
    ada = (await person.me())["id"]
    tokens: list[dict[str, Any]] = []

    async def log_in() -> None:
        answer = await person.client.post(
            "/api/v1/auth/login", json={"email": person.email, "password": person.password}
        )
        if answer.status_code == 200:
            tokens.append(answer.json())

    await asyncio.gather(
        log_in(), log_in(), admin.post(f"/users/{ada}/ban", {"until": LATER}), log_in(), log_in()
    )
    for pair in tokens:
        assert (await person.post("/auth/refresh", {"refresh": pair["refresh"]})).status_code == 401


async def test_the_export_of_an_account_holds_no_hash(
    join: MakePerson, admin: Person, database: Database
) -> None:
    ada = (await (await join("ada")).me())["id"]
    await admin.post(f"/users/{ada}/ban", {"until": LATER})
    async with database.transaction() as session:
        found = await accounts.export_of(session, ada)
        assert await accounts.export_of(session, 999999) == {}
    assert (found["email"], found["is_banned"]) == ("ada@example.com", True)
    assert found["temporary_ban_until"] == "2033-05-01T00:00:00+00:00"
    assert not any("password" in name or "argon2" in str(value) for name, value in found.items())
