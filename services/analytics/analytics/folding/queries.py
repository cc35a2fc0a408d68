"""The lock of the fold, and the rebuilds asked for."""

from sqlalchemy import func, select, text, update
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncSession

from analytics.folding.models import Rebuild

CHANNEL = "analytics_rebuild"
WAITING, RUNNING, DONE, FAILED = "waiting", "running", "done", "failed"

_LOCK = 0x4C59_4345  # any number will do, as long as nothing else in this database uses it
_DELETE_AT_ONCE = 20_000


async def lock_beside_others(session: AsyncSession) -> None:
    """Fold beside other folds; what must be alone waits until this transaction has ended."""
    await session.execute(text("SELECT pg_advisory_xact_lock_shared(:lock)"), {"lock": _LOCK})


async def lock_alone(session: AsyncSession) -> None:
    """Wait for every fold under way, and keep others waiting until this transaction has ended."""
    await session.execute(text("SELECT pg_advisory_xact_lock(:lock)"), {"lock": _LOCK})


async def wait_without_limit(session: AsyncSession) -> None:
    """Lift the server's limits for this transaction: a rebuild takes as long as it takes."""
    for limit in ("statement_timeout", "lock_timeout", "idle_in_transaction_session_timeout"):
        await session.execute(text(f"SET LOCAL {limit} = 0"))


async def empty(session: AsyncSession, table: str) -> None:
    """Delete every row, some at a time. Not TRUNCATE, which would keep readers out until the end of a rebuild:
    so they read the old numbers until the new ones are committed."""
    statement = text(
        f"DELETE FROM {table} WHERE ctid = ANY (ARRAY(SELECT ctid FROM {table} LIMIT {_DELETE_AT_ONCE}))"  # noqa: S608
    )
    while (await session.execute(statement)).rowcount:  # type: ignore[attr-defined]
        pass


async def request_rebuild(session: AsyncSession, user_id: int) -> Rebuild:
    """A rebuild that has not begun: the one that waits, or a new one. The worker is woken at commit."""
    await session.execute(text(f"SELECT pg_notify('{CHANNEL}', '')"))
    while True:
        made = await session.scalar(
            insert(Rebuild)
            .values(requested_by_id=user_id)
            .on_conflict_do_nothing(index_elements=["status"], index_where=text("status = 'waiting'"))
            .returning(Rebuild)
        )
        found = (
            made or (await session.scalars(select(Rebuild).where(Rebuild.status == WAITING))).one_or_none()
        )
        if found is not None:
            return found


TO_REBUILD = select(Rebuild).where(Rebuild.status.in_([WAITING, RUNNING]))


async def next_rebuild(session: AsyncSession) -> Rebuild | None:
    """The oldest rebuild that waits, or that a worker began and died over, locked; None where there is none, or
    another worker is at it."""
    statement = TO_REBUILD.order_by(Rebuild.id).limit(1)
    return (await session.scalars(statement.with_for_update(skip_locked=True))).first()


async def fail_rebuild(session: AsyncSession, rebuild_id: int, error: str) -> None:
    """Give a rebuild up: what failed for no passing reason would fail again."""
    await session.execute(
        update(Rebuild)
        .where(Rebuild.id == rebuild_id)
        .values(status=FAILED, error=error[:2000], finished_at=func.now())
    )


async def latest_rebuild(session: AsyncSession) -> Rebuild | None:
    """The rebuild asked for last."""
    return (await session.scalars(select(Rebuild).order_by(Rebuild.id.desc()).limit(1))).one_or_none()


async def forget_admin(session: AsyncSession, user_id: int, tombstone_id: int) -> None:
    """Write the tombstone over an admin who asked for rebuilds."""
    await session.execute(
        update(Rebuild).where(Rebuild.requested_by_id == user_id).values(requested_by_id=tombstone_id)
    )
