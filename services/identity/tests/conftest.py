"""What identity's tests stand on."""

import base64
import os
from collections.abc import Callable, Iterator
from typing import Any

import httpx
import pytest
from chassis.db import Database
from chassis.testing import ISSUER, ServiceUnderTest
from identity.demo import make_demo_accounts
from identity.settings import Settings
from identity.testing import PASSWORD, MakePerson, Person, Postbox
from jose import jwt
from lyceum.oidc_testing import OidcProvider
from pydantic import SecretStr


@pytest.fixture(scope="session")
def service() -> ServiceUnderTest:
    key = base64.b64encode(os.urandom(32)).decode()
    # Who tests registers and logs in a good deal, and nobody listens to how long it takes but the tests of that, which
    # say so: here a password costs a hundredth of what it does in earnest.
    cheap = {"registration_step_seconds": 0, "argon2_memory_kib": 1024, "argon2_passes": 1}
    return ServiceUnderTest("identity", {"secret_key": key, **cheap})


@pytest.fixture(scope="session")
def oidc_provider() -> Iterator[OidcProvider]:
    """A real OpenID Connect provider, for social apps named `campus` and `campus-es256`. It is on this machine, so
    `outbound_allowed_hosts` has to name its `host` where it is to be asked."""
    callbacks = [f"{ISSUER}/api/v1/auth/social/{slug}/callback" for slug in ("campus", "campus-es256")]
    with OidcProvider(redirect_uris=callbacks) as running:
        yield running


@pytest.fixture
def postbox(database: Database, settings: Settings) -> Postbox:
    assert settings.mail_spool_dir is not None
    return Postbox(database, settings, settings.mail_spool_dir)


@pytest.fixture
def register(client: httpx.AsyncClient) -> MakePerson:
    """`await register("ada")`: registered, not verified."""

    async def make(name: str = "ada", **given: Any) -> Person:
        person = Person(client, f"{name}@example.com", name, PASSWORD)
        answer = await client.post(
            "/api/v1/auth/register",
            json={"email": person.email, "username": name, "password": PASSWORD, **given},
        )
        assert answer.status_code == 201, answer.text
        return person

    return make


@pytest.fixture
def join(client: httpx.AsyncClient, register: MakePerson, postbox: Postbox) -> MakePerson:
    """`await join("ada")`: registered, verified by the mailed link, and logged in."""

    async def make(name: str = "ada", **given: Any) -> Person:
        person = await register(name, **given)
        answer = await client.post("/api/v1/auth/verify-email", json={"token": await postbox.token()})
        assert answer.status_code == 200, answer.text
        assert (await person.log_in()).status_code == 200
        return person

    return make


@pytest.fixture
async def admin(client: httpx.AsyncClient, settings: Settings) -> Person:
    """An admin, made as `lyceum up` makes one, logged in."""
    email = "admin@example.com"
    with_admin = settings.model_copy(
        update={"demo_admin_email": email, "demo_admin_password": SecretStr(PASSWORD)}
    )
    await make_demo_accounts(with_admin)
    person = Person(client, email, "demo-admin", PASSWORD)
    assert (await person.log_in()).status_code == 200
    return person


@pytest.fixture
def claims_of() -> Callable[[str], dict[str, Any]]:
    """What an access token says, unverified."""

    def read(access: str) -> dict[str, Any]:
        found: dict[str, Any] = jwt.get_unverified_claims(access)
        return found

    return read
