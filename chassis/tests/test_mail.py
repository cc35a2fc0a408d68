"""Mail: sent once where nothing crashes, never lost, and no mail stands in another's way."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import pytest
from chassis.db import Database
from chassis.mail import GIVE_UP_AFTER, OutgoingMail, send_due_mail
from chassis.outbox import new_event_id
from sqlalchemy import func, select, text


async def write(database: Database, *recipients: str) -> None:
    async with database.transaction() as session:
        session.add_all(
            [
                OutgoingMail(
                    event_id=new_event_id(),
                    recipient=recipient,
                    template="t",
                    subject="Hello",
                    text_body="text",
                    html_body="<p>text</p>",
                )
                for recipient in recipients
            ]
        )


async def unsent(database: Database) -> list[str]:
    async with database.transaction() as session:
        statement = select(OutgoingMail.recipient).where(OutgoingMail.sent_at.is_(None))
        return list(await session.scalars(statement.order_by(OutgoingMail.id)))


@asynccontextmanager
async def smtp(*, slow: float = 0.0, refuses: bool = False) -> AsyncIterator[tuple[str, list[str]]]:
    """A mail server on loopback; how long it thinks about each message, and what it took."""
    taken: list[str] = []

    async def talk(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.write(b"220 test ESMTP\r\n")
        while line := await reader.readline():
            word = line.split()[0].upper()
            if word == b"DATA":
                writer.write(b"354 go on\r\n")
                message = (await reader.readuntil(b"\r\n.\r\n")).decode()
                await asyncio.sleep(slow)
                taken.append(message)
            if word == b"RCPT" and refuses:
                writer.write(b"550 no such person\r\n")
            else:
                writer.write(b"221 bye\r\n" if word == b"QUIT" else b"250 ok\r\n")
            await writer.drain()
        writer.close()

    server = await asyncio.start_server(talk, "127.0.0.1", 0)
    port = server.sockets[0].getsockname()[1]
    try:
        yield f"smtp://127.0.0.1:{port}", taken
    finally:
        server.close()


def with_settings(database: Database, **changed: Any) -> Database:
    return Database(database.settings.model_copy(update=changed), process="test")


async def test_a_mail_server_slower_than_a_transaction_may_idle_gets_a_mail_once(database: Database) -> None:
    await write(database, "ada@example.org")
    async with smtp(slow=1.5) as (url, taken):
        slow = with_settings(database, smtp_url=url, idle_in_transaction_timeout_ms=500)
        await send_due_mail(slow)
        await send_due_mail(slow)
        await slow.close()
    assert len(taken) == 1
    assert await unsent(database) == []


async def test_a_mail_that_cannot_be_written_down_stops_no_other(database: Database) -> None:
    await write(database, "a@example.org\r\nBcc: b@example.org", "ada@example.org")
    await send_due_mail(database)
    assert await unsent(database) == ["a@example.org\r\nBcc: b@example.org"]
    folder = database.settings.mail_spool_dir
    assert folder is not None
    assert len(list(Path(folder).glob("*.eml"))) == 1  # noqa: ASYNC240 - a test


async def test_two_workers_send_each_mail_once(database: Database) -> None:
    await write(database, *(f"p{number}@example.org" for number in range(10)))
    async with smtp(slow=0.02) as (url, taken):
        both = [with_settings(database, smtp_url=url) for _ in range(2)]
        await asyncio.gather(*(send_due_mail(one) for one in both))
        for one in both:
            await one.close()
    assert len(taken) == 10
    assert await unsent(database) == []


async def test_a_mail_lost_with_its_worker_is_sent_again(
    database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The worker is killed while it hands a mail over: the claim on it runs out."""
    await write(database, "ada@example.org")
    async with smtp(slow=5) as (url, _):
        one = with_settings(database, smtp_url=url)
        killed = asyncio.create_task(send_due_mail(one))
        await asyncio.sleep(0.5)
        killed.cancel()
        await asyncio.wait([killed])
        await one.close()
    await send_due_mail(database)
    assert await unsent(database) == ["ada@example.org"]
    async with database.transaction() as session:
        later = select(func.extract("epoch", OutgoingMail.next_attempt_at - func.now()))
        assert 0 < (await session.scalars(later)).one() <= 120
        await session.execute(text("UPDATE mail_outbox SET next_attempt_at = now()"))
    await send_due_mail(database)
    assert await unsent(database) == []


async def test_a_refused_mail_waits_longer_each_time_and_is_given_up_in_the_end(database: Database) -> None:
    await write(database, "nobody@example.org")
    async with smtp(refuses=True) as (url, taken):
        one = with_settings(database, smtp_url=url)
        await send_due_mail(one)
        async with database.transaction() as session:
            (mail,) = await session.scalars(select(OutgoingMail))
            assert (mail.attempts, "no such person" in mail.last_error) == (1, True)
            mail.attempts = GIVE_UP_AFTER
            mail.next_attempt_at = mail.created_at
        await send_due_mail(one)
        await one.close()
    assert taken == []
    async with database.transaction() as session:
        assert (await session.scalars(select(OutgoingMail.attempts))).one() == GIVE_UP_AFTER


async def test_sent_mails_are_forgotten_after_their_time(database: Database) -> None:
    from chassis.worker import _forget

    await write(database, "old@example.org", "new@example.org", "unsent@example.org")
    async with database.transaction() as session:
        await session.execute(text("UPDATE mail_outbox SET created_at = now() - interval '60 days'"))
        await session.execute(
            text("UPDATE mail_outbox SET sent_at = now() - interval '31 days' WHERE recipient LIKE 'old%'")
        )
        await session.execute(text("UPDATE mail_outbox SET sent_at = now() WHERE recipient LIKE 'new%'"))
    await _forget(database)
    async with database.transaction() as session:
        left = set(await session.scalars(select(OutgoingMail.recipient)))
    assert left == {"new@example.org", "unsent@example.org"}
