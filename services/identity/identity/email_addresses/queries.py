"""Every select on e-mail addresses."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import Select, delete, func, or_, select
from sqlalchemy.ext.asyncio import AsyncSession

from identity.email_addresses.models import ConfirmationMail, EmailAddress, EmailConfirmation


async def primary_of(session: AsyncSession, user_id: int) -> EmailAddress | None:
    """The primary address, locked."""
    return await session.scalar(
        select(EmailAddress).where(EmailAddress.user_id == user_id, EmailAddress.primary).with_for_update()
    )


async def verified(session: AsyncSession, email: str) -> EmailAddress | None:
    """The address as the account has it that confirmed it, whatever the letters' case."""
    return await session.scalar(
        select(EmailAddress).where(func.lower(EmailAddress.email) == email.lower(), EmailAddress.verified)
    )


async def of_user(
    session: AsyncSession, user_id: int, address_id: int, *, lock: bool = False
) -> EmailAddress | None:
    """One address of an account as it is now; None for one that is another's."""
    statement = select(EmailAddress).where(EmailAddress.id == address_id, EmailAddress.user_id == user_id)
    if lock:
        statement = statement.with_for_update()
    return await session.scalar(statement.execution_options(populate_existing=True))


async def spelt(session: AsyncSession, user_id: int, email: str) -> EmailAddress | None:
    """An account's own address by its text, whatever the letters' case, locked."""
    statement = select(EmailAddress).where(
        EmailAddress.user_id == user_id, func.lower(EmailAddress.email) == email.lower()
    )
    return await session.scalar(statement.with_for_update())


def all_of(user_id: int) -> Select[Any]:
    return select(EmailAddress).where(EmailAddress.user_id == user_id)


async def every_one_of(session: AsyncSession, user_id: int) -> Sequence[EmailAddress]:
    return (await session.scalars(all_of(user_id).order_by(EmailAddress.id))).all()


async def count_of(session: AsyncSession, user_id: int) -> int:
    counted = select(func.count()).select_from(EmailAddress).where(EmailAddress.user_id == user_id)
    return (await session.scalar(counted)) or 0


async def is_waiting(session: AsyncSession, address_id: int) -> bool:
    """Whether the worker has yet to mail a key to this address."""
    waiting = select(EmailConfirmation.id).where(
        EmailConfirmation.email_address_id == address_id, EmailConfirmation.sent.is_(None)
    )
    return (await session.scalar(waiting.limit(1))) is not None


UNSENT = select(EmailConfirmation).where(EmailConfirmation.sent.is_(None))


async def lock_next_unsent(
    session: AsyncSession, after: int
) -> tuple[EmailConfirmation, EmailAddress] | None:
    """The next confirmation nobody has mailed, past the one with the id `after`, that no other worker has in hand."""
    statement = (
        select(EmailConfirmation, EmailAddress)
        .join(EmailAddress, EmailAddress.id == EmailConfirmation.email_address_id)
        .where(EmailConfirmation.sent.is_(None), EmailConfirmation.id > after)
        .order_by(EmailConfirmation.id)
        .limit(1)
        .with_for_update(skip_locked=True, of=EmailConfirmation)
    )
    row = (await session.execute(statement)).one_or_none()
    return None if row is None else (row[0], row[1])


async def confirmed_by(session: AsyncSession, key: str, sent_after: datetime) -> EmailAddress | None:
    """The address that a stored key confirms, if it was mailed after `sent_after`."""
    statement = (
        select(EmailAddress)
        .join(EmailConfirmation, EmailConfirmation.email_address_id == EmailAddress.id)
        .where(EmailConfirmation.key == key, EmailConfirmation.sent > sent_after)
    )
    return await session.scalar(statement)


async def lock_confirmation(session: AsyncSession, key: str) -> EmailConfirmation | None:
    statement = select(EmailConfirmation).where(EmailConfirmation.key == key).with_for_update()
    return await session.scalar(statement.execution_options(populate_existing=True))


async def drop_confirmations(session: AsyncSession, address_id: int) -> None:
    """End every key of an address, mailed or not."""
    await session.execute(delete(EmailConfirmation).where(EmailConfirmation.email_address_id == address_id))


async def count_mails(session: AsyncSession, since: datetime, *, user_id: int, email: str) -> tuple[int, int]:
    """How many mails there were since then by this account's wish, and how many to this address by anybody's."""
    by_account = func.count().filter(ConfirmationMail.user_id == user_id)
    to_address = func.count().filter(ConfirmationMail.email == email)
    counted = select(by_account, to_address).where(
        ConfirmationMail.sent_at >= since,
        or_(ConfirmationMail.user_id == user_id, ConfirmationMail.email == email),
    )
    row = (await session.execute(counted)).one()
    return row[0], row[1]


async def delete_expired(session: AsyncSession, sent_before: datetime, limit: int) -> int:
    """Delete keys that were mailed before `sent_before`, at most `limit`; how many."""
    old = select(EmailConfirmation.id).where(EmailConfirmation.sent < sent_before).limit(limit)
    done = await session.execute(
        delete(EmailConfirmation)
        .where(EmailConfirmation.id.in_(old.with_for_update(skip_locked=True)))
        .returning(EmailConfirmation.id)
    )
    return len(done.all())


async def delete_stuck(session: AsyncSession, asked_before: datetime, limit: int) -> int:
    """Delete wishes for a key that nobody could mail since `asked_before`, at most `limit`; how many."""
    old = select(EmailConfirmation.id).where(
        EmailConfirmation.sent.is_(None), EmailConfirmation.created < asked_before
    )
    done = await session.execute(
        delete(EmailConfirmation)
        .where(EmailConfirmation.id.in_(old.limit(limit).with_for_update(skip_locked=True)))
        .returning(EmailConfirmation.id)
    )
    return len(done.all())


async def delete_counted(session: AsyncSession, before: datetime, limit: int) -> int:
    """Forget mails that count no more, at most `limit`; how many."""
    old = select(ConfirmationMail.id).where(ConfirmationMail.sent_at < before).limit(limit)
    done = await session.execute(
        delete(ConfirmationMail)
        .where(ConfirmationMail.id.in_(old.with_for_update(skip_locked=True)))
        .returning(ConfirmationMail.id)
    )
    return len(done.all())


async def delete_all_of(session: AsyncSession, user_id: int) -> None:
    """Delete everything kept on an account's addresses; their keys go with them."""
    for kept in (ConfirmationMail, EmailAddress):
        await session.execute(delete(kept).where(kept.user_id == user_id))
