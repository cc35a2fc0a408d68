"""Mail: sent once where nothing crashes, never lost, and no mail stands in another's way."""

import asyncio
from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta
from email.message import EmailMessage
from pathlib import Path
from typing import Any

import pytest
from chassis.db import Database
from chassis.mail import OutgoingMail, addressed_as, send_due_mail, send_mail
from chassis.outbox import new_event_id
from chassis.settings import ServiceSettings
from chassis.testing_smtp import Taker, smtp
from sqlalchemy import func, select, text

from chassis import mail as mailing


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


def with_settings(database: Database, **changed: Any) -> Database:
    return Database(database.settings.model_copy(update=changed), process="test")


async def test_a_mail_server_slower_than_a_transaction_may_idle_gets_a_mail_once(database: Database) -> None:
    await write(database, "ada@example.org")
    taker = Taker(slow=1.5)
    async with smtp(taker) as server:
        slow = with_settings(database, smtp_url=f"smtp://{server}", idle_in_transaction_timeout_ms=500)
        await send_due_mail(slow)
        await send_due_mail(slow)
        await slow.close()
    assert len(taker.taken) == 1
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
    taker = Taker(slow=0.02)
    async with smtp(taker) as server:
        both = [with_settings(database, smtp_url=f"smtp://{server}") for _ in range(2)]
        await asyncio.gather(*(send_due_mail(one) for one in both))
        for one in both:
            await one.close()
    assert len(taker.taken) == 10
    assert await unsent(database) == []


