"""Keep the mirror of assessments, and answer for the other slices which lessons have one."""

from collections.abc import Collection, Iterable

from contracts.assessment import AssessmentChanged, AssessmentRemoved
from sqlalchemy.ext.asyncio import AsyncSession

from catalog.assessment_mirror import queries, rules


async def take(session: AsyncSession, events: Iterable[AssessmentChanged | AssessmentRemoved]) -> set[int]:
    """Keep the newest state of each assessment these speak of; the lessons for which that may change anything."""
    told = rules.newest(events)
    # An assessment that moved was in another lesson before.
    before = await queries.lessons_of(session, [each.assessment_id for each in told])
    written = await queries.keep_newest(session, told)
    return before | written if written else set()


async def assessed(session: AsyncSession, lesson_ids: Collection[int]) -> set[int]:
    """Those of the lessons that have an assessment, by the ids it was told under."""
    return await queries.assessed(session, lesson_ids)
