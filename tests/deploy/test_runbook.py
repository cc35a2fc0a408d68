"""docs/runbook.md names things that are there: at three in the morning nobody wants to find out that one is not."""

import json
import re
from collections.abc import Callable
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest

SERVICES = ("identity", "catalog", "learning", "assessment", "instructor", "analytics")


@pytest.fixture(scope="module")
def runbook(root: Path) -> str:
    return (root / "docs/runbook.md").read_text()


def test_the_compose_services_it_names_are_on_the_page(runbook: str, compose: dict[str, Any]) -> None:
    lines = runbook.replace("\\\n", " ")
    named: set[str] = set()
    for words in re.findall(r"docker compose (?:restart|logs|exec|rm|run|up) ([^`\n|#>]*)", lines):
        named.update(
            word
            for word in words.replace("SERVICE", "learning").split()
            if re.sub("-worker$", "", word) in (*SERVICES, "gateway", "postgres", "kafka")
            or word in compose["services"]
        )
    assert {"kafka", "postgres", "identity", "learning-worker"} <= named
    assert named <= set(compose["services"])
    every_process = {
        name
        for name, s in compose["services"].items()
        if s["image"].startswith("lyceum:") and s["restart"] != "no"
    }
    rotation = re.search(r"docker compose up -d --force-recreate --no-deps ([^`]+)```", lines)
    assert rotation is not None
    assert set(rotation[1].split()) == every_process, "a key is rotated for all or for none"
    for volume in re.findall(r"lyceum_(postgres|kafka)\b", runbook):
        assert volume in compose["volumes"]
    assert compose["name"] == "lyceum"


def test_the_requests_it_tells_reach_a_service(runbook: str) -> None:
    from gateway.upstreams import Route, route

    asked = re.findall(
        r"(?:(GET|POST|PUT|PATCH|DELETE) )?(?:http://127\.0\.0\.1:8000)?(/api/v1/[\w/.-]+)", runbook
    )
    assert len(asked) >= 3
    for method, path in asked:
        for service in SERVICES if "SERVICE" in path else [""]:
            target = path.replace("SERVICE", service).encode()
            wanted = method or ("POST" if path.endswith("login") else "GET")
            assert isinstance(route(wanted, target), Route), f"{wanted} {path}"
            if path.endswith("dead-letters"):
                for action in ("retry", "drop"):
                    assert isinstance(route("POST", target + f"/7/{action}".encode()), Route)


def test_the_headings_it_links_to_are_there(runbook: str) -> None:
    headings = {h.strip().lower() for h in re.findall(r"^### (.+)$", runbook, re.MULTILINE)}
    for link in re.findall(r"\]\(#([\w-]+)\)", runbook):
        assert link in headings, link


def test_the_panels_it_points_at_are_on_a_dashboard(root: Path, runbook: str) -> None:
    panels = {
        panel["title"]
        for path in (root / "deploy/grafana/dashboards").glob("*.json")
        for panel in json.loads(path.read_text())["panels"]
    }
    titles = {"Lyceum", "Lyceum: events"}
    # Words in italics that begin with a capital are names of panels and dashboards.
    named = set(re.findall(r"(?<!\*)\*([A-Z][^*\n]+)\*(?!\*)", runbook))
    assert len(named) > 10
    assert named <= panels | titles, sorted(named - panels - titles)


def test_the_settings_and_files_it_names_are_there(
    root: Path, runbook: str, compose: dict[str, Any], script: Callable[[str], ModuleType]
) -> None:
    from chassis.settings import ServiceSettings

    for field in re.findall(r"<SERVICE>_([A-Z_]+)", runbook):
        assert field.lower() in ServiceSettings.model_fields, field
    for path in re.findall(r"(?<![\w/.])((?:deploy|docs)/[\w/.-]+\.\w+)", runbook):
        assert (root / path).is_file(), path
    wanted = script("deploy/docker/make_secrets.py").WANTED
    for name in re.findall(r"\b([A-Z]+_(?:DB_PASSWORD|SECRET_KEY))\b", runbook):
        assert name in wanted, name


def test_the_tables_and_columns_it_touches_are_there() -> None:
    from chassis.dead_letters import DeadLetter
    from chassis.mail import OutgoingMail
    from chassis.outbox import OutboxRow

    columns = set(DeadLetter.__table__.columns.keys())
    assert {"id", "traceback", "headers", "value", "error", "attempts", "status"} <= columns
    mails = set(OutgoingMail.__table__.columns.keys())
    assert {"id", "attempts", "next_attempt_at", "last_error", "sent_at"} <= mails
    assert "published_at" in OutboxRow.__table__.columns


@pytest.mark.parametrize(
    ("table", "columns"),
    [("signing_keys", ("retires_at",)), ("users_usersession", ("is_active",))],
)
def test_identitys_tables_have_what_the_key_procedures_change(
    root: Path, runbook: str, table: str, columns: tuple[str, ...]
) -> None:
    assert table in runbook
    # By reading: two services' tables never share an interpreter.
    declared = [
        text
        for path in (root / "services/identity/identity").rglob("models.py")
        if f'__tablename__ = "{table}"' in (text := path.read_text())
    ]
    assert len(declared) == 1
    for column in columns:
        assert re.search(rf"^    {column}: Mapped", declared[0], re.MULTILINE)
