"""Forget an account at its owner's wish; ask the other services to; and say, signed, when all have.

What the other services do they report by ErasureCompleted, in whatever order and however often. Who does not report
is asked again.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

import orjson
import structlog
from chassis.auth import Principal
from chassis.db import Database, now
from chassis.erasure import scrub_chassis_tables
from chassis.mail import forget_recipients, forget_sent, send_mail
from chassis.outbox import emit, new_event_id
from contracts.identity import UserErased
from contracts.platform import ErasureCompleted
from jose import jwt
from sqlalchemy.ext.asyncio import AsyncSession

from identity import metrics
from identity.accounts import service as accounts
from identity.accounts.service import Account
from identity.audit import service as audit
from identity.billing import service as billing
from identity.email_addresses import service as email_addresses
from identity.erasures import queries
from identity.erasures.errors import LastAdminStays, NoSuchReceipt
from identity.erasures.models import Erasure, ErasureReport
from identity.erasures.rules import RECEIPT_TYPE, SERVICES, TOKEN_PURPOSE, claims, digest_of, token_of
from identity.instructor_standing import service as instructor_standing
from identity.mail_requests import service as mail_requests
from identity.passkeys import service as passkeys
from identity.passwords.hashing import Hasher
from identity.profile_pictures import service as profile_pictures
from identity.reauthentication import service as reauthentication
from identity.rights import service as rights
from identity.second_factors import service as second_factors
from identity.sessions import service as sessions
from identity.settings import Settings
from identity.social import links
from identity.tokens import service as tokens
from identity.tokens import signing_keys
from identity.tokens.issuer import Issuer
from identity.vault import Sealed, Vault

log = structlog.get_logger()

RESEAL_BATCH = 100
MAILED = queries.MAILED


# --- erasing ------------------------------------------------------------------------------------------------


async def erase_account(
    database: Database, hasher: Hasher, issuer: Issuer, principal: Principal, password: str | None
) -> str:
    """Erase the caller's account for good; the token of the receipt.

    Asks for a session opened a few minutes ago, or the password. Raises ReauthenticationRequired,
    CurrentPasswordWrong, LockedOut, SessionEnded or LastAdminStays.
    """
    await reauthentication.require_password_or_fresh_login(
        database, hasher, issuer.settings, principal, password
    )
    async with database.transaction() as session:
        await accounts.begin_role_change(session)
        account = await accounts.lock(session, principal.user_id)
        await sessions.require_live(session, principal.user_id, principal.sid)
        if await accounts.is_last_admin(session, account):
            raise LastAdminStays("Make somebody else an admin first.")
        return await _erase(session, issuer.vault, account)


async def _erase(session: AsyncSession, vault: Vault, account: Account) -> str:
    """Everything at once: whoever sees the account gone sees the services asked, and the other way round."""
    instant = now()
    user_id, tombstone_id = account.id, await queries.next_tombstone(session)
    token = token_of(vault.derive(TOKEN_PURPOSE, str(tombstone_id).encode()))
    erasure = Erasure(
        user_id=user_id,
        tombstone_id=tombstone_id,
        token_digest=digest_of(token),
        recipient_sealed=_seal_recipient(vault, account, tombstone_id),
        requested_at=instant,
        told_at=instant,
    )
    session.add(erasure)
    await session.flush()
    for service in SERVICES:
        done = instant if service == "identity" else None
        session.add(ErasureReport(erasure_id=erasure.id, service=service, completed_at=done))
    await _forget(session, account, tombstone_id, instant)
    emit(session, UserErased(user_id=user_id, tombstone_id=tombstone_id, erased_at=instant), time=instant)
    emit(
        session,
        ErasureCompleted(
            user_id=user_id, tombstone_id=tombstone_id, service="identity", completed_at=instant
        ),
        time=instant,
    )
    return token


async def _forget(session: AsyncSession, account: Account, tombstone_id: int, instant: datetime) -> None:
    """Remove the account and whatever speaks of its owner. The caller holds the account's lock."""
    user_id = account.id
    known = await email_addresses.export_of(session, user_id)
    addresses = sorted({account.email.lower(), *(str(one["email"]).lower() for one in known)})
    await sessions.end_all(session, user_id, "erased")
    await billing.forget(session, user_id, tombstone_id, instant)
    await profile_pictures.forget(session, user_id)
    await second_factors.forget(session, user_id)
    await passkeys.forget(session, user_id)
    await links.forget(session, user_id, addresses)
    await email_addresses.forget(session, user_id)
    await tokens.forget(session, user_id)
    await session.flush()
    # What answers a stranger's question about the address answers it about nobody now.
    await mail_requests.forget(session, addresses)
    await forget_recipients(session, addresses)
    await accounts.remove(session, account)
    await _write_over(session, user_id, tombstone_id)


