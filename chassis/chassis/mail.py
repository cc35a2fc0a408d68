"""Outgoing mail: a row written in the transaction that causes it, sent by the worker, to SMTP or to a spool.

What is promised. A mail is sent if, and only if, the transaction that wrote it is committed; it is tried for about two
days. A second one for the same event is not written, and two workers never have the same one in hand. What no protocol
can promise is exactly once: a server that takes a mail and is cut off (or we are killed) before its word is noted here
is given it again, with the same Message-ID, by which servers and readers drop the second.

A mail is `sent` (`sent_at`), waiting (`next_attempt_at` is its next try), or failed: `next_attempt_at` is 'infinity',
`last_error` says why. The server refused it for good, or the time was up. An operator sees their number, and has one
tried again by setting `next_attempt_at` to now() and `attempts` to 0.
"""

import asyncio
import contextlib
import os
import re
from collections.abc import Collection, Mapping
from datetime import datetime, timedelta
from email.message import EmailMessage
from email.policy import SMTP, SMTPUTF8
from email.utils import format_datetime, formataddr, parseaddr
from functools import lru_cache
from importlib import import_module
from pathlib import Path
from typing import TYPE_CHECKING, Any
from urllib.parse import unquote, urlsplit
from uuid import UUID

import structlog
from sqlalchemy import (
    BigInteger,
    DateTime,
    Identity,
    Index,
    Integer,
    Text,
    delete,
    func,
    select,
    text,
    update,
)
from sqlalchemy.dialects.postgresql import UUID as PgUUID
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncSession
from sqlalchemy.orm import Mapped, mapped_column

from chassis import metrics
from chassis.db import Base, Database, now
from chassis.outbox import new_event_id
from chassis.settings import ServiceSettings

if TYPE_CHECKING:
    import jinja2

log = structlog.get_logger()

CHANNEL = "lyceum_mail"
RETRY_AT_MOST = timedelta(hours=1)
GIVE_UP_AFTER = 60
"""Attempts; about two days."""
HAND_OVER_SECONDS = 45.0
STEP_SECONDS = 10.0
GOODBYE_SECONDS = 2.0
NAME_AT_MOST = 60
CLAIMED = timedelta(seconds=90)
"""How long a mail is its sender's alone: longer than handing it over may take."""


class OutgoingMail(Base):
    """One mail. Once sent, its text is emptied: links in it are keys, and nobody needs them here any more."""

    __tablename__ = "mail_outbox"
    __table_args__ = (
        Index("ix_mail_outbox_unsent", "next_attempt_at", postgresql_where=text("sent_at IS NULL")),
    )

    id: Mapped[int] = mapped_column(BigInteger, Identity(), primary_key=True)
    event_id: Mapped[UUID] = mapped_column(PgUUID, unique=True)
    recipient: Mapped[str] = mapped_column(Text)
    template: Mapped[str] = mapped_column(Text)
    subject: Mapped[str] = mapped_column(Text)
    text_body: Mapped[str] = mapped_column(Text)
    html_body: Mapped[str] = mapped_column(Text)
    created_at: Mapped[datetime] = mapped_column(DateTime(timezone=True), server_default=func.now())
    next_attempt_at: Mapped[datetime] = mapped_column(DateTime(timezone=True), server_default=func.now())
    attempts: Mapped[int] = mapped_column(Integer, server_default="0")
    last_error: Mapped[str] = mapped_column(Text, server_default="")
    sent_at: Mapped[datetime | None] = mapped_column(DateTime(timezone=True))


@lru_cache
def _templates(service: str) -> "tuple[jinja2.Environment, jinja2.Environment]":
    """The service's templates, for text and for HTML; a name a template uses and nobody gives is an error."""
    import jinja2  # here, not above: most processes never write a mail, and every one would carry it

    folder = Path(import_module(service).__file__ or "").parent / "mail_templates"
    loader = jinja2.FileSystemLoader(folder)
    plain = jinja2.Environment(loader=loader, undefined=jinja2.StrictUndefined, autoescape=False)  # noqa: S701 - text
    rich = jinja2.Environment(loader=loader, undefined=jinja2.StrictUndefined, autoescape=True)
    return plain, rich


_ADDRESS = re.compile(r"[^\s<>,;:\"()\[\]\\\x00-\x1f\x7f]+@[^\s<>,;:\"()\\@\x00-\x1f\x7f]+")
_LINK = re.compile(r"[/:@<>]|www\.|\.[a-z]{2,}\b", re.IGNORECASE)


def addressed_as(name: str) -> str:
    """A name as a mail may say it: in one line, short, and nothing a mail program would make a link of.

    Anybody can register somebody else's address, and have us mail them what they gave as their name.
    """
    one_line = " ".join(name.split())
    return "there" if not one_line or len(one_line) > NAME_AT_MOST or _LINK.search(one_line) else one_line


