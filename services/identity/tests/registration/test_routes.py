import asyncio
from typing import Any

import httpx
import pytest
from chassis.db import Database
from chassis.testing import Published
from contracts.identity import UserEmailVerified, UserRegistered
from identity.testing import PASSWORD, MakePerson, Postbox, text_of, token_in
from sqlalchemy import text

REGISTER = "/api/v1/auth/register"


def newcomer(**changed: Any) -> dict[str, Any]:
    return {"email": "ada@example.com", "username": "ada", "password": PASSWORD, **changed}


async def test_an_account_is_whole(
    client: httpx.AsyncClient, register: MakePerson, database: Database
) -> None:
    await register("ada")
    async with database.transaction() as session:
        row = (
            await session.execute(
                text(
                    "SELECT u.password, u.role, u.is_staff, u.is_superuser, s.tier, s.status, e.verified, "
                    'e."primary", p.id AS profile FROM users_customuser u '
                    "JOIN users_subscription s ON s.user_id = u.id JOIN users_profile p ON p.user_id = u.id "
                    "JOIN account_emailaddress e ON e.user_id = u.id"
                )
            )
        ).one()
    assert row.password.startswith("$argon2id$")
    assert (row.role, row.is_staff, row.is_superuser) == ("student", False, False)
    assert (row.tier, row.status, row.verified, row.primary) == ("free", "active", False, True)


async def test_bad_input_is_refused(client: httpx.AsyncClient, published: Published) -> None:
    spoilt: list[dict[str, Any]] = [
        {"role": "admin"},
        {"is_staff": True},
        {"is_superuser": True},
        {"is_email_verified": True},
        {"email": "no address"},
        {"email": "a@b"},
        {"email": 7},
        {"email": "x" * 300 + "@example.com"},
        {"username": "a"},
        {"username": "has blank"},
        {"username": "at@sign"},
        {"username": "x" * 31},
        {"username": None},
        {"password": "short"},
        {"password": "x" * 129},
        {"password": "nul\x00 inside it"},
        {"first_name": "x" * 151},
    ]
    for wrong in spoilt:
        answer = await client.post(REGISTER, json=newcomer(**wrong))
        assert answer.status_code == 422, (wrong, answer.text)
        assert answer.headers["content-type"] == "application/problem+json"
        assert PASSWORD not in answer.text
        assert await published() == []


@pytest.mark.parametrize(
    ("password", "slug"),
    [
        ("password1", "password-too-common"),
        ("PassWord1", "password-too-common"),
        ("1qaz2wsx", "password-too-common"),
        ("ada@example.com", "password-too-obvious"),
        ("Lady.Lovelace", "password-too-obvious"),
    ],
)
async def test_weak_passwords_are_refused(client: httpx.AsyncClient, password: str, slug: str) -> None:
    answer = await client.post(REGISTER, json=newcomer(username="lady.lovelace", password=password))
    assert answer.status_code == 422
    assert answer.json()["type"] == f"/problems/{slug}"


async def test_a_password_keeps_its_blanks(client: httpx.AsyncClient, postbox: Postbox) -> None:
    await client.post(REGISTER, json=newcomer(password="  owls at noon  "))
    await client.post("/api/v1/auth/verify-email", json={"token": await postbox.token()})
    for password, status in (("owls at noon", 401), ("  owls at noon  ", 200)):
        answer = await client.post("/api/v1/auth/login", json={"email": "ada", "password": password})
        assert answer.status_code == status


@pytest.mark.parametrize("username", ["ada", "ADA"])
async def test_a_username_is_taken_once(
    client: httpx.AsyncClient, register: MakePerson, username: str
) -> None:
    await register("ada")
    answer = await client.post(REGISTER, json=newcomer(email="other@example.com", username=username))
    assert answer.status_code == 409
    assert answer.json()["type"] == "/problems/username-taken"


async def test_a_taken_address_answers_the_same_and_mails_its_owner(
    client: httpx.AsyncClient, join: MakePerson, postbox: Postbox, published: Published
) -> None:
    fresh = await client.post(REGISTER, json=newcomer(email="grace@example.com", username="grace"))
    await postbox.collect()
    await join("ada")
    told = len(await published())
    taken = await client.post(REGISTER, json=newcomer(email="Ada@Example.com", username="impostor"))
    assert (taken.status_code, taken.json()) == (201, {"email": "ada@example.com"})
    assert taken.status_code == fresh.status_code
    assert set(taken.headers) == set(fresh.headers)
    assert len(await published()) == told
    mail = await postbox.one()
    assert mail["To"] == "ada@example.com"
    assert "token=" not in text_of(mail)


