"""Every select on e-mail addresses."""

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession

from identity.email_addresses.models import EmailAddress


async def primary_of(session: AsyncSession, user_id: int) -> EmailAddress | None:
    """The primary address, locked."""
    return await session.scalar(
        select(EmailAddress).where(EmailAddress.user_id == user_id, EmailAddress.primary).with_for_update()
    )


async def is_verified_elsewhere(session: AsyncSession, email: str, user_id: int) -> bool:
    """Whether another account has confirmed this address."""
    other = select(EmailAddress.id).where(
        EmailAddress.email == email, EmailAddress.verified, EmailAddress.user_id != user_id
    )
    return (await session.scalar(other.limit(1))) is not None
