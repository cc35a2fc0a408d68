"""Outlines in several versions: copied into one, and put back from one into the course.

A course's own modules and lessons keep their ids for good: progress, notes, quizzes and files hang on them. What
stands in a version is a copy that says by `origin_id` of which. Three cases are between the two:

- what was added in a draft has no `origin_id`: when the draft is published it becomes the course's own, under the id it
  has, and leaves a copy behind;
- a lesson that a version did without takes the place of its copy in the version before, with all that hangs on it, and
  leaves a copy there when it comes back;
- what an author deleted for good comes back under the id it had, by insertion.

Whoever calls holds the course's row, and the draft's. Orders are unique and checked row by row, so whatever moves
first steps aside, below zero.
"""

from collections.abc import Sequence
from typing import Any, cast

from chassis.db import now
from sqlalchemy import (
    ColumnElement,
    FromClause,
    Select,
    Table,
    case,
    delete,
    except_,
    exists,
    func,
    insert,
    literal,
    null,
    or_,
    select,
    update,
)
from sqlalchemy.dialects.postgresql import distinct_on
from sqlalchemy.ext.asyncio import AsyncSession

from catalog.outline.models import Lesson, Module

MODULE = ("title", "description", "duration_minutes", "is_published")
LESSON = (
    "title",
    "content",
    "guest_content",
    "registered_content",
    "access_level",
    "activity_type",
    "has_lab",
    "is_free_preview",
    "video_url",
    "transcript",
    "duration_minutes",
)
"""What of a module and of a lesson a version holds, beside its place. Quizzes and files belong to the lesson itself,
whichever version it is read in: a copy has none."""

_M, _L = cast(Table, Module.__table__), cast(Table, Lesson.__table__)
_MODULE_COPIED = (*MODULE, "published_date")
_LESSON_COPIED = (*LESSON, "has_assessment", "published_at")


def _columns(table: FromClause, names: Sequence[str]) -> list[ColumnElement[Any]]:
    return [table.c[name] for name in names]


def _identity(table: FromClause) -> ColumnElement[int]:
    """The id under which learners know it, whichever version it stands in."""
    return func.coalesce(table.c.origin_id, table.c.id)


def _aside(table: FromClause) -> ColumnElement[int]:
    """The order below zero where a row steps aside to, and from there the order it had."""
    return -1 - table.c.order


def _modules_of(course_id: int) -> Select[int]:
    return select(_M.c.id).where(_M.c.course_id == course_id)


async def copy(session: AsyncSession, source_id: int, version_id: int) -> None:
    """Copy the whole outline of a course, or of a version of it, into a version that has none yet."""
    await session.flush()
    await session.execute(
        insert(_M).from_select(
            ["course_id", "origin_id", "order", *_MODULE_COPIED],
            select(literal(version_id), _identity(_M), _M.c.order, *_columns(_M, _MODULE_COPIED)).where(
                _M.c.course_id == source_id
            ),
        )
    )
    copied = _M.alias("copied")
    await session.execute(
        insert(_L).from_select(
            ["module_id", "origin_id", "order", *_LESSON_COPIED],
            select(copied.c.id, _identity(_L), _L.c.order, *_columns(_L, _LESSON_COPIED))
            .join_from(_L, _M, _M.c.id == _L.c.module_id)
            .join(copied, (copied.c.course_id == version_id) & (copied.c.origin_id == _identity(_M)))
            .where(_M.c.course_id == source_id),
        )
    )


async def differ(session: AsyncSession, one_id: int, other_id: int) -> bool:
    """Whether two versions of a course, itself among them, differ in what a version holds of an outline."""
    await session.flush()

    def modules(course_id: int) -> Select[Any]:
        return select(_identity(_M), _M.c.order, *_columns(_M, MODULE)).where(_M.c.course_id == course_id)

    def lessons(course_id: int) -> Select[Any]:
        statement = select(_identity(_L), _identity(_M), _L.c.order, *_columns(_L, LESSON))
        return statement.join_from(_L, _M, _M.c.id == _L.c.module_id).where(_M.c.course_id == course_id)

    there = [
        exists(except_(each(one), each(other)).subquery().select())
        for each in (modules, lessons)
        for one, other in ((one_id, other_id), (other_id, one_id))
    ]
    return bool(await session.scalar(select(or_(*there))))


async def retired_from(session: AsyncSession, course_id: int) -> list[int]:
    """The lessons the course did without since, which stand in its archived versions, by id."""
    statement = select(_L.c.id).where(_L.c.retired_from_id == course_id).order_by(_L.c.id)
    return list(await session.scalars(statement))


async def put_in_place(session: AsyncSession, course_id: int, version_id: int) -> None:
    """Make the course's outline what the version's is; the version stays as it is, of copies alone."""
    await session.flush()
    await _place_modules(session, course_id, version_id)
    await _step_aside(session, course_id, version_id)
    await _place_lessons(session, course_id, version_id)
    await _retire(session, course_id)
    await session.execute(delete(_M).where(_M.c.course_id == course_id, _M.c.order < 0))


