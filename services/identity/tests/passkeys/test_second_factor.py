"""A passkey in place of an app's code."""

from collections.abc import Awaitable, Callable
from typing import Any

import httpx
from chassis.db import now
from identity.testing import Person, Postbox
from pyotp import TOTP

FAR = {"User-Agent": "phone", "X-Forwarded-For": "198.51.100.4"}
Enroll = Callable[..., Awaitable[tuple[Person, Any]]]


async def test_a_passkey_answers_for_a_second_factor(
    enroll: Enroll, client: httpx.AsyncClient, postbox: Postbox
) -> None:
    person, theirs = await enroll(verifies=True)
    secret = (await person.post("/users/me/second-factor/totp")).json()["secret"]
    await person.post("/users/me/second-factor/totp/confirm", {"code": TOTP(secret).at(now())})

    async def challenged() -> dict[str, Any]:
        answer = await person.log_in(agent=FAR["User-Agent"], address=FAR["X-Forwarded-For"])
        assert answer.status_code == 403
        problem: dict[str, Any] = answer.json()
        assert problem["methods"] == ["totp", "recovery_code", "passkey"]
        return problem

    async def answer(challenge: str, credential: dict[str, Any]) -> httpx.Response:
        body = {"challenge": challenge, "credential": credential}
        return await client.post("/api/v1/auth/second-factor", json=body, headers=FAR)

    first, second = await challenged(), await challenged()
    theirs.verifies = False
    credential = theirs.get(first["passkey_options"])
    wrong = await answer(second["challenge"], credential)
    assert (wrong.status_code, wrong.json()["type"]) == (401, "/problems/second-factor-wrong")
    right = await answer(first["challenge"], theirs.get(first["passkey_options"]))
    assert right.status_code == 200, right.text
    assert (await answer(first["challenge"], theirs.get(first["passkey_options"]))).status_code == 401

    await postbox.collect()
    _, bobs = await enroll("bob")
    third = await challenged()
    options = {**third["passkey_options"], "allowCredentials": []}
    assert (await answer(third["challenge"], bobs.get(options))).status_code == 401
    third["passkey_options"]["rpId"] = "evil.test"
    theirs.passkeys[0].rp_id = "evil.test"
    assert (await answer(third["challenge"], theirs.get(third["passkey_options"]))).status_code == 401
