import asyncio
import base64
import time

import httpx
import orjson
import pytest
from jose import jwt

from .conftest import OpenGateway, Signer, is_problem


def unsigned(claims: dict[str, object], algorithm: str) -> str:
    def part(value: object) -> str:
        return base64.urlsafe_b64encode(orjson.dumps(value)).rstrip(b"=").decode()

    return f"{part({'alg': algorithm, 'typ': 'JWT', 'kid': 'k1'})}.{part(claims)}."


def forgeries(signer: Signer) -> dict[str, str]:
    """Tokens that all look right, and of which none is."""
    now = int(time.time())
    stranger, impostor = Signer("k2"), Signer("k1")
    good = signer.token()
    head, body, signature = good.split(".")
    return {
        "alg none": unsigned(signer.claims(), "none"),
        "alg None": unsigned(signer.claims(), "None"),
        "HS256 with the public key": jwt.encode(
            signer.claims(),
            orjson.dumps(signer.jwks["keys"][0]).decode(),
            algorithm="HS256",
            headers={"kid": "k1"},
        ),
        "a key nobody published": stranger.token(),
        "our kid, another key": impostor.token(),
        "no kid": jwt.encode(signer.claims(), signer.pem, algorithm="ES256"),
        "expired": signer.token(iat=now - 700, exp=now - 100),
        "another audience": signer.token(aud="learning"),
        "no audience": jwt.encode(
            {k: v for k, v in signer.claims().items() if k != "aud"},
            signer.pem,
            "ES256",
            headers={"kid": "k1"},
        ),
        "another issuer": signer.token(iss="http://elsewhere.test"),
        "no expiry": jwt.encode(
            {k: v for k, v in signer.claims().items() if k != "exp"},
            signer.pem,
            "ES256",
            headers={"kid": "k1"},
        ),
        "not valid yet": signer.token(nbf=now + 600),
        "a refresh token": signer.token(typ="refresh"),
        "a service's token": signer.token(typ="service", sub="learning"),
        "an unknown role": signer.token(role="root"),
        "a changed body": f"{head}.{body[:-2]}{'AA' if body[-2:] != 'AA' else 'BB'}.{signature}",
        "no signature": f"{head}.{body}.",
        "not a token": "abc",
        "not ascii": "\xe9\xe9",
        "too long": good + "A" * 9000,
    }


@pytest.fixture(scope="module")
def forged(signer: Signer) -> dict[str, str]:
    return forgeries(signer)


async def test_every_token_that_does_not_verify_gets_the_same_answer(
    client: httpx.AsyncClient, forged: dict[str, str]
) -> None:
    answers = []
    for what, token in forged.items():
        headers = {b"authorization": b"Bearer " + token.encode("latin-1"), b"x-request-id": b"the-same-id"}
        answer = await client.get("/api/v1/courses", headers=headers)
        assert answer.status_code == 401, what
        is_problem(answer, 401, "invalid-token")
        assert answer.headers["www-authenticate"].startswith("Bearer ")
        answers.append((answer.content, answer.headers["www-authenticate"], sorted(answer.headers)))
    assert all(answer == answers[0] for answer in answers)


@pytest.mark.parametrize("header", ["Basic eDp5", "Bearer", "bearer", "Token abc"])
async def test_another_scheme_is_refused_too(client: httpx.AsyncClient, header: str) -> None:
    is_problem(await client.get("/api/v1/courses", headers={"authorization": header}), 401, "invalid-token")


async def test_two_tokens_are_none(client: httpx.AsyncClient, signer: Signer) -> None:
    headers = [("authorization", f"Bearer {signer.token()}"), ("authorization", f"Bearer {signer.token()}")]
    is_problem(await client.get("/api/v1/courses", headers=headers), 401, "invalid-token")


async def test_a_good_token_goes_on_to_the_service(client: httpx.AsyncClient, signer: Signer) -> None:
    for scheme in ("Bearer", "bearer"):
        header = f"{scheme} {signer.token()}"
        answer = await client.get("/api/v1/courses", headers={"authorization": header})
        assert ["authorization", header] in answer.json()["headers"]


async def test_without_a_token_the_service_decides(client: httpx.AsyncClient) -> None:
    answer = await client.get("/api/v1/users/me")
    assert answer.status_code == 200
    assert "authorization" not in dict(answer.json()["headers"])


async def test_a_token_is_refused_once_it_expires(client: httpx.AsyncClient, signer: Signer) -> None:
    now = int(time.time())
    headers = {"authorization": f"Bearer {signer.token(iat=now - 600, exp=now - 2)}"}
    assert (await client.get("/api/v1/courses", headers=headers)).status_code == 200  # within the leeway
    for _ in range(80):
        answer = await client.get("/api/v1/courses", headers=headers)
        if answer.status_code == 401:
            break
        await asyncio.sleep(0.1)
    is_problem(answer, 401, "invalid-token")


async def test_without_keys_a_token_cannot_be_judged_and_others_still_pass(
    open_gateway: OpenGateway, signer: Signer
) -> None:
    door = open_gateway(jwks_url="http://127.0.0.1:9/jwks.json")
    async with door.client() as client:
        answer = await client.get("/api/v1/courses", headers={"authorization": f"Bearer {signer.token()}"})
        is_problem(answer, 503, "unavailable")
        assert (await client.get("/api/v1/courses")).status_code == 200
