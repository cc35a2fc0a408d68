"""Erasure in the chassis' own tables: outbox, dead letters and kept answers forget a person too."""

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncSession

PERSON_FIELDS = ("user_id", "created_by_id", "instructor_id", "author_id", "reviewer_id")
"""The names a person's id goes by at the top of an event."""


async def scrub_chassis_tables(session: AsyncSession, user_id: int, tombstone_id: int) -> None:
    """Write the tombstone over `user_id` in the events this service keeps, and drop the answers kept for them.

    A person's id stands in one of PERSON_FIELDS; where that is `user_id`, the `display_name`, `username` and
    `picture_url` beside it are emptied, and the Kafka key becomes the tombstone's where it was the user's.
    Dead letters that name the person are emptied and dropped. Mail on its way is left to who wrote it.
    """
    await _scrub_outbox(session, user_id, tombstone_id)
    await _scrub_dead_letters(session, user_id)
    await session.execute(
        text("DELETE FROM idempotency_keys WHERE caller = :caller"), {"caller": f"user:{user_id}"}
    )


async def _scrub_outbox(session: AsyncSession, user_id: int, tombstone_id: int) -> None:
    await session.execute(
        text(
            "UPDATE outbox SET "
            "payload = (payload::jsonb || "
            "  (SELECT jsonb_object_agg(name, CAST(:tombstone AS bigint)) "
            "   FROM unnest(CAST(:fields AS text[])) AS name WHERE payload->>name = :user) || "
            "  (SELECT coalesce(jsonb_object_agg(k, CASE k WHEN 'picture_url' "
            "     THEN 'null'::jsonb ELSE '\"\"'::jsonb END), '{}') "
            "   FROM unnest(ARRAY['display_name', 'username', 'picture_url']) AS k "
            "   WHERE payload->>'user_id' = :user AND payload::jsonb ? k))::json, "
            "key = CASE WHEN key = :user AND payload->>'user_id' = :user "
            "  AND topic IN ('identity.events', 'learning.events', 'assessment.events') "
            "  THEN CAST(:tombstone AS bigint)::text ELSE key END "
            "WHERE type NOT LIKE 'identity.user.erased.%' "
            "  AND EXISTS (SELECT FROM unnest(CAST(:fields AS text[])) AS name WHERE payload->>name = :user)"
        ),
        {"user": str(user_id), "tombstone": tombstone_id, "fields": list(PERSON_FIELDS)},
    )


async def _scrub_dead_letters(session: AsyncSession, user_id: int) -> None:
    # As escaped bytes, not as text: a letter may be there because its value is no text.
    named = f'"({"|".join(PERSON_FIELDS)})" ?: ?{user_id} ?[,}}]'
    await session.execute(
        text(
            "UPDATE dead_letters SET key = NULL, value = NULL, error = '', traceback = '', "
            "status = CASE status WHEN 'handled' THEN status ELSE 'dropped' END, "
            "resolved_at = coalesce(resolved_at, now()) "
            "WHERE value IS NOT NULL AND encode(value, 'escape') ~ :named"
        ),
        {"named": named},
    )
