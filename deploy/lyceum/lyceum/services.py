"""The six services, and what their processes are told: environment variables under their own prefixes."""

from __future__ import annotations

import importlib.util
import json
import os
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from lyceum import keys
from lyceum.errors import StackError
from lyceum.keys import Account
from lyceum.oidc import DemoOidc
from lyceum.ports import LOOPBACK

SERVICES = ("identity", "catalog", "learning", "assessment", "instructor", "analytics")
SIGNERS = (*SERVICES, "gateway")
"""Who calls services and has a key to sign it with."""
AUDIENCE = "lyceum"
LIMITS_FACTOR = 100
# The embedded broker looks for new data every half of that wait. Measured (make bench): a committed number is visible
# after 0.16 s (p50) and 0.19 s (p99), and the whole platform idles at 5.5 % of a core, half of it the broker; a wait of
# 250 made that 0.07 and 0.11 s, and nearly half as much idle work again.
EMBEDDED_FETCH_WAIT_MS = 350
VIEWS_EVERY_SECONDS = 2


@dataclass(frozen=True)
class Kafka:
    """The broker the processes speak to."""

    bootstrap: str
    embedded: bool


@dataclass(frozen=True)
class Surroundings:
    """Everything the processes' settings are made of."""

    secrets: Path
    mail: Path
    files: Path
    """Below it a folder for what each service stores."""
    public_url: str
    gateway_port: int
    ports: Mapping[str, int]
    """By "<service>-api" and "<service>-worker"."""
    database_urls: Mapping[str, str]
    kafka: Kafka
    identity_secret_key: str
    demo_accounts: Mapping[str, Account]
    """Empty without demo data."""
    oidc: DemoOidc | None = None
    """The identity provider to try social login with, where there is one."""

    def url(self, service: str) -> str:
        return f"http://{LOOPBACK}:{self.ports[f'{service}-api']}"


def service_folder(service: str) -> Path:
    """Where the service's alembic.ini and migrations lie; the package is found, not imported."""
    spec = importlib.util.find_spec(service)
    if spec is None or spec.origin is None:
        raise StackError(f"The package `{service}` is not installed: run `make install`.")
    folder = Path(spec.origin).parents[1]
    if not (folder / "alembic.ini").is_file():
        raise StackError(f"No alembic.ini beside the package `{service}` in {folder}: run `make install`.")
    return folder


def inherited(own_prefix: str | None = None) -> dict[str, str]:
    """The caller's environment for a process: of Lyceum's settings only those under the process's own prefix.

    So `LEARNING_LOG_LEVEL=DEBUG lyceum up` reaches learning, and no service sees another's secrets.
    """
    prefixes = tuple(f"{name.upper()}_" for name in (*SERVICES, "gateway"))
    kept = {
        name: value
        for name, value in os.environ.items()
        if not name.startswith(prefixes) or (own_prefix is not None and name.startswith(own_prefix))
    }
    kept.pop("LYCEUM_DATA_DIR", None)
    unproxied = [part for part in (kept.get("NO_PROXY") or kept.get("no_proxy", "")).split(",") if part]
    # What the services ask each other must not take the way through a proxy.
    kept["NO_PROXY"] = kept["no_proxy"] = ",".join([*unproxied, LOOPBACK, "localhost"])
    # One arena each: the processes run one thread of Python at a time, and memory is what they share.
    kept |= {"PYTHONUNBUFFERED": "1", "MALLOC_ARENA_MAX": "1", "MALLOC_TRIM_THRESHOLD_": "131072"}
    return kept


def service_environment(service: str, around: Surroundings) -> dict[str, str]:
    """The environment of both processes of a service (and of its migrations)."""
    settings = _common(around) | {
        "DATABASE_URL": around.database_urls[service],
        "PORT": str(around.ports[f"{service}-api"]),
        "WORKER_PORT": str(around.ports[f"{service}-worker"]),
        "SERVICE_KEY_FILE": str(keys.key_file(around.secrets, service)),
        "SERVICE_JWKS_FILE": str(keys.jwks_file(around.secrets)),
        "MAIL_SPOOL_DIR": str(around.mail),
        "STORAGE_URL": (around.files / service).as_uri(),
    }
    if service == "identity":
        settings["SECRET_KEY"] = around.identity_secret_key
        for role, account in around.demo_accounts.items():
            settings[f"DEMO_{role.upper()}_EMAIL"] = account["email"]
            settings[f"DEMO_{role.upper()}_PASSWORD"] = account["password"]
        if around.oidc is not None:
            settings |= around.oidc.settings(os.environ.get("IDENTITY_OUTBOUND_ALLOWED_HOSTS", ""))
    return _prefixed(service, settings)


def gateway_environment(around: Surroundings) -> dict[str, str]:
    """The environment of the gateway."""
    settings = _common(around) | {
        "PORT": str(around.gateway_port),
        "SERVICE_KEY_FILE": str(keys.key_file(around.secrets, "gateway")),
        # Who tries the platform looks whether a view was counted; where nobody looks nothing is written.
        "VIEWS_EVERY": str(VIEWS_EVERY_SECONDS),
    }
    return _prefixed("gateway", settings)


def _common(around: Surroundings) -> dict[str, str]:
    settings = {
        "HOST": LOOPBACK,
        "PUBLIC_URL": around.public_url,
        "ISSUER": around.public_url,
        "AUDIENCE": AUDIENCE,
        "JWKS_URL": f"{around.url('identity')}/.well-known/jwks.json",
        "SERVICE_URLS": json.dumps({service: around.url(service) for service in SERVICES}),
        "KAFKA_BOOTSTRAP": around.kafka.bootstrap,
        # The embedded broker knows no idempotent producer.
        "KAFKA_IDEMPOTENT": "false" if around.kafka.embedded else "true",
        "LIMITS_FACTOR": str(LIMITS_FACTOR),
    }
    if around.kafka.embedded:
        settings["KAFKA_FETCH_MAX_WAIT_MS"] = str(EMBEDDED_FETCH_WAIT_MS)
        settings["KAFKA_ALONE"] = "true"
    return settings


def _prefixed(name: str, settings: Mapping[str, str]) -> dict[str, str]:
    prefix = f"{name.upper()}_"
    return inherited(prefix) | {f"{prefix}{field}": value for field, value in settings.items()}
