"""The audit log: written with the act, read by admins, changed by nobody."""

import asyncio
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from ipaddress import ip_address
from typing import Any

import pytest
from chassis.auth import Principal
from chassis.db import Database
from chassis.pagination import PageParams
from chassis.tracing import current_request_id
from identity.audit import service as audit
from identity.audit.rules import HIDDEN, differences, redact
from identity.testing import MakePerson, Person
from sqlalchemy import text
from sqlalchemy.exc import DBAPIError


def staff(user_id: int = 1, role: str = "admin") -> Principal:
    return Principal(user_id, role, "free", frozenset(), "1", "j", 0, 2**40)


@pytest.fixture
def entries(database: Database) -> Callable[..., Any]:
    """Write so many entries: actor, action and target as said."""

    async def write(
        *, actor: int = 1, action: str = "user.changed", target: str = "7", **changes: Any
    ) -> None:
        async with database.transaction() as session:
            await audit.record(session, staff(actor), action, "user", target, changes)

    return write


def test_what_differs_is_told_with_what_it_was() -> None:
    assert differences({"role": "student", "groups": [1]}, {"role": "admin", "groups": [1], "ban": None}) == {
        "role": ["student", "admin"]
    }
    assert differences({}, {"name": "Support"}) == {"name": [None, "Support"]}
    assert differences({"name": "Support"}, {}) == {"name": ["Support", None]}


@pytest.mark.parametrize(
    "name",
    ["secret", "client_secret", "password", "email", "recovery_codes", "access_token", "email_address"],
)
def test_secrets_and_addresses_are_not_kept(name: str) -> None:
    assert redact({name: ["old one", "new one"]}) == {name: [HIDDEN, HIDDEN]}
    assert redact({name: [None, "new one"]}) == {name: [None, HIDDEN]}


def test_what_only_sounds_like_a_secret_is_kept() -> None:
    assert redact({"is_active": [True, False], "codename": ["a", "b"]}) == {
        "is_active": [True, False],
        "codename": ["a", "b"],
    }


async def test_an_entry_says_who_did_what_from_where(admin: Person, database: Database) -> None:
    audit.current_address.set(ip_address("203.0.113.9"))
    current_request_id.set("request-17")
    async with database.transaction() as session:
        await audit.record(session, staff(5, "student"), "group.created", "group", 3, {"name": [None, "Aid"]})
    (entry,) = (await admin.get("/audit-log")).json()["items"]
    assert abs(datetime.now(UTC) - datetime.fromisoformat(entry.pop("at"))) < timedelta(minutes=5)
    assert entry.pop("id") > 0
    assert entry == {
        "actor_id": 5,
        "actor_role": "student",
        "action": "group.created",
        "target_type": "group",
        "target_id": "3",
        "changes": {"name": [None, "Aid"]},
        "request_id": "request-17",
        "ip_address": "203.0.113.9",
    }


async def test_what_was_rolled_back_is_not_on_record(admin: Person, database: Database) -> None:
    async with database.transaction() as session:
        await audit.record(session, staff(), "user.changed", "user", 7, {})
        await session.rollback()
    assert (await admin.get("/audit-log")).json()["items"] == []


async def test_it_is_listed_newest_first_and_by_what_is_asked(
    admin: Person, entries: Callable[..., Any]
) -> None:
    await entries(actor=1, target="7")
    between = datetime.now(UTC)
    await entries(actor=2, target="7", action="user.banned")
    await entries(actor=2, target="8")

    async def found(**asked: Any) -> list[tuple[int, str, str]]:
        answer = await admin.get("/audit-log", params=asked)
        assert answer.status_code == 200, answer.text
        return [(e["actor_id"], e["action"], e["target_id"]) for e in answer.json()["items"]]

    first, banned, last = (1, "user.changed", "7"), (2, "user.banned", "7"), (2, "user.changed", "8")
    assert await found() == [last, banned, first]
    assert await found(actor_id=2) == [last, banned]
    assert await found(action="user.banned") == [banned]
    assert await found(target_type="user", target_id="7") == [banned, first]
    assert await found(target_type="group") == []
    assert await found(since=between.isoformat()) == [last, banned]
    assert await found(until=between.isoformat()) == [first]
    page = (await admin.get("/audit-log?limit=2")).json()
    rest = (await admin.get("/audit-log", params={"limit": 2, "cursor": page["next_cursor"]})).json()
    assert [e["target_id"] for e in page["items"] + rest["items"]] == ["8", "7", "7"]
    assert rest["next_cursor"] is None
    for bad in (
        {"sort": "x"},
        {"actor_id": 0},
        {"since": "now"},
        {"since": "2026-01-01T00:00:00"},
        {"action": ""},
    ):
        assert (await admin.get("/audit-log", params=bad)).status_code == 422, bad


