"""Accounts: made, found, changed, and told of. Every change that others see is emitted as UserChanged."""

from collections.abc import Callable, Mapping, Sequence
from datetime import datetime
from typing import Any, NoReturn, cast

from chassis.db import now
from chassis.errors import NotFound
from chassis.outbox import emit
from chassis.pagination import PageParams, page
from chassis.revocations import end_all_sessions
from contracts.fields import LoginMethod, Role
from contracts.identity import UserChanged, UserDeactivated, UserEmailVerified, UserRegistered
from sqlalchemy.exc import IntegrityError
from sqlalchemy.ext.asyncio import AsyncSession

from identity.accounts import queries
from identity.accounts.errors import EmailTaken, UsernameTaken
from identity.accounts.models import CustomUser
from identity.accounts.rules import (
    ADMIN,
    INSTRUCTOR,
    display_name,
    is_ban_in_force,
    role_by_standing,
)
from identity.passwords.rules import DJANGO_ITERATIONS_AT_MOST
from identity.profiles import service as profiles
from identity.settings import Settings
from identity.vault import vault_of

EXPORTED = (
    "id",
    "email",
    "username",
    "first_name",
    "last_name",
    "role",
    "is_staff",
    "is_superuser",
    "is_active",
    "is_email_verified",
    "is_banned",
    "temporary_ban_until",
    "failed_login_attempts",
    "date_joined",
    "last_login",
)

Account = CustomUser
"""An account as other slices hold it: they read it, and change it by what follows."""


async def create(
    session: AsyncSession,
    *,
    email: str,
    username: str,
    password_hash: str,
    first_name: str = "",
    last_name: str = "",
    role: str = "student",
) -> CustomUser:
    """Insert an account, unverified. Raises UsernameTaken before EmailTaken; both whatever the letters' case.

    After EmailTaken the username is reserved, as if the account had been made.
    """
    if await _is_taken(session, username):
        raise UsernameTaken("Choose another username.")
    account = await queries.add(
        session,
        email=email.lower(),
        username=username,
        password=password_hash,
        first_name=first_name,
        last_name=last_name,
        role=role,
        is_staff=role == ADMIN,
        is_superuser=role == ADMIN,
        date_joined=now(),
    )
    if account is None:
        # A rival may have taken the username between the look and the insert.
        await refuse_taken_email(session, username)
    return account


async def refuse_taken_email(session: AsyncSession, username: str) -> NoReturn:
    """Raise what `create` raises for an address that has an account: UsernameTaken, else EmailTaken after reserving."""
    if await _is_taken(session, username) or not await queries.reserve(session, username):
        raise UsernameTaken("Choose another username.")
    raise EmailTaken


async def _is_taken(session: AsyncSession, username: str) -> bool:
    """Whether nobody may have this username: somebody has it, asked for it, or had it and was erased."""
    digests = _retired(session, username)
    return await queries.is_taken(session, username) or await queries.is_retired(session, digests)


def _retired(session: AsyncSession, username: str) -> list[bytes]:
    """Under which names an erased person's username is kept: hashes with our secrets, the newest's first. Who reads
    the table cannot try names on it."""
    settings: Settings = session.info["settings"]
    return vault_of(settings).derivations("retired username", username.lower().encode())


async def remove(session: AsyncSession, account: CustomUser) -> None:
    """Delete a locked account and what belongs to it; its username is nobody's from now on, its address is free.

    Only an erasure may do this: it knows what else speaks of the account.
    """
    await queries.retire(session, _retired(session, account.username)[0])
    await queries.remove(session, account.id)


async def tell_registered(session: AsyncSession, account: CustomUser, method: LoginMethod) -> None:
    """Emit what a new account means to others; its profile must be there by now."""
    emit(
        session,
        UserRegistered(
            user_id=account.id,
            username=account.username,
            role=cast("Role", account.role),
            registration_method=method,
            registered_at=account.date_joined,
        ),
    )
    await tell_changed(session, account)


async def tell_changed(session: AsyncSession, account: CustomUser) -> None:
    """Emit the account's public side as it is now; the caller holds its row's lock."""
    account.state_version += 1
    emit(
        session,
        UserChanged(
            user_id=account.id,
            username=account.username,
            display_name=display_name(account.first_name, account.last_name, account.username),
            picture_url=await profiles.picture_url(session, account.id),
            role=cast("Role", account.role),
            is_active=account.is_active,
            version=account.state_version,
        ),
    )


