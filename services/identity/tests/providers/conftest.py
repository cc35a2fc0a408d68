"""The real provider may be asked here, and staff who may configure it."""

import pytest
from identity.settings import Settings
from lyceum.oidc_testing import OidcProvider


@pytest.fixture
async def settings(settings: Settings, oidc_provider: OidcProvider) -> Settings:
    return settings.model_copy(update={"outbound_allowed_hosts": (oidc_provider.host,)})
