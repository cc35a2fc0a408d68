"""What mail servers do to a mail, and what becomes of it: refused, hung up on, cut off, under TLS and with a password."""

# ruff: noqa: N802 - aiosmtpd calls its handlers so

import asyncio
import ssl
from datetime import UTC, datetime, timedelta
from email.message import EmailMessage
from ipaddress import ip_address
from pathlib import Path
from typing import Any

import pytest
from aiosmtpd.smtp import AuthResult, Envelope, LoginPassword
from chassis.db import Database
from chassis.mail import GIVE_UP_AFTER, OutgoingMail, send_due_mail
from chassis.outbox import new_event_id
from chassis.testing_smtp import Taker, smtp
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID
from sqlalchemy import func, select, text

from chassis import mail as mailing
from chassis import metrics


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


def with_settings(database: Database, **changed: Any) -> Database:
    return Database(database.settings.model_copy(update=changed), process="test")


async def arrived(database: Database, taker: Taker | None = None) -> list[EmailMessage]:
    """What a server takes of what is due."""
    taker = taker or Taker()
    async with smtp(taker) as server:
        one = with_settings(database, smtp_url=f"smtp://{server}")
        await send_due_mail(one)
        await one.close()
    return taker.messages


# --- what servers do ------------------------------------------------------------------------------------------


async def state_of(database: Database) -> tuple[str, int, str]:
    """Of the one mail: sent, waiting or failed; its attempts; the last error."""
    async with database.transaction() as session:
        row = (
            await session.execute(
                text(
                    "SELECT CASE WHEN sent_at IS NOT NULL THEN 'sent' WHEN next_attempt_at = 'infinity' "
                    "THEN 'failed' ELSE 'waiting' END AS state, attempts, last_error FROM mail_outbox"
                )
            )
        ).one()
    return row.state, row.attempts, row.last_error


async def make_due(database: Database) -> None:
    async with database.transaction() as session:
        await session.execute(text("UPDATE mail_outbox SET next_attempt_at = now(), attempts = 0"))


@pytest.mark.parametrize(
    ("told", "state"),
    [
        ({"to_recipient": "450 4.2.1 try later"}, "waiting"),
        ({"to_recipient": "451 greylisted"}, "waiting"),
        ({"to_recipient": "550 5.7.1 relaying denied"}, "waiting"),
        ({"to_recipient": "554 relay access denied"}, "waiting"),
        ({"to_data": "452 4.3.1 no room"}, "waiting"),
        ({"to_data": "554 5.7.1 not from you"}, "waiting"),
        ({"to_recipient": "550 5.1.1 <ada@example.org> no such person"}, "failed"),
        ({"to_recipient": "550 no such person"}, "failed"),
        ({"to_recipient": "553 5.1.3 no such form"}, "failed"),
        ({"to_data": "554 5.6.0 not like this"}, "failed"),
    ],
)
async def test_a_refusal_is_tried_again_unless_it_is_for_good(
    database: Database, told: dict[str, str], state: str, capsys: pytest.CaptureFixture[str]
) -> None:
    await write(database, "ada@example.org")
    assert await arrived(database, Taker(**told)) == []
    found, attempts, error = await state_of(database)
    assert (found, attempts) == (state, 1)
    reason = next(iter(told.values()))[4:].replace("<ada@example.org>", "<address>").removeprefix("<")
    assert reason.split()[-1] in error
    assert "ada@example.org" not in error
    assert "ada@example.org" not in capsys.readouterr().out, "an address is nothing for the logs"
    await mailing.measure(database)
    waiting, failed = (
        gauge.labels(database.service)._value.get() for gauge in (metrics.MAIL_UNSENT, metrics.MAIL_FAILED)
    )
    assert (waiting, failed) == ((1, 0) if state == "waiting" else (0, 1))
    assert await arrived(database) == [], "not before its time"
    await make_due(database)
    assert len(await arrived(database)) == 1
    assert (await state_of(database))[0] == "sent"


