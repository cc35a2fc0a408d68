"""Which lessons have an assessment: in a course, in its draft and in its archives alike."""

from collections.abc import Collection
from dataclasses import dataclass

from sqlalchemy import func, or_, select, update
from sqlalchemy.ext.asyncio import AsyncSession

from catalog.outline.models import Lesson, Module


@dataclass(frozen=True, slots=True)
class Standing:
    """A lesson where it stands: `known_as` is the id learners know it by, in `course_id`, which may be a version."""

    lesson_id: int
    known_as: int
    course_id: int


async def standing(session: AsyncSession, lesson_ids: Collection[int]) -> list[Standing]:
    """Every lesson that is one of these, or of which one of these is a version, with all their versions."""
    originals = select(Lesson.origin_id).where(Lesson.id.in_(lesson_ids), Lesson.origin_id.is_not(None))
    known_as = set(await session.scalars(originals)) | set(lesson_ids)
    statement = (
        select(Lesson.id, func.coalesce(Lesson.origin_id, Lesson.id), Module.course_id)
        .join(Module, Module.id == Lesson.module_id)
        .where(or_(Lesson.id.in_(known_as), Lesson.origin_id.in_(known_as)))
        .order_by(Lesson.id)
    )
    return [Standing(*row) for row in await session.execute(statement)]


async def mark(session: AsyncSession, lesson_ids: Collection[int], having: Collection[int]) -> set[int]:
    """Have these lessons say whether they have an assessment: those known by the ids `having` do. The courses, and the
    versions of courses, in which that is new."""
    has = func.coalesce(Lesson.origin_id, Lesson.id).in_(list(having))
    changed = await session.scalars(
        update(Lesson)
        .where(Lesson.id.in_(lesson_ids), Lesson.module_id == Module.id, Lesson.has_assessment != has)
        # updated_date is the authors'.
        .values(has_assessment=has, revision=Lesson.revision + 1, updated_date=Lesson.updated_date)
        .returning(Module.course_id)
        .execution_options(synchronize_session=False)
    )
    return set(changed)
