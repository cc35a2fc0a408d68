"""An authenticator app, from its secret to its end; every code is made by pyotp, as an app would."""

import asyncio
import re
from collections.abc import Awaitable, Callable
from datetime import timedelta
from typing import Any

import httpx
import pytest
from chassis.db import Database, now
from chassis.testing import Published
from contracts.identity import SessionRevoked, UserLoggedIn
from identity.testing import PASSWORD, MakePerson, Person, Postbox, text_of
from pyotp import TOTP
from sqlalchemy import text

LOGIN = "/api/v1/auth/login"
ANSWER = "/api/v1/auth/second-factor"
AGENT = "phone"


async def sql(database: Database, statement: str, **given: Any) -> Any:
    async with database.transaction() as session:
        result = await session.execute(text(statement), given)
        return result.all() if result.returns_rows else None  # type: ignore[attr-defined]


class App:
    """An authenticator app with its owner: their recovery codes are on paper."""

    def __init__(self, person: Person, database: Database, secret: str) -> None:
        self.person = person
        self.database = database
        self.totp = TOTP(secret)
        self.recovery_codes: list[str] = []

    async def code(self, steps: int = 0) -> str:
        """A code good now that was not used; asking for one does not take half a minute."""
        await sql(self.database, "UPDATE second_factor_authenticators SET last_step = 0")
        return self.totp.at(now() + timedelta(seconds=30 * steps))

    async def log_in(self, *, agent: str = AGENT, address: str = "198.51.100.4") -> dict[str, Any]:
        """The problem that the right password meets."""
        answer = await self.person.log_in(agent=agent, address=address)
        assert answer.status_code == 403, answer.text
        problem: dict[str, Any] = answer.json()
        assert problem["type"] == "/problems/second-factor-required"
        return problem

    async def answer(
        self, challenge: str, *, agent: str = AGENT, address: str = "198.51.100.4", **given: Any
    ) -> httpx.Response:
        return await self.person.client.post(
            ANSWER,
            json={"challenge": challenge, **given},
            headers={"User-Agent": agent, "X-Forwarded-For": address},
        )


Protect = Callable[..., Awaitable[App]]


@pytest.fixture
def protect(join: MakePerson, database: Database, postbox: Postbox) -> Protect:
    """`await protect("ada")`: somebody whose logins ask for a second factor."""

    async def make(name: str = "ada") -> App:
        person = await join(name)
        begun = await person.post("/users/me/second-factor/totp")
        assert begun.status_code == 201, begun.text
        app = App(person, database, begun.json()["secret"])
        confirmed = await person.post("/users/me/second-factor/totp/confirm", {"code": await app.code()})
        assert confirmed.status_code == 200, confirmed.text
        app.recovery_codes = confirmed.json()["recovery_codes"]
        assert "authenticator app" in text_of(await postbox.one())
        return app

    return make


# --- switching on -------------------------------------------------------------------------------------------


async def test_it_is_on_after_the_first_code_only(join: MakePerson, database: Database) -> None:
    person = await join("ada")
    begun = await person.post("/users/me/second-factor/totp")
    secret = begun.json()["secret"]
    assert begun.headers["cache-control"] == "no-store"
    assert re.fullmatch(r"[A-Z2-7]{32}", secret)
    assert begun.json()["otpauth_uri"] == TOTP(secret).provisioning_uri(
        name="ada@example.com", issuer_name="Lyceum"
    )
    assert (await person.log_in()).status_code == 200, "nothing is asked for yet"
    wrong = await person.post("/users/me/second-factor/totp/confirm", {"code": "000000"})
    assert (wrong.status_code, wrong.json()["type"]) == (403, "/problems/second-factor-code-wrong")
    assert (await person.get("/users/me/second-factor")).json() == {
        "is_on": False,
        "confirmed_at": None,
        "recovery_codes_left": 0,
    }
    right = await person.post("/users/me/second-factor/totp/confirm", {"code": TOTP(secret).at(now())})
    codes = right.json()["recovery_codes"]
    assert len(set(codes)) == 10
    assert all(re.fullmatch(r"([a-z2-7]{5}-){3}[a-z2-7]{5}", code) for code in codes)
    state = (await person.get("/users/me/second-factor")).json()
    assert (state["is_on"], state["recovery_codes_left"]) == (True, 10)
    assert (await person.log_in()).status_code == 403
    again = await person.post("/users/me/second-factor/totp")
    assert (again.status_code, again.json()["type"]) == (409, "/problems/second-factor-already-on")


