import asyncio
import base64
import os

import httpx
import pytest
from chassis.db import Database
from chassis.testing import ServiceUnderTest
from identity.main import create_app
from identity.settings import Settings
from identity.tokens import signing_keys
from identity.vault import Sealed, Vault, vault_of
from pydantic import SecretStr, ValidationError
from sqlalchemy import text


def secret() -> SecretStr:
    return SecretStr(base64.b64encode(os.urandom(32)).decode())


async def ensure(database: Database, settings: Settings) -> str:
    async with database.transaction() as session:
        return await signing_keys.ensure_signing_key(session, vault_of(settings), settings)


async def test_replicas_that_start_together_make_one_key(database: Database, settings: Settings) -> None:
    kids = await asyncio.gather(*(ensure(database, settings) for _ in range(5)))
    assert len(set(kids)) == 1
    async with database.transaction() as session:
        assert await session.scalar(text("SELECT count(*) FROM signing_keys")) == 1


async def test_the_private_half_is_not_in_the_table(database: Database, settings: Settings) -> None:
    await ensure(database, settings)
    async with database.transaction() as session:
        row = (await session.execute(text("SELECT * FROM signing_keys"))).one()
    assert b"PRIVATE" not in row.private_encrypted
    assert set(row.public_jwk) == {"kty", "crv", "x", "y", "kid", "use", "alg"}


async def test_another_secret_stops_the_start(settings: Settings) -> None:
    async with create_app(settings).router.lifespan_context(create_app(settings)):
        pass
    app = create_app(settings.model_copy(update={"secret_key": secret()}))
    with pytest.raises(Sealed):
        async with app.router.lifespan_context(app):
            pass


async def test_the_jwks_holds_public_halves_of_keys_in_use(
    client: httpx.AsyncClient, database: Database, settings: Settings
) -> None:
    async with database.transaction() as session:
        await session.execute(text("UPDATE signing_keys SET retires_at = now() + interval '1 minute'"))
    newer = await ensure(database, settings)
    both = (await client.get("/.well-known/jwks.json")).json()["keys"]
    assert {key["alg"] for key in both} == {"ES256"}
    assert all("d" not in key for key in both)
    assert len(both) == 2
    async with database.transaction() as session:
        await session.execute(
            text("UPDATE signing_keys SET retires_at = now() WHERE kid <> :k"), {"k": newer}
        )
    assert [key["kid"] for key in (await client.get("/.well-known/jwks.json")).json()["keys"]] == [newer]


async def test_discovery(client: httpx.AsyncClient, settings: Settings) -> None:
    answer = await client.get("/.well-known/openid-configuration")
    assert answer.json()["issuer"] == settings.issuer
    assert answer.json()["jwks_uri"] == f"{settings.public_url}/.well-known/jwks.json"


def test_the_vault_opens_only_for_the_same_purpose_and_unchanged() -> None:
    vault = Vault(secret())
    sealed = vault.seal(b"content", "purpose")
    assert vault.open(sealed, "purpose") == b"content"
    assert vault.seal(b"content", "purpose") != sealed
    for other, purpose in (
        (sealed, "another purpose"),
        (sealed[:-1] + bytes([sealed[-1] ^ 1]), "purpose"),
        (sealed[:10], "purpose"),
        (b"", "purpose"),
    ):
        with pytest.raises(Sealed):
            vault.open(other, purpose)
    with pytest.raises(Sealed):
        Vault(secret()).open(sealed, "purpose")
    assert vault.derive("a", b"x") != vault.derive("b", b"x")


@pytest.mark.parametrize("key", ["", "short", base64.b64encode(b"x" * 31).decode(), "!" * 44])
def test_a_bad_secret_key_is_refused(service: ServiceUnderTest, key: str) -> None:
    with pytest.raises(ValidationError, match="secret_key"):
        Settings(secret_key=SecretStr(key))
