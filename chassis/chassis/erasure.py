"""Erasure in the chassis' own tables: outbox, dead letters and mail forget a person too."""

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncSession


async def scrub_chassis_tables(session: AsyncSession, user_id: int, tombstone_id: int) -> None:
    """Write the tombstone over `user_id` in the events this service keeps.

    Events say a person's id in `user_id`; names and pictures stand in `display_name`, `username` and `picture_url`
    beside it and are emptied. The Kafka key of a rewritten event is the tombstone's, where it was the user's.
    """
    ids = {"user": str(user_id), "tombstone": tombstone_id}
    await session.execute(
        text(
            "UPDATE outbox SET "
            "payload = (payload::jsonb || jsonb_build_object('user_id', CAST(:tombstone AS bigint)) || "
            "  (SELECT coalesce(jsonb_object_agg(k, CASE k WHEN 'picture_url' "
            "     THEN 'null'::jsonb ELSE '\"\"'::jsonb END), '{}') "
            "   FROM unnest(ARRAY['display_name', 'username', 'picture_url']) AS k WHERE payload::jsonb ? k))::json, "
            "key = CASE WHEN key = :user "
            "  AND topic IN ('identity.events', 'learning.events', 'assessment.events') "
            "  THEN CAST(:tombstone AS bigint)::text ELSE key END "
            "WHERE payload->>'user_id' = :user AND type NOT LIKE 'identity.user.erased.%'"
        ),
        ids,
    )
    await session.execute(
        text(
            "UPDATE dead_letters SET key = NULL, value = NULL, status = 'dropped', resolved_at = now() "
            "WHERE value IS NOT NULL AND convert_from(value, 'SQL_ASCII') ~ ('\"user_id\": ?' || :user || '[,}]')"
        ),
        {"user": str(user_id)},
    )
