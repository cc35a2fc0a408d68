"""Make what docker-compose.yml must not contain: .env with passwords, and the services' keys.

    .venv/bin/python deploy/docker/make_secrets.py          (after `make install`)

Run again it keeps what is there and adds what is missing. With `--rotate-service-keys` it makes the services'
keys anew; docs/runbook.md says when and how.
"""

import argparse
import base64
import re
import secrets
import sys
from collections.abc import Callable, Mapping
from pathlib import Path

from lyceum.keys import ensure_service_keys, jwks_file, key_file
from lyceum.private_files import write_private
from lyceum.services import SERVICES, SIGNERS

ROOT = Path(__file__).resolve().parents[2]
ENV = ROOT / ".env"
KEYS = ROOT / "deploy" / "docker" / "secrets"


def password() -> str:
    """192 bits that need no quoting in a URL, a shell or a .env file."""
    return secrets.token_urlsafe(24)


WANTED: Mapping[str, Callable[[], str]] = {
    "POSTGRES_PASSWORD": password,
    **{f"{service.upper()}_DB_PASSWORD": password for service in SERVICES},
    "IDENTITY_SECRET_KEY": lambda: base64.b64encode(secrets.token_bytes(32)).decode(),
    "LEARNING_PAYMENT_SANDBOX_SECRET": password,
    "LYCEUM_ADMIN_EMAIL": lambda: "admin@lyceum.example",
    "LYCEUM_ADMIN_PASSWORD": password,
    "GRAFANA_ADMIN_PASSWORD": password,
}


def complete_env(path: Path) -> list[str]:
    """Add the missing variables to the file (mode 0600), change none; the names of those added."""
    kept = (
        path.read_text()
        if path.exists()
        else "# Made by deploy/docker/make_secrets.py. Keep it to yourself.\n"
    )
    known = set(re.findall(r"^(\w+)=.", kept, re.MULTILINE))
    added = [name for name in WANTED if name not in known]
    if added:
        start = kept if kept.endswith("\n") else kept + "\n"
        write_private(path, start + "".join(f"{name}={WANTED[name]()}\n" for name in added))
    return added


def make_keys(folder: Path, *, anew: bool) -> None:
    """An EC P-256 key for each service and the gateway, and the JWKS of all, in a folder that only its owner may enter.

    The files themselves are readable: compose binds each into its containers as it is, where another user id
    reads it. On this machine the folder's mode keeps everybody else out.
    """
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    folder.chmod(0o700)
    if anew:
        jwks_file(folder).unlink(missing_ok=True)
    ensure_service_keys(folder, SIGNERS)
    for path in [jwks_file(folder), *(key_file(folder, name) for name in SIGNERS)]:
        path.chmod(0o444)


def main() -> None:
    """The command line."""
    parser = argparse.ArgumentParser(description="Make .env and the services' keys for docker-compose.yml.")
    parser.add_argument("--rotate-service-keys", action="store_true", help="make the services' keys anew")
    asked = parser.parse_args()
    added = complete_env(ENV)
    make_keys(KEYS, anew=asked.rotate_service_keys)
    sys.stdout.write(
        f"{ENV}: {', '.join(added) if added else 'complete'}\n{KEYS}: keys of {', '.join(SIGNERS)}\n"
    )


if __name__ == "__main__":
    main()
