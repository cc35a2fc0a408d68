"""The tree of categories: read by everyone, edited by admins, told of by CategoryChanged."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from chassis.outbox import emit
from chassis.pagination import PageParams
from contracts.catalog import CategoryChanged
from sqlalchemy import Row, Select, Subquery
from sqlalchemy.ext.asyncio import AsyncSession

from catalog import slugs
from catalog.categories import queries, rules
from catalog.categories.errors import (
    CategoryInUse,
    CategoryNameTaken,
    CategoryNotFound,
    CategoryUnknown,
)
from catalog.categories.models import Category
from catalog.settings import settings_of


@dataclass
class Node:
    """A category and what is below it; `courses` counts the published ones in all of that, shown here or not."""

    category: Category | Row[Any]
    courses: int
    children: list["Node"] = field(default_factory=list)


async def tree(
    session: AsyncSession, params: PageParams, *, active_only: bool
) -> tuple[list[Node], str | None]:
    """A page of the top categories, each with everything below it; inactive ones hide what is under them."""
    tops, below, next_cursor = await queries.trees(session, params, active_only=active_only)
    grown = [Node(row, row.courses) for row in tops]
    grow(grown, [Node(row, row.courses) for row in below], active_only=active_only)
    return grown, next_cursor


def grow(roots: Sequence[Node], below: Sequence[Node], *, active_only: bool) -> None:
    """Hang the nodes below into their places, and add their courses to all above them.

    An inactive category is hidden with what is under it. Its courses still count: the list narrowed to a category
    above it has them.
    """
    nodes = {node.category.id: node for node in (*roots, *below)}
    own = [(node, node.courses) for node in below]
    for node, courses in own:
        above = nodes.get(node.category.parent_id or 0)
        if above is not None and (node.category.is_active or not active_only):
            above.children.append(node)
        while above is not None:
            above.courses += courses
            above = nodes.get(above.category.parent_id or 0)


async def find(session: AsyncSession, category_id: int, *, active_only: bool) -> Category:
    """The category; CategoryNotFound when there is none, or none the caller may know of."""
    category = await queries.by_id(session, category_id)
    if category is None or (active_only and not category.is_active):
        raise CategoryNotFound
    return category


async def find_named(session: AsyncSession, slug: str, name: str) -> int | None:
    """The id of the active category that is called so elsewhere: by its slug, else by its name."""
    return await queries.active_named(session, slug, name)


async def hold_for_course(session: AsyncSession, category_id: int) -> Category:
    """The category a course is being filed in, kept from deletion meanwhile; CategoryUnknown unless it takes any."""
    category = await queries.keep_from_deletion(session, category_id)
    if category is None or not category.is_active:
        raise CategoryUnknown(f"There is no active category {category_id}.")
    return category


async def of_course(session: AsyncSession, category_id: int) -> Category:
    """The category a course is filed in, active or not."""
    category = await queries.by_id(session, category_id)
    assert category is not None, "the foreign key of courses_course"
    return category


async def count_moved(session: AsyncSession, moved_from: int | None, moved_to: int | None) -> None:
    """Count a published course no more where it was filed, and where it is filed from now on; None is nowhere."""
    changes = {moved_from: -1, moved_to: 1} if moved_from != moved_to else {}
    # In one order whoever moves what: two that swap their categories would else wait for each other.
    for category_id in sorted(one for one in changes if one is not None):
        await queries.add_to_size(session, category_id, changes[category_id])


def ancestry() -> Subquery:
    """Every category_id with each ancestor_id it stands under, itself included, for other slices to join."""
    return queries.ancestry()


def subtree(*, by_id: bool) -> Select[int]:
    """The ids of the category whose id or slug is the parameter `category`, and of all below it, to select from."""
    return queries.subtree(by_id=by_id)


async def create(session: AsyncSession, given: Mapping[str, Any]) -> Category:
    """Add a category. Raises CategoryNameTaken, CategoryUnknown for its parent, CategoryTooDeep."""
    await queries.hold_tree(session)
    await _check_name(session, given["name"], None)
    await _check_parent(session, None, given.get("parent_id"))
    base = slugs.slugify(given["name"], "category")
    taken = await queries.slugs_taken(session, slugs.numbered(base))
    category = await queries.add(session, {**given, "slug": next(slugs.candidates(base, taken))})
    _tell(session, category)
    return category


async def edit(
    session: AsyncSession,
    category_id: int,
    changes: Mapping[str, Any],
    unchanged: Callable[[Category], None],
) -> Category:
    """Change a category; its slug stays. `unchanged` raises when somebody else changed it meanwhile.

    Raises CategoryNotFound, CategoryNameTaken, CategoryUnknown for a parent, CategoryCycle, CategoryTooDeep.
    """
    await queries.hold_tree(session)
    category = await queries.lock(session, category_id)
    if category is None:
        raise CategoryNotFound
    unchanged(category)
    if "name" in changes:
        await _check_name(session, changes["name"], category_id)
    if "parent_id" in changes:
        await _check_parent(session, category_id, changes["parent_id"])
    if all(getattr(category, name) == value for name, value in changes.items()):
        return category
    for name, value in changes.items():
        setattr(category, name, value)
    _tell(session, category)
    await session.flush()
    return category


async def delete(session: AsyncSession, category_id: int) -> None:
    """Remove an empty category. Raises CategoryNotFound, and CategoryInUse while anything is in it."""
    await queries.hold_tree(session)
    category = await queries.lock(session, category_id)
    if category is None:
        raise CategoryNotFound
    # Under the row's lock: whoever is filing a course here holds the row until that course can be seen.
    if await queries.is_in_use(session, category_id):
        raise CategoryInUse
    _tell(session, category, is_deleted=True)
    await queries.remove(session, category)


async def _check_name(session: AsyncSession, name: str, but_by: int | None) -> None:
    if await queries.name_is_taken(session, name, but_by=but_by):
        raise CategoryNameTaken


async def _check_parent(session: AsyncSession, category_id: int | None, parent_id: int | None) -> None:
    ancestors: list[int] = []
    if parent_id is not None:
        ancestors = await queries.ancestors(session, parent_id)
        if not ancestors:
            raise CategoryUnknown(f"There is no category {parent_id}.")
    height = 1 if category_id is None else await queries.height(session, category_id)
    max_depth = settings_of(session).max_category_depth
    rules.check_place(category_id, ancestors, height=height, max_depth=max_depth)


def _tell(session: AsyncSession, category: Category, *, is_deleted: bool = False) -> None:
    """Emit the category as it is now; the caller holds the tree."""
    category.state_version += 1
    emit(
        session,
        CategoryChanged(
            category_id=category.id,
            name=category.name,
            slug=category.slug,
            parent_id=category.parent_id,
            sort_order=category.sort_order,
            featured=category.featured,
            is_active=category.is_active,
            is_deleted=is_deleted,
            version=category.state_version,
        ),
    )
