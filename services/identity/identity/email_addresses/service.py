"""The addresses of an account; its primary one is the one that CustomUser.email repeats.

An address belongs to the account that confirmed it first, and until then to nobody: any number of accounts may have
it on their lists unconfirmed. Whether another account has confirmed it is looked up by the worker, so that asking
takes as long, and answers the same, whoever has it.
"""

import secrets
from collections.abc import Sequence
from datetime import timedelta
from typing import Any

import structlog
from chassis.db import Database, now
from chassis.errors import NotFound
from chassis.mail import send_mail
from chassis.pagination import PageParams, page
from chassis.passing import is_passing
from sqlalchemy import text
from sqlalchemy.exc import IntegrityError
from sqlalchemy.ext.asyncio import AsyncSession

from identity.accounts import service as accounts
from identity.accounts.errors import EmailTaken
from identity.accounts.service import Account
from identity.email_addresses import queries
from identity.email_addresses.errors import (
    AddressIsPrimary,
    AddressIsYours,
    AddressTaken,
    AddressUnconfirmed,
    ConfirmationKeyInvalid,
    TooManyAddresses,
)
from identity.email_addresses.models import ConfirmationMail, EmailAddress, EmailConfirmation
from identity.email_addresses.rules import new_key, stored
from identity.one_time_tokens import service as one_time_tokens
from identity.settings import Settings

log = structlog.get_logger()

CHANNEL = "lyceum_confirmations"
TO_MAIL = queries.UNSENT
PURGE_BATCH = 1000
COUNTED = timedelta(hours=1)
"""How far back `mails_per_hour` looks."""


# --- the address an account begins with ---------------------------------------------------------------------


async def create_primary(session: AsyncSession, user_id: int, email: str, *, verified: bool = False) -> None:
    """Put a new account's address on record. Raises EmailTaken if it is to be verified and somebody was quicker."""
    session.add(EmailAddress(user_id=user_id, email=email, primary=True, verified=verified))
    try:
        await session.flush()
    except IntegrityError as error:
        if "verified" not in str(error.orig):
            raise
        raise EmailTaken from error


async def verify_primary(session: AsyncSession, user_id: int, email: str) -> bool:
    """Mark the account's primary address as confirmed; False if another account has confirmed it meanwhile, and then
    the transaction is of no more use."""
    other = await queries.verified(session, email)
    if other is not None and other.user_id != user_id:
        return False
    address = await queries.primary_of(session, user_id)
    if address is None:
        # The old site made the row at the first confirmation only.
        address = EmailAddress(user_id=user_id, email=email, primary=True)
        session.add(address)
    return await _mark_verified(session, address)


async def _mark_verified(session: AsyncSession, address: EmailAddress) -> bool:
    """Confirm a locked address; False if another account was quicker."""
    address.verified = True
    try:
        await session.flush()
    except IntegrityError as error:
        if "verified" not in str(error.orig):
            raise
        return False
    await queries.drop_confirmations(session, address.id)
    return True


async def holder_of(session: AsyncSession, email: str) -> int | None:
    """The account that has confirmed an address, as primary or not."""
    found = await queries.verified(session, email)
    return None if found is None else found.user_id


# --- more addresses -----------------------------------------------------------------------------------------


async def list_of(
    session: AsyncSession, user_id: int, params: PageParams
) -> tuple[Sequence[EmailAddress], str | None]:
    """A page of an account's addresses, oldest first, and the cursor of the next."""
    return await page(session, queries.all_of(user_id), params, key=[(EmailAddress.id, "asc")])


