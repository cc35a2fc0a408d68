"""The person behind an account: made with it, edited by its owner alone."""

from collections.abc import Callable, Mapping
from typing import Any

from chassis.errors import NotFound
from sqlalchemy.ext.asyncio import AsyncSession

from identity.profiles import queries
from identity.profiles.models import Profile


async def create(session: AsyncSession, user_id: int) -> None:
    """Give a new account its empty profile."""
    session.add(Profile(user_id=user_id))
    await session.flush()


async def read(session: AsyncSession, user_id: int) -> Profile:
    """The profile of an account; NotFound when the account is gone."""
    profile = await queries.of_user(session, user_id)
    if profile is None:
        raise NotFound("This account has no profile.")
    return profile


async def edit(
    session: AsyncSession, user_id: int, changes: Mapping[str, Any], unchanged: Callable[[Profile], None]
) -> Profile:
    """Apply what the owner changed. `unchanged` sees the locked row and raises if the editor's copy is stale.

    Nothing here is public (the picture and the name are set elsewhere), so no event tells of it.
    """
    profile = await queries.of_user(session, user_id, lock=True)
    if profile is None:
        raise NotFound("This account has no profile.")
    unchanged(profile)
    for name, value in changes.items():
        setattr(profile, name, value)
    await session.flush()
    await session.refresh(profile)
    return profile


async def picture_url(session: AsyncSession, user_id: int) -> str | None:
    """Where others find the person's picture, relative to the gateway; None without one."""
    picture = await queries.picture(session, user_id)
    return f"/media/{picture}" if picture else None
