"""Which pictures are shown with courses. Their rows keep the URL; a version has none, and is shown with its course's."""

from collections.abc import Collection

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession

from catalog.courses.models import Course


async def find(session: AsyncSession, course_id: int) -> str | None:
    """The URL of a course's picture; None without one, and where there is no such course."""
    return await session.scalar(select(Course.thumbnail).where(Course.id == course_id))


async def in_use(session: AsyncSession, urls: Collection[str]) -> set[str]:
    """Which of these URLs are a course's picture."""
    ids = {int(part) for url in urls if (part := url.split("/")[3]).isdecimal() and len(part) < 19}
    statement = select(Course.thumbnail).where(Course.id.in_(ids), Course.thumbnail.in_(urls))
    return {url for url in await session.scalars(statement) if url is not None}
