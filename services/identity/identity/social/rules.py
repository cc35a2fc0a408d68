"""Decisions about social logins, without I/O: what is kept of a secret, where a login may lead, how long it may take."""

import base64
import hashlib
import hmac
import re
import secrets
import unicodedata
from collections.abc import Collection, Iterable, Iterator
from datetime import datetime, timedelta
from enum import IntEnum
from urllib.parse import urlencode, urlsplit

SECRET_BYTES = 32
CODE_BYTES = 17
"""136 bits: a mailed code is typed or pasted, and is not guessed."""
CODE_GROUP = 4

SECRET = r"^[A-Za-z0-9_-]{43}$"  # noqa: S105 - a form
"""How our own secrets look: states, codes, the browser's cookie."""
VERIFIER = r"^[A-Za-z0-9._~-]{43,128}$"
"""A PKCE code_verifier (RFC 7636)."""
CHALLENGE = r"^[A-Za-z0-9_-]{43}$"
"""A PKCE code_challenge, S256."""

SLUG = r"^[a-z0-9][a-z0-9._-]{0,63}$"
"""A provider's name in our URLs."""

CODE_LIVES = timedelta(minutes=30)
MAILS_PER_PARTIAL = 5
COUNTED = timedelta(hours=1)
"""How far back codes to one address are counted."""

_PRINTABLE = re.compile(r"[\x21-\x7e]{1,2000}")
_PROVIDER_ERROR = re.compile(r"[a-z_]{1,64}")
_PASSING = frozenset({"server_error", "temporarily_unavailable"})


class Step(IntEnum):
    """What a row of social_auth_partial waits for."""

    AUTHORIZE = 1
    """The browser, back from the provider."""
    HAND_OVER = 2
    """The page that the login began on: it exchanges a one-time code for tokens."""
    CONFIRM = 3
    """The code mailed to an address."""


LIVES = {
    Step.AUTHORIZE: timedelta(minutes=10),
    Step.HAND_OVER: timedelta(minutes=1),
    Step.CONFIRM: timedelta(minutes=30),
}


def is_over(step: int, since: datetime, instant: datetime) -> bool:
    """Whether a row of this step, made or renewed at `since`, has waited too long."""
    return instant >= since + LIVES[Step(step)]


# --- secrets ------------------------------------------------------------------------------------------------


def new_secret() -> str:
    """256 random bits for a state, a nonce, a code_verifier, a browser, a one-time code or a paused login."""
    return secrets.token_urlsafe(SECRET_BYTES)


def is_secret(given: str | None) -> bool:
    """Whether it has the form of a secret of ours."""
    return given is not None and re.fullmatch(SECRET, given) is not None


def stored(kind: str, secret: str) -> str:
    """What a table keeps of a secret: it does not lead back, and says nothing to the other tables."""
    return hashlib.sha256(f"{kind}\0{secret}".encode()).hexdigest()


def is_same(kept: str, kind: str, secret: str | None) -> bool:
    """Whether this is the secret of which `kept` is on record."""
    return secret is not None and hmac.compare_digest(kept, stored(kind, secret))


def challenge_of(verifier: str) -> str:
    """The S256 challenge of a PKCE verifier."""
    return base64.urlsafe_b64encode(hashlib.sha256(verifier.encode()).digest()).rstrip(b"=").decode()


def new_code() -> str:
    """A code as it is mailed: letters and digits that are not mixed up, in groups of four."""
    characters = base64.b32encode(secrets.token_bytes(CODE_BYTES)).decode().rstrip("=").lower()
    return "-".join(characters[at : at + CODE_GROUP] for at in range(0, len(characters), CODE_GROUP))


def typed(code: str) -> str:
    """A code as it is compared: without what helps to read it, whatever the letters' case."""
    return re.sub(r"[\s-]", "", code).lower()


# --- where a login leads --------------------------------------------------------------------------------------


def origin_of(url: str) -> str | None:
    """`scheme://host:port` as browsers compare it; None for what is no address of a page."""
    try:
        parts = urlsplit(url)
        port = parts.port
    except ValueError:
        return None
    if parts.scheme not in ("http", "https") or not parts.hostname or "@" in parts.netloc:
        return None
    return f"{parts.scheme}://{parts.hostname}:{port or (443 if parts.scheme == 'https' else 80)}"


def landing(wanted: str, public_url: str, origins: Collection[str]) -> str | None:
    """The whole address that a `next` means; None unless it is a path of ours, or of an origin on the list.

    What servers and browsers read differently (backslashes, blanks, control characters, `//host`, credentials) is
    refused, not interpreted. A fragment is refused because ours goes there.
    """
    if not _PRINTABLE.fullmatch(wanted) or set('\\#"<>^`{|}') & set(wanted):
        return None
    if wanted.startswith("/"):
        ours = urlsplit(public_url)
        return None if wanted.startswith("//") else f"{ours.scheme}://{ours.netloc}{wanted}"
    origin = origin_of(wanted)
    return wanted if origin is not None and origin in origins else None


def with_fragment(address: str, **members: str) -> str:
    """The address with these members behind `#`, where no server's log and no Referer carries them."""
    return f"{address}#{urlencode(members)}"


# --- what a provider answers ----------------------------------------------------------------------------------


def known_error(given: str) -> str:
    """A provider's error code as it may be repeated; anything that is not one is `unknown_error`."""
    return given if _PROVIDER_ERROR.fullmatch(given) else "unknown_error"


def passes_by_itself(error: str) -> bool:
    """Whether a provider's error is about its own health."""
    return error in _PASSING


def is_issuer_right(given: str | None, issuer: str, *, announced: bool) -> bool:
    """Whether the `iss` of an authorization response (RFC 9207) is the provider's that was asked: it tells a mix-up.

    `announced` is what the provider says of itself: who announces it always sends it.
    """
    if given is None:
        return not announced
    return hmac.compare_digest(given.encode(), issuer.encode())


# --- new accounts -----------------------------------------------------------------------------------------------


def usernames(wishes: Iterable[str]) -> Iterator[str]:
    """Usernames to try one by one, from what somebody is called at the provider; the last ones are free for sure.

    A name in another alphabet is written in ours, as it is read aloud. An address is none of them: a username is public.
    """
    # Not at the start: it brings tables, and few of our processes ever open an account so.
    from anyascii import anyascii

    first = ""
    for wish in wishes:
        # Composed, for the tables know letters by what they are together.
        plain = anyascii(unicodedata.normalize("NFKC", wish))
        if "@" in plain:
            continue
        name = re.sub(r"[^A-Za-z0-9._-]+", "-", plain.strip()).strip("._-")[:30].rstrip("._-")
        if len(name) >= 3:
            first = first or name
            yield name
    for _ in range(3):
        yield f"{first[:21] or 'learner'}-{secrets.token_hex(4)}"


UNUSABLE = "!"
"""How the old site marks an account without a password; no hash begins so."""


def unusable_password() -> str:
    """What stands in place of a password's hash where there is no password: nothing matches it."""
    return UNUSABLE + secrets.token_urlsafe(30)


def hidden(email: str) -> str:
    """An address as a hint for who knows it: `a***@example.com`."""
    local, _, domain = email.partition("@")
    return f"{local[:1]}***@{domain}"
