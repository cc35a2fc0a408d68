"""What is left of somebody in identity's tables: a row of theirs in every one, made from the metadata."""

import json

import pytest
from chassis.db import now
from chassis.erasure import sweep
from chassis.planting import Planted, plant, rows_of, traces, unexcused
from contracts.identity import UserErased
from contracts.instructor import InstructorChanged
from contracts.platform import ErasureCompleted
from identity.erasures.rules import SERVICES
from identity.erasures.service import erase_again
from sqlalchemy import text

# Made by joining; or made once, and signed with.
MADE_ALREADY = (
    "users_customuser",
    "users_profile",
    "users_subscription",
    "account_emailaddress",
    "signing_keys",
    "erasures",
    "erasure_reports",
)
GIVEN = {
    "users_loginlog.outcome": "welcome",
    "users_loginlog.login_method": "password",
    "admin_audit_log.target_type": "user",
}
# What stays when a person is erased.
KEPT = {
    "erased_people.user_id": "so that no late event brings them back",
    "ended_sessions.user_id": "so that no token of theirs is taken; deleted when none can live any more",
    "erasures.user_id": "until every service has reported: it may have to be asked again",
    "auth_group": "configuration",
    "auth_permission": "configuration",
    "django_site": "configuration",
    "provider_slugs": "configuration",
    "socialaccount_socialapp": "configuration",
    "social_auth_association": "public keys of providers",
    "social_auth_nonce": "random numbers",
    "social_auth_partial": "somebody's without an account; gone within the hour",
    "social_auth_code": "somebody's without an account; gone within the hour",
    "passkey_challenges": "random numbers; gone within minutes",
    "reserved_usernames": "asked for, never given; tied to no account",
    "retired_usernames": "hashes",
    "identity_throttles": "hashes; gone when the bucket is full again",
    "unknown_login_attempts": "by names that no account had; gone after three months",
    "unwanted_pictures": "about to be removed, file and row",
    "payment_notices": "ids of what payment providers told",
    "sandbox_intents": "the sandbox provider's books",
    "sandbox_methods": "the sandbox provider's books",
    "sandbox_refunds": "the sandbox provider's books",
    "subscription_payments": "what was paid is kept for the books, under the tombstone",
    "payment_refunds": "the same",
    "payment_customers": "until the provider has forgotten them, under the tombstone",
    "admin_audit_log": "what was done stays on record, under the tombstone",
    "mail_requests": "another's",
    "identity_instructor.status": "a profile's, which goes on under the tombstone",
}


ADA, BEN = 70_007_007, 70_007_008


@pytest.fixture
async def planted(join, database):
    """Ada and Ben, with a row of each in every table."""
    async with database.transaction() as session:
        # Numbers that nothing else could be mistaken for.
        await session.execute(
            text("SELECT setval(pg_get_serial_sequence('users_customuser', 'id'), :n)"), {"n": ADA - 1}
        )
    people = {}
    for name, mark, seed in (("ada", "ADASWORD", 21), ("ben", "BENSWORD", 22)):
        person = await join(name, first_name=mark)
        row = Planted((await person.me())["id"], mark, seed)
        async with database.transaction() as session:
            for table, column in (("users_customuser", "id"), ("account_emailaddress", "user_id")):
                found = await session.execute(
                    text(f"SELECT * FROM {table} WHERE {column} = :id"), {"id": row.user_id}
                )
                row.rows[table] = dict(found.mappings().one())
            await session.execute(
                text("UPDATE users_profile SET bio = :mark, address = :mark WHERE user_id = :id"),
                {"id": row.user_id, "mark": mark},
            )
            await plant(session, "identity", row, given=GIVEN, without=MADE_ALREADY)
        people[name] = (person, row)
    assert [row.user_id for _, row in people.values()] == [ADA, BEN]
    return people


async def test_nothing_names_them_but_what_is_excused(planted, database, deliver, published):
    (ada, her), (ben, his) = planted["ada"], planted["ben"]
    async with database.transaction() as session:
        before = await rows_of(session, "identity", his)
    answer = await ada.client.delete("/api/v1/users/me", headers=ada.headers)
    assert answer.status_code == 204, answer.text
    event = next(e for e in await published() if isinstance(e, UserErased))
    # An event from before the erasure, and the sweep after it.
    await deliver(standing_of(ADA))
    async with database.transaction() as session:
        await erase_again(session, event.user_id, event.tombstone_id)
    async with database.transaction() as session:
        left = await traces(session, "identity", (*her.needles, r"ada@example\.com"))
        assert unexcused(left, KEPT) == set()
        named = await traces(session, "identity", (rf"\m{ADA}\M", r"ada@example\.com"))
        assert unexcused(named, IDS_KEPT) == set()
        assert await rows_of(session, "identity", his) == before
    assert (await ben.get("/users/me")).status_code == 200

    others = [name for name in SERVICES if name != "identity"]
    await deliver(*(report(event, service) for service in others))
    async with database.transaction() as session:
        named = await traces(session, "identity", (rf"\m{ADA}\M",))
    assert "erasures.user_id" not in named


IDS_KEPT = ("erased_people.user_id", "ended_sessions.user_id", "erasures.user_id")
"""Where the person's number or address may still stand, even among what is kept."""


def report(event, service):
    return ErasureCompleted(
        user_id=event.user_id, tombstone_id=event.tombstone_id, service=service, completed_at=now()
    )


def standing_of(user_id):
    told = InstructorChanged.model_json_schema()["examples"][0]
    return InstructorChanged.model_validate_json(json.dumps({**told, "user_id": user_id, "profile_id": 99}))


async def test_whoever_a_backup_brings_back_is_erased_again(join, database):
    """What docs/runbook.md says to do after a restore: name the erased, and let the sweep do the rest."""
    ada, ben = await join("ada"), await join("ben")
    me = (await ada.me())["id"]
    async with database.transaction() as session:
        await session.execute(
            text("INSERT INTO erased_people VALUES (:id, 900, now() - interval '1 hour')"), {"id": me}
        )
    await sweep(database, erase_again)
    async with database.transaction() as session:
        left = list(await session.scalars(text("SELECT username FROM users_customuser")))
        swept = await session.scalar(text("SELECT swept_at IS NOT NULL FROM erased_people"))
    assert (left, swept) == (["ben"], True)
    assert (await ben.get("/users/me")).status_code == 200
