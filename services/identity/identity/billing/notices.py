"""What the payment provider tells by itself, in a webhook: verified, and each event handled once."""

from collections.abc import Mapping
from datetime import datetime

import structlog
from chassis.db import Database, now
from sqlalchemy.ext.asyncio import AsyncSession

from identity.billing import queries
from identity.billing.refunding import note_dispute
from identity.billing.settlement import settle_in
from identity.payments import refunds
from identity.payments import service as payments
from identity.payments.port import Notice, Provider
from identity.payments.service import Payment
from identity.settings import Settings

log = structlog.get_logger()


async def receive(
    database: Database,
    provider: Provider,
    settings: Settings,
    body: bytes,
    headers: Mapping[str, str],
    instant: datetime | None = None,
) -> None:
    """Handle a notice. Raises ForgedNotice; whatever else goes wrong, the provider sends it again.

    Events come in any order, twice, and before the answer to the call they are about: what is paid stays paid, and a
    payment we have no provider's id of yet is found by our key.
    """
    instant = instant or now()
    notice = provider.read_notice(body, headers, instant)
    async with database.transaction() as session:
        if not await payments.is_news(session, provider.name, notice.event_id, notice.type, instant):
            return
        payment = await payments.find_by_provider(session, provider.name, notice.provider_id, notice.key)
        if payment is None:
            log.info("a notice about no payment of ours", provider=provider.name, type=notice.type)
            return
        if notice.outcome is not None:
            await settle_in(session, settings, payment.id, notice.outcome, instant)
        else:
            await _note_money_back(session, payment, notice, instant)


async def _note_money_back(
    session: AsyncSession, payment: Payment, notice: Notice, instant: datetime
) -> None:
    subscription = await queries.of_user(session, payment.user_id, lock=True)
    payment = await payments.lock(session, payment.id)
    if notice.refunded is not None:
        refunds.note_refunded(payment, notice.refunded)
    if notice.dispute is not None:
        log.warning("a payment is disputed", payment=payment.id, dispute=notice.dispute)
        note_dispute(session, subscription, payment, notice.dispute, instant)
