"""The provider that IDENTITY_PAYMENT_PROVIDER names."""

from chassis.db import Database

from identity.payments.port import Provider
from identity.payments.sandbox import Sandbox
from identity.payments.stripe import Stripe
from identity.settings import Settings
from identity.vault import vault_of


def provider_of(settings: Settings, database: Database) -> Provider:
    """The one provider this process takes money through; settings.py has seen to it that its keys are there."""
    if settings.payment_provider == "stripe":
        assert settings.stripe_secret_key is not None
        assert settings.stripe_webhook_secret is not None
        return Stripe(
            secret_key=settings.stripe_secret_key.get_secret_value(),
            webhook_secret=settings.stripe_webhook_secret.get_secret_value(),
            api_base=settings.stripe_api_base,
            timeout=settings.payment_timeout_seconds,
        )
    secrets = vault_of(settings).derivations("payment sandbox", b"")
    return Sandbox(database, secrets, settings.public_url)
