import asyncio

import httpx
from chassis.db import Database
from chassis.testing import ISSUER, Published
from contracts.identity import SessionRevoked
from identity.testing import PASSWORD, MakePerson, Postbox, text_of, token_in
from sqlalchemy import text

FORGOT = "/api/v1/auth/password/forgot"
RESET = "/api/v1/auth/password/reset"
NEW = "eight red foxes by night"


async def forget(client: httpx.AsyncClient, email: str) -> httpx.Response:
    return await client.post(FORGOT, json={"email": email})


async def reset(client: httpx.AsyncClient, token: str, password: str = NEW) -> httpx.Response:
    return await client.post(RESET, json={"token": token, "new_password": password})


async def test_forgotten_and_set_anew(
    client: httpx.AsyncClient, join: MakePerson, postbox: Postbox, published: Published
) -> None:
    person = await join("ada")
    assert (await forget(client, "ADA@example.com")).status_code == 202
    mail = await postbox.one()
    assert f"{ISSUER}/reset-password?token=" in text_of(mail)
    answer = await reset(client, token_in(mail))
    assert (answer.status_code, answer.json()) == (200, {"email": "ada@example.com", "sessions_ended": 1})
    assert (await person.post("/auth/refresh", {"refresh": person.refresh})).status_code == 401
    assert [e.reason for e in await published() if isinstance(e, SessionRevoked)] == ["password_reset"]
    assert (await person.log_in()).status_code == 401
    person.password = NEW
    assert (await person.log_in()).status_code == 200
    assert (await postbox.one())["Subject"] == "Your password was changed"


async def test_asking_tells_nothing(
    client: httpx.AsyncClient, join: MakePerson, register: MakePerson, postbox: Postbox, database: Database
) -> None:
    await join("ada")
    await join("gone")
    await register("unverified")
    await postbox.collect()
    async with database.transaction() as session:
        await session.execute(text("UPDATE users_customuser SET is_active = false WHERE username = 'gone'"))
    seen = set()
    for name in ("ada", "gone", "unverified", "nobody"):
        answer = await forget(client, f"{name}@example.com")
        seen.add((answer.status_code, answer.text.replace(name, "X"), frozenset(answer.headers)))
    assert len(seen) == 1
    assert {mail["To"] for mail in await postbox.collect()} == {"ada@example.com", "unverified@example.com"}


async def test_a_token_works_once_even_in_a_race(
    client: httpx.AsyncClient, join: MakePerson, postbox: Postbox
) -> None:
    await join("ada")
    await forget(client, "ada@example.com")
    token = await postbox.token()
    passwords = [f"{NEW} {n}" for n in range(5)]
    answers = await asyncio.gather(*(reset(client, token, password) for password in passwords))
    assert sorted(answer.status_code for answer in answers) == [200, 422, 422, 422, 422]
    (winner,) = [p for p, answer in zip(passwords, answers, strict=True) if answer.status_code == 200]
    for password in passwords:
        login = await client.post("/api/v1/auth/login", json={"email": "ada", "password": password})
        assert login.status_code == (200 if password == winner else 401)


async def test_two_tokens_at_once_let_one_win(
    client: httpx.AsyncClient, join: MakePerson, postbox: Postbox
) -> None:
    await join("ada")
    for _ in range(2):
        await forget(client, "ada@example.com")
    tokens = [token_in(mail) for mail in await postbox.collect()]
    answers = await asyncio.gather(*(reset(client, token) for token in tokens))
    assert sorted(answer.status_code for answer in answers) == [200, 422]


async def test_every_bad_token_gets_one_answer(
    client: httpx.AsyncClient, join: MakePerson, register: MakePerson, postbox: Postbox, database: Database
) -> None:
    await join("ada")
    await register("grace")
    for_verification = await postbox.token()
    await forget(client, "ada@example.com")
    expired = await postbox.token()
    async with database.transaction() as session:
        await session.execute(text("UPDATE users_passwordreset SET expires_at = now()"))
    answers = [await reset(client, token) for token in (for_verification, expired, "never existed")]
    assert {answer.status_code for answer in answers} == {422}
    assert len({(a.json()["type"], a.json()["detail"], a.json()["title"]) for a in answers}) == 1


async def test_a_refused_password_leaves_the_token_good(
    client: httpx.AsyncClient, join: MakePerson, postbox: Postbox
) -> None:
    await join("ada")
    await forget(client, "ada@example.com")
    token = await postbox.token()
    for password, slug in (("password1", "password-too-common"), ("short", "validation")):
        answer = await reset(client, token, password)
        assert (answer.status_code, answer.json()["type"]) == (422, f"/problems/{slug}")
    assert (await reset(client, token)).status_code == 200


async def test_a_reset_confirms_the_address(
    client: httpx.AsyncClient, register: MakePerson, postbox: Postbox
) -> None:
    person = await register("ada")
    await postbox.collect()
    await forget(client, person.email)
    assert (await reset(client, await postbox.token())).status_code == 200
    person.password = NEW
    assert (await person.log_in()).status_code == 200


async def test_a_reset_ends_a_lockout_s_count_but_no_ban(
    client: httpx.AsyncClient, join: MakePerson, postbox: Postbox, database: Database
) -> None:
    person = await join("ada")
    async with database.transaction() as session:
        await session.execute(
            text(
                "UPDATE users_customuser SET failed_login_attempts = 9, "
                "temporary_ban_until = now() + interval '1 day'"
            )
        )
    await forget(client, person.email)
    await reset(client, await postbox.token())
    async with database.transaction() as session:
        row = (
            await session.execute(
                text(
                    "SELECT failed_login_attempts AS n, temporary_ban_until > now() AS banned FROM users_customuser"
                )
            )
        ).one()
    assert (row.n, row.banned) == (0, True)


async def test_bad_input(client: httpx.AsyncClient) -> None:
    for body in [
        {"token": "x"},
        {"new_password": NEW},
        {"token": "x", "new_password": NEW, "email": "x"},
        {"token": 1},
    ]:
        answer = await client.post(RESET, json=body)
        assert answer.status_code == 422, (body, answer.text)
        assert PASSWORD not in answer.text
