"""Accounts at providers that are linked to accounts here: found, made, listed, taken away.

A link is two rows, of one account: a SocialAccount, by which browsers log in, and a UserSocialAuth, for clients that
exchange a token. Whichever is asked first, both lead to the same person.
"""

from collections.abc import Sequence
from typing import Any

import orjson
from chassis.db import now
from chassis.errors import NotFound
from chassis.mail import send_mail
from chassis.pagination import PageParams, page
from sqlalchemy.ext.asyncio import AsyncSession

from identity.accounts import service as accounts
from identity.accounts.service import Account
from identity.passkeys import service as passkeys
from identity.passkeys.errors import OnlyWayIn
from identity.passwords.rules import is_usable
from identity.sessions import service as sessions
from identity.social import queries
from identity.social.errors import LinkedElsewhere
from identity.social.identities import ProvenIdentity
from identity.social.models import SocialAccount, SocialToken, UserSocialAuth
from identity.vault import Vault

SEALED = "sealed:"
RESEAL_BATCH = 200
SECRET_MEMBERS = ("access_token", "refresh_token", "id_token")
"""What of a UserSocialAuth's extra data is nobody's to read."""

Link = SocialAccount
"""A linked account as routes show it."""


async def take_turn(session: AsyncSession, identity: ProvenIdentity) -> None:
    """Decide about this account at the provider one by one: two tabs that come back at once make one link."""
    await queries.take_turns(session, f"account {identity.provider} {identity.uid}")


async def owner_of(session: AsyncSession, identity: ProvenIdentity) -> int | None:
    """The account here that this account at the provider is linked to."""
    found = await queries.linked(session, identity.provider, identity.uid)
    other = None if found else await queries.exchanged(session, identity.provider, identity.uid)
    link = found or other
    return link.user_id if link is not None else None


async def keep(
    session: AsyncSession, vault: Vault, account: Account, identity: ProvenIdentity
) -> SocialAccount:
    """Make the link, or bring it up to date; `take_turn` was called, and the account here is locked."""
    instant, shown = now(), {"issuer": identity.issuer, "shown_as": identity.shown_as}
    link = await queries.linked(session, identity.provider, identity.uid)
    if link is None:
        link = SocialAccount(
            user_id=account.id,
            provider=identity.provider,
            uid=identity.uid,
            date_joined=instant,
        )
        session.add(link)
    link.last_login = instant
    link.extra_data = {**(link.extra_data or {}), **shown}
    if await queries.exchanged(session, identity.provider, identity.uid) is None:
        session.add(
            UserSocialAuth(
                user_id=account.id,
                provider=identity.provider,
                uid=identity.uid,
                extra_data=shown,
                created=instant,
            )
        )
    await session.flush()
    await _keep_tokens(session, vault, link, identity)
    return link


async def link_mine(
    session: AsyncSession, vault: Vault, user_id: int, sid: str, identity: ProvenIdentity
) -> SocialAccount:
    """Link for somebody who is logged in. Raises SessionEnded, LinkedElsewhere; linked already is linked."""
    await take_turn(session, identity)
    account = await accounts.lock(session, user_id)
    await sessions.require_live(session, user_id, sid)
    owner = await owner_of(session, identity)
    if owner not in (None, user_id):
        raise LinkedElsewhere
    link = await keep(session, vault, account, identity)
    if owner is None:
        await tell(session, account, "social_account_linked", identity.provider_name)
    return link


async def unlink(
    session: AsyncSession, user_id: int, sid: str, account_id: int, names: dict[str, str]
) -> None:
    """Take a link away, unless nothing else lets its owner in. Raises NotFound, OnlyWayIn, SessionEnded.

    `names` are the providers there are, by slug: an account at one that is gone lets nobody in.
    """
    account = await accounts.lock(session, user_id)
    await sessions.require_live(session, user_id, sid)
    link = await queries.lock_account(session, user_id, account_id)
    if link is None:
        raise NotFound("You have no such linked account.")
    if not await _is_way_in_without(session, account, link, names):
        raise OnlyWayIn("Set a password first, or link another account.")
    await queries.remove_link(session, link.provider, link.uid)
    await tell(session, account, "social_account_unlinked", names.get(link.provider, link.provider))


async def _is_way_in_without(
    session: AsyncSession, account: Account, link: SocialAccount, names: dict[str, str]
) -> bool:
    if is_usable(account.password):
        return True
    others = await session.scalars(queries.accounts_of(account.id))
    if any(other.id != link.id and other.provider in names for other in others):
        return True
    return await passkeys.count_of(session, account.id) > 0


async def list_of(
    session: AsyncSession, user_id: int, params: PageParams
) -> tuple[Sequence[SocialAccount], str | None]:
    """A page of an account's links, newest first, and the cursor of the next."""
    return await page(session, queries.accounts_of(user_id), params, key=[(SocialAccount.id, "desc")])