async def test_nothing_readable_is_stored(protect: Protect, database: Database) -> None:
    app = await protect()
    problem = await app.log_in()
    rows = await sql(
        database,
        "SELECT secret::text FROM second_factor_authenticators UNION ALL "
        "SELECT digest::text FROM second_factor_recovery_codes UNION ALL "
        "SELECT digest::text FROM second_factor_challenges UNION ALL "
        "SELECT coalesce(encode(body, 'escape'), '') FROM idempotency_keys",
    )
    dump = " ".join(row[0] for row in rows)
    for secret in (app.totp.secret, problem["challenge"], *app.recovery_codes):
        assert secret not in dump
        assert secret.encode().hex() not in dump


async def test_secrets_are_not_kept_for_an_idempotency_key(join: MakePerson, database: Database) -> None:
    person = await join("ada")
    headers = {**person.headers, "Idempotency-Key": "once"}
    answers = [
        await person.client.post("/api/v1/users/me/second-factor/totp", headers=headers) for _ in range(2)
    ]
    assert [answer.status_code for answer in answers] == [201, 201]
    assert await sql(database, "SELECT key FROM idempotency_keys") == []


async def test_a_session_taken_over_switches_nothing_on(join: MakePerson, database: Database) -> None:
    person = await join("ada")
    await sql(database, "UPDATE users_usersession SET created_at = now() - interval '16 minutes'")
    refused = await person.post("/users/me/second-factor/totp")
    assert (refused.status_code, refused.json()["type"]) == (403, "/problems/reauthentication-required")
    wrong = await person.post("/users/me/second-factor/totp", {"password": "wrong"})
    assert (wrong.status_code, wrong.json()["type"]) == (403, "/problems/current-password-wrong")
    assert (await person.post("/users/me/second-factor/totp", {"password": PASSWORD})).status_code == 201


# --- logging in ---------------------------------------------------------------------------------------------


async def test_the_right_password_and_a_code_open_a_session(
    protect: Protect, database: Database, published: Published
) -> None:
    app = await protect()
    before = len([one for one in await published() if isinstance(one, UserLoggedIn)])
    problem = await app.log_in()
    assert problem["methods"] == ["totp", "recovery_code"]
    assert problem["expires_in"] == 300
    assert len(problem["challenge"]) >= 43
    answer = await app.answer(problem["challenge"], code=await app.code())
    assert answer.status_code == 200, answer.text
    assert answer.headers["cache-control"] == "no-store"
    app.person.access = answer.json()["access"]
    assert (await app.person.me())["username"] == "ada"
    logins = [one for one in await published() if isinstance(one, UserLoggedIn)]
    assert [one.login_method for one in logins[before:]] == ["password"]
    log = await sql(database, "SELECT successful, outcome FROM users_loginlog ORDER BY id DESC LIMIT 2")
    assert [tuple(row) for row in log] == [(True, "logged_in"), (False, "second_factor_required")]


async def test_the_wrong_password_is_told_nothing_of_it(protect: Protect, client: httpx.AsyncClient) -> None:
    await protect()
    known, unknown = [
        await client.post(LOGIN, json={"username": name, "password": "wrong"}) for name in ("ada", "nobody")
    ]
    assert known.status_code == unknown.status_code == 401
    assert {k: v for k, v in known.json().items() if k != "request_id"} == {
        k: v for k, v in unknown.json().items() if k != "request_id"
    }


async def test_a_code_is_used_once(protect: Protect) -> None:
    app = await protect()
    code = await app.code()
    first, second = (await app.log_in())["challenge"], (await app.log_in())["challenge"]
    assert (await app.answer(first, code=code)).status_code == 200
    refused = await app.answer(second, code=code)
    assert (refused.status_code, refused.json()["type"]) == (401, "/problems/second-factor-wrong")
    assert refused.json()["attempts_left"] == 4


