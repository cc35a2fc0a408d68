"""Who was erased is brought back by no event, whenever it comes; and what slipped in meanwhile is swept out."""

import json
from datetime import timedelta
from typing import Any

from chassis.consumer import Consumer, Received, decode
from chassis.db import Database, now
from chassis.erasure import scrub_chassis_tables, sweep
from chassis.testing import as_record
from contracts.envelope import Event
from contracts.identity import UserChanged, UserErased
from contracts.instructor import CoInstructorChanged, InstructorChanged
from contracts.learning import NoteCreated
from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncSession

ERASED, OTHER, TOMBSTONE = 70_007_007, 80_008_008, 90_412_412
AT = now()


class Ear:
    """A handler that keeps what it was told."""

    def __init__(self, database: Database, *kinds: type[Event]) -> None:
        self.heard: list[Received[Any]] = []
        self._consumer = Consumer(database.settings, database, dict.fromkeys(kinds, self._hear))

    async def _hear(self, _session: AsyncSession, received: Received[Any]) -> None:
        self.heard.append(received)

    async def told(self, *events: Event) -> list[Any]:
        """What the handler got of these events, which came off the log together."""
        self.heard.clear()
        items = [decode(as_record(event, offset=n), self._consumer.lookup) for n, event in enumerate(events)]
        await self._consumer._handle_together([item for item in items if item is not None])
        return [one.data for one in self.heard]


def example(kind: type[Event], **given: Any) -> Any:
    told = kind.model_json_schema()["examples"][0]
    return kind.model_validate_json(json.dumps({**told, **given}))


async def erase(database: Database, user_id: int = ERASED) -> None:
    async with database.transaction() as session:
        await scrub_chassis_tables(session, user_id, TOMBSTONE)


async def test_a_late_event_names_the_tombstone(database: Database, make_note: Any) -> None:
    ear = Ear(database, NoteCreated)
    await erase(database)
    theirs, others = make_note(1, ERASED), make_note(2, OTHER)
    assert await ear.told(theirs, others) == [theirs.model_copy(update={"user_id": TOMBSTONE}), others]


async def test_it_says_nothing_of_them(database: Database) -> None:
    ear = Ear(database, UserChanged, InstructorChanged, CoInstructorChanged)
    await erase(database)
    user, instructor, teaching = await ear.told(
        example(UserChanged, user_id=ERASED, display_name="Ada Lovelace"),
        example(
            InstructorChanged, user_id=ERASED, bio="wrote the first program", website="https://ada.example"
        ),
        example(CoInstructorChanged, user_id=ERASED),
    )
    assert (user.user_id, user.username, user.display_name, user.picture_url) == (TOMBSTONE, "", "", None)
    assert (instructor.display_name, instructor.bio, instructor.website) == ("", "", "")
    assert instructor.profile_image_url is None
    subjects = [one.subject for one in ear.heard]
    assert subjects[0] == f"users/{TOMBSTONE}"
    assert subjects[2] == f"courses/{teaching.course_id}/instructors/{TOMBSTONE}"


async def test_the_erasure_itself_says_whom_it_is_about(database: Database) -> None:
    ear = Ear(database, UserErased)
    await erase(database)
    again = UserErased(user_id=ERASED, tombstone_id=TOMBSTONE, erased_at=AT)
    assert await ear.told(again) == [again]


async def test_an_outbox_row_loses_its_subject_and_an_instructors_words(database: Database) -> None:
    event = example(InstructorChanged, user_id=ERASED, bio="wrote the first program")
    teaching = example(CoInstructorChanged, user_id=ERASED)
    async with database.transaction() as session:
        for one in (event, teaching):
            await session.execute(
                text(
                    "INSERT INTO outbox (event_id, topic, key, type, headers, payload) VALUES (gen_random_uuid(), "
                    ":topic, 'k', :type, jsonb_build_object('ce_subject', CAST(:subject AS text)), "
                    "CAST(:payload AS json))"
                ),
                {
                    "topic": one.topic,
                    "type": one.event_type,
                    "subject": one.event_subject(),
                    "payload": one.model_dump_json(),
                },
            )
    await erase(database)
    async with database.transaction() as session:
        kept = list(await session.scalars(text("SELECT o::text FROM outbox o ORDER BY id")))
    assert not [row for row in kept if str(ERASED) in row or "first program" in row]
    assert f"courses/{teaching.course_id}/instructors/{TOMBSTONE}" in kept[1]
    assert event.event_subject() in kept[0], "a profile's number is no account's"


async def test_the_sweep_erases_once_more_a_minute_later_and_once(database: Database) -> None:
    swept: list[tuple[int, int]] = []

    async def erase_again(_session: AsyncSession, user_id: int, tombstone_id: int) -> None:
        swept.append((user_id, tombstone_id))

    await erase(database)
    await sweep(database, erase_again)
    assert swept == [], "what is under way gets its minute"
    async with database.transaction() as session:
        await session.execute(
            text("UPDATE erased_people SET erased_at = :at"), {"at": now() - timedelta(minutes=2)}
        )
    for _ in range(2):
        await sweep(database, erase_again)
    assert swept == [(ERASED, TOMBSTONE)]
