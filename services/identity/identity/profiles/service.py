"""The person behind an account: made with it, edited by its owner alone."""

from collections.abc import Callable, Collection, Mapping
from datetime import date
from typing import Any

from chassis.errors import NotFound
from sqlalchemy.ext.asyncio import AsyncSession

from identity.profiles import queries
from identity.profiles.models import Profile
from identity.profiles.rules import url_of

__all__ = [
    "create",
    "edit",
    "export_of",
    "picture_key",
    "picture_url",
    "pictures_in_use",
    "read",
    "replace_picture",
    "url_of",
]


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


async def replace_picture(session: AsyncSession, user_id: int, key: str | None) -> str | None:
    """Put another picture's key, or none, into the profile of a locked account; the key of the one before."""
    profile = await queries.of_user(session, user_id, lock=True)
    if profile is None:
        raise NotFound("This account has no profile.")
    old = profile.profile_picture or None
    profile.profile_picture = key
    await session.flush()
    return old


async def picture_key(session: AsyncSession, user_id: int) -> str | None:
    """What the storage calls the person's picture; None without one."""
    return await queries.picture(session, user_id) or None


async def pictures_in_use(session: AsyncSession, user_ids: Collection[int]) -> set[str]:
    """What the storage calls the pictures that these accounts have now."""
    return set(await queries.pictures(session, user_ids))


async def picture_url(session: AsyncSession, user_id: int) -> str | None:
    """Where others find the person's picture, relative to the gateway; None without one."""
    picture = await picture_key(session, user_id)
    return None if picture is None else url_of(picture)


async def export_of(session: AsyncSession, user_id: int) -> dict[str, Any]:
    """Everything the profile holds, as JSON can hold it; {} when there is none."""
    profile = await queries.of_user(session, user_id)
    if profile is None:
        return {}
    names = [column.key for column in Profile.__table__.columns if column.key not in _OURS]
    kept = {name: getattr(profile, name) for name in names}
    return {name: value.isoformat() if isinstance(value, date) else value for name, value in kept.items()}


_OURS = ("id", "user_id")
"""Numbers of ours, no data of theirs."""