@pytest.mark.parametrize("steps", [-1, 0, 1])
async def test_a_clock_may_be_half_a_minute_off(protect: Protect, steps: int) -> None:
    app = await protect()
    challenge = (await app.log_in())["challenge"]
    # At the edge of a step the next request may fall into the following one.
    if (now().timestamp() % 30) > 25:
        await asyncio.sleep(30.1 - now().timestamp() % 30)
    assert (await app.answer(challenge, code=await app.code(steps))).status_code == 200


@pytest.mark.parametrize("steps", [-3, 3])
async def test_a_clock_may_not_be_further_off(protect: Protect, steps: int) -> None:
    app = await protect()
    challenge = (await app.log_in())["challenge"]
    assert (await app.answer(challenge, code=await app.code(steps))).status_code == 401


async def test_an_older_code_is_refused_after_a_newer_one(protect: Protect) -> None:
    app = await protect()
    older, newer = await app.code(0), await app.code(1)
    assert (await app.answer((await app.log_in())["challenge"], code=newer)).status_code == 200
    assert (await app.answer((await app.log_in())["challenge"], code=older)).status_code == 401


async def test_of_two_who_give_a_code_at_once_one_gets_in(protect: Protect) -> None:
    app = await protect()
    code = await app.code()
    challenges = [(await app.log_in())["challenge"] for _ in range(4)]
    answers = await asyncio.gather(*(app.answer(one, code=code) for one in challenges))
    assert sorted(answer.status_code for answer in answers) == [200, 401, 401, 401]


async def test_of_two_who_answer_a_challenge_at_once_one_gets_in(protect: Protect) -> None:
    app = await protect()
    challenge = (await app.log_in())["challenge"]
    proofs = [{"recovery_code": code} for code in app.recovery_codes[:4]]
    answers = await asyncio.gather(*(app.answer(challenge, **proof) for proof in proofs))
    assert sorted(answer.status_code for answer in answers) == [200, 401, 401, 401]


async def test_a_recovery_code_lets_in_once_and_is_told(protect: Protect, postbox: Postbox) -> None:
    app = await protect()
    typed = app.recovery_codes[3].upper().replace("-", " ")
    assert (await app.answer((await app.log_in())["challenge"], recovery_code=typed)).status_code == 200
    assert "9 of your" in text_of(await postbox.one()).replace("\n", " ")
    refused = await app.answer((await app.log_in())["challenge"], recovery_code=app.recovery_codes[3])
    assert refused.status_code == 401
    assert (await app.person.get("/users/me/second-factor")).json()["recovery_codes_left"] == 9


async def test_of_two_who_use_a_recovery_code_at_once_one_gets_in(protect: Protect) -> None:
    app = await protect()
    challenges = [(await app.log_in())["challenge"] for _ in range(4)]
    answers = await asyncio.gather(
        *(app.answer(one, recovery_code=app.recovery_codes[0]) for one in challenges)
    )
    assert sorted(answer.status_code for answer in answers) == [200, 401, 401, 401]


async def test_nobody_uses_anothers_recovery_code(protect: Protect) -> None:
    ada, bob = await protect("ada"), await protect("bob")
    refused = await ada.answer((await ada.log_in())["challenge"], recovery_code=bob.recovery_codes[0])
    assert refused.status_code == 401


@pytest.mark.parametrize(
    "spoil",
    [
        "UPDATE second_factor_challenges SET expires_at = now()",
        "UPDATE second_factor_challenges SET used_at = now()",
        "UPDATE second_factor_challenges SET attempts = 5",
        "UPDATE second_factor_challenges SET user_agent = 'another'",
        "UPDATE second_factor_challenges SET ip_address = '198.51.100.5'",
        "UPDATE users_customuser SET is_active = false",
        "DELETE FROM second_factor_challenges",
    ],
)
async def test_what_spoils_a_challenge(protect: Protect, database: Database, spoil: str) -> None:
    app = await protect()
    challenge = (await app.log_in())["challenge"]
    await sql(database, spoil)
    refused = await app.answer(challenge, code=await app.code())
    assert (refused.status_code, refused.json()["type"]) == (401, "/problems/second-factor-challenge-invalid")
    unknown = await app.answer("x" * 43, code="123456")
    assert {k: v for k, v in refused.json().items() if k != "request_id"} == {
        k: v for k, v in unknown.json().items() if k != "request_id"
    }


