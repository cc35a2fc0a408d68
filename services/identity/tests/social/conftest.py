"""People who log in by a provider: the real oidc-provider, or a server with GitHub's shape, both on this machine."""

from collections.abc import AsyncIterator, Callable
from typing import Any

import httpx
import pytest
from chassis.db import Database
from chassis.testing import ISSUER, serving
from fastapi import FastAPI
from identity.settings import Settings
from lyceum.oidc_testing import SECRET, OidcProvider
from sqlalchemy import text

from .github import GitHub
from .people import MobileClient, Visitor


@pytest.fixture
async def github() -> AsyncIterator[GitHub]:
    """A server that answers as GitHub documents that it does."""
    server = GitHub()
    async with serving(server) as url:
        server.url = url
        yield server


@pytest.fixture
async def settings(settings: Settings, oidc_provider: OidcProvider, github: GitHub) -> Settings:
    hosts = (oidc_provider.host, github.url.removeprefix("http://"))
    return settings.model_copy(update={"outbound_allowed_hosts": hosts, "limits_factor": 1.0})


async def configure(database: Database, **row: Any) -> None:
    """Put a provider on record, as an admin would."""
    async with database.transaction() as session:
        await session.execute(
            text(
                "INSERT INTO socialaccount_socialapp (provider, provider_id, name, client_id, secret, settings) "
                "VALUES (:provider, :provider_id, :name, :client_id, :secret, CAST(:settings AS jsonb))"
            ),
            row,
        )


@pytest.fixture
async def campus(database: Database, oidc_provider: OidcProvider) -> OidcProvider:
    """The provider, configured under the name `campus`; and under `campus-es256`, with a client of that algorithm."""
    for slug, client_id in (("campus", "lyceum"), ("campus-es256", "lyceum-es256")):
        await configure(
            database,
            provider="openid_connect",
            provider_id=slug,
            name=slug.capitalize(),
            client_id=client_id,
            secret=SECRET,
            settings=f'{{"issuer": "{oidc_provider.issuer}", "mobile_client_ids": ["lyceum-mobile"]}}',
        )
    return oidc_provider


@pytest.fixture
async def hub(database: Database, github: GitHub) -> GitHub:
    """The server of GitHub's shape, configured under the name `hub`."""
    urls = ", ".join(f'"{member}": "{url}"' for member, url in github.urls().items())
    await configure(
        database,
        provider="github",
        provider_id="hub",
        name="Hub",
        client_id=github.client_id,
        secret=github.client_secret,
        settings=f"{{{urls}}}",
    )
    return github


@pytest.fixture
async def visitors(app: FastAPI) -> AsyncIterator[Callable[[], httpx.AsyncClient]]:
    """`visitors()`: another browser, with cookies of its own, at our side."""
    opened: list[httpx.AsyncClient] = []

    def another() -> httpx.AsyncClient:
        transport = httpx.ASGITransport(app=app, raise_app_exceptions=False)
        opened.append(httpx.AsyncClient(transport=transport, base_url=ISSUER))
        return opened[-1]

    yield another
    for one in opened:
        await one.aclose()


@pytest.fixture
async def visitor(client: httpx.AsyncClient, campus: OidcProvider) -> AsyncIterator[Visitor]:
    """Somebody with a browser that knows our side and the provider's."""
    async with Visitor(client, campus) as one:
        yield one


@pytest.fixture
async def mobile(campus: OidcProvider) -> AsyncIterator[MobileClient]:
    async with MobileClient(campus) as one:
        yield one
