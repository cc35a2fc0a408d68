"""Every statement on certificates."""

from sqlalchemy import Select, case, func, select, update
from sqlalchemy.ext.asyncio import AsyncSession

from learning.certificates.models import Certificate


async def next_id(session: AsyncSession) -> int:
    """The id of a certificate about to be issued: its number is made of it."""
    sequence = func.pg_get_serial_sequence(Certificate.__tablename__, "id")
    found = await session.scalar(select(func.nextval(sequence)))
    assert isinstance(found, int)
    return found


async def of_enrollment(session: AsyncSession, enrollment_id: int) -> Certificate | None:
    return await session.scalar(select(Certificate).where(Certificate.enrollment_id == enrollment_id))


async def by_number(session: AsyncSession, number: str, *, lock: bool = False) -> Certificate | None:
    statement = select(Certificate).where(Certificate.certificate_number == number)
    return await session.scalar(statement.with_for_update() if lock else statement)


async def by_hash(session: AsyncSession, verification_hash: str) -> Certificate | None:
    return await session.scalar(select(Certificate).where(Certificate.verification_hash == verification_hash))


def of_user(user_id: int) -> Select[Certificate]:
    return select(Certificate).where(Certificate.user_id == user_id)


async def replace_user(session: AsyncSession, user_id: int, tombstone_id: int) -> None:
    # Why one was revoked is said of the person; that it was stays true of the document.
    reason = case((Certificate.revocation_reason.is_not(None), ""))
    await session.execute(
        update(Certificate)
        .where(Certificate.user_id == user_id)
        .values(user_id=tombstone_id, revocation_reason=reason)
    )
