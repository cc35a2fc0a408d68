"""The configured providers: which are offered here, and their secrets, which only the vault opens."""

from collections.abc import Sequence

from pydantic import SecretStr
from sqlalchemy.ext.asyncio import AsyncSession

from identity.providers import queries
from identity.providers.errors import ProviderUnavailable, ProviderUnknown
from identity.providers.models import SocialApp
from identity.providers.rules import Provider, read_provider, site_domains
from identity.settings import Settings
from identity.vault import Sealed, Vault

App = SocialApp
"""A configured provider as it is on record."""

SEALED = "sealed:"
RESEAL_BATCH = 100


async def list_providers(session: AsyncSession, settings: Settings) -> list[Provider]:
    """The providers to choose from on this site, by name, without their secrets."""
    rows = await queries.offered(session, site_domains(settings.site_domain, settings.public_url))
    return [provider for row in rows if (provider := described(row)) is not None]


async def find_provider(session: AsyncSession, vault: Vault, settings: Settings, slug: str) -> Provider:
    """The provider of this name with its secret.

    Raises ProviderUnknown when there is none, it is disabled, or is another site's; ProviderUnavailable when its
    secret does not open.
    """
    domains = site_domains(settings.site_domain, settings.public_url)
    row = await queries.offered_as(session, domains, slug)
    provider = described(row) if row is not None else None
    if row is None or provider is None:
        raise ProviderUnknown
    return provider.with_secret(open_secret(vault, row))


async def domains_of_sites(session: AsyncSession) -> list[str]:
    """The domains of every site that this platform answers for, with their ports where they have one."""
    return await queries.domains(session)


def described(row: App) -> Provider | None:
    """The provider a row configures, without its secret; None for a kind that we do not speak to."""
    return read_provider(row.id, row.provider, row.provider_id, row.name, row.client_id, row.settings)


# --- secrets ------------------------------------------------------------------------------------------------


def seal_secret(vault: Vault, row: App, secret: str) -> None:
    """Put a client secret into its row, for the vault alone to read. The row has its id by now: what is sealed for
    one row does not open in another."""
    sealed = vault.seal(secret.encode(), _purpose(row)) if secret else b""
    row.secret = f"{SEALED}{sealed.hex()}" if sealed else ""


def open_secret(vault: Vault, row: App) -> SecretStr:
    """The client secret; empty for a provider without one. Raises ProviderUnavailable when it does not open."""
    if not row.secret.startswith(SEALED):
        # Carried over from the old site a moment ago: the worker seals it at its next round.
        return SecretStr(row.secret)
    try:
        opened = vault.open(bytes.fromhex(row.secret.removeprefix(SEALED)), _purpose(row))
    except (Sealed, ValueError) as error:
        raise ProviderUnavailable(f"The secret of the social app {row.id} does not open.") from error
    return SecretStr(opened.decode())


async def reseal_batch(session: AsyncSession, vault: Vault) -> int:
    """Seal with the newest key up to a batch of secrets that are sealed with an older one, or came over in the clear;
    how many. Raises ProviderUnavailable for one that does not open: no key that we have made it."""
    rows = await queries.sealed_otherwise(session, f"{SEALED}{vault.key_id.hex()}", RESEAL_BATCH)
    for row in rows:
        seal_secret(vault, row, open_secret(vault, row).get_secret_value())
    await session.flush()
    return len(rows)


async def sites_of(session: AsyncSession, rows: Sequence[App]) -> dict[int, list[int]]:
    """The ids of the sites each app is offered on; none means all."""
    return await queries.sites_of(session, [row.id for row in rows])


def _purpose(row: App) -> str:
    return f"secret of social app {row.id}"
