"""An erased person is gone from the chassis' own tables, and oddities kept there do not stand in the way."""

import json
from typing import Any

import pytest
from chassis.db import Database
from chassis.dead_letters import DeadLetter, bury
from chassis.erasure import scrub_chassis_tables
from chassis.mail import send_mail
from chassis.outbox import OutboxRow, emit
from chassis.testing import as_record
from contracts.learning import NoteCreated
from sqlalchemy import select, text

ERASED, OTHER, TOMBSTONE = 71, 713, 9_000_001


async def scrub(database: Database) -> None:
    async with database.transaction() as session:
        await scrub_chassis_tables(session, ERASED, TOMBSTONE)


async def payloads(database: Database) -> list[dict[str, Any]]:
    async with database.transaction() as session:
        return [row.payload for row in await session.scalars(select(OutboxRow).order_by(OutboxRow.id))]


async def put(database: Database, payload: dict[str, Any], *, topic: str, key: str) -> None:
    async with database.transaction() as session:
        await session.execute(
            text(
                "INSERT INTO outbox (event_id, topic, key, type, headers, payload) "
                "VALUES (gen_random_uuid(), :topic, :key, 'some.thing.changed.v1', '{}', CAST(:payload AS json))"
            ),
            {"topic": topic, "key": key, "payload": json.dumps(payload)},
        )


@pytest.mark.parametrize("name", ["user_id", "created_by_id", "instructor_id", "author_id", "reviewer_id"])
async def test_every_name_a_person_has_in_an_event_is_written_over(database: Database, name: str) -> None:
    await put(database, {name: ERASED, "course_id": ERASED}, topic="catalog.events", key=str(ERASED))
    await put(database, {name: OTHER, "course_id": 1}, topic="catalog.events", key="1")
    await scrub(database)
    # The course that happens to have the person's number keeps it, as an id and as a key.
    assert await payloads(database) == [
        {name: TOMBSTONE, "course_id": ERASED},
        {name: OTHER, "course_id": 1},
    ]
    async with database.transaction() as session:
        keys = list(await session.scalars(select(OutboxRow.key).order_by(OutboxRow.id)))
    assert keys == [str(ERASED), "1"]


async def test_several_names_in_one_event_are_each_looked_at(database: Database) -> None:
    payload = {"user_id": OTHER, "reviewer_id": ERASED, "author_id": None, "display_name": "Grace"}
    await put(database, payload, topic="catalog.events", key="1")
    await scrub(database)
    (left,) = await payloads(database)
    assert left == {**payload, "reviewer_id": TOMBSTONE}


async def test_an_event_about_a_person_loses_name_and_picture_and_key(
    database: Database, make_note: Any
) -> None:
    payload = {"user_id": ERASED, "display_name": "Ada", "picture_url": "https://x/y.png", "n": 1}
    await put(database, payload, topic="identity.events", key=str(ERASED))
    async with database.transaction() as session:
        emit(session, make_note(5, OTHER))
    await scrub(database)
    first, second = await payloads(database)
    assert first == {"user_id": TOMBSTONE, "display_name": "", "picture_url": None, "n": 1}
    assert second["user_id"] == OTHER
    async with database.transaction() as session:
        keys = list(await session.scalars(select(OutboxRow.key).order_by(OutboxRow.id)))
    assert keys == [str(TOMBSTONE), str(OTHER)]


async def test_dead_letters_about_a_person_are_emptied(database: Database, make_note: Any) -> None:
    async with database.transaction() as session:
        for number, user_id in ((1, ERASED), (2, OTHER)):
            record = as_record(make_note(number, user_id))
            await bury(session, record, None, NoteCreated.event_type, ValueError(f"said by {user_id}"))
    await scrub(database)
    async with database.transaction() as session:
        mine, other = await session.scalars(select(DeadLetter).order_by(DeadLetter.id))
    assert (mine.value, mine.key, mine.status) == (None, None, "dropped")
    assert str(ERASED) not in mine.error + mine.traceback
    assert other.value is not None
    assert (other.status, other.error) == ("waiting", f"ValueError: said by {OTHER}")


async def test_a_letter_that_was_handled_stays_handled(database: Database, make_note: Any) -> None:
    async with database.transaction() as session:
        await bury(
            session, as_record(make_note(1, ERASED)), None, NoteCreated.event_type, ValueError("then mended")
        )
        await session.execute(text("UPDATE dead_letters SET status = 'handled', resolved_at = now()"))
    await scrub(database)
    async with database.transaction() as session:
        (letter,) = await session.scalars(select(DeadLetter))
    assert (letter.value, letter.status) == (None, "handled")


@pytest.mark.parametrize("garbage", [b"\xff\xfe\x00garbage", b"\\x41 \\", b'{"user_id": 71', b"\xc3("])
async def test_garbage_among_the_dead_letters_stops_no_erasure(
    database: Database, make_note: Any, garbage: bytes
) -> None:
    async with database.transaction() as session:
        record = as_record(make_note(1, OTHER))
        record.value = garbage
        await bury(session, record, None, NoteCreated.event_type, ValueError("garbage"))
        emit(session, make_note(1, ERASED))
    await scrub(database)
    (left,) = await payloads(database)
    assert left["user_id"] == TOMBSTONE


async def test_answers_kept_for_a_person_are_removed(database: Database) -> None:
    async with database.transaction() as session:
        for caller in (f"user:{ERASED}", f"user:{OTHER}", f"address:{ERASED}"):
            await session.execute(
                text(
                    "INSERT INTO idempotency_keys (caller, key, request_hash, status, headers, body) "
                    "VALUES (:caller, 'k', '', 201, '{}', 'Ada')"
                ),
                {"caller": caller},
            )
    await scrub(database)
    async with database.transaction() as session:
        left = set(await session.scalars(text("SELECT caller FROM idempotency_keys")))
    assert left == {f"user:{OTHER}", f"address:{ERASED}"}


async def test_mail_on_its_way_still_goes(
    database: Database, tmp_path: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The last mail tells a person that they were erased."""
    import jinja2

    from chassis import mail

    templates = {f"gone.{part}.j2": "Good bye" for part in ("subject", "txt", "html")}
    environment = jinja2.Environment(loader=jinja2.DictLoader(templates))
    monkeypatch.setattr(mail, "_templates", lambda _service: (environment, environment))
    async with database.transaction() as session:
        await send_mail(session, to="ada@example.org", template="gone", context={})
    await scrub(database)
    async with database.transaction() as session:
        assert list(await session.scalars(select(mail.OutgoingMail.recipient))) == ["ada@example.org"]
