"""What only the holder of IDENTITY_SECRET_KEY can do: open what was sealed, and derive secrets from secrets."""

import base64
import hashlib
import hmac
import os

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from pydantic import SecretStr

NONCE_BYTES = 12
KEY_ID_BYTES = 4


class Sealed(ValueError):
    """What was sealed cannot be opened: by another key, for another purpose, or it was changed."""


class Vault:
    """AES-256-GCM and HMAC-SHA256 under keys derived from the one secret.

    Sealed bytes are: 4 bytes naming the key, a 12-byte nonce, the ciphertext with its tag. The name lets a later
    release open old bytes with an old key while it seals with a new one.
    """

    def __init__(self, secret_key: SecretStr) -> None:
        secret = base64.b64decode(secret_key.get_secret_value())
        self._mac_key = hmac.digest(secret, b"lyceum identity mac", "sha256")
        sealing = hmac.digest(secret, b"lyceum identity seal", "sha256")
        self._aead = AESGCM(sealing)
        self._key_id = hashlib.sha256(sealing).digest()[:KEY_ID_BYTES]

    def seal(self, content: bytes, purpose: str) -> bytes:
        """Encrypt; only `open` with the same purpose undoes it."""
        nonce = os.urandom(NONCE_BYTES)
        return self._key_id + nonce + self._aead.encrypt(nonce, content, purpose.encode())

    def open(self, sealed: bytes, purpose: str) -> bytes:
        """Decrypt what `seal` made; raise Sealed when it is not ours, not for this purpose, or not whole."""
        key_id, rest = sealed[:KEY_ID_BYTES], sealed[KEY_ID_BYTES:]
        if key_id != self._key_id:
            raise Sealed("sealed with another IDENTITY_SECRET_KEY")
        try:
            return self._aead.decrypt(rest[:NONCE_BYTES], rest[NONCE_BYTES:], purpose.encode())
        except (InvalidTag, ValueError) as error:
            raise Sealed("does not open") from error

    def derive(self, purpose: str, content: bytes) -> bytes:
        """32 bytes that follow from `content` and our secret, and say nothing about either."""
        return hmac.digest(self._mac_key, purpose.encode() + b"\0" + content, "sha256")
