"""Prometheus and Grafana against the code: what is asked for is measured, and every alert leads on."""

import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml

SOURCES = ("chassis/chassis", "gateway/gateway", "services")
DECLARED = re.compile(r"\b(Counter|Gauge|Histogram)\(\s*\"(lyceum_\w+)\"")
SUFFIXES = {"Counter": ("",), "Gauge": ("",), "Histogram": ("_bucket", "_sum", "_count")}


@pytest.fixture(scope="module")
def exposed(root: Path) -> set[str]:
    """Every series name that our code exposes."""
    return {
        f"{name}{suffix}"
        for folder in SOURCES
        for path in (root / folder).rglob("*.py")
        if "tests" not in path.parts
        for kind, name in DECLARED.findall(path.read_text())
        for suffix in SUFFIXES[kind]
    }


@pytest.fixture(scope="module")
def alerts(root: Path) -> list[dict[str, Any]]:
    groups = yaml.safe_load((root / "deploy/prometheus/alerts.yml").read_text())["groups"]
    return [rule for group in groups for rule in group["rules"]]


def dashboards(root: Path) -> list[dict[str, Any]]:
    return [
        json.loads(path.read_text()) for path in sorted((root / "deploy/grafana/dashboards").glob("*.json"))
    ]


def queries(dashboard: dict[str, Any]) -> Iterator[tuple[str, str]]:
    """(panel, query) of every panel and variable."""
    for panel in dashboard["panels"]:
        for target in panel.get("targets", []):
            yield panel["title"], target["expr"]
    for variable in dashboard["templating"]["list"]:
        yield variable["name"], variable["definition"]


def metrics_in(query: str) -> set[str]:
    """The names of our metrics in a query; what stands in quotes is a value."""
    return set(re.findall(r"\blyceum_\w+", re.sub(r'"[^"]*"', "", query)))


def test_prometheus_asks_every_process_where_it_answers(root: Path, compose: dict[str, Any]) -> None:
    config = yaml.safe_load((root / "deploy/prometheus/prometheus.yml").read_text())
    asked = {
        target
        for job in config["scrape_configs"]
        for some in job["static_configs"]
        for target in some["targets"]
    }
    ours = {
        name
        for name, service in compose["services"].items()
        if service["image"].startswith("lyceum:") and service["restart"] != "no"
    }
    assert asked == {f"{name}:8000" for name in ours} | {"node-exporter:9100"}
    assert {target.split(":")[0] for target in asked} <= set(compose["services"])
    assert config["rule_files"] == ["/etc/prometheus/alerts.yml"]
    assert "./deploy/prometheus:/etc/prometheus:ro" in compose["services"]["prometheus"]["volumes"]


def test_what_alerts_ask_for_is_measured(alerts: list[dict[str, Any]], exposed: set[str]) -> None:
    for rule in alerts:
        missing = metrics_in(rule["expr"]) - exposed
        assert not missing, f"{rule['alert']} would never fire: nothing exposes {sorted(missing)}"


def test_every_alert_says_how_urgent_it_is_and_what_to_do(root: Path, alerts: list[dict[str, Any]]) -> None:
    names = [rule["alert"] for rule in alerts]
    assert len(set(names)) == len(names)
    runbook = (root / "docs/runbook.md").read_text()
    headings = {
        re.sub(r"[^\w -]", "", title).strip().lower().replace(" ", "-")
        for title in re.findall(r"^#+ (.+)$", runbook, re.MULTILINE)
    }
    for rule in alerts:
        assert rule["labels"]["severity"] in ("page", "ticket"), rule["alert"]
        assert rule["annotations"]["summary"]
        page, _, heading = rule["annotations"]["runbook"].partition("#")
        assert page == "docs/runbook.md"
        assert heading in headings, f"{rule['alert']}: the runbook has no heading for #{heading}"


def test_the_alerts_thresholds_follow_the_settings(alerts: list[dict[str, Any]]) -> None:
    from chassis.settings import ServiceSettings

    by_name = {rule["alert"]: rule for rule in alerts}
    fields = ServiceSettings.model_fields
    pool = fields["pool_size"].default + fields["pool_overflow"].default
    threshold = re.search(r">= (\d+)", by_name["DatabasePoolExhausted"]["expr"])
    assert threshold is not None
    assert pool - 2 <= int(threshold[1]) <= pool, "a pool never has more connections than that"
    stuck = re.search(r"> (\d+)", by_name["ConsumerStuck"]["expr"])
    assert stuck is not None
    assert int(stuck[1]) > fields["consumer_stuck_after"].default, "the watchdog acts first"


def test_the_failures_that_matter_have_an_alert(alerts: list[dict[str, Any]]) -> None:
    watched = {name for rule in alerts for name in metrics_in(rule["expr"])}
    assert watched >= {
        "lyceum_relay_active",
        "lyceum_outbox_unpublished",
        "lyceum_outbox_oldest_unpublished_seconds",
        "lyceum_consumer_lag",
        "lyceum_consumer_last_progress_timestamp_seconds",
        "lyceum_dead_letters",
        "lyceum_statistics_freshness_seconds_bucket",
        "lyceum_gateway_requests_total",
        "lyceum_http_request_duration_seconds_bucket",
        "lyceum_db_pool_in_use",
        "lyceum_mail_unsent",
        "lyceum_gateway_views_behind_seconds",
        "lyceum_gateway_views_lost_total",
    }


def test_the_dashboards_ask_for_what_is_measured(root: Path, exposed: set[str]) -> None:
    found = dashboards(root)
    assert [dashboard["title"] for dashboard in found] == ["Lyceum: events", "Lyceum"]
    for dashboard in found:
        for panel, query in queries(dashboard):
            missing = metrics_in(query) - exposed
            assert not missing, f"{dashboard['title']} / {panel}: nothing exposes {sorted(missing)}"


def test_the_dashboards_can_be_loaded(root: Path, compose: dict[str, Any]) -> None:
    sources = yaml.safe_load((root / "deploy/grafana/provisioning/datasources/prometheus.yml").read_text())
    [source] = sources["datasources"]
    host = re.fullmatch(r"http://([\w-]+):9090", source["url"])
    assert host is not None
    assert host[1] in compose["services"]
    found = dashboards(root)
    assert len({dashboard["uid"] for dashboard in found}) == len(found)
    for dashboard in found:
        ids = [panel["id"] for panel in dashboard["panels"]]
        assert len(set(ids)) == len(ids)
        for panel in dashboard["panels"]:
            if panel["type"] == "row":
                continue
            assert panel["title"]
            assert panel["datasource"]["uid"] == source["uid"]
            assert panel["targets"], panel["title"]
            place = panel["gridPos"]
            assert place["x"] + place["w"] <= 24, panel["title"]
    providers = yaml.safe_load((root / "deploy/grafana/provisioning/dashboards/lyceum.yml").read_text())
    folder = providers["providers"][0]["options"]["path"]
    assert f"./deploy/grafana/dashboards:{folder}:ro" in compose["services"]["grafana"]["volumes"]
    home = compose["services"]["grafana"]["environment"]["GF_DASHBOARDS_DEFAULT_HOME_DASHBOARD_PATH"]
    assert home == f"{folder}/lyceum.json"