async def send_mail(
    session: AsyncSession, *, to: str, template: str, context: Mapping[str, Any], event_id: UUID | None = None
) -> None:
    """Have a mail sent when this transaction commits; a second one for the same `event_id` is not written.

    Links begin with `public_url`, which is the configured one, whatever Host a request came with. `name` is how the
    reader is addressed. Raises ValueError for a recipient that is more than an address.
    """
    settings: ServiceSettings = session.info["settings"]
    if not _ADDRESS.fullmatch(to):
        raise ValueError("a mail goes to one address, in one line")
    plain, rich = _templates(settings.service)
    values = {"public_url": settings.public_url.rstrip("/"), **context}
    if "name" in values:
        values["name"] = addressed_as(values["name"])
    subject = " ".join(plain.get_template(f"{template}.subject.j2").render(values).split())
    await session.execute(
        insert(OutgoingMail)
        .values(
            event_id=event_id or new_event_id(),
            recipient=to,
            template=template,
            subject=subject,
            text_body=plain.get_template(f"{template}.txt.j2").render(values),
            html_body=rich.get_template(f"{template}.html.j2").render(values),
        )
        .on_conflict_do_nothing(index_elements=[OutgoingMail.event_id])
    )
    await session.execute(text(f"SELECT pg_notify('{CHANNEL}', '')"))


def _message(mail: OutgoingMail, settings: ServiceSettings) -> EmailMessage:
    name, address = parseaddr(settings.mail_from)
    recipient = _deliverable(mail.recipient)
    # Letters beyond ASCII before the @ go as they are, to servers that know of them (RFC 6531).
    message = EmailMessage(policy=SMTP if recipient.isascii() else SMTPUTF8)
    message["From"] = formataddr((name, address))
    message["To"] = recipient
    message["Subject"] = mail.subject
    message["Date"] = format_datetime(mail.created_at)
    # The same mail sent again by a crash keeps its id, so that mail servers and readers can drop the second.
    message["Message-ID"] = f"<{mail.event_id}@{address.partition('@')[2] or 'lyceum.example'}>"
    # Nobody is there to read what an absent one's program answers (RFC 3834; the second is Outlook's name for it).
    message["Auto-Submitted"] = "auto-generated"
    message["X-Auto-Response-Suppress"] = "All"
    message.set_content(mail.text_body)
    message.add_alternative(mail.html_body, subtype="html")
    return message


def _deliverable(address: str) -> str:
    """The address with its domain as every server knows it (IDNA)."""
    import idna

    local, _, domain = address.rpartition("@")
    if domain.isascii():
        return address
    return f"{local}@{idna.encode(domain, uts46=True).decode()}"


def _spool(folder: Path, message: EmailMessage, mail: OutgoingMail) -> None:
    """Put one .eml there, whole or not at all; a second time for the same mail changes nothing."""
    folder.mkdir(parents=True, exist_ok=True)
    name = f"{mail.created_at:%Y%m%dT%H%M%S}-{mail.event_id}.eml"
    part = folder / f".{name}.{os.getpid()}"
    part.write_bytes(message.as_bytes())
    part.replace(folder / name)


async def _hand_over(message: EmailMessage, mail: OutgoingMail, settings: ServiceSettings) -> None:
    if settings.smtp_url:
        await _submit(message, settings)
    elif settings.mail_spool_dir is not None:
        await asyncio.to_thread(_spool, settings.mail_spool_dir, message, mail)
    else:
        raise OSError("neither an SMTP server nor a spool directory is configured")


async def _submit(message: EmailMessage, settings: ServiceSettings) -> None:
    """Hand a message to the SMTP server. Raises RefusedForGood, or OSError for every way in which it did not take it."""
    import aiosmtplib

    url = urlsplit(settings.smtp_url or "")
    client = aiosmtplib.SMTP(
        hostname=url.hostname,
        port=url.port,
        username=unquote(url.username) if url.username else None,
        password=unquote(url.password) if url.password else None,
        use_tls=url.scheme == "smtps",
        # A password is sent under TLS or not at all: a server that is said to know none might be somebody in between.
        start_tls=True if url.scheme == "smtp+starttls" or (url.username and url.scheme == "smtp") else None,
        cert_bundle=str(settings.smtp_ca_file) if settings.smtp_ca_file else None,
        timeout=STEP_SECONDS,
    )
    try:
        await client.connect()
        await client.send_message(message)
    except aiosmtplib.SMTPException as error:
        if _is_for_good(error):
            raise RefusedForGood(f"the SMTP server refused for good: {error}") from error
        raise OSError(f"the SMTP server refused: {error}") from error
    except BaseException:
        client.close()
        raise
    # It has the mail. However badly they part, that is so.
    with contextlib.suppress(aiosmtplib.SMTPException, OSError):
        await client.quit(timeout=GOODBYE_SECONDS)
    client.close()


class RefusedForGood(Exception):
    """The mail server will not have this mail, now or later."""


_NO_SUCH_ADDRESS = frozenset((550, 551, 553))