async def test_nobody_else_reads_it(client: Any, join: MakePerson) -> None:
    assert (await client.get("/api/v1/audit-log")).status_code == 401
    assert (await (await join("ada")).get("/audit-log")).status_code == 403


@pytest.mark.parametrize(
    "statement",
    [
        "DELETE FROM admin_audit_log",
        "TRUNCATE admin_audit_log",
        "UPDATE admin_audit_log SET action = 'nothing'",
        "UPDATE admin_audit_log SET actor_id = 2",
        "UPDATE admin_audit_log SET target_id = '9'",
        "UPDATE admin_audit_log SET changes = '{}'",
        "UPDATE admin_audit_log SET at = now() - interval '1 year'",
        "UPDATE admin_audit_log SET ip_address = NULL",
    ],
)
async def test_nothing_on_record_changes(
    admin: Person, entries: Callable[..., Any], database: Database, statement: str
) -> None:
    await entries(role=["student", "admin"])
    before = (await admin.get("/audit-log")).json()
    with pytest.raises(DBAPIError, match="append-only"):
        async with database.transaction() as session:
            await session.execute(text(statement))
    assert (await admin.get("/audit-log")).json() == before


async def test_not_even_while_somebody_is_being_forgotten(
    entries: Callable[..., Any], database: Database
) -> None:
    await entries(actor=1, target="7", role=["student", "admin"])
    for statement in (
        "UPDATE admin_audit_log SET changes = '{}'",
        "UPDATE admin_audit_log SET actor_id = 2",
        "UPDATE admin_audit_log SET action = 'nothing'",
        "DELETE FROM admin_audit_log",
    ):
        async with database.transaction() as session:
            await session.execute(text("SELECT set_config('lyceum.forgotten_user', '7', true)"))
            with pytest.raises(DBAPIError, match="append-only"):
                await session.execute(text(statement))
            await session.rollback()


async def test_forgetting_replaces_the_id_and_nothing_else(
    admin: Person, entries: Callable[..., Any], database: Database
) -> None:
    await entries(actor=7, target="1", role=["student", "admin"])
    await entries(
        actor=1, target="7", banned_until=[None, "2027-01-01T00:00:00Z"], reason=[None, "rude to Bob"]
    )
    await entries(actor=2, target="77", reason=[None, "another"])
    async with database.transaction() as session:
        assert await audit.forget(session, 7, 900) == 2
    untouched, done_to, done_by = (await admin.get("/audit-log")).json()["items"]
    assert (done_by["actor_id"], done_by["target_id"]) == (900, "1")
    assert done_by["changes"] == {"role": ["student", "admin"]}
    assert (done_to["actor_id"], done_to["target_id"]) == (1, "900")
    assert done_to["changes"] == {"banned_until": [None, "2027-01-01T00:00:00Z"]}
    assert (untouched["target_id"], untouched["changes"]) == ("77", {"reason": [None, "another"]})
    # The door is shut behind it, in the same transaction too.
    async with database.transaction() as session:
        await audit.forget(session, 1, 901)
        with pytest.raises(DBAPIError, match="append-only"):
            await session.execute(text("UPDATE admin_audit_log SET target_id = '5'"))
        await session.rollback()


async def test_the_export_tells_a_person_what_is_theirs(
    entries: Callable[..., Any], database: Database
) -> None:
    await entries(actor=7, target="1", role=["student", "admin"])
    await entries(actor=1, target="7", is_active=[True, False])
    async with database.transaction() as session:
        found = await audit.export_of(session, 7)
        assert await audit.export_of(session, 12345) == {"actions_by_me": [], "actions_on_my_account": []}
    (mine,) = found["actions_by_me"]
    assert (mine["action"], mine["target_type"], mine["target_id"]) == ("user.changed", "user", "1")
    (on_me,) = found["actions_on_my_account"]
    assert (on_me["changes"], "actor_id" in on_me) == ({"is_active": [True, False]}, False)


async def test_many_write_at_once_and_none_is_lost(entries: Callable[..., Any], database: Database) -> None:
    await asyncio.gather(*(entries(actor=n) for n in range(1, 13)))
    async with database.transaction() as session:
        rows, _ = await audit.list_entries(session, PageParams(limit=100))
    assert sorted(row.actor_id for row in rows) == list(range(1, 13))
