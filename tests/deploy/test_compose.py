"""docker-compose.yml against what it starts: the services' settings, the broker's topics, what must stay secret."""

import json
import re
import subprocess
from collections.abc import Callable, Iterator, Mapping
from importlib import import_module
from pathlib import Path
from types import ModuleType
from typing import Any
from urllib.parse import urlsplit

import pytest
from contracts.registry import topics
from pydantic_settings import BaseSettings

SERVICES = ("identity", "catalog", "learning", "assessment", "instructor", "analytics")
PROCESSES = ("gateway", *SERVICES, *(f"{service}-worker" for service in SERVICES))
REQUIRED = re.compile(r"\$\{(\w+):\?[^}]+\}")
DEFAULTED = re.compile(r"\$\{(\w+):-([^}]*)\}")
STAND_INS = {"IDENTITY_SECRET_KEY": "A" * 43 + "="}


def filled_in(text: str) -> str:
    """The text as compose passes it on: stand-ins for what .env must give, the defaults for the rest."""
    text = REQUIRED.sub(lambda found: STAND_INS.get(found[1], "stand-in"), text)
    return DEFAULTED.sub(lambda found: found[2], text)


def settings_class(service: str) -> type[BaseSettings]:
    found: type[BaseSettings] = import_module(f"{service}.settings").Settings
    return found


def settings_of(process: Mapping[str, Any], monkeypatch: pytest.MonkeyPatch) -> Any:
    """The process's settings, read from its environment as it would read them."""
    service = process["command"][2].split(".")[0]
    for name, value in process["environment"].items():
        monkeypatch.setenv(name, filled_in(value))
    return settings_class(service)()


def texts(node: object, path: str = "") -> Iterator[tuple[str, str]]:
    """Every string of the page with the way to it."""
    if isinstance(node, Mapping):
        for key, value in node.items():
            yield from texts(value, f"{path}.{key}")
    elif isinstance(node, list):
        for value in node:
            yield from texts(value, path)
    elif isinstance(node, str):
        yield path, node


@pytest.mark.parametrize("service", SERVICES)
def test_every_service_has_an_api_and_a_worker(compose: dict[str, Any], service: str) -> None:
    services = compose["services"]
    assert services[service]["command"] == ["python", "-m", f"{service}.main"]
    assert services[f"{service}-worker"]["command"] == ["python", "-m", f"{service}.worker"]
    assert services[service]["environment"] == services[f"{service}-worker"]["environment"]
    for process in (service, f"{service}-worker"):
        assert services[process]["secrets"] == [f"{service}_key", "services_jwks"], (
            "its own key and nobody else's"
        )


