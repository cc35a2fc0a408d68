"""Idempotency-Key (draft-ietf-httpapi-idempotency-key-header): a POST repeated is answered as it was the first time.

The answer is kept in the transaction that does the work: there is no instant at which the work is done and the
answer not known. A second request that comes while the first still runs meets its lock and is told so.
"""

import hashlib
from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import (
    BigInteger,
    DateTime,
    Identity,
    Integer,
    LargeBinary,
    Text,
    UniqueConstraint,
    func,
    select,
    text,
)
from sqlalchemy.dialects.postgresql import JSONB, insert
from sqlalchemy.ext.asyncio import AsyncSession
from sqlalchemy.orm import Mapped, mapped_column

from chassis.db import Base
from chassis.errors import KeyInFlight, KeyReused

KEPT = timedelta(hours=24)


class IdempotencyKey(Base):
    """The first answer to a request with an Idempotency-Key, kept for a day."""

    __tablename__ = "idempotency_keys"
    __table_args__ = (UniqueConstraint("caller", "key", name="uq_idempotency_keys_caller_key"),)

    id: Mapped[int] = mapped_column(BigInteger, Identity(), primary_key=True)
    caller: Mapped[str] = mapped_column(Text)
    key: Mapped[str] = mapped_column(Text)
    request_hash: Mapped[str] = mapped_column(Text)
    status: Mapped[int] = mapped_column(Integer)
    headers: Mapped[dict[str, Any]] = mapped_column(JSONB)
    body: Mapped[bytes] = mapped_column(LargeBinary)
    created_at: Mapped[datetime] = mapped_column(
        DateTime(timezone=True), server_default=func.now(), index=True
    )


def hash_request(method: str, path: str, query: bytes, body: bytes) -> str:
    """What makes two requests the same request; `body` is its SHA-256, for it may be too large to be held."""
    parts = (method.encode(), path.encode(), query)
    digests = [hashlib.sha256(part).digest() for part in parts]
    return hashlib.sha256(b"\0".join([*digests, body])).hexdigest()


async def has_answer(session: AsyncSession, caller: str, key: str) -> bool:
    """Whether a first answer is kept under the key, whichever request it was to."""
    found = select(IdempotencyKey.id).where(IdempotencyKey.caller == caller, IdempotencyKey.key == key)
    return await session.scalar(found) is not None


async def first_answer(
    session: AsyncSession, caller: str, key: str, request_hash: str
) -> IdempotencyKey | None:
    """Take the key for this transaction; the first answer if there was one.

    Raises KeyInFlight while another transaction holds the key, KeyReused when it stands for another request.
    """
    digest = hashlib.blake2b(f"idempotency\0{caller}\0{key}".encode(), digest_size=8).digest()
    lock = int.from_bytes(digest, "big", signed=True)
    if not await session.scalar(text("SELECT pg_try_advisory_xact_lock(:lock)"), {"lock": lock}):
        raise KeyInFlight
    found = await session.scalar(
        select(IdempotencyKey).where(IdempotencyKey.caller == caller, IdempotencyKey.key == key)
    )
    if found is not None and found.request_hash != request_hash:
        raise KeyReused
    return found


async def keep_answer(
    session: AsyncSession,
    caller: str,
    key: str,
    request_hash: str,
    *,
    status: int,
    headers: Mapping[str, str],
    body: bytes,
) -> None:
    """Remember the answer, in the transaction of the work it answers for."""
    await session.execute(
        insert(IdempotencyKey)
        .values(
            caller=caller, key=key, request_hash=request_hash, status=status, headers=dict(headers), body=body
        )
        .on_conflict_do_nothing()
    )