async def test_a_household_of_ipv6_is_one_place(protect: Protect) -> None:
    app = await protect()
    challenge = (await app.log_in(address="2001:db8:1:2::1"))["challenge"]
    far = await app.answer(challenge, code=await app.code(), address="2001:db8:1:3::1")
    assert far.status_code == 401
    near = await app.answer(challenge, code=await app.code(), address="2001:db8:1:2:ffff::7")
    assert near.status_code == 200


async def test_wrong_codes_lock_the_account(protect: Protect, database: Database) -> None:
    app = await protect()
    await sql(database, "UPDATE users_usersession SET is_active = false")
    challenge = (await app.log_in())["challenge"]
    spare = (await app.log_in())["challenge"]
    answers = [await app.answer(challenge, code="000000") for _ in range(5)]
    assert [answer.json()["attempts_left"] for answer in answers] == [4, 3, 2, 1, 0]
    locked = await app.answer(spare, code=await app.code())
    assert (locked.status_code, locked.json()["type"]) == (429, "/problems/second-factor-locked")
    assert 0 < int(locked.headers["retry-after"]) <= 60
    assert (await app.person.log_in(agent=AGENT)).status_code == 401, "locked: the password is not looked at"
    await sql(database, "UPDATE users_customuser SET temporary_ban_until = now()")
    assert (await app.answer(challenge, code=await app.code())).status_code == 401, "given up"
    assert (await app.answer(spare, code=await app.code())).status_code == 200
    ((wrong,),) = await sql(
        database, "SELECT count(*) FROM users_loginlog WHERE outcome = 'wrong_second_factor'"
    )
    assert wrong == 5


async def test_the_right_password_alone_forgives_no_wrong_codes(protect: Protect, database: Database) -> None:
    app = await protect()
    await sql(database, "UPDATE users_usersession SET is_active = false")
    for _ in range(5):
        await app.answer((await app.log_in())["challenge"], code="000000")
    assert (await app.person.log_in(agent=AGENT)).status_code == 401


async def test_a_new_password_ends_challenges_and_leaves_the_factor_on(
    protect: Protect, client: httpx.AsyncClient, postbox: Postbox
) -> None:
    app = await protect()
    challenge = (await app.log_in())["challenge"]
    await client.post("/api/v1/auth/password/forgot", json={"email": app.person.email})
    reset = {"token": await postbox.token(), "new_password": "eight red foxes by night"}
    assert (await client.post("/api/v1/auth/password/reset", json=reset)).status_code == 200
    assert (await app.answer(challenge, code=await app.code())).status_code == 401
    app.person.password = reset["new_password"]
    assert (await app.log_in())["methods"] == ["totp", "recovery_code"]


@pytest.mark.parametrize(
    "body",
    [
        {},
        {"challenge": "x" * 43},
        {"challenge": "x" * 43, "code": "123456", "recovery_code": "k3xqa-7mzrp-2vhdn-w5tbc"},
        {"challenge": "x" * 43, "code": "12345"},
        {"challenge": "x" * 43, "code": 123456},
        {"challenge": "x" * 101, "code": "123456"},
        {"challenge": "x" * 43, "credential": []},
        {"challenge": "x" * 43, "code": "123456", "user_id": 1},
    ],
)
async def test_bad_input(client: httpx.AsyncClient, body: dict[str, Any]) -> None:
    assert (await client.post(ANSWER, json=body)).status_code == 422


async def test_codes_of_other_digits_are_wrong_and_no_error(protect: Protect) -> None:
    app = await protect()
    challenge = (await app.log_in())["challenge"]
    for code in ("１２３４５６", "٠١٢٣٤٥", "1234567", "abcdef"):
        assert (await app.answer(challenge, code=code)).status_code == 401, code


# --- switching off ------------------------------------------------------------------------------------------


