import base64
import os

from chassis.db import Database
from identity.accounts import service as accounts
from identity.second_factors import service
from identity.settings import Settings
from identity.testing import MakePerson
from identity.tokens.issuer import Issuer
from identity.vault import Vault
from pydantic import SecretStr
from pyotp import TOTP
from sqlalchemy import text


def secret_key() -> SecretStr:
    return SecretStr(base64.b64encode(os.urandom(32)).decode())


async def test_secrets_are_sealed_anew(join: MakePerson, database: Database, settings: Settings) -> None:
    person = await join("ada")
    begun = (await person.post("/users/me/second-factor/totp")).json()
    newest = secret_key()
    vault = Vault(newest, [settings.secret_key])
    async with database.transaction() as session:
        assert await service.reseal_batch(session, vault) == 1
    async with database.transaction() as session:
        assert await service.reseal_batch(session, vault) == 0
        account = await accounts.find_by_login_name(session, "ada")
        assert account is not None
        alone = settings.model_copy(update={"secret_key": newest})
        code = TOTP(begun["secret"]).now()
        codes = await service.confirm_totp(session, Issuer(alone, Vault(newest)), account.id, code)
    assert len(codes) == 10


async def test_challenges_that_are_over_are_cleared_away(join: MakePerson, database: Database) -> None:
    person = await join("ada")
    secret = (await person.post("/users/me/second-factor/totp")).json()["secret"]
    await person.post("/users/me/second-factor/totp/confirm", {"code": TOTP(secret).now()})
    for _ in range(3):
        assert (await person.log_in()).status_code == 403
    async with database.transaction() as session:
        await session.execute(
            text(
                "UPDATE second_factor_challenges SET expires_at = now() - interval '1 second' "
                "WHERE id <> (SELECT max(id) FROM second_factor_challenges)"
            )
        )
    async with database.transaction() as session:
        assert await service.purge_expired(session) == 2
    async with database.transaction() as session:
        assert await service.purge_expired(session) == 0


async def test_the_export_tells_no_secret(join: MakePerson, database: Database) -> None:
    person = await join("ada")
    secret = (await person.post("/users/me/second-factor/totp")).json()["secret"]
    answer = await person.post("/users/me/second-factor/totp/confirm", {"code": TOTP(secret).now()})
    user_id = (await person.me())["id"]
    async with database.transaction() as session:
        exported = await service.export_of(session, user_id)
    assert exported["totp"]["confirmed_at"]
    assert len(exported["recovery_codes"]) == 10
    assert secret not in str(exported)
    assert not any(code in str(exported) for code in answer.json()["recovery_codes"])
    async with database.transaction() as session:
        await service.forget(session, user_id)
        assert await service.export_of(session, user_id) == {"totp": None, "recovery_codes": []}
