"""The chassis' own tables, present in every service's database: importing this puts them on `Base.metadata`."""

from chassis.consumer import ProcessedEvent
from chassis.dead_letters import DeadLetter
from chassis.erasure import ErasedPerson
from chassis.idempotency import IdempotencyKey
from chassis.mail import OutgoingMail
from chassis.outbox import OutboxRelay, OutboxRow
from chassis.revocations import EndedSession

__all__ = [
    "DeadLetter",
    "EndedSession",
    "ErasedPerson",
    "IdempotencyKey",
    "OutboxRelay",
    "OutboxRow",
    "OutgoingMail",
    "ProcessedEvent",
]