async def erase_again(session: AsyncSession, user_id: int, tombstone_id: int) -> None:
    """Forget somebody who was erased before, whatever brought them back: a request that was under way, or a backup.
    Done twice, it changes nothing."""
    account = await accounts.lock_if_there(session, user_id)
    if account is not None:
        await _forget(session, account, tombstone_id, now())
    else:
        await _write_over(session, user_id, tombstone_id)


async def _write_over(session: AsyncSession, user_id: int, tombstone_id: int) -> None:
    """Write the tombstone over whatever names the user and does not go with the account."""
    await audit.forget(session, user_id, tombstone_id)
    await instructor_standing.replace_user(session, user_id, tombstone_id)
    await rights.forget(session, user_id)
    await scrub_chassis_tables(session, user_id, tombstone_id)


def _purpose(tombstone_id: int) -> str:
    return f"erasure {tombstone_id}"


def _seal_recipient(vault: Vault, account: Account, tombstone_id: int) -> bytes:
    """Where the receipt goes, readable by us alone and until it has gone."""
    recipient = {"email": account.email, "name": account.first_name or account.username}
    return vault.seal(orjson.dumps(recipient), _purpose(tombstone_id))


# --- reports ------------------------------------------------------------------------------------------------


async def take_report(
    session: AsyncSession, issuer: Issuer, tombstone_id: int, service: str, completed_at: datetime
) -> None:
    """Note that a service has forgotten somebody; with the last one the receipt is signed and mailed.

    A report of nobody's erasure, of a service that none is awaited from, or one that came before changes nothing.
    """
    erasure = await queries.by_tombstone(session, tombstone_id)
    if erasure is None:
        log.warning("a report of an erasure that nobody asked for", service=service)
        return
    reports = await queries.reports_of(session, erasure.id)
    for report in reports:
        if report.service == service and report.completed_at is None:
            report.completed_at = completed_at
    if erasure.completed_at is None and all(report.completed_at is not None for report in reports):
        await _complete(session, issuer, erasure, reports)


async def _complete(
    session: AsyncSession, issuer: Issuer, erasure: Erasure, reports: Sequence[ErasureReport]
) -> None:
    """Sign the receipt, mail it, and forget what led to the person."""
    erasure.receipt = await _sign(session, issuer, erasure, reports)
    erasure.completed_at = max(r.completed_at for r in reports if r.completed_at is not None)
    await _mail_receipt(session, issuer, erasure)
    erasure.user_id = erasure.recipient_sealed = None


async def _sign(
    session: AsyncSession, issuer: Issuer, erasure: Erasure, reports: Sequence[ErasureReport]
) -> str:
    done = {r.service: r.completed_at for r in reports if r.completed_at is not None}
    stated = claims(issuer.settings.issuer, erasure.tombstone_id, erasure.requested_at, done)
    return await issuer.sign(session, stated, typ=RECEIPT_TYPE)


