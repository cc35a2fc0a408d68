"""Register, and confirm the address: the use cases that make an account whole."""

from dataclasses import dataclass

from chassis.mail import send_mail
from contracts.fields import LoginMethod
from sqlalchemy.ext.asyncio import AsyncSession

from identity.accounts import service as accounts
from identity.accounts.errors import EmailTaken
from identity.accounts.service import Account
from identity.billing import service as billing
from identity.email_addresses import service as email_addresses
from identity.one_time_tokens import service as one_time_tokens
from identity.one_time_tokens.errors import OneTimeTokenInvalid
from identity.origin import Address
from identity.profiles import service as profiles
from identity.settings import Settings


@dataclass(frozen=True, slots=True)
class Newcomer:
    """Who registers; the password is hashed already."""

    email: str
    username: str
    password_hash: str
    first_name: str = ""
    last_name: str = ""


async def register(session: AsyncSession, newcomer: Newcomer, address: Address, settings: Settings) -> None:
    """Make an account and mail its owner a link; raises UsernameTaken.

    If the address has an account, nothing is made and its owner is mailed instead: the caller sees no difference.
    """
    try:
        account = await open_account(session, newcomer)
    except EmailTaken:
        await _tell_owner(session, newcomer.email, address, settings)
        return
    await _mail_verification(session, account, settings)


async def open_account(
    session: AsyncSession,
    newcomer: Newcomer,
    *,
    role: str = "student",
    verified: bool = False,
    method: LoginMethod = "password",
) -> Account:
    """An account with everything that belongs to one, told to the other services. Raises UsernameTaken, EmailTaken."""
    if await email_addresses.holder_of(session, newcomer.email) is not None:
        # Somebody's second address is as much theirs as the first one.
        await accounts.refuse_taken_email(session, newcomer.username)
    account = await accounts.create(
        session,
        email=newcomer.email,
        username=newcomer.username,
        password_hash=newcomer.password_hash,
        first_name=newcomer.first_name,
        last_name=newcomer.last_name,
        role=role,
    )
    await profiles.create(session, account.id)
    await email_addresses.create_primary(session, account.id, account.email, verified=verified)
    await accounts.tell_registered(session, account, method)
    await billing.create_free(session, account.id)
    if verified:
        await accounts.mark_email_verified(session, account)
    return account


async def verify_email(session: AsyncSession, token: str) -> Account:
    """Confirm the address that the token was mailed to. Raises OneTimeTokenInvalid."""
    account = await accounts.lock(session, await one_time_tokens.account_of_verification(session, token))
    await one_time_tokens.redeem_verification(session, token)
    if not await email_addresses.verify_primary(session, account.id, account.email):
        raise OneTimeTokenInvalid
    await accounts.mark_email_verified(session, account)
    return account


async def resend_verification(session: AsyncSession, email: str, settings: Settings) -> None:
    """Mail a new link if the address has an account that waits for one."""
    account = await accounts.lock_by_email(session, email)
    if account is None or not account.is_active or account.is_email_verified:
        return
    # What another account has confirmed meanwhile can be confirmed no more.
    if await email_addresses.holder_of(session, email) is None:
        await _mail_verification(session, account, settings)


async def _mail_verification(session: AsyncSession, account: Account, settings: Settings) -> None:
    token = await one_time_tokens.issue_verification(session, account.id, settings)
    if token is None:
        return
    context = {"name": account.first_name or account.username, "token": token}
    await send_mail(
        session,
        to=account.email,
        template="verify_email",
        context={**context, "hours": settings.verification_hours},
    )


async def _tell_owner(session: AsyncSession, email: str, address: Address, settings: Settings) -> None:
    """Tell the owner of an address that somebody, perhaps they themselves, tried to register with it."""
    holder = await email_addresses.holder_of(session, email)
    account = await (accounts.find(session, holder) if holder else accounts.lock_by_email(session, email))
    if account is None:
        return
    name = account.first_name or account.username
    if holder is not None or account.is_email_verified:
        await send_mail(session, to=email, template="already_registered", context={"name": name})
        return
    # Whoever registered the address first need not own it: confirming that account would leave it with a password
    # that a stranger chose. So the owner is offered to set one, which confirms the address as well.
    token = await one_time_tokens.issue_reset(session, account.id, address, settings)
    if token is not None:
        await send_mail(
            session,
            to=account.email,
            template="finish_registration",
            context={"name": name, "token": token, "minutes": settings.reset_minutes},
        )
