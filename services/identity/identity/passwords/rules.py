"""What a new password must be like (NIST SP 800-63B): long enough, not known from leaks, no rules of composition."""

import unicodedata
from collections.abc import Iterable
from functools import cache
from pathlib import Path

from identity.passwords.errors import PasswordTooCommon, PasswordTooObvious

MIN_LENGTH = 8
MAX_LENGTH = 128

PLACE = "lyceum"
"""What a password is here that was made up in a hurry, with some digits behind it."""

DJANGO_ITERATIONS_AT_MOST = 3_000_000
"""Twice what Django does today: an old hash that claims more is taken for broken."""


@cache
def common_passwords() -> frozenset[str]:
    """The vendored list, folded to lower case."""
    lines = (Path(__file__).parent / "common_passwords.txt").read_text(encoding="utf-8").splitlines()
    return frozenset(line.casefold() for line in lines if not line.startswith("# "))


def normalized(password: str) -> str:
    """The same password whatever keyboard it came from: Unicode has several ways to write one letter.

    NFKC, as NIST SP 800-63B recommends (5.1.1.2): beside the ways to compose a letter it unites full-width and
    half-width forms, between which an input method chooses by itself. Case and blanks stay as they are.
    """
    return unicodedata.normalize("NFKC", password)


def is_usable(password_hash: str) -> bool:
    """Whether an account has a password to log in with: a hash of a kind that is verified here."""
    return password_hash.startswith(("$argon2id$", "pbkdf2_sha256$"))


def check_new_password(password: str, own: Iterable[str] = ()) -> None:
    """Raise PasswordTooCommon or PasswordTooObvious; `own` is what the account is known by.

    The length is held by the request model.
    """
    folded = normalized(password).casefold()
    if folded in common_passwords():
        raise PasswordTooCommon("Choose another; several unrelated words are strong and easy to remember.")
    if "".join(letter for letter in folded if letter.isalpha()) == PLACE:
        raise PasswordTooObvious("Choose a password that is not the name of this place.")
    for name in own:
        if name and folded in (name.casefold(), name.casefold().partition("@")[0]):
            raise PasswordTooObvious("Choose a password that is not your own name or address.")
