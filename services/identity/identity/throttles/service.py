"""Take a try before it is made, and give it back when it was no guess.

A try that is counted only when it failed is counted too late: a hundred made at once would all be let through.
"""

from collections.abc import Sequence

from chassis.db import Database, now
from sqlalchemy.ext.asyncio import AsyncSession

from identity.origin import Address
from identity.settings import Settings
from identity.throttles import queries
from identity.throttles.errors import TriedTooOften
from identity.throttles.rules import (
    Limit,
    address_key,
    logins_by_address,
    logins_by_name,
    mails_by_address,
    mails_by_mailbox,
    name_key,
    passkeys_by_address,
    registrations_by_address,
)

PURGE_BATCH = 1000

Bucket = tuple[Limit, bytes]


def buckets_of_login(settings: Settings, name: str, address: Address) -> list[Bucket]:
    """What a login with this name from this address is taken from."""
    return [
        (logins_by_name(settings), name_key(name)),
        (logins_by_address(settings), address_key(address)),
    ]


async def take(session: AsyncSession, buckets: Sequence[Bucket]) -> TriedTooOften | None:
    """Take one try from each, all of one window; what to tell if one of them is empty. The buckets' rows stay locked
    until the transaction ends, and are all that it may lose in a crash: let it be a short one."""
    instant = now()
    steps = [(limit.policy, key, limit.interval) for limit, key in buckets]
    (window,) = {limit.window for limit, _ in buckets}
    taken = await queries.take(session, steps, window, instant)
    for limit, key in buckets:
        if limit.policy not in taken:
            full_at = await queries.full_at(session, limit.policy, key) or instant
            return limit.refusal(full_at, instant)
    return None


async def give_back(session: AsyncSession, buckets: Sequence[Bucket]) -> None:
    """Count a try no more: it was none."""
    for limit, key in buckets:
        await queries.give_back(session, limit.policy, key, limit.interval)


async def require(database: Database, buckets: Sequence[Bucket]) -> None:
    """Take one try from each, or raise TriedTooOften. Counted whatever becomes of the request."""
    async with database.transaction() as session:
        refusal = await take(session, buckets)
    if refusal is not None:
        raise refusal


async def allow_passkey(database: Database, settings: Settings, address: Address) -> Sequence[Bucket]:
    """Let somebody try a passkey, or raise TriedTooOften; what to give back when it was right."""
    buckets = [(logins_by_address(settings), address_key(address))]
    await require(database, buckets)
    return buckets


async def allow_passkey_options(database: Database, settings: Settings, address: Address) -> None:
    """Let somebody begin to log in with a passkey, or raise TriedTooOften."""
    await require(database, [(passkeys_by_address(settings), address_key(address))])


async def allow_registration(database: Database, settings: Settings, address: Address) -> None:
    """Let somebody register, or raise TriedTooOften."""
    await require(database, [(registrations_by_address(settings), address_key(address))])


async def allow_mail_request(database: Database, settings: Settings, email: str, address: Address) -> None:
    """Let somebody ask for a mail, or raise TriedTooOften; whether the address has an account or not."""
    by_mailbox = (mails_by_mailbox(settings), name_key(email))
    await require(database, [by_mailbox, (mails_by_address(settings), address_key(address))])


async def purge(session: AsyncSession) -> int:
    """Delete a batch of buckets that are full again; how many."""
    return await queries.delete_full(session, now(), PURGE_BATCH)
