"""Every statement on the mirror of assessments."""

from collections.abc import Collection, Sequence
from dataclasses import asdict

from sqlalchemy import select
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncSession

from catalog.assessment_mirror.models import CatalogAssessment
from catalog.assessment_mirror.rules import Assessment


async def lessons_of(session: AsyncSession, assessment_ids: Collection[int]) -> set[int]:
    """The lessons these assessments belong to, as far as is known."""
    statement = select(CatalogAssessment.lesson_id)
    return set(await session.scalars(statement.where(CatalogAssessment.assessment_id.in_(assessment_ids))))


async def keep_newest(session: AsyncSession, assessments: Sequence[Assessment]) -> set[int]:
    """Write one row per assessment, unless one as new is here; the lessons of those written."""
    statement = insert(CatalogAssessment).values([asdict(each) for each in assessments])
    new = statement.excluded
    changed = {name: new[name] for name in ("version", "lesson_id", "is_removed")}
    written = statement.on_conflict_do_update(
        index_elements=[CatalogAssessment.assessment_id],
        set_=changed,
        where=new.version > CatalogAssessment.version,
    ).returning(CatalogAssessment.lesson_id)
    return set(await session.scalars(written))


async def assessed(session: AsyncSession, lesson_ids: Collection[int]) -> set[int]:
    """Those of the lessons that have an assessment."""
    statement = select(CatalogAssessment.lesson_id).where(
        CatalogAssessment.lesson_id.in_(lesson_ids), CatalogAssessment.is_removed.is_(False)
    )
    return set(await session.scalars(statement))
