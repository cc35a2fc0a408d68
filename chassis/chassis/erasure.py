"""Erasure in the chassis' own tables, and the memory of it: outbox, dead letters and kept answers forget a person
too, and an event about them that comes late finds only their tombstone."""

from collections.abc import Awaitable, Callable, Collection, Mapping, Sequence
from dataclasses import replace
from datetime import datetime, timedelta
from functools import partial
from typing import Any, Protocol, TypeVar

from contracts.envelope import Event
from sqlalchemy import BigInteger, DateTime, Index, func, select, text, update
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncSession
from sqlalchemy.orm import Mapped, mapped_column

from chassis.db import Base, Database, now
from chassis.jobs import PeriodicJob
from chassis.revocations import end_all_sessions

PERSON_FIELDS = ("user_id", "created_by_id", "instructor_id", "author_id", "reviewer_id")
"""The names a person's id goes by at the top of an event."""

EMPTIED = (
    "display_name",
    "username",
    "title",
    "bio",
    "organization",
    "website",
    "linkedin_profile",
    "twitter_handle",
)
NULLED = ("picture_url", "profile_image_url", "cover_image_url", "country", "city")
"""What an event may say of the person in its `user_id`; a `title` beside a `user_id` is an instructor's."""

# They speak of the erasure itself: who reads them must know whom it is about.
ABOUT_ERASURE = ("identity.user.erased.", "platform.erasure.")

SWEPT_AFTER = timedelta(minutes=1)
"""Longer than a request that was under way when its person was erased can take."""

Erase = Callable[[AsyncSession, int, int], Awaitable[None]]
"""A service's own erasure: (session, user id, tombstone id). Safe to repeat."""


class ErasedPerson(Base):
    """An account that was erased, and the tombstone that stands for it in this database.

    Kept for good: an event from before may come from a log, a dead letter or a restored broker long after. Whose
    id it was nobody knows any more.
    """

    __tablename__ = "erased_people"
    __table_args__ = (
        Index("ix_erased_people_unswept", "erased_at", postgresql_where=text("swept_at IS NULL")),
    )

    user_id: Mapped[int] = mapped_column(BigInteger, primary_key=True, autoincrement=False)
    tombstone_id: Mapped[int] = mapped_column(BigInteger)
    erased_at: Mapped[datetime] = mapped_column(DateTime(timezone=True), server_default=func.now())
    swept_at: Mapped[datetime | None] = mapped_column(DateTime(timezone=True))


async def scrub_chassis_tables(session: AsyncSession, user_id: int, tombstone_id: int) -> None:
    """Write the tombstone over `user_id` in the events this service keeps, and drop the answers kept for them;
    refuse their tokens; remember the erasure, for what comes late.

    A person's id stands in one of PERSON_FIELDS; where that is `user_id`, what is said of them beside it (EMPTIED,
    NULLED) goes, and the Kafka key and the subject become the tombstone's where they were the user's.
    Dead letters that name the person are emptied and dropped. Mail on its way is left to who wrote it.
    """
    await session.execute(
        insert(ErasedPerson).values(user_id=user_id, tombstone_id=tombstone_id).on_conflict_do_nothing()
    )
    await end_all_sessions(session, user_id, now())
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
            "  (SELECT coalesce(jsonb_object_agg(k, CASE WHEN k = ANY(CAST(:nulled AS text[])) "
            "     THEN 'null'::jsonb ELSE '\"\"'::jsonb END), '{}') "
            "   FROM unnest(CAST(:emptied AS text[]) || CAST(:nulled AS text[])) AS k "
            "   WHERE payload->>'user_id' = :user AND payload::jsonb ? k))::json, "
            "headers = CASE WHEN payload->>'user_id' = :user AND headers ? 'ce_subject' THEN "
            "  headers || jsonb_build_object('ce_subject', regexp_replace(headers->>'ce_subject', "
            "    '^((users|courses/[0-9]+/instructors)/)' || CAST(:user AS text) || '(/|$)', "
            "    '\\1' || CAST(CAST(:tombstone AS bigint) AS text) || '\\3')) ELSE headers END, "
            "key = CASE WHEN key = :user AND payload->>'user_id' = :user "
            "  AND topic IN ('identity.events', 'learning.events', 'assessment.events', 'platform.events') "
            "  THEN CAST(:tombstone AS bigint)::text ELSE key END "
            "WHERE type NOT LIKE 'identity.user.erased.%' "
            "  AND EXISTS (SELECT FROM unnest(CAST(:fields AS text[])) AS name WHERE payload->>name = :user)"
        ),
        {
            "user": str(user_id),
            "tombstone": tombstone_id,
            "fields": list(PERSON_FIELDS),
            "emptied": list(EMPTIED),
            "nulled": list(NULLED),
        },
    )


