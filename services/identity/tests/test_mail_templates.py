"""Every mail that identity writes: two parts that say the same, links of ours alone, and nothing a stranger could put
into them."""

import re
from pathlib import Path
from typing import Any

import httpx
import identity
import jinja2
import jinja2.meta
import pytest
from chassis.db import Database
from chassis.mail import OutgoingMail, send_mail
from identity.testing import MakePerson, Postbox, text_of
from sqlalchemy import select

FOLDER = Path(identity.__file__).parent / "mail_templates"
NAMES = sorted(path.name.removesuffix(".subject.j2") for path in FOLDER.glob("*.subject.j2"))
EVIL = '"><img src=x onerror=alert(1)>&'


class Anything(str):
    """A value for whatever a template asks of it, a date or a number too: a text that would be markup if it could."""

    __slots__ = ()

    def __getattr__(self, name: str) -> Any:
        if name.startswith("__"):
            raise AttributeError(name)
        return lambda *_given, **_named: Anything(self)

    def __gt__(self, other: object) -> bool:
        return True

    def __lt__(self, other: object) -> bool:
        return True


def context_of(name: str, value: Any) -> dict[str, Any]:
    """A value for everything the template names, as it stands in the files."""
    environment = jinja2.Environment(loader=jinja2.FileSystemLoader(FOLDER), autoescape=True)
    asked: set[str] = set()
    for part in ("subject", "txt", "html"):
        source = (FOLDER / f"{name}.{part}.j2").read_text()
        asked |= jinja2.meta.find_undeclared_variables(environment.parse(source))
    asked |= jinja2.meta.find_undeclared_variables(environment.parse((FOLDER / "layout.html.j2").read_text()))
    return dict.fromkeys(asked - {"public_url"}, value)


async def rendered(database: Database, name: str, value: Any) -> OutgoingMail:
    async with database.transaction() as session:
        await send_mail(session, to="ada@example.com", template=name, context=context_of(name, value))
        mail = await session.scalar(select(OutgoingMail))
    assert mail is not None
    return mail


def test_every_template_has_its_parts() -> None:
    assert len(NAMES) >= 11
    parts = {path.name for path in FOLDER.iterdir()} - {"layout.html.j2"}
    assert parts == {f"{name}.{part}.j2" for name in NAMES for part in ("subject", "txt", "html")}


@pytest.mark.parametrize("name", NAMES)
async def test_both_parts_have_the_same_links(database: Database, name: str) -> None:
    mail = await rendered(database, name, Anything("t0k-en"))
    link = re.compile(r"https?://[^\s\"<>]+")
    in_text, in_html = (set(link.findall(part)) for part in (mail.text_body, mail.html_body))
    assert in_text == in_html
    assert all(one.startswith("http://lyceum.test") for one in in_text)
    assert "http://lyceum.test" in in_text
    assert max(map(len, mail.text_body.splitlines())) < 100, "a mail program would break the line"
    assert mail.text_body.startswith("Hello ")


@pytest.mark.parametrize("name", NAMES)
async def test_what_strangers_write_is_no_markup(database: Database, name: str) -> None:
    mail = await rendered(database, name, Anything(EVIL))
    assert "<img" not in mail.html_body
    assert "\n" not in mail.subject


async def test_a_link_is_not_the_requests_to_choose(
    client: httpx.AsyncClient, join: MakePerson, postbox: Postbox
) -> None:
    """Not by Host, nor by any other header: whoever asks for somebody's mail would have the link lead to him."""
    ada = await join("ada")
    spoofed = {
        "Host": "evil.example",
        "X-Forwarded-Host": "evil.example",
        "X-Forwarded-Proto": "https",
        "Forwarded": "host=evil.example",
        "Origin": "https://evil.example",
        "Referer": "https://evil.example/",
    }
    await client.post("/api/v1/auth/password/forgot", json={"email": ada.email}, headers=spoofed)
    await client.post(
        "/api/v1/users/me/emails", json={"email": "ada@work.example.com"}, headers={**ada.headers, **spoofed}
    )
    mails = await postbox.collect()
    assert len(mails) == 2
    for mail in mails:
        assert "evil" not in mail.as_string()
        assert "http://lyceum.test/" in text_of(mail)


async def test_a_name_is_no_advertisement(client: httpx.AsyncClient, postbox: Postbox) -> None:
    """Anybody can have us write to anybody, by registering with their address."""
    await client.post(
        "/api/v1/auth/register",
        json={
            "email": "victim@example.com",
            "username": "spammer",
            "password": "seven grey owls at noon",
            "first_name": "Win\r\n\r\nat https://evil.example now",
        },
    )
    mail = await postbox.one()
    assert "evil" not in mail.as_string()
    assert text_of(mail).startswith("Hello there,\n")
