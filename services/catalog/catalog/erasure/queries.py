"""What erasure does to the events catalog keeps; those that say `user_id` are the chassis' care."""

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncSession


async def scrub_authors(session: AsyncSession, user_id: int, tombstone_id: int) -> None:
    """Write the tombstone over the author in the outbox's course events, which may yet be published again."""
    await session.execute(
        text(
            "UPDATE outbox SET payload = (payload::jsonb || "
            "jsonb_build_object('created_by_id', CAST(:tombstone AS bigint)))::json "
            "WHERE topic = 'catalog.events' AND payload->>'created_by_id' = :user"
        ),
        {"user": str(user_id), "tombstone": tombstone_id},
    )
