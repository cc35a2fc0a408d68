"""Every statement on the mirror of accounts."""

from collections.abc import Iterable
from functools import cache

from contracts.identity import UserChanged
from sqlalchemy import Subquery, select, text
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncSession

from catalog.people.models import CatalogPerson


async def keep_newest(session: AsyncSession, user: UserChanged) -> None:
    """Write the row, unless one as new is here or the person was erased."""
    statement = insert(CatalogPerson).values(
        user_id=user.user_id,
        version=user.version,
        display_name=user.display_name,
        picture_url=user.picture_url,
    )
    new = statement.excluded
    await session.execute(
        statement.on_conflict_do_update(
            index_elements=[CatalogPerson.user_id],
            set_={"version": new.version, "display_name": new.display_name, "picture_url": new.picture_url},
            where=(new.version > CatalogPerson.version) & CatalogPerson.tombstone_id.is_(None),
        )
    )


_ERASURES = "hashtextextended('catalog.erasures', 0)"


async def hold_off_erasures(session: AsyncSession) -> None:
    await session.execute(text(f"SELECT pg_advisory_xact_lock_shared({_ERASURES})"))


async def await_writers(session: AsyncSession) -> None:
    await session.execute(text(f"SELECT pg_advisory_xact_lock({_ERASURES})"))


async def erase(session: AsyncSession, user_id: int, tombstone_id: int) -> None:
    blank = {"version": 0, "display_name": "", "picture_url": None, "tombstone_id": tombstone_id}
    statement = insert(CatalogPerson).values(user_id=user_id, **blank)
    await session.execute(statement.on_conflict_do_update(index_elements=[CatalogPerson.user_id], set_=blank))


async def tombstones(session: AsyncSession, user_ids: Iterable[int]) -> dict[int, int]:
    statement = select(CatalogPerson.user_id, CatalogPerson.tombstone_id).where(
        CatalogPerson.user_id.in_(list(user_ids)), CatalogPerson.tombstone_id.is_not(None)
    )
    rows = await session.execute(statement)
    return {user_id: tombstone_id for user_id, tombstone_id in rows if tombstone_id is not None}


@cache
def directory() -> Subquery:
    return select(CatalogPerson.user_id, CatalogPerson.display_name, CatalogPerson.picture_url).subquery(
        "people"
    )
