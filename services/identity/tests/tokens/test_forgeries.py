"""Every token but ours, unspoilt, gets one identical 401."""

import base64
import hashlib
import hmac
import json
import time
from typing import Any

import httpx
import pytest
from chassis.testing import ISSUER, Keys
from cryptography.hazmat.primitives import serialization
from identity.testing import MakePerson
from jose import jwk, jwt


def encoded(content: dict[str, Any]) -> str:
    return base64.urlsafe_b64encode(json.dumps(content).encode()).rstrip(b"=").decode()


Changes = dict[str, dict[str, Any]]


def claims(**changed: Any) -> dict[str, Any]:
    instant = int(time.time())
    base = {"iss": ISSUER, "aud": "lyceum", "sub": "1", "role": "admin", "tier": "free", "permissions": []}
    times = {"iat": instant, "exp": instant + 600}
    return {**base, **times, "sid": "1", "jti": "j", "typ": "access", **changed}


def hs256(header: dict[str, Any], secret: bytes) -> str:
    """By hand: the library refuses to sign with a public key, an attacker does not."""
    signed = f"{encoded({'alg': 'HS256', 'typ': 'JWT', **header})}.{encoded(claims())}"
    mac = hmac.new(secret, signed.encode(), hashlib.sha256).digest()
    return f"{signed}.{base64.urlsafe_b64encode(mac).rstrip(b'=').decode()}"


async def forgeries(client: httpx.AsyncClient, access: str, refresh: str) -> dict[str, str]:
    published = (await client.get("/.well-known/jwks.json")).json()["keys"][0]
    kid = published["kid"]
    public = jwk.construct(published, "ES256")
    pem = public.to_pem()
    der = serialization.load_pem_public_key(pem).public_bytes(
        serialization.Encoding.DER, serialization.PublicFormat.SubjectPublicKeyInfo
    )
    foreign = Keys.make("foreign")
    head, body, signature = access.split(".")
    other = encoded({**jwt.get_unverified_claims(access), "role": "admin"})
    return {
        "no algorithm": f"{encoded({'alg': 'none', 'kid': kid})}.{encoded(claims())}.",
        "no algorithm, kept signature": f"{encoded({'alg': 'none', 'kid': kid})}.{body}.{signature}",
        "public key as secret, PEM": hs256({"kid": kid}, pem),
        "public key as secret, DER": hs256({"kid": kid}, der),
        "foreign key, foreign kid": foreign.token(**claims()),
        "foreign key, our kid": jwt.encode(claims(), foreign.private_pem, "ES256", headers={"kid": kid}),
        "foreign key, no kid": jwt.encode(claims(), foreign.private_pem, "ES256"),
        "foreign key in the header": jwt.encode(
            claims(), foreign.private_pem, "ES256", headers={"kid": kid, "jwk": foreign.jwks["keys"][0]}
        ),
        "changed claims": f"{head}.{other}.{signature}",
        "no signature": f"{head}.{body}.",
        "cut short": access[:-4],
        "refresh token": refresh,
        "no token": "x",
        "too long": "x" * 9000,
    }


async def test_forged_tokens_get_one_identical_401(client: httpx.AsyncClient, join: MakePerson) -> None:
    person = await join("ada")
    forged = await forgeries(client, person.access, person.refresh)
    await refused_alike(client, forged)
    assert (await person.get("/users/me")).status_code == 200


async def refused_alike(client: httpx.AsyncClient, tokens: dict[str, str]) -> None:
    answers = {
        name: await client.get("/api/v1/users/me", headers={"Authorization": f"Bearer {token}"})
        for name, token in tokens.items()
    }
    assert {name: answer.status_code for name, answer in answers.items()} == dict.fromkeys(answers, 401)
    bodies = {json.dumps({**answer.json(), "request_id": ""}, sort_keys=True) for answer in answers.values()}
    assert len(bodies) == 1
    challenges = {answer.headers["www-authenticate"] for answer in answers.values()}
    assert challenges == {'Bearer realm="lyceum", error="invalid_token"'}


async def test_tokens_of_ours_that_do_not_fit_get_it_too(
    app: Any, client: httpx.AsyncClient, join: MakePerson
) -> None:
    await join("ada")
    signing = app.state.issuer._signing
    instant = int(time.time())
    wrong: Changes = {
        "expired": {"exp": instant - 60, "iat": instant - 660},
        "audience": {"aud": "somebody else"},
        "issuer": {"iss": "https://evil.example"},
        "type": {"typ": "refresh"},
        "no type": {"typ": None},
        "role": {"role": "root"},
        "subject": {"sub": "ada"},
    }
    made = {
        name: jwt.encode(
            {k: v for k, v in claims(**changed).items() if v is not None},
            signing.key,
            "ES256",
            headers={"kid": signing.kid},
        )
        for name, changed in wrong.items()
    }
    await refused_alike(client, made)
    good = jwt.encode(claims(role="student"), signing.key, "ES256", headers={"kid": signing.kid})
    answer = await client.get("/api/v1/users/me", headers={"Authorization": f"Bearer {good}"})
    assert answer.status_code == 200, "only what was spoilt made the others fail"


@pytest.mark.parametrize("given", ["", "Bearer", "Basic YTpi", "bearer  "])
async def test_no_bearer_token(client: httpx.AsyncClient, given: str) -> None:
    answer = await client.get("/api/v1/users/me", headers={"Authorization": given} if given else {})
    assert answer.status_code == 401
    assert answer.headers["www-authenticate"].startswith("Bearer")
