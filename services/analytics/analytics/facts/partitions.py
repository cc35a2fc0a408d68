"""The fact table's partitions: one a UTC month, ready ahead of time, and one for whatever falls outside."""

from datetime import date, datetime

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncSession

TABLE = "courses_useractivity"
DEFAULT = f"{TABLE}_default"
_LOCK = 0x50_4152_5449


def month_after(first: date) -> date:
    """The first day of the month after the one that begins on `first`."""
    return date(first.year + first.month // 12, first.month % 12 + 1, 1)


def name_of(first: date) -> str:
    """The partition of the month that begins on `first`."""
    return f"{TABLE}_y{first:%Y}m{first:%m}"


async def make_ahead(session: AsyncSession, now: datetime, months: int) -> list[str]:
    """Make the partitions of this month and the next `months` where they are missing; those made.

    Facts of such a month that came before its partition move there from the default one.
    """
    await session.execute(text("SELECT pg_advisory_xact_lock(:lock)"), {"lock": _LOCK})
    first, made = now.date().replace(day=1), []
    for _ in range(1 + months):
        if not await session.scalar(text("SELECT to_regclass(:name) IS NOT NULL"), {"name": name_of(first)}):
            await _make(session, first)
            made.append(name_of(first))
        first = month_after(first)
    return made


async def _make(session: AsyncSession, first: date) -> None:
    # Filled first and attached then: `CREATE TABLE ... PARTITION OF` would lock readers out, and refuse a month of
    # which the default partition has facts already.
    name, until = name_of(first), month_after(first)
    move = (
        f"WITH moved AS (DELETE FROM {DEFAULT} WHERE created_date >= '{first}' AND created_date < '{until}' "  # noqa: S608
        f"RETURNING *) INSERT INTO {name} SELECT * FROM moved"
    )
    for statement in (
        f"LOCK TABLE {DEFAULT} IN ACCESS EXCLUSIVE MODE",
        f"CREATE TABLE {name} (LIKE {TABLE} INCLUDING DEFAULTS INCLUDING CONSTRAINTS)",
        move,
        f"ALTER TABLE {TABLE} ATTACH PARTITION {name} FOR VALUES FROM ('{first}') TO ('{until}')",
    ):
        await session.execute(text(statement))
