"""Every statement on the mirror of instructors."""

from typing import Any

from sqlalchemy import ColumnElement, Select, SQLColumnExpression, delete, exists, select, update
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncSession

from catalog.instructor_mirror.models import CatalogCoInstructor, CatalogInstructor


async def keep_instructor(session: AsyncSession, values: dict[str, Any]) -> None:
    """Write the row, unless one as new is here."""
    statement = insert(CatalogInstructor).values(values)
    changed = {name: statement.excluded[name] for name in values if name != "profile_id"}
    await session.execute(
        statement.on_conflict_do_update(
            index_elements=[CatalogInstructor.profile_id],
            set_=changed,
            where=statement.excluded.version > CatalogInstructor.version,
        )
    )


async def keep_rights(session: AsyncSession, values: dict[str, Any]) -> None:
    """Write the row, unless one as new is here."""
    statement = insert(CatalogCoInstructor).values(values)
    changed = {name: statement.excluded[name] for name in values if name not in ("course_id", "user_id")}
    await session.execute(
        statement.on_conflict_do_update(
            index_elements=[CatalogCoInstructor.course_id, CatalogCoInstructor.user_id],
            set_=changed,
            where=statement.excluded.version > CatalogCoInstructor.version,
        )
    )


async def is_active(session: AsyncSession, user_id: int) -> bool:
    statement = select(CatalogInstructor.profile_id).where(
        CatalogInstructor.user_id == user_id, CatalogInstructor.status == "active"
    )
    return await session.scalar(statement.limit(1)) is not None


async def rights(session: AsyncSession, course_id: int, user_id: int) -> CatalogCoInstructor | None:
    return await session.get(CatalogCoInstructor, (course_id, user_id), populate_existing=True)


def teaches(user_id: ColumnElement[int], course_id: SQLColumnExpression[int]) -> ColumnElement[bool]:
    return exists().where(
        CatalogCoInstructor.course_id == course_id,
        CatalogCoInstructor.user_id == user_id,
        CatalogCoInstructor.is_active,
    )


def courses_taught_by(user_id: int) -> Select[int]:
    return select(CatalogCoInstructor.course_id).where(
        CatalogCoInstructor.user_id == user_id, CatalogCoInstructor.is_active
    )


async def replace_user(session: AsyncSession, user_id: int, tombstone_id: int) -> None:
    # Rights end with the person; the profile goes on under the tombstone, suspended for good.
    await session.execute(delete(CatalogCoInstructor).where(CatalogCoInstructor.user_id == user_id))
    await session.execute(
        update(CatalogInstructor)
        .where(CatalogInstructor.user_id == user_id)
        .values(user_id=tombstone_id, status="suspended")
    )
