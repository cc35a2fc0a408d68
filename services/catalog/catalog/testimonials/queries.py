"""Every statement on testimonials."""

import typing
from collections.abc import Collection, Sequence
from functools import cache
from typing import Any

from chassis.db import rows_of
from chassis.pagination import ROWS, Key, PageParams, behind_place, cut, place_in, sorted_by
from sqlalchemy import Row, Select, select
from sqlalchemy.ext.asyncio import AsyncSession

from catalog.testimonials.models import Testimonial

_FEATURED_FIRST: Key = [(Testimonial.featured, "desc"), (Testimonial.id, "desc")]


@cache
def _listed(featured: bool | None, is_first: bool) -> Select[Any]:
    columns = (column for column in Testimonial.__table__.c)
    statement: Any = select(*columns, *(column for column, _ in _FEATURED_FIRST))
    if featured is not None:
        statement = statement.where(Testimonial.featured.is_(featured))
    if not is_first:
        statement = statement.where(behind_place(_FEATURED_FIRST))
    return typing.cast("Select[Any]", statement.order_by(*sorted_by(_FEATURED_FIRST)).limit(ROWS))


async def listed(
    session: AsyncSession, params: PageParams, featured: bool | None
) -> tuple[Sequence[Row[Any]], str | None]:
    """A page, the featured first and the newest first among them."""
    given = {ROWS.key: params.limit + 1, **place_in(params, _FEATURED_FIRST)}
    found = await rows_of(session, _listed(featured, params.cursor is None), given)
    return cut(found, params, _FEATURED_FIRST)


async def by_id(session: AsyncSession, testimonial_id: int, *, lock: bool = False) -> Testimonial | None:
    return await session.get(Testimonial, testimonial_id, populate_existing=True, with_for_update=lock)


async def remove(session: AsyncSession, testimonial: Testimonial) -> None:
    await session.delete(testimonial)
    await session.flush()


async def avatars_in_use(session: AsyncSession, urls: Collection[str]) -> set[str]:
    # There are a few dozen of them, written by hand.
    statement = select(Testimonial.avatar).where(Testimonial.avatar.in_(urls))
    return {url for url in await session.scalars(statement) if url is not None}
