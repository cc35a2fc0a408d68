"""Every statement on the statistics of the platform."""

from dataclasses import asdict
from datetime import datetime

from sqlalchemy import select, text
from sqlalchemy.ext.asyncio import AsyncSession

from analytics.platform_statistics.models import PlatformStatistics
from analytics.platform_statistics.rules import PlatformTallies

TABLES = ("content_platformstatistics",)
"""Everything that is folded here, to be made again by a rebuild."""

_ADD = text("""
    INSERT INTO content_platformstatistics AS known
        (id, total_courses, total_students, total_instructors, total_lessons_completed,
         total_certificates_issued, last_updated)
    VALUES (1, :total_courses, :total_students, :total_instructors, :total_lessons_completed,
            :total_certificates_issued, coalesce(CAST(:told_at AS timestamptz), 'epoch'))
        ON CONFLICT (id) DO UPDATE SET
           total_courses = known.total_courses + excluded.total_courses,
           total_students = known.total_students + excluded.total_students,
           total_instructors = known.total_instructors + excluded.total_instructors,
           total_lessons_completed = known.total_lessons_completed + excluded.total_lessons_completed,
           total_certificates_issued = known.total_certificates_issued + excluded.total_certificates_issued,
           last_updated = greatest(known.last_updated, excluded.last_updated)
""")


async def add(session: AsyncSession, tallies: PlatformTallies, told_at: datetime | None) -> None:
    """Add to the one row. Every batch passes through it, so it is touched last and held shortest."""
    await session.execute(_ADD, {**asdict(tallies), "told_at": told_at})


async def statistics(session: AsyncSession) -> PlatformStatistics | None:
    """The row; None before the first fact."""
    return (
        await session.scalars(select(PlatformStatistics).order_by(PlatformStatistics.id).limit(1))
    ).first()
