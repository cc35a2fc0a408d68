"""Every select on mail requests."""

from collections.abc import Sequence

from sqlalchemy import Select, delete, func, select, update
from sqlalchemy.ext.asyncio import AsyncSession

from identity.mail_requests.models import MailRequest


def waiting(tried_less_than: int) -> Select[MailRequest]:
    """The requests that were not given up."""
    return select(MailRequest).where(MailRequest.attempts < tried_less_than)


async def lock_next(session: AsyncSession, tried_less_than: int) -> MailRequest | None:
    """The oldest of the least tried requests that no other worker has in hand."""
    statement = waiting(tried_less_than).order_by(MailRequest.attempts, MailRequest.id).limit(1)
    return await session.scalar(statement.with_for_update(skip_locked=True))


async def remove(session: AsyncSession, request_id: int) -> None:
    await session.execute(delete(MailRequest).where(MailRequest.id == request_id))


async def count_attempt(session: AsyncSession, request_id: int) -> None:
    await session.execute(
        update(MailRequest).where(MailRequest.id == request_id).values(attempts=MailRequest.attempts + 1)
    )


async def remove_to(session: AsyncSession, addresses: Sequence[str]) -> None:
    await session.execute(delete(MailRequest).where(func.lower(MailRequest.email).in_(addresses)))