def _is_for_good(error: Exception) -> bool:
    """Whether the refusal is about this mail, and for good.

    Not when it is about us: a wrong password, a sender that is not allowed, relaying denied (5.7.x, or 554 to the
    recipient) are mended by the operator, and then the mail is to go out.
    """
    import aiosmtplib

    if isinstance(error, aiosmtplib.SMTPRecipientsRefused):
        return all(
            refused.code in _NO_SUCH_ADDRESS and not refused.message.lstrip().startswith("5.7.")
            for refused in error.recipients
        )
    if isinstance(error, aiosmtplib.SMTPDataError):
        return error.code >= 500 and not error.message.lstrip().startswith("5.7.")
    return False


DUE = select(OutgoingMail).where(OutgoingMail.sent_at.is_(None), OutgoingMail.next_attempt_at <= func.now())


async def send_due_mail(database: Database) -> None:
    """Send what is due; a failure is tried again, doubling from 2 s to an hour, for about two days, unless the server
    refused for good."""
    while (mail := await _claim_next(database)) is not None:
        failure = await _failure_of(mail, database.settings)
        async with database.transaction() as session:
            await session.execute(
                update(OutgoingMail)
                .where(OutgoingMail.id == mail.id)
                .values(_sent() if failure is None else _failed(mail, failure))
            )


async def measure(database: Database) -> None:
    """Set the gauges of what waits to be sent, and of what never will be."""
    async with database.transaction() as session:
        is_failed = OutgoingMail.next_attempt_at == _NEVER
        counted = select(func.count().filter(~is_failed), func.count().filter(is_failed)).where(
            OutgoingMail.sent_at.is_(None)
        )
        waiting, failed = (await session.execute(counted)).one()
    metrics.MAIL_UNSENT.labels(database.service).set(waiting)
    metrics.MAIL_FAILED.labels(database.service).set(failed)


async def _claim_next(database: Database) -> OutgoingMail | None:
    """The next mail that is due, for this process alone until the claim runs out.

    The mail server is not spoken to inside a transaction: a slow one would have the transaction ended under it,
    and the mail, sent and not known to be, would be sent again and again. A crash before the outcome is noted
    has it sent a second time under the same Message-ID, when the claim has run out: to claim it and never try it
    again would be to lose it, and of the two a mail too many is the lesser harm.
    """
    async with database.transaction() as session:
        mail = await session.scalar(
            DUE.order_by(OutgoingMail.next_attempt_at, OutgoingMail.id)
            .limit(1)
            .with_for_update(skip_locked=True)
        )
        if mail is not None:
            mail.attempts += 1
            mail.next_attempt_at = now() + CLAIMED
    return mail


async def _failure_of(mail: OutgoingMail, settings: ServiceSettings) -> Exception | None:
    """Hand the mail over; why it did not work, or None."""
    try:
        message = _message(mail, settings)
    except ValueError as error:
        return RefusedForGood(repr(error))
    try:
        async with asyncio.timeout(HAND_OVER_SECONDS):
            await _hand_over(message, mail, settings)
    except Exception as error:  # noqa: BLE001 - whatever is wrong with one mail, the next one is sent
        return error
    metrics.MAIL_SENT.labels(settings.service).inc()
    return None


def _sent() -> dict[str, Any]:
    return {"sent_at": now(), "text_body": "", "html_body": "", "last_error": ""}


def _failed(mail: OutgoingMail, error: Exception) -> dict[str, Any]:
    # Servers like to repeat whom they would not deliver to, and the logs are no place for addresses.
    said = _ANY_ADDRESS.sub("<address>", repr(error))[:500]
    noted = {"mail": str(mail.event_id), "attempts": mail.attempts, "error": said}
    if isinstance(error, RefusedForGood) or mail.attempts >= GIVE_UP_AFTER:
        log.error("a mail is given up", **noted)
        return {"last_error": said, "next_attempt_at": _NEVER}
    log.warning("a mail was not sent", **noted)
    delay = min(timedelta(seconds=2 ** min(mail.attempts, 12)), RETRY_AT_MOST)
    return {"last_error": said, "next_attempt_at": now() + delay}


_ANY_ADDRESS = re.compile(r"[^\s<>\"'(),;:]+@[^\s<>\"'(),;:]+")
_NEVER = text("'infinity'::timestamptz")


# --- erasure ------------------------------------------------------------------------------------------------


async def forget_recipients(session: AsyncSession, addresses: Collection[str]) -> None:
    """Delete every mail to these addresses, sent or not: whose they were is being erased."""
    known = [address.lower() for address in addresses]
    await session.execute(delete(OutgoingMail).where(func.lower(OutgoingMail.recipient).in_(known)))


async def forget_sent(session: AsyncSession, event_id: UUID) -> bool:
    """Delete one mail if it was sent, or will never be; False while it still waits. A mail that is gone is forgotten."""
    waiting = await session.scalar(
        select(OutgoingMail.id).where(
            OutgoingMail.event_id == event_id,
            OutgoingMail.sent_at.is_(None),
            OutgoingMail.next_attempt_at != _NEVER,
        )
    )
    if waiting is not None:
        return False
    await session.execute(delete(OutgoingMail).where(OutgoingMail.event_id == event_id))
    return True
