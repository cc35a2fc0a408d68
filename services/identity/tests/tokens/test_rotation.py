"""A signing key's life: announced, signing, retiring, gone. At no moment is a good token refused."""

import asyncio
import base64
import os
import subprocess
import sys
import time
from datetime import timedelta
from typing import Any

import httpx
import pytest
from chassis.auth import InvalidToken, TokenVerifier
from chassis.db import Database, now
from chassis.testing import ISSUER
from identity import keys
from identity.main import create_app
from identity.settings import Settings
from identity.testing import MakePerson
from identity.tokens import issuer as issuing
from identity.tokens import signing_keys
from identity.tokens.issuer import Issuer, Subject
from identity.tokens.rules import next_signs_from
from identity.vault import Sealed, Vault, vault_of
from identity.worker import RESEALED, jobs, reseal, rotate_signing_keys
from jose import jwt
from prometheus_client import REGISTRY
from pydantic import SecretStr, ValidationError
from sqlalchemy import text

SUBJECT = Subject(
    user_id=7,
    role="student",
    tier="free",
    permissions=(),
    session_id=311,
    session_expires_at=now() + timedelta(days=1),
)


def secret() -> SecretStr:
    return SecretStr(base64.b64encode(os.urandom(32)).decode())


@pytest.fixture
async def first(database: Database, settings: Settings) -> str:
    """The kid of the key that signs."""
    async with database.transaction() as session:
        return await signing_keys.ensure_signing_key(session, vault_of(settings), settings)


@pytest.fixture
def no_memory(monkeypatch: pytest.MonkeyPatch) -> None:
    """Issuers look for the key anew each time: minutes pass in these tests within a moment."""
    monkeypatch.setattr(issuing, "KEY_KEPT_SECONDS", -1.0)


async def pass_time(database: Database, **span: float) -> None:
    """Make everything that happened or was planned lie so much further back."""
    async with database.transaction() as session:
        await session.execute(
            text(
                "UPDATE signing_keys SET created_at = created_at - CAST(:span AS interval), "
                "not_before = not_before - CAST(:span AS interval), "
                "retires_at = retires_at - CAST(:span AS interval)"
            ),
            {"span": timedelta(**span)},
        )


async def work(database: Database, settings: Settings) -> None:
    await rotate_signing_keys(settings)(database)


async def published(database: Database) -> list[str]:
    async with database.transaction() as session:
        return [key["kid"] for key in (await signing_keys.published_keys(session))["keys"]]


async def kid_of(database: Database, issuer: Issuer) -> str:
    async with database.transaction() as session:
        made = await issuer.access_token(session, SUBJECT)
        header = jwt.get_unverified_header(made.token)
    return str(header["kid"])


def test_the_next_is_announced_in_time_and_never_signs_unannounced() -> None:
    start, day, quarter = now(), timedelta(days=1), timedelta(minutes=15)
    assert next_signs_from(start, day, quarter, start + day - quarter - timedelta(seconds=1)) is None
    assert next_signs_from(start, day, quarter, start + day - quarter) == start + day
    late = start + 3 * day
    assert next_signs_from(start, day, quarter, late) == late + quarter


async def test_a_key_is_announced_then_signs_then_the_old_one_retires_and_goes(
    database: Database, settings: Settings, first: str, no_memory: None
) -> None:
    issuer = Issuer(settings, vault_of(settings))
    await work(database, settings)
    assert await published(database) == [first], "it has thirty days"
    await pass_time(database, days=29, hours=23, minutes=50)
    await work(database, settings)
    old, new = await published(database)
    assert (old, await kid_of(database, issuer)) == (first, first), "announced, it does not sign yet"
    await pass_time(database, minutes=16)
    assert await kid_of(database, issuer) == new
    assert await published(database) == [first, new], "tokens of the first still live"
    await pass_time(database, seconds=600)
    assert await published(database) == [first, new], "its last token has just expired, clocks differ"
    await pass_time(database, seconds=120)
    assert await published(database) == [new]
    await work(database, settings)
    async with database.transaction() as session:
        assert [key.kid for key in await signing_keys.all_keys(session)] == [new], "its private half is gone"


