"""What the tests of subscriptions stand on."""

import pytest
from chassis.db import Database
from fastapi import FastAPI
from identity.billing.testing import Desk
from identity.payments.configured import provider_of
from identity.payments.port import Provider
from identity.settings import Settings


@pytest.fixture
def desk(database: Database, settings: Settings) -> Desk:
    """The worker's side."""
    return Desk(database, settings, provider_of(settings, database))


@pytest.fixture
async def sandbox(app: FastAPI) -> Provider:
    """The provider the API speaks with."""
    provider: Provider = app.state.payment_provider
    return provider
