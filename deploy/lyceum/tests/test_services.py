"""What the processes are told, and which migrations they have."""

from __future__ import annotations

from pathlib import Path

import pytest
from lyceum import migrations, services
from lyceum.keys import Account
from lyceum.services import SERVICES, Kafka, Surroundings


def surroundings(*, embedded: bool = True, demo: bool = True) -> Surroundings:
    accounts = {"admin": Account(email="admin@lyceum.example", password="p-1")} if demo else {}
    return Surroundings(
        secrets=Path("/secrets"),
        mail=Path("/mail"),
        files=Path("/data dir/files"),
        public_url="http://127.0.0.1:8000",
        gateway_port=8000,
        ports={
            f"{s}-{p}": 20_000 + 2 * n + (p == "worker")
            for n, s in enumerate(SERVICES)
            for p in ("api", "worker")
        },
        database_urls={service: f"postgresql+asyncpg://{service}@db/{service}" for service in SERVICES},
        kafka=Kafka("127.0.0.1:9092", embedded=embedded),
        identity_secret_key="c2VjcmV0",
        demo_accounts=accounts,
    )


def test_every_setting_of_a_service() -> None:
    env = services.service_environment("learning", surroundings())
    own = {
        name.removeprefix("LEARNING_"): value for name, value in env.items() if name.startswith("LEARNING_")
    }
    assert own.pop("SERVICE_URLS").startswith('{"identity": "http://127.0.0.1:20000", "catalog"')
    assert own == {
        "HOST": "127.0.0.1",
        "PORT": "20004",
        "WORKER_PORT": "20005",
        "DATABASE_URL": "postgresql+asyncpg://learning@db/learning",
        "KAFKA_BOOTSTRAP": "127.0.0.1:9092",
        "KAFKA_IDEMPOTENT": "false",
        "KAFKA_FETCH_MAX_WAIT_MS": str(services.EMBEDDED_FETCH_WAIT_MS),
        "KAFKA_ALONE": "true",
        "PUBLIC_URL": "http://127.0.0.1:8000",
        "ISSUER": "http://127.0.0.1:8000",
        "AUDIENCE": "lyceum",
        "JWKS_URL": "http://127.0.0.1:20000/.well-known/jwks.json",
        "LIMITS_FACTOR": "100",
        "SERVICE_KEY_FILE": "/secrets/learning.pem",
        "SERVICE_JWKS_FILE": "/secrets/services.jwks.json",
        "MAIL_SPOOL_DIR": "/mail",
        "STORAGE_URL": "file:///data%20dir/files/learning",
    }


def test_identity_alone_has_its_key_and_the_demo_accounts() -> None:
    env = services.service_environment("identity", surroundings())
    assert env["IDENTITY_SECRET_KEY"] == "c2VjcmV0"
    assert env["IDENTITY_DEMO_ADMIN_EMAIL"] == "admin@lyceum.example"
    without = services.service_environment("identity", surroundings(demo=False))
    assert not any("DEMO" in name for name in without)
    for service in SERVICES[1:]:
        assert "c2VjcmV0" not in services.service_environment(service, surroundings()).values()


def test_apache_kafka_gets_an_idempotent_producer_and_its_own_waits() -> None:
    env = services.gateway_environment(surroundings(embedded=False))
    assert env["GATEWAY_KAFKA_IDEMPOTENT"] == "true"
    assert "GATEWAY_KAFKA_FETCH_MAX_WAIT_MS" not in env


def test_the_callers_settings_reach_their_service_alone(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CATALOG_LOG_LEVEL", "DEBUG")
    monkeypatch.setenv("CATALOG_DATABASE_URL", "postgresql://elsewhere")
    monkeypatch.setenv("NO_PROXY", "intranet")
    assert "CATALOG_LOG_LEVEL" not in services.service_environment("learning", surroundings())
    env = services.service_environment("catalog", surroundings())
    assert env["CATALOG_LOG_LEVEL"] == "DEBUG"
    assert env["CATALOG_DATABASE_URL"] == "postgresql+asyncpg://catalog@db/catalog"
    assert env["NO_PROXY"] == "intranet,127.0.0.1,localhost"


@pytest.mark.parametrize("service", SERVICES)
def test_the_settings_are_those_the_service_knows(service: str) -> None:
    """A misspelt variable would be ignored in silence: each must be a field of the settings."""
    from chassis.settings import ServiceSettings

    env = services.service_environment(service, surroundings())
    prefix = f"{service.upper()}_"
    told = {name.removeprefix(prefix).lower() for name in env if name.startswith(prefix)}
    own = {"secret_key", "demo_admin_email", "demo_admin_password"} if service == "identity" else set()
    assert told - own <= set(ServiceSettings.model_fields)


def test_the_gateway_is_told_settings_it_knows_and_has_a_key_of_its_own() -> None:
    from gateway.settings import Settings

    env = services.gateway_environment(surroundings())
    told = {name.removeprefix("GATEWAY_").lower() for name in env if name.startswith("GATEWAY_")}
    assert told <= set(Settings.model_fields)
    assert env["GATEWAY_SERVICE_KEY_FILE"] == "/secrets/gateway.pem"
    assert not [name for name in env if name.endswith("DATABASE_URL")]


@pytest.mark.parametrize("service", SERVICES)
def test_each_services_migrations_have_one_newest_revision(service: str) -> None:
    versions = services.service_folder(service) / "migrations" / "versions"
    newest = migrations.newest_revision(versions)
    assert newest is not None
    assert sum(f'down_revision = "{newest}"' in path.read_text() for path in versions.glob("*.py")) == 0


def test_two_heads_are_no_newest_revision(tmp_path: Path) -> None:
    (tmp_path / "1.py").write_text('revision: str = "a"\ndown_revision: str | None = None\n')
    assert migrations.newest_revision(tmp_path) == "a"
    for name in ("b", "c"):
        (tmp_path / f"{name}.py").write_text(f'revision = "{name}"\ndown_revision = "a"\n')
    assert migrations.newest_revision(tmp_path) is None
