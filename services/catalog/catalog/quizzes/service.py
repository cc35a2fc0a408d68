"""Have each lesson say whether it has an assessment, in whichever versions of its course it stands.

A quiz belongs to the lesson and not to a version of it: what becomes of it shows at once, in the course, its draft and
its archives. Recounted from the mirror under the course's lock, it comes out the same in any order of events.
"""

from collections.abc import Sequence

from contracts.assessment import AssessmentChanged, AssessmentRemoved
from sqlalchemy.ext.asyncio import AsyncSession

from catalog.assessment_mirror import service as assessment_mirror
from catalog.courses import versions
from catalog.outline import assessed as outlines
from catalog.publishing import service as publishing


async def take(session: AsyncSession, events: Sequence[AssessmentChanged | AssessmentRemoved]) -> None:
    """Take in what is told, and tell the courses it changes anew."""
    told = await assessment_mirror.take(session, events)
    if not told:
        return
    found = await outlines.standing(session, told)
    originals = await versions.hold_originals(session, {each.course_id for each in found})
    # Again, under the locks: a version may have been made or put in place meanwhile.
    found = await outlines.standing(session, told)
    having = await assessment_mirror.assessed(session, {each.lesson_id for each in found} | told)
    known_as = {each.lesson_id: each.known_as for each in found}
    marked = {known_as.get(lesson_id, lesson_id) for lesson_id in having}
    changed = await outlines.mark(session, [each.lesson_id for each in found], marked)
    await versions.count_edit(session, changed)
    for course_id in originals:
        if course_id in changed:
            await publishing.tell_again(session, course_id)
