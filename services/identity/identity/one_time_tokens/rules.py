"""One-time tokens as such: 192 random bits in the mail, 128 bits of their SHA-256 in the table."""

import hashlib
import secrets
from uuid import UUID

# 32 characters: the link fits a line of plain text, and no mail program breaks it.
TOKEN_BYTES = 24


def new_token() -> str:
    return secrets.token_urlsafe(TOKEN_BYTES)


def stored(token: str) -> UUID:
    """What the table keeps of a token. 128 bits cannot be met by guessing, and do not lead back to the token."""
    return UUID(bytes=hashlib.sha256(token.encode()).digest()[:16])
