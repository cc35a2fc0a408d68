"""The spool of outgoing mail: one .eml a message, as the workers put it there."""

from __future__ import annotations

import re
import threading
import time
from dataclasses import dataclass
from datetime import datetime
from email.message import EmailMessage
from email.parser import BytesParser
from email.policy import default
from email.utils import getaddresses
from pathlib import Path
from urllib.parse import unquote

from lyceum.errors import StackError

LINK = re.compile(r"https?://[^\s<>\"]+")
TOKEN = re.compile(r"[?&]token=([^&\s<>\"]+)")


class MailMissing(StackError):
    """No such mail came in time."""


@dataclass(frozen=True)
class Mail:
    """One message, its text part and the links in it."""

    file: Path
    date: datetime | None
    sender: str
    to: tuple[str, ...]
    subject: str
    text: str

    @property
    def links(self) -> list[str]:
        return LINK.findall(self.text)

    @property
    def token(self) -> str | None:
        """The one-time token of the link in it, if there is one."""
        found = TOKEN.search(self.text)
        return unquote(found[1]) if found else None


def read(file: Path) -> Mail:
    """Parse one .eml."""
    message = BytesParser(EmailMessage, policy=default).parsebytes(file.read_bytes())
    body = message.get_body(preferencelist=("plain", "html"))
    date = message["Date"]
    return Mail(
        file=file,
        date=date.datetime if date is not None else None,
        sender=str(message.get("From", "")),
        to=tuple(address for _, address in getaddresses([str(v) for v in message.get_all("To", [])])),
        subject=str(message.get("Subject", "")),
        text=str(body.get_content()) if body is not None else "",
    )


class Spool:
    """The messages in the folder; each is parsed once, however often it is looked for. Threads may share it."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self._parsed: dict[Path, Mail] = {}
        self._lock = threading.Lock()

    def messages(self, *, to: str | None = None) -> list[Mail]:
        """Every message, oldest first; of one recipient, if given."""
        with self._lock:
            # Names begin with the time of writing; a message being written begins with a dot.
            for file in sorted(self.folder.glob("[!.]*.eml")):
                if file not in self._parsed:
                    self._parsed[file] = read(file)
            found = list(self._parsed.values())
        if to is None:
            return found
        return [mail for mail in found if to.casefold() in (address.casefold() for address in mail.to)]

    def wait_for(self, to: str, *, timeout: float = 10.0) -> Mail:
        """The newest message with a token to that address; MailMissing when none comes in time (seconds)."""
        deadline = time.monotonic() + timeout
        while True:
            for mail in reversed(self.messages(to=to)):
                if mail.token is not None:
                    return mail
            if time.monotonic() > deadline:
                raise MailMissing(f"no mail with a link came to {to} within {timeout:g} s ({self.folder})")
            time.sleep(0.05)
