"""What people say about the platform, kept by the staff."""

from collections.abc import Callable, Collection, Mapping, Sequence
from typing import Any

from chassis.pagination import PageParams
from sqlalchemy import Row
from sqlalchemy.ext.asyncio import AsyncSession

from catalog.testimonials import queries
from catalog.testimonials.errors import TestimonialNotFound
from catalog.testimonials.models import Testimonial


async def list_testimonials(
    session: AsyncSession, params: PageParams, featured: bool | None
) -> tuple[Sequence[Row[Any]], str | None]:
    """A page of testimonials, the featured ones first."""
    return await queries.listed(session, params, featured)


async def find(session: AsyncSession, testimonial_id: int) -> Testimonial:
    """The testimonial; TestimonialNotFound when there is none."""
    found = await queries.by_id(session, testimonial_id)
    if found is None:
        raise TestimonialNotFound
    return found


async def add(session: AsyncSession, given: Mapping[str, Any]) -> Testimonial:
    testimonial = Testimonial(**given, state_version=1)
    session.add(testimonial)
    await session.flush()
    await session.refresh(testimonial)
    return testimonial


async def edit(
    session: AsyncSession,
    testimonial_id: int,
    changes: Mapping[str, Any],
    unchanged: Callable[[Testimonial], None],
) -> Testimonial:
    """Change a testimonial; `unchanged` raises when somebody else did meanwhile. Raises TestimonialNotFound."""
    testimonial = await hold(session, testimonial_id)
    unchanged(testimonial)
    different = {name: value for name, value in changes.items() if getattr(testimonial, name) != value}
    if different:
        for name, value in different.items():
            setattr(testimonial, name, value)
        testimonial.state_version += 1
        await session.flush()
        await session.refresh(testimonial)
    return testimonial


async def remove(session: AsyncSession, testimonial_id: int) -> None:
    """Delete a testimonial. Raises TestimonialNotFound."""
    await queries.remove(session, await hold(session, testimonial_id))


async def find_avatar(session: AsyncSession, testimonial_id: int) -> str | None:
    """The URL of a testimonial's picture; None without one, and where there is no such testimonial."""
    found = await queries.by_id(session, testimonial_id)
    return None if found is None else found.avatar


async def avatars_in_use(session: AsyncSession, urls: Collection[str]) -> set[str]:
    """Which of these URLs are a testimonial's picture."""
    return await queries.avatars_in_use(session, urls)


async def hold(session: AsyncSession, testimonial_id: int) -> Testimonial:
    """The testimonial, its row held. Raises TestimonialNotFound."""
    held = await queries.by_id(session, testimonial_id, lock=True)
    if held is None:
        raise TestimonialNotFound
    return held
