from typing import Any

import pytest
from chassis.db import Database
from identity.providers import service
from identity.providers.errors import ProviderUnavailable, ProviderUnknown
from identity.providers.models import Site, SocialApp, SocialAppSite
from identity.settings import Settings
from identity.vault import Vault, vault_of
from identity.worker import jobs
from pydantic import SecretStr

OLD = SecretStr("T" * 43 + "=")
NEW = SecretStr("N" * 42 + "I=")


async def kept(database: Database, **columns: Any) -> int:
    async with database.transaction() as session:
        row = SocialApp(**{"provider": "openid_connect", "client_id": "me", "settings": {}, **columns})
        session.add(row)
        await session.flush()
        return row.id


async def secret_of(database: Database, app_id: int) -> str:
    async with database.transaction() as session:
        row = await session.get(SocialApp, app_id)
        assert row is not None
        return row.secret


async def test_what_the_old_site_configured_is_understood(database: Database, settings: Settings) -> None:
    await kept(database, provider="google", name="Google", secret="plain")
    await kept(database, provider="github", client_id="gh", secret="plain")
    await kept(
        database,
        provider_id="campus",
        name="Campus",
        settings={"server_url": "https://sso.example/realms/x/.well-known/openid-configuration", "odd": 1},
    )
    await kept(database, provider="facebook", name="Gone")
    await kept(database, provider_id="nowhere", name="No issuer")
    vault = Vault(NEW)
    async with database.transaction() as session:
        listed = await service.list_providers(session, settings)
        assert {p.slug: p.kind for p in listed} == {"google": "oidc", "github": "github", "campus": "oidc"}
        campus = await service.find_provider(session, vault, settings, "campus")
        assert campus.issuer == "https://sso.example/realms/x"
        assert campus.scopes == ("openid", "email", "profile")
        github = await service.find_provider(session, vault, settings, "github")
        assert github.token_url == "https://github.com/login/oauth/access_token"
        assert github.client_secret.get_secret_value() == "plain"
        assert "plain" not in repr(github)
        for unknown in ("facebook", "nowhere", "openid_connect", "GITHUB", "", "x" * 300):
            with pytest.raises(ProviderUnknown):
                await service.find_provider(session, vault, settings, unknown)


async def test_an_app_counts_on_its_sites_and_one_without_any_on_all(
    database: Database, settings: Settings
) -> None:
    here = await kept(database, provider="github", provider_id="here")
    there = await kept(database, provider="github", provider_id="there")
    await kept(database, provider="github", provider_id="everywhere")
    await kept(database, provider="github", provider_id="off", is_enabled=False)
    async with database.transaction() as session:
        sites = [Site(domain="Lyceum.Test"), Site(domain="other.example")]
        session.add_all(sites)
        await session.flush()
        for app_id, site in ((here, sites[0]), (there, sites[1])):
            session.add(SocialAppSite(socialapp_id=app_id, site_id=site.id))

    async def offered(**changes: Any) -> set[str]:
        async with database.transaction() as session:
            found = await service.list_providers(session, settings.model_copy(update=changes))
            return {provider.slug for provider in found}

    assert await offered() == {"here", "everywhere"}
    assert await offered(site_domain="Other.example") == {"there", "everywhere"}
    assert await offered(site_domain="third.example") == {"everywhere"}
    assert await offered(public_url="https://lyceum.test:8443") == {"here", "everywhere"}
    async with database.transaction() as session:
        for hidden in ("there", "off"):
            with pytest.raises(ProviderUnknown):
                await service.find_provider(session, Vault(NEW), settings, hidden)


async def test_secrets_move_to_the_newest_key(database: Database) -> None:
    ids = [await kept(database, provider="github", provider_id=f"p{n}", secret="plain") for n in range(3)]
    bare = await kept(database, provider="github", provider_id="bare")
    old, both = Vault(OLD), Vault(NEW, [OLD])
    for vault, count in ((old, 3), (old, 0), (both, 3), (both, 0)):
        async with database.transaction() as session:
            assert await service.reseal_batch(session, vault) == count
    for app_id in ids:
        assert b"plain".hex() not in await secret_of(database, app_id)
        async with database.transaction() as session:
            row = await session.get(SocialApp, app_id)
            assert row is not None
            assert service.open_secret(Vault(NEW), row).get_secret_value() == "plain"
            with pytest.raises(ProviderUnavailable):
                service.open_secret(old, row)
    assert await secret_of(database, bare) == ""


async def test_the_worker_seals_what_the_old_site_left_in_the_clear(
    database: Database, settings: Settings
) -> None:
    app_id = await kept(database, provider="github", secret="plain")
    job = next(job for job in jobs(settings) if job.name == "client_secrets")
    await job.work(database)
    assert (await secret_of(database, app_id)).startswith("sealed:")
    async with database.transaction() as session:
        found = await service.find_provider(session, vault_of(settings), settings, "github")
    assert found.client_secret.get_secret_value() == "plain"


async def test_a_secret_opens_in_its_own_row_alone(database: Database, settings: Settings) -> None:
    vault = Vault(NEW)
    one = await kept(database, provider="github", provider_id="one", secret="plain")
    two = await kept(database, provider="github", provider_id="two")
    async with database.transaction() as session:
        await service.reseal_batch(session, vault)
    async with database.transaction() as session:
        thief = await session.get(SocialApp, two)
        assert thief is not None
        thief.secret = await secret_of(database, one)
    async with database.transaction() as session:
        with pytest.raises(ProviderUnavailable):
            await service.find_provider(session, vault, settings, "two")