async def has_any(session: AsyncSession, user_id: int) -> bool:
    """Whether an account is linked to one at a provider."""
    return await session.scalar(queries.accounts_of(user_id).limit(1)) is not None


async def tell(session: AsyncSession, account: Account, template: str, provider: str) -> None:
    """Mail the owner what was changed of how their account is logged in to."""
    name = account.first_name or account.username
    await send_mail(
        session, to=account.email, template=template, context={"name": name, "provider": provider}
    )


async def export_of(session: AsyncSession, user_id: int) -> list[dict[str, Any]]:
    """Every linked account, oldest first, as JSON values; the provider's tokens are not part of it."""
    rows = await session.scalars(queries.accounts_of(user_id).order_by(SocialAccount.id))
    exchanges = {(row.provider, row.uid): row for row in await queries.exchanges_of(session, user_id)}
    found = [
        {
            "provider": row.provider,
            "uid": row.uid,
            "shown_as": row.extra_data.get("shown_as", ""),
            "linked_at": row.date_joined.isoformat(),
            "last_login": row.last_login.isoformat(),
        }
        for row in rows
    ]
    known = {(row["provider"], row["uid"]) for row in found}
    for place, exchange in exchanges.items():
        # The old site made rows for exchanges without the other half.
        if place not in known:
            shown = exchange.extra_data.get("shown_as", "")
            linked_at = exchange.created.isoformat()
            found.append(
                {
                    "provider": place[0],
                    "uid": place[1],
                    "shown_as": shown,
                    "linked_at": linked_at,
                    "last_login": None,
                }
            )
    return found


async def forget(session: AsyncSession, user_id: int, addresses: Sequence[str] = ()) -> None:
    """Remove every link of an account, the providers' tokens with it, and the codes mailed to these addresses; the
    caller holds the account's lock."""
    await queries.delete_links_of(session, user_id)
    await queries.delete_codes_to(session, addresses)


# --- the providers' tokens ------------------------------------------------------------------------------------


async def _keep_tokens(
    session: AsyncSession, vault: Vault, link: SocialAccount, identity: ProvenIdentity
) -> None:
    """Keep what the provider gave for this login in place of what it gave for the one before."""
    if not identity.access_token:
        return
    row = await queries.lock_token(session, link.id, identity.app_id)
    if row is None:
        row = SocialToken(account_id=link.id, app_id=identity.app_id)
        session.add(row)
    row.token = _sealed(vault, identity.access_token, row)
    # A provider may send the refresh token with the first answer only.
    if identity.refresh_token or not row.token_secret:
        row.token_secret = _sealed(vault, identity.refresh_token, row)
    row.expires_at = identity.expires_at
    await session.flush()


def _sealed(vault: Vault, token: str, row: SocialToken) -> str:
    return f"{SEALED}{vault.seal(token.encode(), _purpose(row)).hex()}" if token else ""


def _purpose(row: SocialToken) -> str:
    return f"tokens of social account {row.account_id}"


def _opened(vault: Vault, kept: str, row: SocialToken) -> str:
    if not kept.startswith(SEALED):
        # Carried over from the old site, in the clear until it is sealed here.
        return kept
    return vault.open(bytes.fromhex(kept.removeprefix(SEALED)), _purpose(row)).decode()


async def reseal_batch(session: AsyncSession, vault: Vault) -> int:
    """Seal with the newest key up to a batch of tokens that are sealed with an older one, or came over in the clear;
    how many rows. Raises Sealed for one that does not open."""
    prefix = f"{SEALED}{vault.key_id.hex()}"
    rows = await queries.lock_tokens_sealed_otherwise(session, prefix, RESEAL_BATCH)
    for row in rows:
        row.token = _sealed(vault, _opened(vault, row.token, row), row)
        row.token_secret = _sealed(vault, _opened(vault, row.token_secret, row), row)
    exchanges = await queries.lock_exchanges_sealed_otherwise(session, prefix, SECRET_MEMBERS, RESEAL_BATCH)
    for exchange in exchanges:
        exchange.extra_data = _sealed_members(vault, exchange)
    await session.flush()
    return len(rows) + len(exchanges)


def _sealed_members(vault: Vault, row: UserSocialAuth) -> dict[str, Any]:
    """What is kept of an exchange, with its secrets sealed. Ours keep none; the old site kept the provider's tokens."""
    purpose = f"extra data of {row.provider} {row.uid}"
    found = dict(row.extra_data)
    for name in SECRET_MEMBERS:
        value = found.get(name)
        if value is None or value == "":
            continue
        content = value.encode() if isinstance(value, str) else orjson.dumps(value)
        if isinstance(value, str) and value.startswith(SEALED):
            content = vault.open(bytes.fromhex(value.removeprefix(SEALED)), purpose)
        found[name] = f"{SEALED}{vault.seal(content, purpose).hex()}"
    return found