async def test_it_waits_longer_each_time_and_is_given_up_in_the_end(database: Database) -> None:
    await write(database, "ada@example.org")
    waits = []
    refusing = Taker(to_recipient="451 later")
    for attempts in (0, 1, 2, 10, 11, 40, GIVE_UP_AFTER - 2):
        async with database.transaction() as session:
            await session.execute(
                text("UPDATE mail_outbox SET next_attempt_at = now(), attempts = :n"), {"n": attempts}
            )
        await arrived(database, refusing)
        async with database.transaction() as session:
            later = select(func.extract("epoch", OutgoingMail.next_attempt_at - func.now()))
            waits.append(round(float((await session.scalars(later)).one()) + 0.4))
    assert waits == [2, 4, 8, 2048, 3600, 3600, 3600]
    async with database.transaction() as session:
        await session.execute(text("UPDATE mail_outbox SET next_attempt_at = now()"))
    await arrived(database, refusing)
    assert (await state_of(database))[:2] == ("failed", GIVE_UP_AFTER)


async def test_a_server_that_says_nothing_holds_nobody_up_for_ever(
    database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(mailing, "STEP_SECONDS", 0.3)
    await write(database, "ada@example.org")
    held: list[asyncio.StreamWriter] = []

    async def say_nothing(_reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        held.append(writer)

    listening = await asyncio.start_server(say_nothing, "127.0.0.1", 0)
    port = listening.sockets[0].getsockname()[1]
    one = with_settings(database, smtp_url=f"smtp://127.0.0.1:{port}")
    await asyncio.wait_for(send_due_mail(one), 10)
    for writer in held:
        writer.close()
    listening.close()
    await one.close()
    assert (await state_of(database))[:2] == ("waiting", 1)
    nobody = with_settings(database, smtp_url="smtp://127.0.0.1:1")
    await make_due(database)
    await send_due_mail(nobody)
    await nobody.close()
    assert (await state_of(database))[:2] == ("waiting", 1)


class Dropping(Taker):
    """Cuts the connection at `at`: when it has taken the mail and not said so, or when it is told good-bye."""

    def __init__(self, at: str) -> None:
        super().__init__()
        self.at = at

    async def handle_DATA(self, server: Any, session: Any, envelope: Envelope) -> str:
        answer = await super().handle_DATA(server, session, envelope)
        if self.at == "DATA":
            server.transport.abort()
        return answer

    async def handle_QUIT(self, server: Any, _session: Any, _envelope: Envelope) -> str:
        if self.at == "QUIT":
            server.transport.abort()
        if self.at == "hanging QUIT":
            await asyncio.sleep(30)
        return "221 bye"


async def test_a_server_cut_off_before_its_word_is_given_the_same_mail_again(database: Database) -> None:
    """Whether it has the mail nobody can know; the Message-ID is the same, so that it is seen once."""
    await write(database, "ada@example.org")
    first = await arrived(database, Dropping("DATA"))
    assert (await state_of(database))[:2] == ("waiting", 1)
    await make_due(database)
    second = await arrived(database)
    assert [mail["Message-ID"] for mail in first] == [mail["Message-ID"] for mail in second]
    assert (await state_of(database))[0] == "sent"


@pytest.mark.parametrize("at", ["QUIT", "hanging QUIT"])
async def test_a_bad_good_bye_does_not_send_a_mail_twice(
    database: Database, at: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(mailing, "GOODBYE_SECONDS", 0.3)
    await write(database, "ada@example.org")
    assert len(await arrived(database, Dropping(at))) == 1
    assert (await state_of(database))[:2] == ("sent", 1)


async def test_killed_between_the_servers_word_and_our_note_it_is_sent_again_under_the_same_id(
    database: Database,
) -> None:
    await write(database, "ada@example.org")
    killed: list[asyncio.Task[None]] = []

    class Killing(Taker):
        async def handle_DATA(self, server: Any, session: Any, envelope: Envelope) -> str:
            answer = await super().handle_DATA(server, session, envelope)
            killed[0].cancel()
            return answer

    taker = Killing()
    async with smtp(taker) as server:
        one = with_settings(database, smtp_url=f"smtp://{server}")
        killed.append(asyncio.create_task(send_due_mail(one)))
        await asyncio.wait(killed)
        assert killed[0].cancelled()
        await one.close()
    assert (await state_of(database))[:2] == ("waiting", 1)
    assert await arrived(database) == [], "while the claim lasts it is nobody else's"
    await make_due(database)
    (again,) = await arrived(database)
    assert [mail["Message-ID"] for mail in taker.messages] == [again["Message-ID"]]


# --- under TLS, and with a password ---------------------------------------------------------------------------


@pytest.fixture(scope="module")
def certificate(tmp_path_factory: pytest.TempPathFactory) -> tuple[ssl.SSLContext, Path]:
    """A server's TLS, and the PEM of who vouches for it: itself."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "mail.test")])
    began = datetime.now(UTC) - timedelta(days=1)
    made = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(began)
        .not_valid_after(began + timedelta(days=3))
        .add_extension(x509.SubjectAlternativeName([x509.IPAddress(ip_address("127.0.0.1"))]), False)
        .add_extension(x509.BasicConstraints(ca=True, path_length=None), True)
        .sign(key, hashes.SHA256())
    )
    folder = tmp_path_factory.mktemp("tls")
    (folder / "cert.pem").write_bytes(made.public_bytes(serialization.Encoding.PEM))
    (folder / "key.pem").write_bytes(
        key.private_bytes(
            serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
        )
    )
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(folder / "cert.pem", folder / "key.pem")
    return context, folder / "cert.pem"


class Doorman:
    """Who may send; and what everybody said."""

    def __init__(self) -> None:
        self.heard: list[bytes] = []

    def __call__(
        self, _server: Any, _session: Any, _envelope: Any, _mechanism: str, data: LoginPassword
    ) -> AuthResult:
        self.heard.append(data.password)
        return AuthResult(success=(data.login, data.password) == (b"us", b"p@ss/word"), handled=False)


US = "us:p%40ss%2Fword@"


# Of aiosmtpd: that it offers AUTH under a TLS it did not begin itself, and of an attribute that it sets itself.
@pytest.mark.filterwarnings(
    "ignore:Requiring AUTH:UserWarning", "ignore:Session.login_data:DeprecationWarning"
)
@pytest.mark.parametrize(
    ("scheme", "who", "server", "knows_ca", "state"),
    [
        ("smtps", "", "tls", True, "sent"),
        ("smtps", US, "tls", True, "sent"),
        ("smtps", "us:wrong@", "tls", True, "waiting"),
        ("smtps", "", "tls", False, "waiting"),
        ("smtps", "", "plain", True, "waiting"),
        ("smtp+starttls", "", "starttls", True, "sent"),
        ("smtp+starttls", US, "starttls", True, "sent"),
        ("smtp+starttls", US, "starttls", False, "waiting"),
        ("smtp+starttls", "", "plain", True, "waiting"),
        ("smtp", "", "starttls", True, "sent"),
        ("smtp", US, "starttls", True, "sent"),
        ("smtp", US, "plain", True, "waiting"),
        ("smtp", "", "plain", True, "sent"),
    ],
)
async def test_a_mail_and_a_password_go_only_where_they_may(
    database: Database,
    certificate: tuple[ssl.SSLContext, Path],
    monkeypatch: pytest.MonkeyPatch,
    scheme: str,
    who: str,
    server: str,
    knows_ca: bool,
    state: str,
) -> None:
    monkeypatch.setattr(mailing, "STEP_SECONDS", 1.0)
    context, authority = certificate
    doorman, taker = Doorman(), Taker()
    options: dict[str, Any] = {
        "authenticator": doorman,
        "auth_require_tls": False,
        "auth_required": bool(who),
    }
    if server == "tls":
        options["tls"] = context
    if server == "starttls":
        options |= {"tls_context": context, "require_starttls": True}
    await write(database, "ada@example.org")
    async with smtp(taker, **options) as address:
        given = {"smtp_url": f"{scheme}://{who}{address}", "smtp_ca_file": authority if knows_ca else None}
        one = with_settings(database, **given)
        await send_due_mail(one)
        await one.close()
    assert (await state_of(database))[0] == state
    assert len(taker.taken) == (state == "sent")
    if server == "plain" or not knows_ca:
        assert doorman.heard == [], "a password in the clear"
    if who == US and state == "sent":
        assert doorman.heard == [b"p@ss/word"]
