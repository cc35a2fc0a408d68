"""Issue and redeem what is mailed: each token works once, for a while, and is stored only as a hash."""

from datetime import timedelta
from typing import TypeVar

from chassis.db import now
from sqlalchemy.ext.asyncio import AsyncSession

from identity.one_time_tokens import queries
from identity.one_time_tokens.errors import OneTimeTokenInvalid
from identity.one_time_tokens.models import EmailVerification, PasswordReset
from identity.one_time_tokens.rules import new_token, stored
from identity.origin import Address
from identity.settings import Settings

T = TypeVar("T", EmailVerification, PasswordReset)

PURGE_BATCH = 1000
KEPT_AFTER_EXPIRY = timedelta(days=7)
"""Longer than the hour that `mails_per_hour` looks back on, and long enough to answer a question about a mail."""


async def issue_verification(session: AsyncSession, user_id: int, settings: Settings) -> str | None:
    """A token that confirms the account's primary address; None when the account was mailed too often lately."""
    if await _too_many(session, EmailVerification, user_id, settings):
        return None
    token, instant = new_token(), now()
    expires_at = instant + timedelta(hours=settings.verification_hours)
    session.add(
        EmailVerification(user_id=user_id, token=stored(token), created_at=instant, expires_at=expires_at)
    )
    return token


async def issue_reset(
    session: AsyncSession, user_id: int, address: Address, settings: Settings
) -> str | None:
    """A token that sets a new password; None when the account was mailed too often lately.

    `address` is who asked, kept for the owner's questions.
    """
    if await _too_many(session, PasswordReset, user_id, settings):
        return None
    token, instant = new_token(), now()
    session.add(
        PasswordReset(
            user_id=user_id,
            token=stored(token),
            created_at=instant,
            expires_at=instant + timedelta(minutes=settings.reset_minutes),
            ip_address=address,
        )
    )
    return token


async def account_of_verification(session: AsyncSession, token: str) -> int:
    """The account whose address a token would confirm; the token stays good. Raises OneTimeTokenInvalid."""
    return (await _usable(session, EmailVerification, token, lock=False)).user_id


async def account_of_reset(session: AsyncSession, token: str) -> int:
    """The account that a token would set a password for; the token stays good. Raises OneTimeTokenInvalid."""
    return (await _usable(session, PasswordReset, token, lock=False)).user_id


async def redeem_verification(session: AsyncSession, token: str) -> None:
    """Use the token up, its account's others with it. Raises OneTimeTokenInvalid.

    The caller holds the account's lock, taken before the token's: two links of one account, clicked at once,
    would else wait for each other.
    """
    row = await _usable(session, EmailVerification, token, lock=True)
    row.verified_at = now()
    await queries.use_up(session, EmailVerification, row.user_id)


async def redeem_reset(session: AsyncSession, token: str) -> None:
    """Use the token up, its account's others with it. Raises OneTimeTokenInvalid.

    The caller holds the account's lock, as with a verification.
    """
    row = await _usable(session, PasswordReset, token, lock=True)
    row.used_at = now()
    await queries.use_up(session, PasswordReset, row.user_id)


async def end_all(session: AsyncSession, user_id: int) -> None:
    """Have none of the account's links work any more: they were mailed to an address that is its no longer.

    The caller holds the account's lock.
    """
    await queries.use_up(session, EmailVerification, user_id)
    await queries.use_up(session, PasswordReset, user_id)


async def _usable(session: AsyncSession, kind: type[T], token: str, *, lock: bool) -> T:
    row = await queries.usable(session, kind, stored(token), now(), lock=lock)
    if row is None:
        raise OneTimeTokenInvalid
    return row


async def purge_expired(session: AsyncSession) -> int:
    """Delete up to a batch of each kind that expired a week ago or more; how many."""
    before = now() - KEPT_AFTER_EXPIRY
    verifications = await queries.delete_expired(session, EmailVerification, before, PURGE_BATCH)
    return verifications + await queries.delete_expired(session, PasswordReset, before, PURGE_BATCH)


async def _too_many(session: AsyncSession, kind: type[T], user_id: int, settings: Settings) -> bool:
    at_most = settings.mails_per_hour * settings.limits_factor
    return await queries.count_since(session, kind, user_id, now() - timedelta(hours=1)) >= at_most
