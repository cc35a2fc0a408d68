"""What the staff may do."""

from sqlalchemy.ext.asyncio import AsyncSession

from identity.rights import queries


async def effective_permissions(
    session: AsyncSession, user_id: int, *, is_superuser: bool
) -> tuple[str, ...]:
    """The codenames that ride in the account's access tokens; all there are for a superuser."""
    found = await (queries.codenames(session) if is_superuser else queries.codenames_of(session, user_id))
    return tuple(found)
