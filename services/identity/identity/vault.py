"""What only the holder of IDENTITY_SECRET_KEY can do: open what was sealed, and derive secrets from secrets."""

import base64
import hashlib
import hmac
import os
from collections.abc import Sequence

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from pydantic import SecretStr

from identity.settings import Settings

NONCE_BYTES = 12
KEY_ID_BYTES = 4


class Sealed(ValueError):
    """What was sealed cannot be opened: by another key, for another purpose, or it was changed."""


class Vault:
    """AES-256-GCM and HMAC-SHA256 under keys derived from the one secret.

    Sealed bytes are: 4 bytes naming the key, a 12-byte nonce, the ciphertext with its tag. The name chooses the key
    that opens: the newest secret seals, and the `old_keys` open what was sealed with them before.
    """

    def __init__(self, secret_key: SecretStr, old_keys: Sequence[SecretStr] = ()) -> None:
        secrets = [base64.b64decode(key.get_secret_value()) for key in (secret_key, *old_keys)]
        self._mac_keys = [hmac.digest(secret, b"lyceum identity mac", "sha256") for secret in secrets]
        self._aeads: dict[bytes, AESGCM] = {}
        # The newest last, so that `key_id` names it.
        for secret in reversed(secrets):
            sealing = hmac.digest(secret, b"lyceum identity seal", "sha256")
            self.key_id = hashlib.sha256(sealing).digest()[:KEY_ID_BYTES]
            self._aeads[self.key_id] = AESGCM(sealing)
        self._newest = self._aeads[self.key_id]

    def seal(self, content: bytes, purpose: str) -> bytes:
        """Encrypt with the newest key; only `open` with the same purpose undoes it."""
        nonce = os.urandom(NONCE_BYTES)
        return self.key_id + nonce + self._newest.encrypt(nonce, content, purpose.encode())

    def open(self, sealed: bytes, purpose: str) -> bytes:
        """Decrypt what `seal` made; raise Sealed when it is not ours, not for this purpose, or not whole."""
        key_id, rest = sealed[:KEY_ID_BYTES], sealed[KEY_ID_BYTES:]
        aead = self._aeads.get(key_id)
        if aead is None:
            raise Sealed("sealed with another IDENTITY_SECRET_KEY")
        try:
            return aead.decrypt(rest[:NONCE_BYTES], rest[NONCE_BYTES:], purpose.encode())
        except (InvalidTag, ValueError) as error:
            raise Sealed("does not open") from error

    def needs_resealing(self, sealed: bytes) -> bool:
        """Whether this was sealed with a key that is not the newest. In SQL: `substring(sealed, 1, 4) <> key_id`."""
        return sealed[:KEY_ID_BYTES] != self.key_id

    def reseal(self, sealed: bytes, purpose: str) -> bytes:
        """The same content under the newest key; raise Sealed as `open` does."""
        return self.seal(self.open(sealed, purpose), purpose)

    def derive(self, purpose: str, content: bytes) -> bytes:
        """32 bytes that follow from `content` and our newest secret, and say nothing about either."""
        return self.derivations(purpose, content)[0]

    def derivations(self, purpose: str, content: bytes) -> list[bytes]:
        """What `derive` gives, the newest secret's first, and what it gave with each of the older ones."""
        message = purpose.encode() + b"\0" + content
        return [hmac.digest(key, message, "sha256") for key in self._mac_keys]


def vault_of(settings: Settings) -> Vault:
    """The vault this process is told to keep: sealing with the newest secret, opening with the older ones too."""
    return Vault(settings.secret_key, settings.old_secret_keys)