async def test_no_token_is_refused_while_keys_rotate(
    database: Database, settings: Settings, first: str, no_memory: None
) -> None:
    """A year of rotations, watched by a verifier that fetches the keys as rarely as any may."""
    issuer = Issuer(settings, vault_of(settings))
    used = set()
    for _ in range(12):
        await pass_time(database, days=29, hours=23, minutes=46)
        for _ in range(4):
            await work(database, settings)
            before = await published(database)
            await pass_time(database, minutes=5)
            # What signs now was published five minutes ago: no cache had to be asked again.
            used.add(kid := await kid_of(database, issuer))
            assert kid in before
            # And what it signed is believed until it expires.
            await pass_time(database, seconds=settings.access_token_seconds)
            assert kid in await published(database)
    assert len(used) == 13


async def test_workers_at_once_announce_one_key(database: Database, settings: Settings, first: str) -> None:
    await pass_time(database, days=30)
    await asyncio.gather(*(work(database, settings) for _ in range(6)))
    assert len(await published(database)) == 2


async def test_a_service_that_starts_while_keys_rotate_makes_none(
    database: Database, settings: Settings, first: str
) -> None:
    await pass_time(database, days=29, hours=23, minutes=50)
    await work(database, settings)
    for minutes in (0, 9, 1.5, 5):
        await pass_time(database, minutes=minutes)
        async with database.transaction() as session:
            await signing_keys.ensure_signing_key(session, vault_of(settings), settings)
        async with database.transaction() as session:
            assert len(await signing_keys.all_keys(session)) == 2


async def test_the_metrics_show_it(database: Database, settings: Settings, first: str) -> None:
    await pass_time(database, days=29, hours=23, minutes=50)
    await work(database, settings)

    def shown(state: str) -> float | None:
        return REGISTRY.get_sample_value("lyceum_identity_signing_keys", {"state": state})

    assert [shown(state) for state in ("announced", "signing", "retiring")] == [1, 0, 1]
    due = REGISTRY.get_sample_value("lyceum_identity_signing_key_due_timestamp_seconds")
    assert due == pytest.approx((now() + timedelta(days=30, minutes=15)).timestamp(), abs=60)


def test_the_worker_does_it(settings: Settings) -> None:
    assert {"signing_keys", "reseal"} <= {job.name for job in jobs(settings)}


# --- by hand ------------------------------------------------------------------------------------------------


async def operate(settings: Settings, *words: str) -> None:
    await keys.run(settings, keys.parse(words))


async def test_a_leaked_key_is_believed_no_more(
    database: Database, settings: Settings, first: str, no_memory: None, capsys: pytest.CaptureFixture[str]
) -> None:
    issuer = Issuer(settings, vault_of(settings))
    async with database.transaction() as session:
        stolen = (await issuer.access_token(session, SUBJECT)).token

    async def fetch() -> dict[str, Any]:
        async with database.transaction() as session:
            return await signing_keys.published_keys(session)

    verifier = TokenVerifier(issuer=ISSUER, audience="lyceum", source=fetch)
    # As if a minute passed between any two requests.
    verifier._keys._refresh_after = verifier._keys._retry_after = 0.0
    assert (await verifier.verify(stolen)).user_id == 7
    await operate(settings, "rotate", "--now", "--distrust")
    async with database.transaction() as session:
        fresh = (await issuer.access_token(session, SUBJECT)).token
    assert (await verifier.verify(fresh)).user_id == 7
    with pytest.raises(InvalidToken):
        await verifier.verify(stolen)
    said = capsys.readouterr().out
    assert f"{first}  retired" in said
    assert "signing" in said
    await work(database, settings)
    assert len(await published(database)) == 1


