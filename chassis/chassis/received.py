"""An event as it comes off the log, and those who take it."""

from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Generic, TypeVar
from uuid import UUID

from contracts.envelope import Envelope, Event, event_type_of, from_kafka
from sqlalchemy.ext.asyncio import AsyncSession

from chassis.dead_letters import DeadLetter

E = TypeVar("E", bound=Event)


@dataclass(frozen=True, slots=True)
class Received(Generic[E]):
    """An event as it came off the log. `time` is when it happened, aware, UTC."""

    id: UUID
    type: str
    source: str
    subject: str
    time: datetime
    data: E
    traceparent: str | None
    topic: str
    partition: int
    offset: int


Handler = Callable[[AsyncSession, Any], Awaitable[None]]


@dataclass(frozen=True, eq=False)
class Batched:
    """A handler that takes all of a micro-batch's events mapped to this same object, in their order, in one call."""

    handle: Callable[[AsyncSession, list[Received[Any]]], Awaitable[None]]


Subscriptions = Mapping[type[Event], Handler | Batched]


@dataclass(frozen=True, slots=True)
class Item:
    """A message of the log, and what was read in it."""

    record: Any
    received: Received[Any] | None
    """None when the message could not be read; `error` then says why."""
    error: Exception | None = None


def type_of(record: Any) -> str | None:
    """The event's type by its headers alone; None where they do not tell it."""
    # Kafka knows headers without a value.
    return event_type_of([(name, content) for name, content in record.headers if content is not None])


def decode(record: Any, lookup: Mapping[str, type[Event]]) -> Item | None:
    """Read one Kafka record; None for a type nobody here subscribed to (found out without parsing)."""
    event_type = type_of(record)
    if event_type is not None and event_type not in lookup:
        return None
    try:
        envelope: Envelope[Any] = from_kafka(record.headers, record.value, lookup.get)
    except (ValueError, LookupError) as error:
        return Item(record, None, error)
    received = Received(
        id=envelope.id,
        type=envelope.type,
        source=envelope.source,
        subject=envelope.subject,
        time=envelope.time,
        data=envelope.data,
        traceparent=envelope.traceparent,
        topic=record.topic,
        partition=record.partition,
        offset=record.offset,
    )
    return Item(record, received)


class LetterRecord:
    """A dead letter in the shape of the Kafka record it was."""

    def __init__(self, letter: DeadLetter) -> None:
        self.topic, self.partition, self.offset = letter.topic, letter.partition, letter.offset
        self.key, self.value = letter.key, letter.value
        self.headers = tuple((name, content.encode()) for name, content in letter.headers)