async def test_a_mail_lost_with_its_worker_is_sent_again(
    database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The worker is killed while it hands a mail over: the claim on it runs out."""
    await write(database, "ada@example.org")
    async with smtp(Taker(slow=5)) as server:
        one = with_settings(database, smtp_url=f"smtp://{server}")
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


# --- what a mail is -------------------------------------------------------------------------------------------


class MailerSettings(ServiceSettings):
    service = "lyceum_test_mailer"


@pytest.fixture
async def mailer(
    database: Database, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> AsyncIterator[Database]:
    """A service with a template of its own."""
    folder = tmp_path / MailerSettings.service / "mail_templates"
    folder.mkdir(parents=True)
    (folder.parent / "__init__.py").touch()
    (folder / "hello.subject.j2").write_text("Hello {{ name }}:\n{{ subject }}")
    (folder / "hello.txt.j2").write_text("Hello {{ name }},\n{{ public_url }}/x?token={{ token }}\n")
    (folder / "hello.html.j2").write_text(
        '<p>{{ name }} <a href="{{ public_url }}/x?token={{ token }}">x</a></p>'
    )
    monkeypatch.syspath_prepend(str(tmp_path))
    given = database.settings.model_dump() | {"public_url": "https://lyceum.example/", "smtp_url": None}
    found = Database(MailerSettings(**given), process="test")
    yield found
    await found.close()
    mailing._templates.cache_clear()


async def hello(database: Database, to: str = "ada@example.org", **given: Any) -> None:
    event_id = given.pop("event_id", None)
    context = {"name": "Ada", "subject": "welcome", "token": "t0ken", **given}
    async with database.transaction() as session:
        await send_mail(session, to=to, template="hello", context=context, event_id=event_id)


async def arrived(database: Database, taker: Taker | None = None) -> list[EmailMessage]:
    """What a server takes of what is due."""
    taker = taker or Taker()
    async with smtp(taker) as server:
        one = with_settings(database, smtp_url=f"smtp://{server}")
        await send_due_mail(one)
        await one.close()
    return taker.messages


async def test_a_mail_as_it_arrives(mailer: Database) -> None:
    event_id = new_event_id()
    await hello(mailer, name="Ada & <b>Bob", event_id=event_id)
    (mail,) = await arrived(mailer)
    assert mail["From"] == "Lyceum <no-reply@lyceum.example>"
    assert mail["To"] == "ada@example.org"
    assert mail["Message-ID"] == f"<{event_id}@lyceum.example>"
    assert mail["Auto-Submitted"] == "auto-generated"
    assert abs(mail["Date"].datetime - datetime.now(UTC)) < timedelta(minutes=1)
    assert mail.get_content_type() == "multipart/alternative"
    plain, rich = mail.iter_parts()
    assert (plain.get_content_type(), rich.get_content_type()) == ("text/plain", "text/html")
    link = "https://lyceum.example/x?token=t0ken"
    assert link in plain.get_content()
    assert f'href="{link}"' in rich.get_content()


async def test_html_is_escaped_and_text_is_not(mailer: Database) -> None:
    await hello(mailer, name="Ada & Bob", token='"><script>alert(1)</script>')
    (mail,) = await arrived(mailer)
    plain, rich = mail.iter_parts()
    assert "Ada & Bob" in plain.get_content()
    assert "<script>" not in rich.get_content()
    assert "Ada &amp; Bob" in rich.get_content()


async def test_a_mail_of_a_transaction_that_failed_is_none(mailer: Database) -> None:
    async def fail() -> None:
        async with mailer.transaction() as session:
            context = {"name": "Ada", "subject": "s", "token": "t"}
            await send_mail(session, to="ada@example.org", template="hello", context=context)
            raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        await fail()
    assert await arrived(mailer) == []


async def test_an_event_has_one_mail(mailer: Database) -> None:
    event_id = new_event_id()
    for _ in range(3):
        await hello(mailer, event_id=event_id)
    assert len(await arrived(mailer)) == 1
    await hello(mailer, event_id=event_id)
    assert await arrived(mailer) == [], "sent, it is still known"


@pytest.mark.parametrize(
    "to",
    [
        "ada@example.org\r\nBcc: eve@example.org",
        "ada@example.org\nBcc: eve@example.org",
        "ada@example.org, eve@example.org",
        "ada@example.org;eve@example.org",
        "Ada <ada@example.org>",
        "ada@example.org\x00",
        "ada",
        "",
        "@",
    ],
)
async def test_nobody_else_is_written_to(mailer: Database, to: str) -> None:
    with pytest.raises(ValueError, match="one address"):
        await hello(mailer, to=to)
    assert await unsent(mailer) == []


async def test_a_subject_is_one_line(mailer: Database) -> None:
    await hello(mailer, subject="a\r\nBcc: eve@example.org\r\n\r\n<b>body</b>\u2028x \u0085y")
    taker = Taker()
    (mail,) = await arrived(mailer, taker)
    assert mail["Bcc"] is None
    assert mail["Subject"] == "Hello Ada: a Bcc: eve@example.org <b>body</b> x y"
    assert [one.rcpt_tos for one in taker.taken] == [["ada@example.org"]]


@pytest.mark.parametrize(
    ("name", "said"),
    [
        ("Ada", "Ada"),
        ("  Ada \n Lovelace ", "Ada Lovelace"),
        ("J. R. R. Tolkien", "J. R. R. Tolkien"),
        ("Jürgen", "Jürgen"),
        ("", "there"),
        ("Win now at https://evil.example", "there"),
        ("www.evil", "there"),
        ("evil.example", "there"),
        ("eve@evil", "there"),
        ("x" * 61, "there"),
    ],
)
def test_a_name_carries_no_advertisement(name: str, said: str) -> None:
    assert addressed_as(name) == said


async def test_addresses_of_all_the_world(mailer: Database) -> None:
    await hello(mailer, to="jürgen@bücher.example")
    await hello(mailer, to="ada@bücher.example")
    taker = Taker()
    await arrived(mailer, taker)
    assert [one.rcpt_tos for one in taker.taken] == [
        ["jürgen@xn--bcher-kva.example"],
        ["ada@xn--bcher-kva.example"],
    ]
    assert "jürgen@xn--bcher-kva.example" in taker.taken[0].content.decode()  # type: ignore[union-attr]


# --- erasure ---------------------------------------------------------------------------------------------------


async def test_whoever_is_erased_is_written_to_no_more(database: Database) -> None:
    await write(database, "ada@example.org", "Ada@Example.org", "eve@example.org")
    async with database.transaction() as session:
        await mailing.forget_recipients(session, ["ADA@example.org", "ada@other.example"])
    assert await unsent(database) == ["eve@example.org"]


async def test_the_last_mail_is_forgotten_once_it_is_sent(database: Database) -> None:
    await write(database, "ada@example.org")
    async with database.transaction() as session:
        event_id = (await session.scalars(select(OutgoingMail.event_id))).one()
        assert not await mailing.forget_sent(session, event_id)
    assert len(await arrived(database)) == 1
    for _ in range(2):
        async with database.transaction() as session:
            assert await mailing.forget_sent(session, event_id)
    async with database.transaction() as session:
        assert await session.scalar(select(func.count()).select_from(OutgoingMail)) == 0
