import base64
import json
import os
from typing import Any

from chassis.db import Database
from identity.settings import Settings
from identity.social import links, service
from identity.vault import Vault
from identity.worker import purge, seal_client_secrets
from pydantic import SecretStr
from sqlalchemy import text

from .people import SOCIAL, MobileClient, Visitor


async def sql(database: Database, statement: str, **given: Any) -> Any:
    async with database.transaction() as session:
        result = await session.execute(text(statement), given)
        return result.all() if result.returns_rows else None  # type: ignore[attr-defined]


def opened(vault: Vault, sealed: str, purpose: str) -> str:
    return vault.open(bytes.fromhex(sealed.removeprefix("sealed:")), purpose).decode()


async def test_tokens_are_sealed_anew(visitor: Visitor, database: Database, settings: Settings) -> None:
    await visitor.log_in("ada")
    newest = SecretStr(base64.b64encode(os.urandom(32)).decode())
    vault = Vault(newest, [settings.secret_key])
    async with database.transaction() as session:
        assert await links.reseal_batch(session, vault) == 1
    async with database.transaction() as session:
        assert await links.reseal_batch(session, vault) == 0
    ((token, account_id),) = await sql(database, "SELECT token, account_id FROM socialaccount_socialtoken")
    assert opened(Vault(newest), token, f"tokens of social account {account_id}")


async def test_what_the_old_site_kept_in_the_clear_is_sealed(
    visitor: Visitor, database: Database, settings: Settings
) -> None:
    await visitor.log_in("ada")
    ((account_id, user_id),) = await sql(database, "SELECT id, user_id FROM socialaccount_socialaccount")
    await sql(database, "UPDATE socialaccount_socialtoken SET token = 'in the clear', token_secret = ''")
    data = {"access_token": "a%secret_", "refresh_token": None, "id": 7, "id_token": {"sub": "x"}}
    await sql(
        database,
        "INSERT INTO social_auth_usersocialauth (user_id, provider, uid, extra_data) "
        "VALUES (:user_id, 'old', '7', CAST(:data AS jsonb))",
        user_id=user_id,
        data=json.dumps(data),
    )
    await sql(
        database,
        "INSERT INTO social_auth_usersocialauth (user_id, provider, uid, extra_data) "
        """VALUES (:user_id, 'odd', '8', '{"access_token": {}, "id_token": ""}')""",
        user_id=user_id,
    )
    await seal_client_secrets(settings)(database)
    vault = Vault(settings.secret_key)
    ((token, secret),) = await sql(database, "SELECT token, token_secret FROM socialaccount_socialtoken")
    assert opened(vault, token, f"tokens of social account {account_id}") == "in the clear"
    assert secret == ""
    ((kept,),) = await sql(
        database, "SELECT extra_data FROM social_auth_usersocialauth WHERE provider = 'old'"
    )
    assert opened(vault, kept["access_token"], "extra data of old 7") == "a%secret_"
    assert json.loads(opened(vault, kept["id_token"], "extra data of old 7")) == {"sub": "x"}
    assert (kept["id"], kept["refresh_token"]) == (7, None)
    assert (await visitor.log_in("ada")).status_code == 200


async def test_what_is_over_is_cleared_away(
    visitor: Visitor, mobile: MobileClient, database: Database, settings: Settings
) -> None:
    client = visitor.client
    await visitor.log_in("ada", next="/")
    await visitor.begin()
    id_token = (await mobile.tokens("bare"))["id_token"]
    partial = (await client.post(f"{SOCIAL}/campus/token", json={"id_token": id_token})).json()["partial"]
    assert (
        await client.post(f"{SOCIAL}/partial/{partial}", json={"email": "b@example.com"})
    ).status_code == 202

    async def left() -> dict[str, int]:
        tables = ("partial", "code", "nonce", "association")
        counts = [f"(SELECT count(*) FROM social_auth_{name}) AS {name}" for name in tables]
        ((*found,),) = await sql(database, f"SELECT {', '.join(counts)}")
        return dict(zip(tables, found, strict=True))

    before = await left()
    assert before == {"partial": 3, "code": 1, "nonce": 1, "association": 2}
    await purge(settings)(database)
    assert await left() == before, "nothing is over yet"
    await sql(database, "UPDATE social_auth_partial SET timestamp = timestamp - interval '11 minutes'")
    await sql(database, "UPDATE social_auth_nonce SET timestamp = timestamp - 90000")
    await purge(settings)(database)
    assert await left() == {"partial": 1, "code": 1, "nonce": 0, "association": 2}
    await sql(database, "UPDATE social_auth_partial SET timestamp = timestamp - interval '20 minutes'")
    await sql(database, "UPDATE social_auth_code SET timestamp = timestamp - interval '61 minutes'")
    await sql(database, "UPDATE social_auth_association SET issued = issued - 3601")
    async with database.transaction() as session:
        assert await service.purge_expired(session) == 4
    assert set((await left()).values()) == {0}
