"""From registering to a token that every service accepts."""

import httpx
import pytest
from chassis.auth import TokenVerifier
from chassis.testing import ISSUER, Published
from contracts.identity import (
    SubscriptionChanged,
    UserChanged,
    UserEmailVerified,
    UserLoggedIn,
    UserRegistered,
)
from identity.testing import MakePerson, Postbox, text_of


async def test_register_verify_login(
    client: httpx.AsyncClient, register: MakePerson, postbox: Postbox, published: Published
) -> None:
    person = await register("ada", first_name="Ada", last_name="Lovelace")
    refused = await person.log_in()
    assert refused.status_code == 403
    assert refused.json()["type"] == "/problems/email-not-verified"

    mail = await postbox.one()
    assert mail["To"] == "ada@example.com"
    link = next(line for line in text_of(mail).splitlines() if "?token=" in line)
    assert link.startswith(f"{ISSUER}/verify-email?token=")
    assert link in text_of(mail, "html")

    verified = await client.post("/api/v1/auth/verify-email", json={"token": link.partition("=")[2]})
    assert verified.json() == {"email": "ada@example.com", "is_email_verified": True}

    answer = await person.log_in()
    assert answer.status_code == 200
    assert answer.json()["token_type"] == "Bearer"
    assert answer.json()["expires_in"] == 600
    assert answer.headers["cache-control"] == "no-store"
    me = await person.me()
    assert (me["username"], me["first_name"], me["role"]) == ("ada", "Ada", "student")

    told = await published()
    assert [type(event) for event in told] == [
        UserRegistered,
        UserChanged,
        SubscriptionChanged,
        UserEmailVerified,
        UserLoggedIn,
    ]
    changed = next(event for event in told if isinstance(event, UserChanged))
    assert (changed.display_name, changed.version, changed.role) == ("Ada Lovelace", 1, "student")


async def test_every_service_accepts_the_token(client: httpx.AsyncClient, join: MakePerson) -> None:
    person = await join("ada")

    async def fetch() -> dict[str, object]:
        answer = await client.get("/.well-known/jwks.json")
        assert "max-age" in answer.headers["cache-control"]
        found: dict[str, object] = answer.json()
        return found

    verifier = TokenVerifier(issuer=ISSUER, audience="lyceum", source=fetch)
    principal = await verifier.verify(person.access)
    me = await person.me()
    assert principal.user_id == me["id"]
    assert (principal.role, principal.tier, principal.permissions) == ("student", "free", frozenset())
    assert principal.expires - int(principal.issued) == 600


@pytest.mark.parametrize("name", ["ada", "ADA", "ada@example.com", "Ada@Example.COM"])
async def test_login_by_either_name_in_any_case(
    client: httpx.AsyncClient, join: MakePerson, name: str
) -> None:
    person = await join("ada")
    for field in ("email", "username"):
        answer = await client.post("/api/v1/auth/login", json={field: name, "password": person.password})
        assert answer.status_code == 200, answer.text