@pytest.mark.parametrize("signer", [*SERVICES, "gateway"])
def test_who_signs_is_shown_the_key_that_is_its_own(
    compose: dict[str, Any], signer: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    settings: Any = settings_of(compose["services"][signer], monkeypatch)
    assert str(settings.service_key_file) == f"/run/secrets/{signer}_key"
    assert f"{signer}_key" in compose["services"][signer]["secrets"]
    assert compose["secrets"][f"{signer}_key"]["file"] == f"./deploy/docker/secrets/{signer}.pem"


@pytest.mark.parametrize("process", PROCESSES)
def test_every_variable_is_a_setting_of_the_process(
    compose: dict[str, Any], process: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    told = compose["services"][process]
    service = told["command"][2].split(".")[0]
    fields = settings_class(service).model_fields
    for name in told["environment"]:
        prefix, _, field = name.partition("_")
        assert prefix == service.upper(), f"{process} is told {name}, which is not its own"
        assert field.lower() in fields, f"{name} is no field of {service}'s Settings"
    # Raises for what is required and missing, and for what does not parse.
    settings_of(told, monkeypatch)


@pytest.mark.parametrize("process", PROCESSES)
def test_nothing_is_left_pointing_at_the_container_itself(
    compose: dict[str, Any], process: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    settings = settings_of(compose["services"][process], monkeypatch)
    assert settings.host == "0.0.0.0"
    assert settings.port == 8000
    seen_from_outside = {"public_url", "issuer"}
    left = {
        name
        for name, value in settings.model_dump().items()
        if isinstance(value, str) and ("127.0.0.1" in value or "localhost" in value)
    }
    assert left <= seen_from_outside
    assert settings.kafka_idempotent is True
    assert settings.limits_factor == 1.0, "wider limits are for development"
    if process != "gateway":
        assert settings.worker_port == 8000, "where healthcheck.py and Prometheus ask a worker"


@pytest.mark.parametrize("process", PROCESSES)
def test_the_addresses_told_are_services_of_the_page(
    compose: dict[str, Any], process: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    services = compose["services"]
    settings = settings_of(services[process], monkeypatch)
    assert set(settings.service_urls) == set(SERVICES)
    for name, url in settings.service_urls.items():
        assert urlsplit(url).hostname == name
        assert urlsplit(url).port == 8000
    assert settings.jwks_url == "http://identity:8000/.well-known/jwks.json"
    assert settings.issuer == settings.public_url
    assert settings.kafka_bootstrap == "kafka:9092"
    if process != "gateway":
        assert urlsplit(settings.smtp_url).hostname in services


@pytest.mark.parametrize("service", SERVICES)
def test_a_service_has_its_own_database_and_role(compose: dict[str, Any], service: str) -> None:
    services = compose["services"]
    given = services[service]["environment"][f"{service.upper()}_DATABASE_URL"]
    password = f"{service.upper()}_DB_PASSWORD"
    assert REQUIRED.findall(given) == [password]
    url = urlsplit(filled_in(given))
    assert (url.scheme, url.username, url.hostname, url.path) == (
        "postgresql+asyncpg",
        service,
        "postgres",
        f"/{service}",
    )
    assert REQUIRED.findall(services["postgres"]["environment"][password]) == [password]
    assert services["migrate"]["environment"][f"{service.upper()}_DATABASE_URL"] == given


def test_there_is_one_first_administrator_and_no_demo_account(
    compose: dict[str, Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    told = compose["services"]["first-admin"]
    settings = settings_of(told, monkeypatch)
    assert told["command"] == ["python", "-m", "identity.demo"]
    assert settings.demo_admin_email
    assert settings.demo_admin_password
    assert settings.demo_instructor_email is None
    assert settings.demo_student_email is None
    given = {name for s in PROCESSES for name in compose["services"][s]["environment"]}
    assert not [name for name in given if "_DEMO_" in name]


def test_the_scripts_name_every_service_and_topic(root: Path) -> None:
    for path in ("deploy/docker/migrate.sh", "deploy/postgres/10-databases.sh"):
        listed = re.search(r"for service in (.+); do", (root / path).read_text())
        assert listed is not None
        assert sorted(listed[1].split()) == sorted(SERVICES), path
    listed = re.search(r"for context in (.+); do", (root / "deploy/kafka/create-topics.sh").read_text())
    assert listed is not None
    assert sorted(f"{context}.events" for context in listed[1].split()) == sorted(topics())


def test_every_image_is_pinned(compose: dict[str, Any], script: Callable[[str], ModuleType]) -> None:
    version = script("deploy/kafka/kafka.py").kafka_version()
    for name, service in compose["services"].items():
        image = service["image"]
        _, _, tag = image.partition(":")
        assert tag, f"{name}: {image} has no tag"
        assert tag != "latest", name
        if image.startswith("apache/kafka"):
            assert tag == version, "production's Kafka is the one the tests run on"
        elif not image.startswith("lyceum:"):
            assert re.search(r"\d+\.\d+", tag), f"{name}: {image} moves by itself"


def test_nothing_is_published_beyond_this_machine(compose: dict[str, Any]) -> None:
    published = {name: s["ports"] for name, s in compose["services"].items() if "ports" in s}
    assert "gateway" in published
    for name, ports in published.items():
        for port in ports:
            assert isinstance(port, str)
            assert port.startswith("127.0.0.1:"), f"{name} publishes {port}"
    assert not [name for name, s in compose["services"].items() if s.get("network_mode") == "host"]
    assert not [name for name, s in compose["services"].items() if s.get("privileged")]


def test_what_publishes_nothing_has_no_way_out(compose: dict[str, Any]) -> None:
    assert compose["networks"]["internal"]["internal"] is True
    outside = {name for name, s in compose["services"].items() if "edge" in s["networks"]}
    published = {name for name, s in compose["services"].items() if "ports" in s}
    # Identity asks the social login providers.
    assert outside == published | {"identity"}
    assert all("internal" in s["networks"] for s in compose["services"].values())


def test_no_secret_stands_on_the_page(compose: dict[str, Any]) -> None:
    for name, service in compose["services"].items():
        for variable, value in service.get("environment", {}).items():
            if re.search("PASSWORD|SECRET|TOKEN|KEY", variable):
                given = REQUIRED.fullmatch(value) or value == f"${{{variable}:-}}"
                assert given or value.startswith("/run/secrets/"), f"{name}: {variable}"
    for path, value in texts(compose):
        for _, password in re.findall(r"://([^:/@\s]+):([^@\s]+)@", value):
            assert REQUIRED.fullmatch(password), f"{path} has a password in it"


def test_what_must_be_given_is_made_by_make_secrets(
    compose: dict[str, Any], root: Path, script: Callable[[str], ModuleType]
) -> None:
    maker = script("deploy/docker/make_secrets.py")
    asked = set(REQUIRED.findall((root / "docker-compose.yml").read_text()))
    assert asked == set(maker.WANTED)
    for name, secret in compose["secrets"].items():
        path = root / secret["file"]
        assert path.parent == maker.KEYS, f"{name} is not where make_secrets.py puts keys"
    used = {name for service in compose["services"].values() for name in service.get("secrets", [])}
    assert used == set(compose["secrets"])


def test_git_and_docker_never_see_the_secrets(root: Path) -> None:
    for path in (".env", "deploy/docker/secrets/identity.pem", "deploy/docker/secrets/services.jwks.json"):
        ignored = subprocess.run(["git", "check-ignore", "--quiet", path], cwd=root, check=False)
        assert ignored.returncode == 0, f"git would take {path}"
    assert (root / ".dockerignore").read_text().splitlines()[1] == "*", "all that is not named stays out"


def test_everything_waits_for_what_it_needs(compose: dict[str, Any]) -> None:
    services = compose["services"]
    done, healthy = "service_completed_successfully", "service_healthy"
    waits = {
        name: {on: wait["condition"] for on, wait in service.get("depends_on", {}).items()}
        for name, service in services.items()
        if isinstance(service.get("depends_on", {}), Mapping)
    }
    for service in SERVICES:
        assert waits[service] == {"migrate": done}
        assert waits[f"{service}-worker"] == {"migrate": done, "kafka-topics": done}
    assert waits["migrate"] == {"postgres": healthy}
    assert waits["kafka-topics"] == {"kafka": healthy}
    assert waits["gateway"] == dict.fromkeys(SERVICES, healthy) | {"kafka-topics": done}
    for name, needed in waits.items():
        for on, condition in needed.items():
            own_check = "healthcheck" in services[on] or services[on]["image"].startswith("lyceum:")
            assert condition != healthy or own_check, f"{name} waits for the health of {on}, which tells none"
            assert condition != done or services[on]["restart"] == "no", f"{on} would be started for ever"


def test_everything_is_bounded(compose: dict[str, Any]) -> None:
    for name, service in compose["services"].items():
        limits = service["deploy"]["resources"]["limits"]
        assert set(limits) == {"cpus", "memory"}, name
        assert service["logging"]["options"]["max-size"], name
        assert service["restart"] in ("unless-stopped", "no"), name
    for process in (*PROCESSES, "migrate", "first-admin"):
        service = compose["services"][process]
        assert service["read_only"] is True
        assert service["cap_drop"] == ["ALL"]
        assert service["security_opt"] == ["no-new-privileges:true"]


@pytest.mark.parametrize("process", PROCESSES)
def test_a_process_is_killed_no_sooner_than_it_gives_up_itself(
    compose: dict[str, Any], process: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    told = compose["services"][process]
    settings = settings_of(told, monkeypatch)
    assert int(told["stop_grace_period"].removesuffix("s")) > settings.shutdown_timeout


def test_the_database_has_connections_for_every_pool(
    compose: dict[str, Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    command = compose["services"]["postgres"]["command"]
    given = next(option for option in command if option.startswith("max_connections="))
    pools = 0
    for service in SERVICES:
        settings = settings_of(compose["services"][service], monkeypatch)
        # Two processes, and beside the worker's pool the relay's own connection.
        pools += 2 * (settings.pool_size + settings.pool_overflow) + 1
    assert int(given.partition("=")[2]) >= pools + 10


def test_what_is_mounted_is_there(compose: dict[str, Any], root: Path) -> None:
    for name, service in compose["services"].items():
        for volume in service.get("volumes", []):
            source = volume.split(":")[0]
            if source.startswith("."):
                assert (root / source).exists(), f"{name}: {source}"
                assert volume.endswith(":ro"), f"{name} may write to {source}"
            else:
                assert source in compose["volumes"], f"{name}: {source}"
    for name in ("postgres", "kafka"):
        assert [v for v in compose["services"][name]["volumes"] if v.startswith(f"{name}:/var/lib/")], name


@pytest.mark.parametrize("service", ["identity", "catalog"])
def test_what_people_send_outlives_the_containers(
    compose: dict[str, Any], root: Path, monkeypatch: pytest.MonkeyPatch, service: str
) -> None:
    """Both processes of a service see one volume, where the image has made the folder writable for them."""
    for process in (service, f"{service}-worker"):
        told = compose["services"][process]
        url = urlsplit(settings_of(told, monkeypatch).storage_url)
        assert url.scheme == "file"
        assert told["volumes"] == [f"{service}-files:{url.path}"]
        assert (
            f"--owner=lyceum --group=lyceum --mode=0700 {url.path}\n"
            in (root / "deploy/docker/Dockerfile").read_text()
        )


def test_identity_believes_the_gateway_and_nobody_else(compose: dict[str, Any]) -> None:
    gateway = compose["services"]["gateway"]["networks"]["internal"]["ipv4_address"]
    trusted = compose["services"]["identity"]["environment"]["IDENTITY_TRUSTED_PROXIES"]
    assert json.loads(trusted) == [f"{gateway}/32"]
    [network] = compose["networks"]["internal"]["ipam"]["config"]
    metrics = json.loads(compose["services"]["gateway"]["environment"]["GATEWAY_METRICS_NETWORKS"])
    assert network["subnet"] in metrics


@pytest.mark.parametrize("first_start", [True, False])
def test_a_broker_keeps_its_cluster_id_and_a_new_one_gets_its_own(
    root: Path, tmp_path: Path, first_start: bool
) -> None:
    image = (root / "deploy/kafka/start-container.sh").read_text()
    (tmp_path / "bin").mkdir()
    for name, line in (
        ("bin/kafka-storage.sh", 'test "$1" = random-uuid && echo fresh-id'),
        ("run", "echo $CLUSTER_ID"),
    ):
        (tmp_path / name).write_text(f"#!/bin/sh\n{line}\n")
        (tmp_path / name).chmod(0o755)
    here = image.replace("/opt/kafka", str(tmp_path)).replace("/etc/kafka/docker", str(tmp_path))
    (tmp_path / "start.sh").write_text(here)
    if not first_start:
        (tmp_path / "meta.properties").write_text("#\nnode.id=1\ncluster.id=4L6g3nShT-eMCtK--X86sw\n")
    done = subprocess.run(
        ["bash", tmp_path / "start.sh"],
        env={"PATH": "/usr/bin:/bin", "KAFKA_LOG_DIRS": str(tmp_path)},
        capture_output=True,
        text=True,
        check=True,
        timeout=30,
    )
    assert done.stdout.strip() == ("fresh-id" if first_start else "4L6g3nShT-eMCtK--X86sw")
