"""The addresses of an account; its primary one is the one that CustomUser.email repeats."""

from sqlalchemy.ext.asyncio import AsyncSession

from identity.email_addresses import queries
from identity.email_addresses.models import EmailAddress


async def create_primary(session: AsyncSession, user_id: int, email: str, *, verified: bool = False) -> None:
    """Put a new account's address on record."""
    session.add(EmailAddress(user_id=user_id, email=email, primary=True, verified=verified))
    await session.flush()


async def verify_primary(session: AsyncSession, user_id: int, email: str) -> bool:
    """Mark the account's primary address as confirmed; False if another account has confirmed it meanwhile."""
    if await queries.is_verified_elsewhere(session, email, user_id):
        return False
    address = await queries.primary_of(session, user_id)
    if address is None:
        # The old site made the row at the first confirmation only.
        address = EmailAddress(user_id=user_id, email=email, primary=True)
        session.add(address)
    address.verified = True
    await session.flush()
    return True
