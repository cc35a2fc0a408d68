"""Rewriting a person's id in what waits, or was kept, for others: the outbox, dead letters, idempotent answers."""

from typing import Any

import orjson
from chassis.dead_letters import DeadLetter
from chassis.idempotency import IdempotencyKey
from chassis.outbox import OutboxRow
from sqlalchemy import delete, func, literal, select, text, update
from sqlalchemy.dialects.postgresql import JSON, JSONB
from sqlalchemy.ext.asyncio import AsyncSession


async def rewrite_outbox(session: AsyncSession, topic: str, user_id: int, tombstone_id: int) -> None:
    """Events keyed by the person, sent or not: should they be sent again, they speak of nobody."""
    payload = OutboxRow.payload.cast(JSONB)
    rewritten = func.jsonb_set(payload, text("'{user_id}'"), literal(tombstone_id, JSONB))
    await session.execute(
        update(OutboxRow)
        .where(OutboxRow.topic == topic, OutboxRow.key == str(user_id))
        .values(key=str(tombstone_id), payload=rewritten.cast(JSON))
        .execution_options(synchronize_session=False)
    )


async def forget_answers(session: AsyncSession, user_id: int) -> None:
    """Answers kept under the person's idempotency keys."""
    await session.execute(delete(IdempotencyKey).where(IdempotencyKey.caller == f"user:{user_id}"))


async def rewrite_dead_letters(session: AsyncSession, user_id: int, tombstone_id: int) -> None:
    """Dead letters about the person; one that cannot be read is dropped whole if it is keyed by them."""
    needle = f'"user_id":{user_id}'.encode()
    statement = select(DeadLetter).where(
        (DeadLetter.key == str(user_id).encode()) & (DeadLetter.topic == "identity.events")
        | (func.position(literal(needle).op("IN")(DeadLetter.value)) > 0)
    )
    for letter in await session.scalars(statement):
        if letter.topic == "identity.events" and letter.key == str(user_id).encode():
            await session.delete(letter)
            continue
        letter.value = orjson.dumps(_replaced(orjson.loads(letter.value or b"null"), user_id, tombstone_id))


def _replaced(data: Any, user_id: int, tombstone_id: int) -> Any:
    if isinstance(data, dict) and data.get("user_id") == user_id:
        return {**data, "user_id": tombstone_id}
    return data