async def find(session: AsyncSession, user_id: int) -> CustomUser:
    """The account; NotFound when there is none."""
    account = await queries.by_id(session, user_id)
    if account is None:
        raise NotFound("There is no such account.")
    return account


async def lock(session: AsyncSession, user_id: int) -> CustomUser:
    """The account, its row locked until the transaction ends; NotFound when there is none."""
    account = await queries.by_id(session, user_id, lock=True)
    if account is None:
        raise NotFound("There is no such account.")
    return account


async def lock_if_there(session: AsyncSession, user_id: int) -> CustomUser | None:
    """The account, its row locked until the transaction ends; None when there is none."""
    return await queries.by_id(session, user_id, lock=True)


async def lock_by_email(session: AsyncSession, email: str) -> CustomUser | None:
    """The account of an address, its row locked until the transaction ends; None when there is none."""
    return await queries.by_email(session, email, lock=True)


async def find_by_email(session: AsyncSession, email: str) -> CustomUser | None:
    """The account whose primary address this is, confirmed or not."""
    return await queries.by_email(session, email)


async def find_by_login_name(session: AsyncSession, name: str) -> CustomUser | None:
    """The account of an e-mail address or a username."""
    if "@" in name:
        return await queries.by_email(session, name)
    return await queries.by_username(session, name)


async def edit(
    session: AsyncSession,
    user_id: int,
    changes: Mapping[str, str],
    unchanged: Callable[[CustomUser], None],
) -> CustomUser:
    """Change names; `unchanged` sees the locked row and raises if the editor's copy is stale. Raises UsernameTaken."""
    account = await lock(session, user_id)
    unchanged(account)
    different = {name: value for name, value in changes.items() if getattr(account, name) != value}
    if not different:
        return account
    wanted = different.get("username", account.username)
    if wanted.lower() != account.username.lower() and await _is_taken(session, wanted):
        raise UsernameTaken("Choose another username.")
    for name, value in different.items():
        setattr(account, name, value)
    try:
        await session.flush()
    except IntegrityError as error:
        raise UsernameTaken("Choose another username.") from error
    await tell_changed(session, account)
    return account


async def mark_email_verified(session: AsyncSession, account: CustomUser) -> None:
    """Note that the primary address was confirmed, and tell; once is enough."""
    if account.is_email_verified:
        return
    account.is_email_verified = True
    emit(session, UserEmailVerified(user_id=account.id, verified_at=now()))


async def set_confirmed_email(session: AsyncSession, account: CustomUser, email: str) -> None:
    """Repeat a locked account's new primary address, which was confirmed. Nobody else sees it: no event but, for an
    account that had none confirmed, UserEmailVerified."""
    account.email = email
    await session.flush()
    await mark_email_verified(session, account)


async def take_email_away(session: AsyncSession, account: CustomUser) -> None:
    """Put an address that leads nowhere in the place of one that a locked account never confirmed."""
    account.email = f"unconfirmed-{account.id}@lyceum.invalid"
    await session.flush()


async def set_role(session: AsyncSession, account: CustomUser, role: str) -> bool:
    """Give a locked account a role, and tell; whether it is another one than before."""
    if account.role == role:
        return False
    account.role = role
    account.is_staff = role == ADMIN
    account.is_superuser = account.is_superuser and account.is_staff
    await tell_changed(session, account)
    return True


async def follow_standing(session: AsyncSession, user_id: int, standing: str) -> bool:
    """Let the role follow an instructor's status, the account's row locked; whether one was taken away. An account that
    is gone is left alone."""
    account = await queries.by_id(session, user_id, lock=True)
    if account is None:
        return False
    was_instructor = account.role == INSTRUCTOR
    changed = await set_role(session, account, role_by_standing(account.role, standing))
    return changed and was_instructor


def note_login(account: CustomUser, instant: datetime, better_hash: str | None) -> None:
    """A login succeeded: wrong passwords before it count no more."""
    account.last_login = instant
    account.failed_login_attempts = 0
    if better_hash is not None:
        account.password = better_hash


NOBODY = 0
"""No account's id."""


async def go_through_the_motions(session: AsyncSession) -> None:
    """The statements that a wrong password costs, on no account: an unknown name must not be answered sooner."""
    await queries.by_id(session, NOBODY, lock=True)
    await touch_nobody(session)


