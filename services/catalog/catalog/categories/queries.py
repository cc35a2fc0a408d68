"""Every statement on categories."""

import typing
from collections.abc import Sequence
from functools import cache
from typing import Any

from chassis.db import rows_of
from chassis.pagination import ROWS, Key, PageParams, behind_place, cut, place_in, sorted_by
from sqlalchemy import (
    CTE,
    BigInteger,
    Row,
    Select,
    Subquery,
    bindparam,
    column,
    func,
    literal,
    or_,
    select,
    table,
    text,
    update,
)
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncSession

from catalog.categories.models import Category, CategorySize

# Not the model: courses stand on categories, so this slice cannot stand on theirs. It is the foreign key seen
# from its other end.
_COURSES = table("courses_course", column("id", BigInteger), column("category_id", BigInteger))


async def hold_tree(session: AsyncSession) -> None:
    """Be the only one to edit the tree until this transaction ends: two moves that are sound alone can make a
    cycle together."""
    await session.execute(text("SELECT pg_advisory_xact_lock(hashtextextended('catalog.categories', 0))"))


async def by_id(session: AsyncSession, category_id: int) -> Category | None:
    return await session.get(Category, category_id, populate_existing=True)


async def lock(session: AsyncSession, category_id: int) -> Category | None:
    return await session.get(Category, category_id, populate_existing=True, with_for_update=True)


async def keep_from_deletion(session: AsyncSession, category_id: int) -> Category | None:
    """The category, not to be deleted before this transaction ends: the courses filed in it would go with it."""
    statement = select(Category).where(Category.id == category_id).with_for_update(read=True, key_share=True)
    return await session.scalar(statement.execution_options(populate_existing=True))


async def active_named(session: AsyncSession, slug: str, name: str) -> int | None:
    """The id of the active category of this slug, else of this name."""
    statement = (
        select(Category.id)
        .where(Category.is_active, or_(Category.slug == slug, Category.name == name))
        .order_by((Category.slug == slug).desc())
        .limit(1)
    )
    return await session.scalar(statement)


async def name_is_taken(session: AsyncSession, name: str, *, but_by: int | None) -> bool:
    statement = select(Category.id).where(Category.name == name)
    if but_by is not None:
        statement = statement.where(Category.id != but_by)
    return await session.scalar(statement.limit(1)) is not None


async def slugs_taken(session: AsyncSession, slugs: Sequence[str]) -> set[str]:
    return set(await session.scalars(select(Category.slug).where(Category.slug.in_(slugs))))


async def ancestors(session: AsyncSession, category_id: int) -> list[int]:
    """The category and all above it, ids only."""
    upward = select(Category.id, Category.parent_id).where(Category.id == category_id).cte(recursive=True)
    upward = upward.union(
        select(Category.id, Category.parent_id).join(upward, Category.id == upward.c.parent_id)
    )
    return list(await session.scalars(select(upward.c.id)))


def _downward(start: Select[int, int]) -> CTE:
    below = start.cte(recursive=True)
    return below.union(select(Category.id, below.c.depth + 1).join(below, Category.parent_id == below.c.id))


async def height(session: AsyncSession, category_id: int) -> int:
    """How many levels hang together from here down, this one included."""
    below = _downward(select(Category.id, literal(1).label("depth")).where(Category.id == category_id))
    deepest = await session.scalar(select(below.c.depth).order_by(below.c.depth.desc()).limit(1))
    return int(deepest or 1)


@cache
def subtree(*, by_id: bool) -> Select[int]:
    wanted: Any = bindparam("category", type_=(Category.id if by_id else Category.slug).type)
    start = select(Category.id, literal(1).label("depth")).where(
        Category.id == wanted if by_id else Category.slug == wanted
    )
    return select(_downward(start).c.id)


def ancestry() -> Subquery:
    """Every category with each that it stands under, itself included: category_id, ancestor_id."""
    upward = select(
        Category.id.label("category_id"),
        Category.id.label("ancestor_id"),
        Category.parent_id.label("next_id"),
    ).cte("upward", recursive=True)
    further = select(upward.c.category_id, Category.id, Category.parent_id)
    upward = upward.union(further.join(Category, Category.id == upward.c.next_id))
    return select(upward.c.category_id, upward.c.ancestor_id).subquery("ancestry")


_TOP: Key = [(Category.sort_order, "asc"), (Category.id, "asc")]


@cache
def _trees(active_only: bool, is_first: bool) -> Select[Any]:
    tops: Any = select(Category.id, literal(1).label("depth")).where(Category.parent_id.is_(None))
    if active_only:
        tops = tops.where(Category.is_active)
    if not is_first:
        tops = tops.where(behind_place(_TOP))
    page = tops.order_by(*sorted_by(_TOP)).limit(ROWS).cte("tops")
    tree = _downward(select(page.c.id, page.c.depth))
    statement: Any = select(
        *(column for column in Category.__table__.c),
        func.coalesce(CategorySize.courses, 0).label("courses"),
        *(column for column, _ in _TOP),
    ).outerjoin(CategorySize, CategorySize.category_id == Category.id)
    # The top ones first, and siblings in the order they are shown.
    order = (Category.parent_id.is_not(None), *sorted_by(_TOP))
    return typing.cast("Select[Any]", statement.where(Category.id.in_(select(tree.c.id))).order_by(*order))


async def trees(
    session: AsyncSession, params: PageParams, *, active_only: bool
) -> tuple[Sequence[Row[Any]], Sequence[Row[Any]], str | None]:
    """A page of the top categories, and all that is below them in the order siblings are shown; each with the number of
    courses directly in it."""
    given = {ROWS.key: params.limit + 1, **place_in(params, _TOP)}
    found = await rows_of(session, _trees(active_only, params.cursor is None), given)
    tops, next_cursor = cut([row for row in found if row.parent_id is None], params, _TOP)
    return tops, [row for row in found if row.parent_id is not None], next_cursor


async def add_to_size(session: AsyncSession, category_id: int, by: int) -> None:
    """Count `by` more (or fewer) courses in a category. The update first: an insert whose row would be negative is
    refused even where it would end in an update."""
    counted = (
        update(CategorySize)
        .where(CategorySize.category_id == category_id)
        .values(courses=CategorySize.courses + by)
        .returning(CategorySize.category_id)
    )
    if (
        await session.execute(counted.execution_options(synchronize_session=False))
    ).first() is not None or by < 0:
        return
    first = insert(CategorySize).values(category_id=category_id, courses=by)
    await session.execute(
        first.on_conflict_do_update(
            index_elements=[CategorySize.category_id], set_={"courses": CategorySize.courses + by}
        )
    )


async def is_in_use(session: AsyncSession, category_id: int) -> bool:
    """Whether a category or a course is filed directly in this one."""
    children = select(Category.id).where(Category.parent_id == category_id).exists()
    courses = select(_COURSES.c.id).where(_COURSES.c.category_id == category_id).exists()
    return bool(await session.scalar(select(or_(children, courses))))


async def add(session: AsyncSession, values: dict[str, Any]) -> Category:
    category = Category(**values)
    session.add(category)
    await session.flush()
    await session.refresh(category)
    return category


async def remove(session: AsyncSession, category: Category) -> None:
    await session.delete(category)
    await session.flush()
