"""A platform that takes its money through Stripe, and Stripe."""

from collections.abc import AsyncIterator

import httpx
import pytest
from chassis.db import Database
from chassis.testing import serving
from identity.billing.testing import Desk
from identity.payments.configured import provider_of
from identity.settings import Settings
from pydantic import SecretStr

from .server import SECRET_KEY, WEBHOOK_SECRET, StripeServer
from .webhooks import Webhooks


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """The library hands httpx its form in a way that httpx deprecates."""
    for item in items:
        if "/billing/through_stripe/" in str(item.path):
            item.add_marker(pytest.mark.filterwarnings("ignore:Use 'content=:DeprecationWarning"))


@pytest.fixture
async def stripe_server() -> AsyncIterator[tuple[StripeServer, str]]:
    server = StripeServer()
    async with serving(server) as url:
        yield server, url


@pytest.fixture
def at_stripe(stripe_server: tuple[StripeServer, str]) -> StripeServer:
    return stripe_server[0]


@pytest.fixture
async def settings(settings: Settings, stripe_server: tuple[StripeServer, str]) -> Settings:
    return settings.model_copy(
        update={
            "payment_provider": "stripe",
            "stripe_secret_key": SecretStr(SECRET_KEY),
            "stripe_webhook_secret": SecretStr(WEBHOOK_SECRET),
            "stripe_api_base": stripe_server[1],
            "payment_timeout_seconds": 1.0,
        }
    )


@pytest.fixture
async def desk(database: Database, settings: Settings) -> AsyncIterator[Desk]:
    provider = provider_of(settings, database)
    yield Desk(database, settings, provider)
    await provider.close()


@pytest.fixture
def webhooks(client: httpx.AsyncClient, at_stripe: StripeServer) -> Webhooks:
    return Webhooks(client, at_stripe)