async def _scrub_dead_letters(session: AsyncSession, user_id: int) -> None:
    # As escaped bytes, not as text: a letter may be there because its value is no text.
    named = f'"({"|".join(PERSON_FIELDS)})" ?: ?{user_id} ?[,}}]'
    await session.execute(
        text(
            "UPDATE dead_letters SET key = NULL, value = NULL, error = '', traceback = '', headers = '[]', "
            "status = CASE status WHEN 'handled' THEN status ELSE 'dropped' END, "
            "resolved_at = coalesce(resolved_at, now()) "
            "WHERE value IS NOT NULL AND encode(value, 'escape') ~ :named"
        ),
        {"named": named},
    )


# --- what comes late ----------------------------------------------------------------------------------------


class _Told(Protocol):
    """An event as the consumer hands it on."""

    @property
    def type(self) -> str: ...
    @property
    def data(self) -> Any: ...


T = TypeVar("T", bound=_Told)


async def put_under_tombstones(session: AsyncSession, received: Sequence[T]) -> list[T]:
    """These events with tombstones in the place of the erased, and without what they say of them.

    So no handler can bring somebody back by an event from before their erasure, however late it comes. An event
    that arrives together with the erasure, behind it, is written over once the erasure has run (`sweep`).
    """
    people = {found for one in received for found in _people_in(one)}
    tombstones = await tombstones_of(session, people)
    if not tombstones:
        return list(received)
    return [_under_tombstones(one, tombstones) for one in received]


async def tombstones_of(session: AsyncSession, people: Collection[int]) -> dict[int, int]:
    """The tombstones of those of these people who were erased."""
    if not people:
        return {}
    statement = select(ErasedPerson.user_id, ErasedPerson.tombstone_id).where(
        ErasedPerson.user_id.in_(sorted(people))
    )
    return {row.user_id: row.tombstone_id for row in await session.execute(statement)}


def _people_in(one: _Told) -> set[int]:
    if one.type.startswith(ABOUT_ERASURE):
        return set()
    found = (getattr(one.data, name, None) for name in PERSON_FIELDS)
    return {value for value in found if isinstance(value, int)}


def _under_tombstones(one: T, tombstones: Mapping[int, int]) -> T:
    event: Event = one.data
    if not _people_in(one) & tombstones.keys():
        return one
    fields = type(event).model_fields
    changed: dict[str, Any] = {
        name: tombstones[value]
        for name in PERSON_FIELDS
        if name in fields and (value := getattr(event, name)) in tombstones
    }
    if "user_id" in changed:
        changed |= {name: "" for name in EMPTIED if name in fields}
        changed |= {name: None for name in NULLED if name in fields}
    data = event.model_copy(update=changed)
    return replace(one, data=data, subject=data.event_subject())  # type: ignore[type-var]


TO_SWEEP = select(ErasedPerson).where(
    ErasedPerson.swept_at.is_(None), ErasedPerson.erased_at < func.now() - SWEPT_AFTER
)


def sweep_job(erase: Erase) -> PeriodicJob:
    """The job of every service's worker that erases once more, with the service's own `erase`."""
    return PeriodicJob("sweep_erased", 60, partial(sweep, erase=erase), due=TO_SWEEP)


async def sweep(database: Database, erase: Erase) -> None:
    """Erase once more those erased a minute ago: what was under way at that moment may have been written after."""
    while True:
        async with database.transaction() as session:
            due = await session.scalar(
                TO_SWEEP.order_by(ErasedPerson.erased_at).limit(1).with_for_update(skip_locked=True)
            )
            if due is None:
                return
            await erase(session, due.user_id, due.tombstone_id)
            await session.execute(
                update(ErasedPerson).where(ErasedPerson.user_id == due.user_id).values(swept_at=now())
            )