async def add(
    session: AsyncSession, user_id: int, email: str, settings: Settings
) -> tuple[EmailAddress, bool]:
    """Put an address on an account's list and have a key mailed to it; the address, and whether it is new there.

    Asked again, another key is mailed. Raises AddressIsYours when the account has confirmed it, TooManyAddresses.
    Who else has it is not looked at here, see `mail_confirmations`.
    """
    await accounts.lock(session, user_id)
    address = await queries.spelt(session, user_id, email)
    is_new = address is None
    if address is None:
        if await queries.count_of(session, user_id) >= settings.emails_per_account:
            raise TooManyAddresses(f"At most {settings.emails_per_account}; remove one first.")
        address = EmailAddress(user_id=user_id, email=email, primary=False, verified=False)
        session.add(address)
        await session.flush()
    elif address.verified:
        raise AddressIsYours("There is nothing left to confirm.")
    if not await queries.is_waiting(session, address.id):
        session.add(EmailConfirmation(email_address_id=address.id, key=_nobodys_key()))
        await session.flush()
    await session.execute(text(f"SELECT pg_notify('{CHANNEL}', '')"))
    return address, is_new


def _nobodys_key() -> str:
    """A place in the unique column until the worker puts the real hash there."""
    return stored(secrets.token_hex())


async def confirm(session: AsyncSession, key: str, settings: Settings) -> EmailAddress:
    """Confirm the address that a key was mailed to. Raises ConfirmationKeyInvalid, AddressTaken."""
    sent_after = now() - timedelta(hours=settings.verification_hours)
    seen = await queries.confirmed_by(session, stored(key), sent_after)
    if seen is None:
        raise ConfirmationKeyInvalid
    account = await accounts.lock(session, seen.user_id)
    # Looked at again under the locks: a second click, or a removal, may have been quicker.
    if not account.is_active or await queries.lock_confirmation(session, stored(key)) is None:
        raise ConfirmationKeyInvalid
    address = await queries.of_user(session, account.id, seen.id, lock=True)
    if address is None or address.verified:
        raise ConfirmationKeyInvalid
    if await _is_confirmed_by_another(session, address) or not await _mark_verified(session, address):
        raise AddressTaken("Remove it there first, or log in with that account.")
    if address.primary:
        await accounts.mark_email_verified(session, account)
    else:
        await _tell(session, account, account.email, "address_added", email=address.email)
    return address


async def _is_confirmed_by_another(session: AsyncSession, address: EmailAddress) -> bool:
    holder = await holder_of(session, address.email)
    if holder is None:
        # Accounts of the old site may be confirmed without a row of ours.
        account = await accounts.find_by_email(session, address.email)
        holder = account.id if account is not None and account.is_email_verified else None
    return holder not in (None, address.user_id)


async def make_primary(session: AsyncSession, user_id: int, address_id: int) -> EmailAddress:
    """Have the account log in and be written to by this address. Raises NotFound, AddressUnconfirmed.

    Links to set a new password that were mailed to the old address work no more; the old address is told.
    """
    account = await accounts.lock(session, user_id)
    address = await _own(session, user_id, address_id)
    if address.primary:
        return address
    if not address.verified:
        raise AddressUnconfirmed("Confirm it by the link that was mailed to it first.")
    old = await queries.primary_of(session, user_id)
    if old is not None:
        old.primary = False
        await session.flush()
    address.primary = True
    await session.flush()
    await _take_from_who_never_confirmed(session, account, address.email)
    old_email = account.email
    await accounts.set_confirmed_email(session, account, address.email)
    await one_time_tokens.end_all(session, user_id)
    for recipient in (old_email, address.email):
        await _tell(session, account, recipient, "primary_address_changed")
    return address


async def _take_from_who_never_confirmed(session: AsyncSession, account: Account, email: str) -> None:
    """Somebody may have registered with the address and never confirmed it; nor can they ever, now.

    That account cannot be logged in to. It gives the address up, or the owner could not use it here.
    """
    rival = await accounts.lock_by_email(session, email)
    if rival is None or rival.id == account.id:
        return
    if rival.is_email_verified:
        raise AddressTaken
    await accounts.take_email_away(session, rival)
    await one_time_tokens.end_all(session, rival.id)
    theirs = await queries.primary_of(session, rival.id)
    if theirs is not None:
        await session.delete(theirs)
        await session.flush()


