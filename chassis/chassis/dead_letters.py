"""What could not be handled, whole, with its error: kept for an admin to retry or drop, never in the way."""

import hashlib
import traceback
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import (
    BigInteger,
    DateTime,
    Identity,
    Index,
    Integer,
    LargeBinary,
    Text,
    func,
    select,
    text,
    update,
)
from sqlalchemy.dialects.postgresql import JSONB, insert
from sqlalchemy.dialects.postgresql import UUID as PgUUID
from sqlalchemy.ext.asyncio import AsyncSession
from sqlalchemy.orm import Mapped, mapped_column

from chassis import metrics
from chassis.db import Base, Database
from chassis.errors import Conflict, NotFound

CHANNEL = "lyceum_dead_letters"
WAITING, RETRY, HANDLED, DROPPED = "waiting", "retry", "handled", "dropped"


class DeadLetter(Base):
    """One message that this service could not handle. `status`: waiting, retry (an admin asked), handled, dropped."""

    __tablename__ = "dead_letters"
    __table_args__ = (
        Index("ix_dead_letters_open", "id", postgresql_where=text("status IN ('waiting', 'retry')")),
    )

    id: Mapped[int] = mapped_column(BigInteger, Identity(), primary_key=True)
    fingerprint: Mapped[str] = mapped_column(Text, unique=True)
    event_id: Mapped[UUID | None] = mapped_column(PgUUID, index=True)
    type: Mapped[str] = mapped_column(Text)
    topic: Mapped[str] = mapped_column(Text)
    partition: Mapped[int] = mapped_column(Integer)
    offset: Mapped[int] = mapped_column(BigInteger)
    key: Mapped[bytes | None] = mapped_column(LargeBinary)
    headers: Mapped[list[Any]] = mapped_column(JSONB)
    value: Mapped[bytes | None] = mapped_column(LargeBinary)
    error: Mapped[str] = mapped_column(Text)
    traceback: Mapped[str] = mapped_column(Text)
    attempts: Mapped[int] = mapped_column(Integer, server_default="1")
    status: Mapped[str] = mapped_column(Text, server_default=WAITING)
    failed_at: Mapped[datetime] = mapped_column(DateTime(timezone=True), server_default=func.now())
    resolved_at: Mapped[datetime | None] = mapped_column(DateTime(timezone=True))
    resolved_by_id: Mapped[int | None] = mapped_column(BigInteger)


class DeadLetterNotFound(NotFound):
    slug = "dead-letter-not-found"
    title = "There is no such dead letter"


class DeadLetterClosed(Conflict):
    slug = "dead-letter-closed"
    title = "This dead letter was handled or dropped already"


def _fingerprint(topic: str, event_id: UUID | None, value: bytes | None) -> str:
    if event_id is not None:
        return f"{topic}:{event_id}"
    return f"{topic}:sha256:{hashlib.sha256(value or b'').hexdigest()}"


def _storable(told: str) -> str:
    """The text without what PostgreSQL's text cannot hold, so that no letter is too odd to be kept."""
    return told.encode("utf-8", "replace").decode().replace("\x00", "\ufffd")


def _told(error: Exception) -> dict[str, str]:
    return {
        "error": _storable(f"{type(error).__name__}: {error}")[:2000],
        "traceback": _storable("".join(traceback.format_exception(error)))[-8000:],
    }


async def bury(
    session: AsyncSession, record: Any, event_id: UUID | None, event_type: str, error: Exception
) -> None:
    """Keep a message that could not be handled. The same message buried twice is one row."""
    await session.execute(
        insert(DeadLetter)
        .values(
            fingerprint=_fingerprint(record.topic, event_id, record.value),
            event_id=event_id,
            type=event_type,
            topic=record.topic,
            partition=record.partition,
            offset=record.offset,
            key=record.key,
            headers=[
                [_storable(name), _storable((content or b"").decode("utf-8", "replace"))]
                for name, content in record.headers
            ],
            value=record.value,
            **_told(error),
        )
        .on_conflict_do_nothing(index_elements=[DeadLetter.fingerprint])
    )


async def resolve(session: AsyncSession, letter_id: int, *, to: str, by: int) -> DeadLetter:
    """Mark one for another try (`retry`) or as not wanted (`dropped`); the worker does the retrying."""
    letter = await session.get(DeadLetter, letter_id, with_for_update=True)
    if letter is None:
        raise DeadLetterNotFound
    if letter.status in (HANDLED, DROPPED):
        raise DeadLetterClosed
    letter.status = to
    letter.resolved_by_id = by
    if to == DROPPED:
        letter.resolved_at = func.now()
    await session.flush()
    await session.refresh(letter)
    await session.execute(text(f"SELECT pg_notify('{CHANNEL}', '')"))
    return letter


TO_RETRY = select(DeadLetter).where(DeadLetter.status == RETRY)
"""What an admin wants retried."""


async def next_to_retry(session: AsyncSession, after: int) -> DeadLetter | None:
    """The next letter behind `after` that an admin wants retried, locked; None when there is none."""
    following = TO_RETRY.where(DeadLetter.id > after).order_by(DeadLetter.id).limit(1)
    return (await session.scalars(following.with_for_update(skip_locked=True))).one_or_none()


async def note_failure(session: AsyncSession, letter_id: int, error: Exception) -> None:
    """The retry failed too: the letter waits again, with the newer error."""
    await session.execute(
        update(DeadLetter)
        .where(DeadLetter.id == letter_id)
        .values(
            status=WAITING,
            attempts=DeadLetter.attempts + 1,
            **_told(error),
            failed_at=func.now(),
        )
    )


async def count_open(session: AsyncSession) -> int:
    """How many wait for an admin."""
    statement = select(func.count()).select_from(DeadLetter).where(DeadLetter.status.in_((WAITING, RETRY)))
    return (await session.scalar(statement)) or 0


async def measure(database: Database) -> None:
    """Set the gauge of those that wait for an admin."""
    async with database.transaction() as session:
        metrics.DEAD_LETTERS.labels(database.service).set(await count_open(session))
