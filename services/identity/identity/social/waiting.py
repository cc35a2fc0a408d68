"""What a social login waits for: kept sealed under a secret that only the client holds, taken once."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import orjson
from chassis.db import now
from sqlalchemy.ext.asyncio import AsyncSession

from identity.social import queries
from identity.social.errors import LoginNotBegun
from identity.social.models import Partial
from identity.social.rules import Step, is_over, new_secret, stored
from identity.vault import Sealed, Vault


@dataclass(frozen=True, slots=True)
class Waiting:
    """A login on its way: its provider's slug, and what was kept of it. `key` is the hash it is found by."""

    provider: str
    key: str
    content: Mapping[str, Any]


async def keep(
    session: AsyncSession, vault: Vault, step: Step, provider: str, content: Mapping[str, Any]
) -> str:
    """Keep a login until its next step; the secret that brings it back."""
    secret = new_secret()
    row = Partial(token=stored(step.name, secret), next_step=step, backend=provider, timestamp=now())
    _seal(row, vault, content)
    session.add(row)
    await session.flush()
    return secret


async def take(session: AsyncSession, vault: Vault, step: Step, secret: str) -> Waiting:
    """The login of this secret, which is good no more. Raises LoginNotBegun."""
    return _read(await queries.take_partial(session, stored(step.name, secret), step), vault)


async def look(session: AsyncSession, vault: Vault, step: Step, secret: str) -> Waiting:
    """The login of this secret, which stays good. Raises LoginNotBegun."""
    return _read(await queries.partial(session, stored(step.name, secret), step), vault)


async def change(
    session: AsyncSession, vault: Vault, step: Step, secret: str, content: Mapping[str, Any]
) -> None:
    """Keep something else under the same secret, for as long as at first. The caller has looked at it under
    `lock`."""
    row = await queries.partial(session, stored(step.name, secret), step, lock=True)
    if row is None:
        raise LoginNotBegun
    _seal(row, vault, content)
    row.timestamp = now()
    await session.flush()


async def lock(session: AsyncSession, vault: Vault, step: Step, secret: str) -> Waiting:
    """The login of this secret, its row locked until the transaction ends. Raises LoginNotBegun."""
    return _read(await queries.partial(session, stored(step.name, secret), step, lock=True), vault)


def _seal(row: Partial, vault: Vault, content: Mapping[str, Any]) -> None:
    row.data = {"sealed": vault.seal(orjson.dumps(content), _purpose(row.token)).hex()}


def _purpose(token: str) -> str:
    return f"social partial {token}"


def _read(row: Partial | None, vault: Vault) -> Waiting:
    if row is None or is_over(row.next_step, row.timestamp, now()):
        raise LoginNotBegun
    try:
        content = vault.open(bytes.fromhex(row.data["sealed"]), _purpose(row.token))
    except (Sealed, KeyError, ValueError) as error:
        # Of the old site, or of a secret key that we were told to forget.
        raise LoginNotBegun from error
    return Waiting(row.backend, row.token, orjson.loads(content))
