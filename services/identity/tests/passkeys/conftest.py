"""A passkey authenticator in software, and the browser around it: keys, counters and signatures are real.

As WebAuthn Level 3 has it (6.1 authenticator data, 6.5 attestation, 7): the library that verifies it is Duo's.
"""

import base64
import hashlib
import json
import os
import struct
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from typing import Any

import cbor2
import pytest
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, ed25519, padding, rsa
from identity.testing import MakePerson, Person, Postbox, text_of

ES256, EDDSA, RS256 = -7, -8, -257
PRESENT, VERIFIED, BACKUP_ELIGIBLE, BACKED_UP, ATTESTED = 0x01, 0x04, 0x08, 0x10, 0x40


def encoded(content: bytes) -> str:
    return base64.urlsafe_b64encode(content).rstrip(b"=").decode()


def decoded(text: str) -> bytes:
    return base64.urlsafe_b64decode(text + "=" * (-len(text) % 4))


@dataclass
class KeyPair:
    """One key pair, of an algorithm that COSE numbers."""

    algorithm: int

    def __post_init__(self) -> None:
        self.private: Any
        if self.algorithm == ES256:
            self.private = ec.generate_private_key(ec.SECP256R1())
        elif self.algorithm == EDDSA:
            self.private = ed25519.Ed25519PrivateKey.generate()
        else:
            self.private = rsa.generate_private_key(public_exponent=65537, key_size=2048)

    def cose(self) -> bytes:
        public = self.private.public_key()
        if self.algorithm == ES256:
            point = public.public_numbers()
            x, y = point.x.to_bytes(32, "big"), point.y.to_bytes(32, "big")
            return cbor2.dumps({1: 2, 3: ES256, -1: 1, -2: x, -3: y})
        if self.algorithm == EDDSA:
            return cbor2.dumps({1: 1, 3: EDDSA, -1: 6, -2: public.public_bytes_raw()})
        numbers = public.public_numbers()
        return cbor2.dumps({1: 3, 3: RS256, -1: numbers.n.to_bytes(256, "big"), -2: b"\x01\x00\x01"})

    def sign(self, content: bytes) -> bytes:
        if self.algorithm == ES256:
            signature: bytes = self.private.sign(content, ec.ECDSA(hashes.SHA256()))
        elif self.algorithm == EDDSA:
            signature = self.private.sign(content)
        else:
            signature = self.private.sign(content, padding.PKCS1v15(), hashes.SHA256())
        return signature


@dataclass
class Passkey:
    """A discoverable credential: whose it is, and for which site."""

    rp_id: str
    user_handle: bytes
    key: KeyPair
    credential_id: bytes = field(default_factory=lambda: os.urandom(32))
    count: int = 0


@dataclass
class Authenticator:
    """A device, in a browser that shows a page of `origin`. What tests spoil is set on it."""

    origin: str = "http://lyceum.test"
    algorithm: int = ES256
    verifies: bool = True
    counts: bool = True
    syncs: bool = False
    passkeys: list[Passkey] = field(default_factory=list)

    def create(self, options: dict[str, Any], **spoiled: Any) -> dict[str, Any]:
        """What navigator.credentials.create() answers, as JSON."""
        wanted = [one["alg"] for one in options["pubKeyCredParams"]]
        assert self.algorithm in wanted
        assert options["authenticatorSelection"]["residentKey"] == "required"
        made = Passkey(options["rp"]["id"], decoded(options["user"]["id"]), KeyPair(self.algorithm))
        self.passkeys.append(made)
        attested = (
            bytes(16) + struct.pack(">H", len(made.credential_id)) + made.credential_id + made.key.cose()
        )
        data = self._data(made, ATTESTED, attested)
        attestation = cbor2.dumps({"fmt": "none", "attStmt": {}, "authData": data})
        return {
            "id": encoded(made.credential_id),
            "rawId": encoded(made.credential_id),
            "type": "public-key",
            "authenticatorAttachment": "platform",
            "clientExtensionResults": {},
            "response": {
                "clientDataJSON": encoded(self._client_data("webauthn.create", options, spoiled)),
                "attestationObject": encoded(attestation),
                "transports": ["internal", "hybrid", "telepathy"],
                "publicKeyAlgorithm": self.algorithm,
            },
        }

    def get(self, options: dict[str, Any], *, which: int = -1, **spoiled: Any) -> dict[str, Any]:
        """What navigator.credentials.get() answers, as JSON."""
        passkey = self.passkeys[which]
        allowed = {one["id"] for one in options.get("allowCredentials", ())}
        assert not allowed or encoded(passkey.credential_id) in allowed
        if self.counts:
            passkey.count += 1
        data = self._data(passkey)
        client_data = self._client_data("webauthn.get", options, spoiled)
        signature = passkey.key.sign(data + hashlib.sha256(client_data).digest())
        return {
            "id": encoded(passkey.credential_id),
            "rawId": encoded(passkey.credential_id),
            "type": "public-key",
            "authenticatorAttachment": "platform",
            "clientExtensionResults": {},
            "response": {
                "clientDataJSON": encoded(client_data),
                "authenticatorData": encoded(data),
                "signature": encoded(signature),
                "userHandle": encoded(passkey.user_handle),
            },
        }

    def _data(self, passkey: Passkey, flags: int = 0, rest: bytes = b"") -> bytes:
        flags |= PRESENT | (VERIFIED if self.verifies else 0)
        flags |= (BACKUP_ELIGIBLE | BACKED_UP) if self.syncs else 0
        site = hashlib.sha256(passkey.rp_id.encode()).digest()
        return site + struct.pack(">BI", flags, passkey.count) + rest

    def _client_data(self, kind: str, options: dict[str, Any], spoiled: dict[str, Any]) -> bytes:
        told = {
            "type": kind,
            "challenge": options["challenge"],
            "origin": self.origin,
            "crossOrigin": False,
            **spoiled,
        }
        return json.dumps(told).encode()


@pytest.fixture
def device() -> Callable[..., Authenticator]:
    """`device(algorithm=EDDSA)`: a new authenticator."""
    return Authenticator


@pytest.fixture
def enroll(join: MakePerson, postbox: Postbox) -> Callable[..., Awaitable[tuple[Person, Authenticator]]]:
    """`await enroll("ada")`: somebody with a passkey, and the device it is on."""

    async def make(name: str = "ada", **kind: Any) -> tuple[Person, Authenticator]:
        person, theirs = await join(name), Authenticator(**kind)
        options = (await person.post("/users/me/passkeys/options")).json()["public_key"]
        body = {"name": "My phone", "credential": theirs.create(options)}
        answer = await person.post("/users/me/passkeys", body)
        assert answer.status_code == 201, answer.text
        assert "My phone" in text_of(await postbox.one())
        return person, theirs

    return make
