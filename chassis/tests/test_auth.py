"""Who is let in, and that every refusal looks the same."""

import base64
import json
import time
from typing import Any

import httpx
import pytest
from chassis.testing import ISSUER, Keys, Upstream, person
from jose import jwt


def _unsigned(claims: dict[str, Any]) -> str:
    def part(content: dict[str, Any]) -> str:
        return base64.urlsafe_b64encode(json.dumps(content).encode()).rstrip(b"=").decode()

    return f"{part({'alg': 'none', 'typ': 'JWT', 'kid': 'test-1'})}.{part(claims)}."


def _claims(**changed: Any) -> dict[str, Any]:
    instant = int(time.time())
    base = {
        "sub": "1",
        "role": "admin",
        "tier": "free",
        "permissions": [],
        "sid": "s",
        "jti": "j",
        "typ": "access",
    }
    return {**base, "iss": ISSUER, "aud": "lyceum", "iat": instant, "exp": instant + 600, **changed}


def _forgeries(keys: Keys) -> dict[str, str]:
    foreign = Keys.make("test-1")
    unknown = Keys.make("nobody-knows")
    public = json.dumps(keys.jwks["keys"][0])
    good = person(keys)
    head, body, signature = good.split(".")
    return {
        "garbage": "garbage",
        "empty parts": "..",
        "alg none": _unsigned(_claims()),
        "hs256 with the public key": jwt.encode(_claims(), public, "HS256", headers={"kid": "test-1"}),
        "foreign key under our kid": foreign.token(**_claims()),
        "unknown kid": unknown.token(**_claims()),
        "no kid": jwt.encode(_claims(), keys.private_pem, "ES256"),
        "expired": person(keys, exp=int(time.time()) - 60),
        "wrong audience": person(keys, aud="elsewhere"),
        "wrong issuer": person(keys, iss="http://evil.test"),
        "refresh as access": person(keys, typ="refresh"),
        "no type": keys.token(**_claims(typ=None)),
        "unknown role": person(keys, role="root"),
        "subject no number": person(keys, sub="abc"),
        "no expiry": jwt.encode(
            {k: v for k, v in _claims().items() if k != "exp"},
            keys.private_pem,
            "ES256",
            headers={"kid": "test-1"},
        ),
        "changed body": f"{head}.{body[:-2]}xx.{signature}",
        "too long": good + "x" * 9000,
    }


async def test_every_forgery_gets_one_identical_401(client: httpx.AsyncClient, keys: Keys) -> None:
    seen = set()
    for name, token in _forgeries(keys).items():
        answer = await client.get("/api/v1/me", headers={"Authorization": f"Bearer {token}"})
        assert answer.status_code == 401, name
        document = answer.json()
        del document["request_id"]
        seen.add((json.dumps(document, sort_keys=True), answer.headers["www-authenticate"]))
    assert len(seen) == 1


async def test_a_good_token_is_a_person_and_none_is_a_guest(client: httpx.AsyncClient, auth: Any) -> None:
    assert (await client.get("/api/v1/me", headers=auth(42))).json() == {"user_id": 42}
    assert (await client.get("/api/v1/me")).json() == {"user_id": None}
    assert (await client.get("/api/v1/me", headers={"Authorization": "Basic eDp5"})).status_code == 401


async def test_roles(client: httpx.AsyncClient, auth: Any) -> None:
    guest = await client.get("/api/v1/staff-only")
    assert (guest.status_code, guest.headers["www-authenticate"]) == (401, 'Bearer realm="lyceum"')
    assert (await client.get("/api/v1/staff-only", headers=auth(1))).status_code == 403
    assert (await client.get("/api/v1/staff-only", headers=auth(1, "admin"))).status_code == 200


async def test_a_remembered_token_still_expires(
    app: Any, keys: Keys, monkeypatch: pytest.MonkeyPatch
) -> None:
    from chassis import auth as module

    token = person(keys, exp=int(time.time()) + 30)
    await app.state.verifier.verify(token)
    later = time.time() + 60
    monkeypatch.setattr(module.time, "time", lambda: later)
    with pytest.raises(module.InvalidToken):
        await app.state.verifier.verify(token)


async def test_services_are_let_in_by_their_own_key_alone(
    client: httpx.AsyncClient, service_keys: Any, auth: Any
) -> None:
    from chassis.auth import ServiceSigner

    def headers(
        claimed: str, key_of: str, callee: str = "learning", kid: str | None = None
    ) -> dict[str, str]:
        signer = ServiceSigner(claimed, service_keys / f"{key_of}.pem", kid=kid)
        return {"Authorization": f"Bearer {signer.token(callee)}"}

    assert (await client.get("/internal/callers", headers=headers("catalog", "catalog"))).json() == {
        "caller": "catalog"
    }
    for wrong in (
        headers("catalog", "identity"),
        headers("catalog", "identity", kid="identity.1"),
        headers("catalog", "catalog", callee="identity"),
        auth(1, "admin"),
        {},
    ):
        assert (await client.get("/internal/callers", headers=wrong)).status_code == 401


async def test_asking_another_service(client: httpx.AsyncClient, upstream: Upstream) -> None:
    upstream.will_answer("/internal/there", {"a": "b"})
    upstream.will_answer("/internal/broken", {}, status=500)
    assert (await client.get("/api/v1/asks/there")).json() == {"a": "b"}
    assert (await client.get("/api/v1/asks/nowhere")).status_code == 404
    broken = await client.get("/api/v1/asks/broken")
    assert (broken.status_code, broken.json()["type"]) == (503, "/problems/unavailable")
    assert upstream.asked.count(("GET", "/internal/broken")) == 3