async def _mail_receipt(session: AsyncSession, issuer: Issuer, erasure: Erasure) -> None:
    if erasure.recipient_sealed is None:
        return
    try:
        opened = issuer.vault.open(erasure.recipient_sealed, _purpose(erasure.tombstone_id))
    except Sealed as error:
        # The receipt is there all the same, for whoever kept its address.
        log.error("a receipt cannot be mailed", error=repr(error))
        return
    recipient = orjson.loads(opened)
    erasure.mail_id = new_event_id()
    await send_mail(
        session,
        to=recipient["email"],
        template="account_erased",
        context={"name": recipient["name"], "receipt": erasure.receipt, "token": _token(issuer, erasure)},
        event_id=erasure.mail_id,
    )


def _token(issuer: Issuer, erasure: Erasure) -> str:
    """The receipt's token, derived again: kept is only its hash. By an older secret, where that was the newest then."""
    made = issuer.vault.derivations(TOKEN_PURPOSE, str(erasure.tombstone_id).encode())
    return next((t for t in map(token_of, made) if digest_of(t) == erasure.token_digest), "")


@dataclass(frozen=True, slots=True)
class Receipt:
    """How far an erasure is, and the signed statement once all have reported."""

    erasure: Erasure
    reports: Sequence[ErasureReport]


async def read_receipt(session: AsyncSession, issuer: Issuer, token: str) -> Receipt:
    """The receipt of a token. Raises NoSuchReceipt.

    Keys are rotated: a receipt whose key is not published any more is signed again with the one that is.
    """
    found = await queries.by_token(session, digest_of(token))
    if found is None:
        raise NoSuchReceipt
    reports = await queries.reports_of(session, found.id)
    if found.receipt is not None and not await _is_verifiable(session, found.receipt):
        locked = await queries.lock(session, found.id)
        if locked is not None:
            locked.receipt = await _sign(session, issuer, locked, reports)
    return Receipt(found, reports)


async def _is_verifiable(session: AsyncSession, receipt: str) -> bool:
    published = await signing_keys.published_keys(session)
    return jwt.get_unverified_header(receipt)["kid"] in {key["kid"] for key in published["keys"]}


# --- the worker's part --------------------------------------------------------------------------------------


async def ask_again(database: Database, settings: Settings) -> None:
    """Tell of erasures once more whose reports are late, and show how many are open."""
    while True:
        async with database.transaction() as session:
            silence = timedelta(hours=settings.erasure_asked_again_hours)
            erasure = await queries.next_silent(session, now() - silence)
            if erasure is None:
                break
            assert erasure.user_id is not None
            erasure.told_at = now()
            emit(
                session,
                UserErased(
                    user_id=erasure.user_id,
                    tombstone_id=erasure.tombstone_id,
                    erased_at=erasure.requested_at,
                ),
            )
            log.warning("services are asked again to erase", tombstone=erasure.tombstone_id)
    async with database.transaction() as session:
        count, oldest = await queries.open_since(session)
    metrics.ERASURES_OPEN.set(count)
    metrics.ERASURE_OLDEST.set(0 if oldest is None else (now() - oldest).total_seconds())


async def forget_mailed(database: Database) -> None:
    """Delete the last address of erased people with the mail that was sent to it, once it was."""
    after = 0
    while True:
        async with database.transaction() as session:
            erasure = await queries.next_mailed(session, after)
            if erasure is None:
                return
            after = erasure.id
            assert erasure.mail_id is not None
            if await forget_sent(session, erasure.mail_id):
                erasure.mail_id = None


async def reseal_batch(session: AsyncSession, vault: Vault) -> int:
    """Seal addresses with the newest secret, up to a batch of them; how many."""
    rows = await queries.lock_sealed_otherwise(session, vault.key_id, RESEAL_BATCH)
    for row in rows:
        assert row.recipient_sealed is not None
        row.recipient_sealed = vault.reseal(row.recipient_sealed, _purpose(row.tombstone_id))
    return len(rows)
