"""Confirmation keys as such: 192 random bits in the mail, their SHA-256 in the table."""

import hashlib
import secrets

# 32 characters: the link fits a line of plain text, and no mail program breaks it.
KEY_BYTES = 24


def new_key() -> str:
    return secrets.token_urlsafe(KEY_BYTES)


def stored(key: str) -> str:
    """What the table keeps of a key."""
    return hashlib.sha256(key.encode()).hexdigest()
