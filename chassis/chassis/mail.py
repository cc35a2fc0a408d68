"""Outgoing mail: a row written in the transaction that causes it, sent by the worker, to SMTP or to a spool."""

import asyncio
import os
from collections.abc import Mapping
from datetime import datetime, timedelta
from email.message import EmailMessage
from email.policy import SMTP
from email.utils import format_datetime, formataddr, parseaddr
from functools import lru_cache
from importlib import import_module
from pathlib import Path
from typing import TYPE_CHECKING, Any
from urllib.parse import unquote, urlsplit
from uuid import UUID

import structlog
from sqlalchemy import BigInteger, DateTime, Identity, Index, Integer, Text, func, select, text, update
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


async def send_mail(
    session: AsyncSession, *, to: str, template: str, context: Mapping[str, Any], event_id: UUID | None = None
) -> None:
    """Have a mail sent when this transaction commits; a second one for the same `event_id` is not written."""
    settings: ServiceSettings = session.info["settings"]
    plain, rich = _templates(settings.service)
    values = {"public_url": settings.public_url.rstrip("/"), **context}
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
    message = EmailMessage(policy=SMTP)
    message["From"] = formataddr((name, address))
    message["To"] = mail.recipient
    message["Subject"] = mail.subject
    message["Date"] = format_datetime(mail.created_at)
    # The same mail sent again by a crash keeps its id, so that mail servers and readers can drop the second.
    message["Message-ID"] = f"<{mail.event_id}@{address.partition('@')[2] or 'lyceum.example'}>"
    message["Auto-Submitted"] = "auto-generated"
    message.set_content(mail.text_body)
    message.add_alternative(mail.html_body, subtype="html")
    return message


def _spool(folder: Path, message: EmailMessage, mail: OutgoingMail) -> None:
    """Put one .eml there, whole or not at all; a second time for the same mail changes nothing."""
    folder.mkdir(parents=True, exist_ok=True)
    name = f"{mail.created_at:%Y%m%dT%H%M%S}-{mail.event_id}.eml"
    part = folder / f".{name}.{os.getpid()}"
    part.write_bytes(message.as_bytes())
    part.replace(folder / name)


async def _hand_over(message: EmailMessage, mail: OutgoingMail, settings: ServiceSettings) -> None:
    if settings.smtp_url:
        await _submit(message, settings.smtp_url)
    elif settings.mail_spool_dir is not None:
        await asyncio.to_thread(_spool, settings.mail_spool_dir, message, mail)
    else:
        raise OSError("neither an SMTP server nor a spool directory is configured")


async def _submit(message: EmailMessage, smtp_url: str) -> None:
    """Hand a message to the SMTP server; OSError for every way in which it did not take it."""
    import aiosmtplib

    url = urlsplit(smtp_url)
    try:
        await aiosmtplib.send(
            message,
            hostname=url.hostname,
            port=url.port,
            username=unquote(url.username) if url.username else None,
            password=unquote(url.password) if url.password else None,
            use_tls=url.scheme == "smtps",
            timeout=10,
        )
    except aiosmtplib.SMTPException as error:
        raise OSError(f"the SMTP server refused: {error}") from error


async def send_due_mail(database: Database) -> None:
    """Send what is due; a failure is tried again, doubling from 2 s to an hour, for about two days."""
    while (mail := await _claim_next(database)) is not None:
        failure = await _failure_of(mail, database.settings)
        async with database.transaction() as session:
            await session.execute(
                update(OutgoingMail)
                .where(OutgoingMail.id == mail.id)
                .values(_sent() if failure is None else _failed(mail, failure))
            )
    async with database.transaction() as session:
        unsent = select(func.count()).select_from(OutgoingMail).where(OutgoingMail.sent_at.is_(None))
        metrics.MAIL_UNSENT.labels(database.service).set((await session.scalar(unsent)) or 0)


async def _claim_next(database: Database) -> OutgoingMail | None:
    """The next mail that is due, for this process alone until the claim runs out.

    The mail server is not spoken to inside a transaction: a slow one would have the transaction ended under it,
    and the mail, sent and not known to be, would be sent again and again. A crash before the outcome is noted
    has it sent a second time under the same Message-ID, when the claim has run out.
    """
    async with database.transaction() as session:
        mail = await session.scalar(
            select(OutgoingMail)
            .where(
                OutgoingMail.sent_at.is_(None),
                OutgoingMail.next_attempt_at <= func.now(),
                OutgoingMail.attempts < GIVE_UP_AFTER,
            )
            .order_by(OutgoingMail.next_attempt_at, OutgoingMail.id)
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
        async with asyncio.timeout(HAND_OVER_SECONDS):
            await _hand_over(_message(mail, settings), mail, settings)
    except Exception as error:  # noqa: BLE001 - whatever is wrong with one mail, the next one is sent
        log.warning("a mail was not sent", mail=str(mail.event_id), attempts=mail.attempts, error=repr(error))
        return error
    metrics.MAIL_SENT.labels(settings.service).inc()
    return None


def _sent() -> dict[str, Any]:
    return {"sent_at": now(), "text_body": "", "html_body": "", "last_error": ""}


def _failed(mail: OutgoingMail, error: Exception) -> dict[str, Any]:
    delay = min(timedelta(seconds=2 ** min(mail.attempts, 12)), RETRY_AT_MOST)
    return {"next_attempt_at": now() + delay, "last_error": repr(error)[:500]}
