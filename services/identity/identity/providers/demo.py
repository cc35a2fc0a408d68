"""The identity provider that a platform on somebody's own machine is tried with: offered while it runs."""

from sqlalchemy.ext.asyncio import AsyncSession

from identity.providers import queries, service
from identity.providers.models import SocialApp
from identity.providers.rules import OPENID_CONNECT, authority_of
from identity.vault import Vault


async def offer(
    session: AsyncSession, vault: Vault, *, slug: str, name: str, issuer: str, client_id: str, secret: str
) -> None:
    """Offer the provider under its name, whether for the first time or again."""
    row = await queries.app_called(session, slug)
    if row is None:
        row = SocialApp(provider=OPENID_CONNECT, provider_id=slug)
        session.add(row)
    row.name, row.client_id, row.is_enabled = name, client_id, True
    row.settings = {"issuer": issuer}
    await session.flush()
    service.seal_secret(vault, row, secret)
    provider = service.described(row)
    assert provider is not None
    # Its address may be another than last time, where its port was taken; the people there are the same.
    await queries.reassign_slug(session, slug, authority_of(provider))


async def withdraw(session: AsyncSession, slug: str) -> None:
    """Offer it no more: it does not run."""
    row = await queries.app_called(session, slug)
    if row is not None:
        row.is_enabled = False
