"""The secrets of one stack, made once per data dir: the services' keys, identity's own, the demo passwords."""

from __future__ import annotations

import base64
import json
import secrets
from collections.abc import Sequence
from pathlib import Path
from typing import TypedDict

from lyceum.private_files import write_private

DEMO_ROLES = ("admin", "instructor", "student")


class Account(TypedDict):
    email: str
    password: str


class PlatformSecrets(TypedDict):
    identity_secret_key: str
    demo_accounts: dict[str, Account]


def key_file(folder: Path, service: str) -> Path:
    return folder / f"{service}.pem"


def jwks_file(folder: Path) -> Path:
    return folder / "services.jwks.json"


def ensure_service_keys(folder: Path, services: Sequence[str]) -> None:
    """An EC P-256 private key (PEM, 0600) for each service, and one JWKS with every public key. Those that are there
    stay; without a JWKS all are made anew."""
    published = json.loads(jwks_file(folder).read_text())["keys"] if jwks_file(folder).exists() else []
    known = {entry["kid"].partition(".")[0] for entry in published}
    missing = [name for name in services if name not in known or not key_file(folder, name).exists()]
    if not missing:
        return
    published = [entry for entry in published if entry["kid"].partition(".")[0] not in missing]
    # Here alone: a supervisor that resumes need not carry a cryptography library.
    from cryptography.hazmat.primitives import serialization
    from cryptography.hazmat.primitives.asymmetric import ec

    for service in missing:
        key = ec.generate_private_key(ec.SECP256R1())
        pem = key.private_bytes(
            serialization.Encoding.PEM,
            serialization.PrivateFormat.PKCS8,
            serialization.NoEncryption(),
        )
        write_private(key_file(folder, service), pem.decode())
        point = key.public_key().public_numbers()
        published.append(
            {
                "kty": "EC",
                "crv": "P-256",
                "alg": "ES256",
                "use": "sig",
                "kid": f"{service}.1",
                "x": _coordinate(point.x),
                "y": _coordinate(point.y),
            }
        )
    write_private(jwks_file(folder), json.dumps({"keys": published}, indent=1))


def _coordinate(value: int) -> str:
    return base64.urlsafe_b64encode(value.to_bytes(32, "big")).rstrip(b"=").decode()


def ensure_platform_secrets(folder: Path) -> PlatformSecrets:
    """Identity's encryption key (32 bytes, base64) and the demo accounts with passwords of this data dir."""
    path = folder / "platform.json"
    if not path.exists():
        made: PlatformSecrets = {
            "identity_secret_key": base64.b64encode(secrets.token_bytes(32)).decode(),
            "demo_accounts": {
                role: {"email": f"{role}@lyceum.example", "password": demo_password()} for role in DEMO_ROLES
            },
        }
        write_private(path, json.dumps(made, indent=1))
    found: PlatformSecrets = json.loads(path.read_text())
    return found


def demo_password() -> str:
    """Eighteen letters and digits in threes: 89 bits, to be typed from a terminal if need be."""
    alphabet = "abcdefghjkmnpqrstuvwxyz23456789"
    return "-".join("".join(secrets.choice(alphabet) for _ in range(6)) for _ in range(3))