async def delete_totp(person: Person, body: dict[str, Any]) -> httpx.Response:
    url = "/api/v1/users/me/second-factor/totp"
    return await person.client.request("DELETE", url, headers=person.headers, json=body)


@pytest.mark.parametrize("kind", ["password", "code", "recovery_code"])
async def test_who_shows_who_they_are_switches_it_off(
    protect: Protect, postbox: Postbox, database: Database, kind: str
) -> None:
    app = await protect()
    given = {"password": PASSWORD, "code": await app.code(), "recovery_code": app.recovery_codes[0]}[kind]
    assert (await delete_totp(app.person, {kind: given})).status_code == 204
    assert "switched off" in text_of((await postbox.collect())[-1])
    assert (await app.person.log_in()).status_code == 200
    assert (await delete_totp(app.person, {"code": "000000"})).status_code == 404
    ((left,),) = await sql(database, "SELECT count(*) FROM second_factor_recovery_codes")
    assert left == 0


@pytest.mark.parametrize("kind", ["password", "code", "recovery_code"])
async def test_a_session_taken_over_does_not_guess_it_off(protect: Protect, kind: str) -> None:
    app = await protect()
    wrong = {"password": "wrong", "code": "000000", "recovery_code": "aaaaa-aaaaa-aaaaa-aaaaa"}[kind]
    statuses = [(await delete_totp(app.person, {kind: wrong})).status_code for _ in range(6)]
    assert statuses == [403] * 5 + [429]
    assert (await app.person.get("/users/me/second-factor")).json()["is_on"]


async def test_a_new_set_of_codes_ends_the_old_one(protect: Protect, postbox: Postbox) -> None:
    app = await protect()
    path = "/users/me/second-factor/recovery-codes"
    renewed = await app.person.post(path, {"code": await app.code()})
    assert renewed.status_code == 201
    assert "old ones let nobody in" in text_of(await postbox.one()).replace("\n", " ")
    fresh = renewed.json()["recovery_codes"]
    assert not set(fresh) & set(app.recovery_codes)
    challenge = (await app.log_in())["challenge"]
    assert (await app.answer(challenge, recovery_code=app.recovery_codes[0])).status_code == 401
    assert (await app.answer(challenge, recovery_code=fresh[0])).status_code == 200
    assert (await app.person.post(path, {"code": "000000"})).status_code == 403


async def test_without_one_there_is_nothing_to_renew(join: MakePerson) -> None:
    person = await join("ada")
    answer = await person.post("/users/me/second-factor/recovery-codes", {"password": PASSWORD})
    assert (answer.status_code, answer.json()["type"]) == (404, "/problems/second-factor-off")


async def test_an_admin_lets_in_who_lost_theirs(
    protect: Protect, admin: Person, postbox: Postbox, published: Published, database: Database
) -> None:
    app = await protect()
    user_id = (await app.person.me())["id"]
    path = f"/api/v1/users/{user_id}/second-factor"
    assert (await app.person.client.delete(path)).status_code == 401
    assert (await app.person.client.delete(path, headers=app.person.headers)).status_code == 403
    assert (await app.person.client.delete(path, headers=admin.headers)).status_code == 204
    assert "our staff" in text_of((await postbox.collect())[-1])
    ended = [one for one in await published() if isinstance(one, SessionRevoked)]
    assert {one.user_id for one in ended} == {user_id}
    assert (await app.person.log_in()).status_code == 200
    assert (await app.person.client.delete(path, headers=admin.headers)).status_code == 404
    ((action, target),) = await sql(database, "SELECT action, target_id FROM admin_audit_log")
    assert (action, target) == ("user.second_factor_reset", str(user_id))


async def test_guests_have_none(client: httpx.AsyncClient) -> None:
    base = "/api/v1/users/me/second-factor"
    for method, path, body in [
        ("GET", "", None),
        ("POST", "/totp", None),
        ("POST", "/totp/confirm", {"code": "123456"}),
        ("DELETE", "/totp", {"code": "123456"}),
        ("POST", "/recovery-codes", {"code": "123456"}),
    ]:
        assert (await client.request(method, base + path, json=body)).status_code == 401, path
