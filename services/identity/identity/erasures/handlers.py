"""What the services report of erasures."""

from chassis.consumer import Received
from contracts.platform import ErasureCompleted
from sqlalchemy.ext.asyncio import AsyncSession

from identity.erasures import service
from identity.settings import Settings
from identity.tokens.issuer import Issuer
from identity.vault import vault_of


async def on_erasure_completed(session: AsyncSession, received: Received[ErasureCompleted]) -> None:
    settings: Settings = session.info["settings"]
    told = received.data
    # By the tombstone, not by the account's id: a report may have been scrubbed before it was published.
    issuer = Issuer(settings, vault_of(settings))
    await service.take_report(session, issuer, told.tombstone_id, told.service, told.completed_at)