async def test_rotating_now_spares_the_tokens_there_are(
    database: Database, settings: Settings, first: str, no_memory: None
) -> None:
    await operate(settings, "rotate")
    await operate(settings, "rotate")
    assert len(await published(database)) == 2, "announced once"
    await operate(settings, "rotate", "--now")
    kids = await published(database)
    assert len(kids) == 2
    assert kids[0] == first
    assert await kid_of(database, Issuer(settings, vault_of(settings))) == kids[1]


@pytest.mark.parametrize("words", [["rotate", "--distrust"], [], ["explode"]])
def test_what_makes_no_sense_is_refused(words: list[str]) -> None:
    with pytest.raises(SystemExit):
        keys.parse(words)


async def test_the_command_runs_as_an_operator_runs_it(settings: Settings, first: str) -> None:
    done = await asyncio.to_thread(
        subprocess.run,
        [sys.executable, "-m", "identity.keys", "list"],
        env={
            **os.environ,
            "IDENTITY_DATABASE_URL": settings.database_url,
            "IDENTITY_SECRET_KEY": settings.secret_key.get_secret_value(),
            "IDENTITY_OLD_SECRET_KEYS": "",
        },
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    assert done.stdout.startswith(f"{first}  signing, signs from ")


# --- another secret -----------------------------------------------------------------------------------------


def with_new_secret(settings: Settings) -> Settings:
    return settings.model_copy(update={"secret_key": secret(), "old_secret_keys": (settings.secret_key,)})


def test_a_vault_opens_with_old_secrets_and_seals_with_the_newest() -> None:
    oldest, old, new = secret(), secret(), secret()
    vault = Vault(new, [old, oldest])
    for made_with in (oldest, old):
        sealed = Vault(made_with).seal(b"content", "purpose")
        assert vault.needs_resealing(sealed)
        assert vault.open(sealed, "purpose") == b"content"
        with pytest.raises(Sealed):
            vault.open(sealed, "another purpose")
        anew = vault.reseal(sealed, "purpose")
        assert not vault.needs_resealing(anew)
        assert Vault(new).open(anew, "purpose") == b"content"
        with pytest.raises(Sealed):
            vault.reseal(sealed, "another purpose")
        with pytest.raises(Sealed):
            Vault(made_with).open(anew, "purpose")
    assert vault.derive("p", b"x") == Vault(new).derive("p", b"x")
    assert vault.derivations("p", b"x") == [Vault(key).derive("p", b"x") for key in (new, old, oldest)]


async def test_the_worker_seals_anew_and_the_old_secret_can_go(
    database: Database, settings: Settings, first: str
) -> None:
    await operate(settings, "rotate")
    changed = with_new_secret(settings)
    (job,) = (job for job in jobs(changed) if job.name == "reseal")
    await asyncio.gather(*(job.work(database) for _ in range(3)))
    assert await reseal(database, vault_of(changed)) == dict.fromkeys(RESEALED, 0)
    without_the_old = changed.model_copy(update={"old_secret_keys": ()})
    async with database.transaction() as session:
        for key in await signing_keys.all_keys(session):
            assert vault_of(without_the_old).open(key.private_encrypted, signing_keys.purpose_of(key.kid))
    app = create_app(without_the_old)
    async with app.router.lifespan_context(app):
        assert await kid_of(database, app.state.issuer) == first


async def test_what_no_secret_opens_is_not_called_resealed(
    database: Database, settings: Settings, first: str, capsys: pytest.CaptureFixture[str]
) -> None:
    stranger = settings.model_copy(update={"secret_key": secret(), "old_secret_keys": (secret(),)})
    with pytest.raises(Sealed):
        await operate(stranger, "reseal")
    assert "can be let go" not in capsys.readouterr().out
    await operate(with_new_secret(settings), "reseal")
    assert "signing_keys: 1 sealed anew" in capsys.readouterr().out


async def test_who_refreshed_before_the_secret_changed_goes_on(
    client: httpx.AsyncClient, join: MakePerson, settings: Settings
) -> None:
    """Two tabs, one before and one after the restart: both get the successor that is on record."""
    ada = await join("ada")
    before = (await client.post("/api/v1/auth/refresh", json={"refresh": ada.refresh})).json()["refresh"]
    app = create_app(with_new_secret(settings))
    async with app.router.lifespan_context(app):
        transport = httpx.ASGITransport(app=app, raise_app_exceptions=False)
        async with httpx.AsyncClient(transport=transport, base_url=ISSUER) as restarted:
            again = await restarted.post("/api/v1/auth/refresh", json={"refresh": ada.refresh})
            assert again.json()["refresh"] == before
            after = await restarted.post("/api/v1/auth/refresh", json={"refresh": before})
            assert after.status_code == 200
            reused = await restarted.post("/api/v1/auth/refresh", json={"refresh": ada.refresh})
            assert reused.status_code == 401, "its successor was used: it is in two hands"


@pytest.mark.parametrize("given", ["short", "!" * 44, base64.b64encode(b"x" * 31).decode()])
def test_a_bad_old_secret_is_refused(monkeypatch: pytest.MonkeyPatch, given: str) -> None:
    monkeypatch.setenv("IDENTITY_SECRET_KEY", secret().get_secret_value())
    good = secret().get_secret_value()
    monkeypatch.setenv("IDENTITY_OLD_SECRET_KEYS", f" {good} ,, ")
    assert [key.get_secret_value() for key in Settings().old_secret_keys] == [good]
    monkeypatch.setenv("IDENTITY_OLD_SECRET_KEYS", f"{good},{given}")
    with pytest.raises(ValidationError, match="old_secret_keys"):
        Settings()


# --- what verifiers read ------------------------------------------------------------------------------------


async def test_the_key_set_is_cached_and_says_when_it_is_another(
    client: httpx.AsyncClient, database: Database, settings: Settings
) -> None:
    path = "/.well-known/jwks.json"
    answer = await client.get(path)
    tag = answer.headers["etag"]
    assert answer.headers["cache-control"] == "public, max-age=300, stale-if-error=3600"
    for known in (tag, f"W/{tag}", f'"other", {tag}', "*"):
        same = await client.get(path, headers={"If-None-Match": known})
        assert (same.status_code, same.content, same.headers["etag"]) == (304, b"", tag)
        assert same.headers["cache-control"] == answer.headers["cache-control"]
    await operate(settings, "rotate")
    changed = await client.get(path, headers={"If-None-Match": tag})
    assert changed.status_code == 200
    assert changed.headers["etag"] != tag
    assert len(changed.json()["keys"]) == 2


async def test_discovery_says_what_there_is(client: httpx.AsyncClient, join: MakePerson) -> None:
    answer = await client.get("/.well-known/openid-configuration")
    found = answer.json()
    assert found["id_token_signing_alg_values_supported"] == ["ES256"]
    assert found["grant_types_supported"] == found["response_types_supported"] == []
    ada = await join("ada")
    assert set(found["claims_supported"]) == set(jwt.get_unverified_claims(ada.access))
    same = await client.get(
        "/.well-known/openid-configuration", headers={"If-None-Match": answer.headers["etag"]}
    )
    assert same.status_code == 304


async def test_issuers_find_a_key_made_by_hand_within_seconds(
    database: Database, settings: Settings, first: str
) -> None:
    issuer = Issuer(settings, vault_of(settings))
    assert await kid_of(database, issuer) == first
    await operate(settings, "rotate", "--now", "--distrust")
    assert issuer._signing is not None
    issuer._signing = issuing.SigningWith(first, issuer._signing.key, time.monotonic() - 5.1)
    assert await kid_of(database, issuer) != first
