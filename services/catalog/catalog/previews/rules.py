"""Preview tokens: 256 random bits for who has the link, their SHA-256 for the table. No I/O."""

import hashlib
import secrets

TOKEN_BYTES = 32


def new_token() -> str:
    return secrets.token_urlsafe(TOKEN_BYTES)


def stored(token: str) -> str:
    """What the table keeps: it opens nothing."""
    return hashlib.sha256(token.encode()).hexdigest()