async def remove(session: AsyncSession, user_id: int, address_id: int) -> None:
    """Take an address off the list, its keys with it. Raises NotFound, AddressIsPrimary."""
    account = await accounts.lock(session, user_id)
    address = await _own(session, user_id, address_id)
    if address.primary:
        raise AddressIsPrimary("Make another address the primary one first.")
    email, was_verified = address.email, address.verified
    await session.delete(address)
    await session.flush()
    # Who stole a session and removes the way back to the account shall not do it in silence.
    for recipient in (account.email, email) if was_verified else (account.email,):
        await _tell(session, account, recipient, "address_removed", email=email)


async def _own(session: AsyncSession, user_id: int, address_id: int) -> EmailAddress:
    address = await queries.of_user(session, user_id, address_id, lock=True)
    if address is None:
        raise NotFound("You have no such address.")
    return address


async def _tell(
    session: AsyncSession, account: Account, recipient: str, template: str, **context: Any
) -> None:
    name = account.first_name or account.username
    await send_mail(session, to=recipient, template=template, context={"name": name, **context})


# --- what the worker does -----------------------------------------------------------------------------------


async def mail_confirmations(database: Database, settings: Settings) -> None:
    """Mail the keys that were asked for, each in a transaction of its own. One that fails does not hold up the others;
    it is tried again with the next round, and given up after a day."""
    done = 0
    while True:
        async with database.transaction() as session:
            found = await queries.lock_next_unsent(session, done)
            if found is None:
                return
            confirmation, address = found
            done = confirmation.id
            try:
                async with session.begin_nested():
                    await _mail_one(session, confirmation, address, settings)
            except Exception as error:
                if is_passing(error):
                    raise
                log.exception("a confirmation was not mailed", confirmation=done)


async def _mail_one(
    session: AsyncSession, confirmation: EmailConfirmation, address: EmailAddress, settings: Settings
) -> None:
    account = await accounts.find(session, address.user_id)
    if address.verified or not account.is_active or await _too_many(session, address, settings):
        await session.delete(confirmation)
        return
    session.add(ConfirmationMail(user_id=account.id, email=address.email.lower(), sent_at=now()))
    if await _is_confirmed_by_another(session, address):
        await session.delete(confirmation)
        await _warn_holder(session, address)
        return
    key = new_key()
    confirmation.key, confirmation.sent = stored(key), now()
    await _tell(
        session, account, address.email, "confirm_address", token=key, hours=settings.verification_hours
    )


async def _warn_holder(session: AsyncSession, address: EmailAddress) -> None:
    """Tell whose address it is that somebody wanted it on another account; not who."""
    holder = await holder_of(session, address.email)
    account = (
        await accounts.find(session, holder)
        if holder is not None
        else await accounts.find_by_email(session, address.email)
    )
    if account is not None and account.is_active:
        await _tell(session, account, address.email, "address_wanted", email=address.email)


async def _too_many(session: AsyncSession, address: EmailAddress, settings: Settings) -> bool:
    """Whether the account had enough mails sent lately, or the address was sent enough, by whoever's wish."""
    at_most = settings.mails_per_hour * settings.limits_factor
    by_account, to_address = await queries.count_mails(
        session, now() - COUNTED, user_id=address.user_id, email=address.email.lower()
    )
    return max(by_account, to_address) >= at_most


async def purge(session: AsyncSession, settings: Settings) -> int:
    """Delete a batch of the keys that expired, of the wishes that failed for a day, of the mails counted; how many."""
    instant = now()
    expired = instant - timedelta(hours=settings.verification_hours)
    done = await queries.delete_expired(session, expired, PURGE_BATCH)
    done += await queries.delete_stuck(session, instant - timedelta(days=1), PURGE_BATCH)
    return done + await queries.delete_counted(session, instant - COUNTED, PURGE_BATCH)


# --- your data ----------------------------------------------------------------------------------------------


async def export_of(session: AsyncSession, user_id: int) -> list[dict[str, Any]]:
    """Everything kept on an account's addresses, as JSON can hold it; keys are secrets, and left out."""
    return [
        {"email": address.email, "verified": address.verified, "primary": address.primary}
        for address in await queries.every_one_of(session, user_id)
    ]


async def forget(session: AsyncSession, user_id: int) -> None:
    """Delete everything kept on an account's addresses."""
    await queries.delete_all_of(session, user_id)
