"""The transactional outbox: an event is a row written in the transaction that changes the state.

`emit` remembers the event; the row is written as the last thing before the commit, so what was rolled back was
never said and what was committed cannot stay unsaid. `chassis.relay` sends the rows.
"""

import hashlib
from datetime import datetime
from typing import Any
from uuid import UUID

import uuid_utils.compat
from contracts.envelope import Event, enclose, to_kafka
from sqlalchemy import BigInteger, DateTime, Identity, Index, Text, func, insert, text
from sqlalchemy.dialects.postgresql import JSON, JSONB
from sqlalchemy.dialects.postgresql import UUID as PgUUID
from sqlalchemy.event import listens_for
from sqlalchemy.ext.asyncio import AsyncSession
from sqlalchemy.orm import Mapped, Session, SessionTransaction, mapped_column

from chassis import metrics
from chassis.db import Base, Database, SyncSession, at_commit, now
from chassis.errors import PayloadTooLarge
from chassis.tracing import traceparent

CHANNEL = "lyceum_outbox"
LOCK_CLASS, LOCKS = 0x0B0C, 1024


class OutboxRow(Base):
    """One event on its way to the broker; kept for the retention window after it was published."""

    __tablename__ = "outbox"
    __table_args__ = (
        Index("ix_outbox_unpublished", "id", postgresql_where=text("published_at IS NULL")),
        Index("ix_outbox_published_at", "published_at"),
        Index("ix_outbox_topic_key", "topic", "key"),
    )

    id: Mapped[int] = mapped_column(BigInteger, Identity(), primary_key=True)
    event_id: Mapped[UUID] = mapped_column(PgUUID, unique=True)
    topic: Mapped[str] = mapped_column(Text)
    key: Mapped[str] = mapped_column(Text)
    type: Mapped[str] = mapped_column(Text)
    headers: Mapped[dict[str, str]] = mapped_column(JSONB)
    # json, not jsonb: jsonb is spaced out when read as text, and what fitted the broker might no longer.
    payload: Mapped[dict[str, Any]] = mapped_column(JSON)
    created_at: Mapped[datetime] = mapped_column(DateTime(timezone=True), server_default=func.now())
    published_at: Mapped[datetime | None] = mapped_column(DateTime(timezone=True))


class OutboxRelay(Base):
    """The log the outbox was last published into: one row, the broker's cluster id."""

    __tablename__ = "outbox_relay"

    service: Mapped[str] = mapped_column(Text, primary_key=True)
    cluster_id: Mapped[str] = mapped_column(Text)
    since: Mapped[datetime] = mapped_column(DateTime(timezone=True), server_default=func.now())


class EventTooLarge(PayloadTooLarge):
    slug = "event-too-large"
    title = "What changed is too large to be told to the other services"


def new_event_id() -> UUID:
    """A UUIDv7 (RFC 9562): unique, and in the order of time."""
    return uuid_utils.compat.uuid7()


def emit(session: AsyncSession, event: Event, *, time: datetime | None = None) -> UUID:
    """Say `event` when, and only when, this transaction commits.

    `time` is when it happened (now, unless said). Returns the event's id. Events of one key reach the broker
    in the order in which their transactions committed. Raises EventTooLarge at once for what the broker would refuse.
    """
    settings = session.info["settings"]
    envelope = enclose(
        event,
        id=new_event_id(),
        source=f"/services/{settings.service}",
        time=time or now(),
        traceparent=traceparent(),
    )
    key, value, headers = to_kafka(envelope)
    size = len(key) + len(value) + sum(len(name) + len(content) for name, content in headers)
    if size > settings.kafka_max_message_bytes:
        raise EventTooLarge(
            f"{event.event_type} would be {size} bytes; at most {settings.kafka_max_message_bytes} are sent."
        )
    rows = session.info.setdefault("outbox", [])
    rows.append(
        {
            "event_id": envelope.id,
            "topic": event.topic,
            "key": key.decode(),
            "type": event.event_type,
            "headers": {name: content.decode() for name, content in headers},
            "payload": event.model_dump(mode="json"),
        }
    )
    at_commit(session, "outbox", _write)
    return envelope.id


@listens_for(SyncSession, "after_transaction_create")
def _mark_savepoint(session: Session, transaction: SessionTransaction) -> None:
    if transaction.nested:
        session.info.setdefault("outbox_at", {})[transaction] = len(session.info.get("outbox", ()))


@listens_for(SyncSession, "after_soft_rollback")
def _unsay(session: Session, ended: SessionTransaction) -> None:
    """What was said since a savepoint is taken back with what was done since; all of it with the whole."""
    while ended.parent is not None and not ended.nested:
        ended = ended.parent
    if rows := session.info.get("outbox"):
        del rows[session.info.get("outbox_at", {}).get(ended, 0) :]


def _lock_of(topic: str, key: str) -> int:
    digest = hashlib.blake2b(f"{topic}\0{key}".encode(), digest_size=8).digest()
    # Many keys to one lock: a transaction that speaks for more keys than the server has room for locks would
    # never commit, and two that share one without need wait for each other's commit, no longer.
    return int.from_bytes(digest, "big") % LOCKS


async def _write(session: AsyncSession) -> None:
    rows = session.info.pop("outbox")
    if not rows:
        return
    # Ids are drawn before the commit: of two transactions that speak for one key, the one with the larger id
    # could commit first and be sent first. Holding the key until the commit makes id order commit order.
    # The locks are taken last and sorted, so nothing that holds one waits for anything but another of them.
    locks = sorted({_lock_of(row["topic"], row["key"]) for row in rows})
    await session.execute(
        text("SELECT pg_advisory_xact_lock(:class, k) FROM unnest(CAST(:keys AS int[])) AS k"),
        {"class": LOCK_CLASS, "keys": locks},
    )
    await session.execute(insert(OutboxRow), rows)
    await session.execute(text(f"SELECT pg_notify('{CHANNEL}', '')"))


async def measure(database: Database) -> None:
    """Set the backlog's gauges: not the relay's to do, so that they move while it hangs or the broker is away."""
    async with database.transaction() as session:
        waiting, age = (
            await session.execute(
                text(
                    "SELECT count(*), coalesce(extract(epoch FROM now() - min(created_at)), 0)::float8 "
                    "FROM outbox WHERE published_at IS NULL"
                )
            )
        ).one()
    metrics.OUTBOX_UNPUBLISHED.labels(database.service).set(waiting)
    metrics.OUTBOX_OLDEST.labels(database.service).set(age)