async def test_a_second_try_does_not_tell_a_taken_address_from_a_free_one(
    client: httpx.AsyncClient, join: MakePerson
) -> None:
    await join("ada")
    for address in ("ada@example.com", "free@example.com"):
        name = address.partition("@")[0] + "-probe"
        first = await client.post(REGISTER, json=newcomer(email=address, username=name))
        again = await client.post(REGISTER, json=newcomer(email=f"second-{address}", username=name))
        assert (first.status_code, again.status_code) == (201, 409)


async def test_who_registered_a_strangers_address_does_not_keep_it(
    client: httpx.AsyncClient, register: MakePerson, postbox: Postbox
) -> None:
    squatter = await register("ada")
    await postbox.collect()
    await client.post(REGISTER, json=newcomer(username="the.real.ada", password="what the owner wants"))
    token = await postbox.token()
    done = await client.post(
        "/api/v1/auth/password/reset", json={"token": token, "new_password": "what the owner wants"}
    )
    assert done.status_code == 200
    assert (await squatter.log_in()).status_code == 401
    squatter.password = "what the owner wants"
    assert (await squatter.log_in()).status_code == 200


async def test_two_at_once_make_one_account(
    client: httpx.AsyncClient, published: Published, postbox: Postbox
) -> None:
    answers = await asyncio.gather(
        *(client.post(REGISTER, json=newcomer(username=f"ada{n}")) for n in range(4)),
    )
    assert {answer.status_code for answer in answers} == {201}
    assert sum(isinstance(event, UserRegistered) for event in await published()) == 1


async def test_two_at_once_take_one_username(client: httpx.AsyncClient, published: Published) -> None:
    answers = await asyncio.gather(
        *(client.post(REGISTER, json=newcomer(email=f"ada{n}@example.com")) for n in range(4)),
    )
    assert sorted(answer.status_code for answer in answers) == [201, 409, 409, 409]
    assert sum(isinstance(event, UserRegistered) for event in await published()) == 1


async def test_a_verification_token_works_once_even_in_a_race(
    client: httpx.AsyncClient, register: MakePerson, postbox: Postbox, published: Published
) -> None:
    await register("ada")
    token = await postbox.token()
    answers = await asyncio.gather(
        *(client.post("/api/v1/auth/verify-email", json={"token": token}) for _ in range(6))
    )
    assert sorted(answer.status_code for answer in answers) == [200] + [422] * 5
    assert sum(isinstance(event, UserEmailVerified) for event in await published()) == 1


async def test_every_bad_token_gets_one_answer(
    client: httpx.AsyncClient, register: MakePerson, postbox: Postbox, database: Database
) -> None:
    await register("ada")
    used = await postbox.token()
    await client.post("/api/v1/auth/verify-email", json={"token": used})
    await register("grace")
    expired = await postbox.token()
    async with database.transaction() as session:
        await session.execute(text("UPDATE users_emailverification SET expires_at = now() WHERE NOT is_used"))
    answers = [
        await client.post("/api/v1/auth/verify-email", json={"token": token})
        for token in (used, expired, "never-existed", "x" * 200)
    ]
    assert {answer.status_code for answer in answers} == {422}
    assert {answer.json()["detail"] for answer in answers} == {answers[0].json()["detail"]}
    assert {answer.json()["type"] for answer in answers} == {"/problems/one-time-token-invalid"}


async def test_the_token_is_not_in_the_table(
    register: MakePerson, postbox: Postbox, database: Database
) -> None:
    await register("ada")
    token = await postbox.token()
    async with database.transaction() as session:
        rows = (await session.execute(text("SELECT * FROM users_emailverification"))).all()
        mails = (await session.execute(text("SELECT * FROM mail_outbox"))).all()
    assert len(rows) == 1
    assert token not in str(rows)
    assert token not in str(mails)


async def test_resending_tells_nothing_and_mails_who_waits(
    client: httpx.AsyncClient, join: MakePerson, register: MakePerson, postbox: Postbox
) -> None:
    await join("verified")
    await register("waiting")
    first = await postbox.token()
    bodies = []
    for name in ("verified", "waiting", "nobody"):
        answer = await client.post("/api/v1/auth/verify-email/resend", json={"email": f"{name}@example.com"})
        assert answer.status_code == 202
        bodies.append(answer.text.replace(name, "X"))
    assert len(set(bodies)) == 1
    mail = await postbox.one()
    assert mail["To"] == "waiting@example.com"
    # Either link will do, and then neither: the second verification has nothing left to verify.
    answer = await client.post("/api/v1/auth/verify-email", json={"token": token_in(mail)})
    assert answer.status_code == 200
    answer = await client.post("/api/v1/auth/verify-email", json={"token": first})
    assert answer.status_code == 422


async def test_nobody_is_flooded_with_mail(
    client: httpx.AsyncClient, register: MakePerson, postbox: Postbox
) -> None:
    await register("ada")
    for _ in range(10):
        answer = await client.post("/api/v1/auth/verify-email/resend", json={"email": "ada@example.com"})
        assert answer.status_code == 202
    assert len(await postbox.collect()) == 5
