"""Every statement on testimonials."""

from collections.abc import Collection, Sequence

from chassis.pagination import Key, PageParams, page
from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession

from catalog.testimonials.models import Testimonial


async def listed(
    session: AsyncSession, params: PageParams, featured: bool | None
) -> tuple[Sequence[Testimonial], str | None]:
    """A page, the featured first and the newest first among them."""
    statement = select(Testimonial)
    if featured is not None:
        statement = statement.where(Testimonial.featured.is_(featured))
    key: Key = [(Testimonial.featured, "desc"), (Testimonial.id, "desc")]
    return await page(session, statement, params, key=key)


async def by_id(session: AsyncSession, testimonial_id: int, *, lock: bool = False) -> Testimonial | None:
    return await session.get(Testimonial, testimonial_id, populate_existing=True, with_for_update=lock)


async def remove(session: AsyncSession, testimonial: Testimonial) -> None:
    await session.delete(testimonial)
    await session.flush()


async def avatars_in_use(session: AsyncSession, urls: Collection[str]) -> set[str]:
    # There are a few dozen of them, written by hand.
    statement = select(Testimonial.avatar).where(Testimonial.avatar.in_(urls))
    return {url for url in await session.scalars(statement) if url is not None}
