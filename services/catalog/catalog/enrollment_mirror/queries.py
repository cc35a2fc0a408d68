"""Every statement on the mirror of enrollments."""

from collections.abc import Sequence
from dataclasses import asdict
from datetime import datetime

from sqlalchemy import ColumnElement, SQLColumnExpression, case, distinct, exists, func, select, update
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncSession

from catalog.enrollment_mirror.models import CatalogEnrollment
from catalog.enrollment_mirror.rules import Enrollment


async def keep_newest(session: AsyncSession, enrollments: Sequence[Enrollment]) -> None:
    """Write one row per enrollment: the newer state wins, the later enrolling stays."""
    statement = insert(CatalogEnrollment).values([asdict(enrollment) for enrollment in enrollments])
    new, old = statement.excluded, CatalogEnrollment
    is_newer = new.version > old.version
    await session.execute(
        statement.on_conflict_do_update(
            index_elements=[old.enrollment_id],
            set_={
                "is_active": case((is_newer, new.is_active), else_=old.is_active),
                "enrolled_at": func.greatest(old.enrolled_at, new.enrolled_at),
                "version": func.greatest(old.version, new.version),
            },
        )
    )


async def totals(session: AsyncSession, course_ids: Sequence[int]) -> list[tuple[int, int, datetime | None]]:
    """Per course that anybody ever enrolled in: its id, how many are now, and the last enrolling."""
    statement = (
        select(
            CatalogEnrollment.course_id,
            func.count(distinct(CatalogEnrollment.user_id)).filter(CatalogEnrollment.is_active),
            func.max(CatalogEnrollment.enrolled_at),
        )
        .where(CatalogEnrollment.course_id.in_(course_ids))
        .group_by(CatalogEnrollment.course_id)
    )
    return [(course_id, students, last) for course_id, students, last in await session.execute(statement)]


async def is_active(session: AsyncSession, user_id: int, course_id: int) -> bool:
    statement = select(CatalogEnrollment.enrollment_id).where(
        CatalogEnrollment.user_id == user_id,
        CatalogEnrollment.course_id == course_id,
        CatalogEnrollment.is_active,
    )
    return await session.scalar(statement.limit(1)) is not None


def enrolled(user_id: ColumnElement[int], course_id: SQLColumnExpression[int]) -> ColumnElement[bool]:
    return exists().where(
        CatalogEnrollment.user_id == user_id,
        CatalogEnrollment.course_id == course_id,
        CatalogEnrollment.is_active,
    )


async def has_enrolled(session: AsyncSession, user_id: int, course_id: int) -> bool:
    statement = select(CatalogEnrollment.enrollment_id).where(
        CatalogEnrollment.user_id == user_id,
        CatalogEnrollment.course_id == course_id,
    )
    return await session.scalar(statement.limit(1)) is not None


async def ever_enrolled(session: AsyncSession, course_id: int) -> bool:
    statement = select(CatalogEnrollment.enrollment_id).where(CatalogEnrollment.course_id == course_id)
    return await session.scalar(statement.limit(1)) is not None


async def replace_user(session: AsyncSession, user_id: int, tombstone_id: int) -> None:
    await session.execute(
        update(CatalogEnrollment).where(CatalogEnrollment.user_id == user_id).values(user_id=tombstone_id)
    )
