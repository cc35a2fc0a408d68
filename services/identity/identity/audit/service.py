"""Record what the staff did, in the transaction that does it: no act without its entry, no entry without its act."""

from collections.abc import Mapping, Sequence
from contextvars import ContextVar
from datetime import datetime
from typing import Any

from chassis.auth import Principal
from chassis.pagination import PageParams, page
from chassis.tracing import current_request_id
from sqlalchemy.ext.asyncio import AsyncSession

from identity.audit import queries
from identity.audit.models import AdminAuditEntry
from identity.audit.rules import Change, differences, redact
from identity.origin import Address

__all__ = ["Entry", "current_address", "differences", "export_of", "forget", "list_entries", "record"]

Entry = AdminAuditEntry
"""An entry as other slices read it."""

current_address: ContextVar[Address | None] = ContextVar("identity_address", default=None)
"""Where the request that is being answered came from; None outside of one."""


async def record(
    session: AsyncSession,
    actor: Principal,
    action: str,
    target_type: str,
    target_id: str | int,
    changes: Mapping[str, Change],
) -> None:
    """Write down that `actor` did `action` (`user.banned`) to a target (`user`, 7), and what changed by it.

    `changes` is {name: [old, new]}, JSON alone; `differences(before, after)` makes it. What is named like a secret or
    an address is kept as changed, not as itself; a person's other data has no business here but for `reason`, which
    erasure removes. The entry is committed, or not, with the caller's transaction.
    """
    session.add(
        AdminAuditEntry(
            actor_id=actor.user_id,
            actor_role=actor.role,
            action=action,
            target_type=target_type,
            target_id=str(target_id),
            changes=redact(changes),
            request_id=current_request_id.get(),
            ip_address=current_address.get(),
        )
    )
    await session.flush()


async def list_entries(
    session: AsyncSession,
    params: PageParams,
    *,
    actor_id: int | None = None,
    action: str | None = None,
    target_type: str | None = None,
    target_id: str | None = None,
    since: datetime | None = None,
    until: datetime | None = None,
) -> tuple[Sequence[Entry], str | None]:
    """A page of the log, newest first, and the cursor of the next; `since` counts, `until` does not."""
    statement = queries.listed(
        actor_id=actor_id,
        action=action,
        target_type=target_type,
        target_id=target_id,
        since=since,
        until=until,
    )
    return await page(session, statement, params, key=[(AdminAuditEntry.id, "desc")])


async def forget(session: AsyncSession, user_id: int, tombstone_id: int) -> int:
    """Write the tombstone over a person's id, as actor and as target, and drop their address and the reasons written
    about them; in how many entries. What was done stays on record."""
    return await queries.forget(session, user_id, tombstone_id)


async def export_of(session: AsyncSession, user_id: int) -> dict[str, Any]:
    """What the log holds on a person, as JSON: their acts as staff with their address, and what was done to them
    without who did it, which is another's."""
    entries = await queries.naming(session, user_id)
    return {
        "actions_by_me": [
            {
                **_told(entry),
                "target_type": entry.target_type,
                "target_id": entry.target_id,
                "ip_address": None if entry.ip_address is None else str(entry.ip_address),
            }
            for entry in entries
            if entry.actor_id == user_id
        ],
        "actions_on_my_account": [
            _told(entry)
            for entry in entries
            if entry.target_type == queries.USER and entry.target_id == str(user_id)
        ],
    }


def _told(entry: Entry) -> dict[str, Any]:
    return {"at": entry.at.isoformat(), "action": entry.action, "changes": entry.changes}