async def _place_modules(session: AsyncSession, course_id: int, version_id: int) -> None:
    """Give the course the version's modules; those it has beside them stay aside, below zero."""
    own, added = _M.c.course_id == course_id, (_M.c.course_id == version_id) & _M.c.origin_id.is_(None)
    await session.execute(
        update(_M).where(or_(own, added)).values(order=_aside(_M), updated_date=_M.c.updated_date)
    )
    await session.execute(
        insert(_M).from_select(
            ["course_id", "origin_id", "order", *_MODULE_COPIED],
            select(_M.c.course_id, _M.c.id, _aside(_M), *_columns(_M, _MODULE_COPIED)).where(added),
        )
    )
    left, kept = _M.alias("left_behind"), _M.alias("kept")
    await session.execute(
        update(_L)
        .where(
            _L.c.module_id == left.c.id,
            left.c.course_id == version_id,
            left.c.origin_id.is_(None),
            kept.c.course_id == version_id,
            kept.c.origin_id == left.c.id,
        )
        .values(module_id=kept.c.id, updated_date=_L.c.updated_date)
    )
    await session.execute(
        update(_M).where(added).values(course_id=course_id, order=_aside(_M), updated_date=_M.c.updated_date)
    )
    version = _M.alias("version")
    is_gone = ~exists().where(_M.c.id == version.c.origin_id)
    await session.execute(
        insert(_M).from_select(
            ["id", "course_id", "order", *_MODULE_COPIED],
            select(
                version.c.origin_id, literal(course_id), version.c.order, *_columns(version, _MODULE_COPIED)
            ).where(version.c.course_id == version_id, is_gone),
        )
    )
    was_at = case((_M.c.order < 0, _aside(_M)), else_=_M.c.order)
    changed = or_(
        was_at != version.c.order, *(_M.c[name].is_distinct_from(version.c[name]) for name in MODULE)
    )
    await session.execute(
        update(_M)
        .where(own, version.c.course_id == version_id, version.c.origin_id == _M.c.id)
        .values(
            {
                "order": version.c.order,
                **{name: version.c[name] for name in MODULE},
                **_marked(_M, changed),
            }
        )
    )


def _marked(table: Table, changed: ColumnElement[bool]) -> dict[str, Any]:
    """What an edit leaves on a row, where it changed anything."""
    return {
        "revision": table.c.revision + case((changed, 1), else_=0),
        "updated_date": case((changed, literal(now())), else_=table.c.updated_date),
    }


async def _step_aside(session: AsyncSession, course_id: int, version_id: int) -> None:
    """Have every lesson of the course step aside, and those that come to it from elsewhere, which leave a copy."""
    named = select(_identity(_L)).where(_L.c.module_id.in_(_modules_of(version_id)))
    added = _L.c.module_id.in_(_modules_of(version_id)) & _L.c.origin_id.is_(None)
    returning = (_L.c.retired_from_id == course_id) & _L.c.id.in_(named.scalar_subquery())
    own = _L.c.module_id.in_(_modules_of(course_id))
    await session.execute(
        update(_L).where(or_(own, added, returning)).values(order=_aside(_L), updated_date=_L.c.updated_date)
    )
    await session.execute(
        insert(_L).from_select(
            ["module_id", "origin_id", "order", *_LESSON_COPIED],
            select(_L.c.module_id, _L.c.id, _aside(_L), *_columns(_L, _LESSON_COPIED)).where(
                or_(added, returning), _L.c.order < 0
            ),
        )
    )


async def _place_lessons(session: AsyncSession, course_id: int, version_id: int) -> None:
    """Put the version's lessons where it has them, each under the id it is known by; the others stay aside."""
    version, part = _L.alias("version"), _M.alias("part")
    is_gone = ~exists().where(_L.c.id == version.c.origin_id)
    await session.execute(
        insert(_L).from_select(
            ["id", "module_id", "order", *_LESSON_COPIED],
            select(version.c.origin_id, part.c.origin_id, version.c.order, *_columns(version, _LESSON_COPIED))
            .join_from(version, part, part.c.id == version.c.module_id)
            .where(part.c.course_id == version_id, version.c.origin_id.is_not(None), is_gone),
        )
    )
    was_at = case((_L.c.order < 0, _aside(_L)), else_=_L.c.order)
    changed = or_(
        was_at != version.c.order,
        _L.c.module_id != part.c.origin_id,
        *(_L.c[name].is_distinct_from(version.c[name]) for name in LESSON),
    )
    await session.execute(
        update(_L)
        .where(
            part.c.course_id == version_id,
            version.c.module_id == part.c.id,
            version.c.origin_id == _L.c.id,
        )
        .values(
            {
                "module_id": part.c.origin_id,
                "order": version.c.order,
                "retired_from_id": null(),
                **{name: version.c[name] for name in LESSON},
                **_marked(_L, changed),
            }
        )
    )


async def _retire(session: AsyncSession, course_id: int) -> None:
    """Put what the course does without in the place of its newest copy; what was never published has none, and goes."""
    dropped = select(_L.c.id).where(_L.c.module_id.in_(_modules_of(course_id)), _L.c.order < 0)
    copied, part = _L.alias("copied"), _M.alias("part")
    newest = (
        select(copied.c.id)
        .ext(distinct_on(copied.c.origin_id))
        .join_from(copied, part, part.c.id == copied.c.module_id)
        .where(copied.c.origin_id.in_(dropped))
        # Versions are made one after the other.
        .order_by(copied.c.origin_id, part.c.course_id.desc())
    )
    taken = (
        delete(_L)
        .where(_L.c.id.in_(newest))
        .returning(_L.c.module_id, _L.c.order, _L.c.origin_id, *_columns(_L, LESSON))
        .cte("taken")
    )
    await session.execute(
        update(_L)
        .where(_L.c.id == taken.c.origin_id)
        .values(
            {
                "module_id": taken.c.module_id,
                "order": taken.c.order,
                "retired_from_id": course_id,
                **{name: taken.c[name] for name in LESSON},
                **_marked(_L, literal(True)),
            }
        )
    )
    await session.execute(delete(_L).where(_L.c.id.in_(dropped)))