async def touch_nobody(session: AsyncSession) -> None:
    """The statement that counts a wrong password, on no account."""
    await queries.touch(session, NOBODY)


async def costliest_old_hash(session: AsyncSession) -> int:
    """The iterations of the costliest hash of the old site's that is still on record; 0 when none is."""
    return await queries.costliest_old_hash(session, DJANGO_ITERATIONS_AT_MOST)


def renew_hash(account: CustomUser, better_hash: str) -> None:
    """Put a better hash of the same password in place of an outdated one."""
    account.password = better_hash


def note_wrong_password(account: CustomUser, attempts: int, locked_until: datetime | None) -> None:
    """A wrong password was given; a lockout never shortens a ban, nor makes it longer."""
    account.failed_login_attempts = attempts
    if locked_until is not None and not is_banned(account, now()):
        account.is_banned = False
        account.temporary_ban_until = max(locked_until, account.temporary_ban_until or locked_until)


def set_password(account: CustomUser, password_hash: str) -> None:
    """Put a new password's hash in place of the old one, and begin to count wrong ones anew."""
    account.password = password_hash
    account.failed_login_attempts = 0


async def set_active(session: AsyncSession, account: CustomUser, is_active: bool) -> None:
    """Deactivate or reactivate a locked account, and tell."""
    if account.is_active == is_active:
        return
    account.is_active = is_active
    await tell_changed(session, account)
    if not is_active:
        await _tell_deactivated(session, account, None)


def is_banned(account: CustomUser, instant: datetime) -> bool:
    """Whether an admin's ban is in force; no device is known well enough to be spared it."""
    return is_ban_in_force(account.is_banned, account.temporary_ban_until, instant)


def may_log_in(account: CustomUser, instant: datetime) -> bool:
    """Whether a session may be opened for who has proved to be the owner, by whatever means.

    Not while the account is deactivated or banned. A lockout is another matter: it is about guessing passwords.
    """
    return account.is_active and not is_banned(account, instant)


async def ban(session: AsyncSession, account: CustomUser, until: datetime) -> None:
    """Keep a locked account out until then, and tell. Its sessions are the caller's to end."""
    account.is_banned = True
    account.temporary_ban_until = until
    await _tell_deactivated(session, account, until)


async def _tell_deactivated(
    session: AsyncSession, account: CustomUser, banned_until: datetime | None
) -> None:
    """Tell that a locked account is kept out; here and everywhere, its tokens of before are refused."""
    instant = now()
    account.state_version += 1
    await end_all_sessions(session, account.id, instant)
    emit(
        session,
        UserDeactivated(
            user_id=account.id,
            banned_until=banned_until,
            deactivated_at=instant,
            version=account.state_version,
        ),
    )


async def lift_ban(session: AsyncSession, account: CustomUser) -> None:
    """Let a locked account in again at once, whether it was a ban that kept it out or a lockout; tell of a ban's end."""
    was_banned = is_banned(account, now())
    account.is_banned = False
    account.temporary_ban_until = None
    account.failed_login_attempts = 0
    if was_banned:
        await tell_changed(session, account)


async def export_of(session: AsyncSession, user_id: int) -> dict[str, Any]:
    """What an account holds of its owner, as JSON; no hash of a password is data of theirs. {} when there is none."""
    account = await queries.by_id(session, user_id)
    if account is None:
        return {}
    return {name: _plain(getattr(account, name)) for name in EXPORTED}


def _plain(value: Any) -> Any:
    return value.isoformat() if isinstance(value, datetime) else value


async def begin_role_change(session: AsyncSession) -> None:
    """Take role changes one by one, so that two admins cannot each take the other's rights at once."""
    await queries.serialize_role_changes(session)


async def is_last_admin(session: AsyncSession, account: CustomUser) -> bool:
    """Whether nobody else could administer the platform; only true for sure after `begin_role_change`."""
    return account.role == ADMIN and not await queries.is_there_admin_but(session, account.id)


async def list_accounts(
    session: AsyncSession, params: PageParams, *, q: str | None, role: str | None, is_active: bool | None
) -> tuple[Sequence[Account], str | None]:
    """A page of accounts, newest first, and the cursor of the next; `q` is looked for in names and address."""
    statement = queries.listed(q, role, is_active)
    return await page(session, statement, params, key=[(CustomUser.id, "desc")])
