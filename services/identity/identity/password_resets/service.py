"""Mail a link, and set a new password for who has it."""

from dataclasses import dataclass

from chassis.db import Database
from chassis.mail import send_mail
from sqlalchemy.ext.asyncio import AsyncSession

from identity.accounts import service as accounts
from identity.email_addresses import service as email_addresses
from identity.one_time_tokens import service as one_time_tokens
from identity.one_time_tokens.errors import OneTimeTokenInvalid
from identity.origin import Address
from identity.passwords.hashing import Hasher
from identity.passwords.rules import check_new_password
from identity.second_factors import service as second_factors
from identity.sessions import service as sessions
from identity.settings import Settings


@dataclass(frozen=True, slots=True)
class Reset:
    """What a reset did."""

    email: str
    sessions_ended: int


async def mail_link(session: AsyncSession, email: str, address: Address, settings: Settings) -> None:
    """Mail a link if the address has an account that may be used."""
    account = await accounts.lock_by_email(session, email)
    if account is None or not account.is_active:
        return
    token = await one_time_tokens.issue_reset(session, account.id, address, settings)
    if token is None:
        return
    await send_mail(
        session,
        to=account.email,
        template="reset_password",
        context={
            "name": account.first_name or account.username,
            "token": token,
            "minutes": settings.reset_minutes,
        },
    )


async def reset(database: Database, hasher: Hasher, token: str, new_password: str) -> Reset:
    """Set a new password with a mailed token. Whoever reads the mail owns the address, so it counts as confirmed.

    Raises OneTimeTokenInvalid, PasswordTooCommon, PasswordTooObvious; a refused password leaves the token good.
    """
    async with database.transaction() as session:
        account = await accounts.find(session, await one_time_tokens.account_of_reset(session, token))
        check_new_password(new_password, own=(account.email, account.username))
    password_hash = await hasher.hash(new_password)
    async with database.transaction() as session:
        return await _reset(session, token, password_hash)


async def _reset(session: AsyncSession, token: str, password_hash: str) -> Reset:
    account = await accounts.lock(session, await one_time_tokens.account_of_reset(session, token))
    await one_time_tokens.redeem_reset(session, token)
    if not account.is_email_verified:
        if not await email_addresses.verify_primary(session, account.id, account.email):
            raise OneTimeTokenInvalid
        await accounts.mark_email_verified(session, account)
    accounts.set_password(account, password_hash)
    # Who got as far as the second factor with the old password starts again. The second factor itself stays on: a
    # mailbox alone opens no account that has one.
    await second_factors.forget_challenges(session, account.id)
    ended = await sessions.end_all(session, account.id, "password_reset")
    name = account.first_name or account.username
    await send_mail(session, to=account.email, template="password_changed", context={"name": name})
    return Reset(account.email, ended)
