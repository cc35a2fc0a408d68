"""Every command the README shows works as shown."""

import os
import re
import shlex
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

ROOT = Path(__file__).resolve().parents[1]
BIN = Path(sys.executable).parent


def commands() -> list[str]:
    """The lines of every `sh` block, without their comments."""
    blocks = re.findall(r"```sh\n(.*?)```", (ROOT / "README.md").read_text(), re.DOTALL)
    lines = [re.sub(r"\s+#.*$", "", line).strip() for block in blocks for line in block.splitlines()]
    return [line for line in lines if line]


MAKE = [line for line in commands() if line.startswith("make ")]
LYCEUM = [line for line in commands() if line.startswith(".venv/bin/lyceum ")]
CURL = [line for line in commands() if line.startswith("curl ")]


def test_no_command_is_left_untested() -> None:
    assert set(commands()) == {*MAKE, *LYCEUM, *CURL}
    assert min(len(MAKE), len(LYCEUM), len(CURL)) > 0


@pytest.mark.parametrize("command", MAKE)
def test_make_knows_its_targets(command: str) -> None:
    """`make -n` fails for a target that does not exist; what the targets do is run by the tests of what they start."""
    done = subprocess.run(
        [*shlex.split(command), "-n"], cwd=ROOT, capture_output=True, text=True, timeout=30, check=False
    )
    assert done.returncode == 0, done.stderr


def _run(command: str, stack: Any) -> subprocess.CompletedProcess[str]:
    command = command.replace("http://127.0.0.1:8000", stack.url)
    words = shlex.split(command)
    if words[0] == ".venv/bin/lyceum":
        words[0] = str(BIN / "lyceum")
    env = {**os.environ, "LYCEUM_DATA_DIR": str(stack.data_dir)}
    return subprocess.run(words, env=env, capture_output=True, text=True, timeout=170, check=False)


@pytest.mark.stack
@pytest.mark.parametrize("command", LYCEUM)
def test_lyceum_does_as_shown(command: str, stack: Any) -> None:
    done = _run(command, stack)
    assert done.returncode == 0, done.stdout + done.stderr
    assert done.stdout.strip()


@pytest.mark.stack
@pytest.mark.parametrize("command", CURL)
def test_curl_gets_an_answer(command: str, stack: Any) -> None:
    done = _run(command.replace("curl -s", "curl -s --fail-with-body", 1), stack)
    assert done.returncode == 0, done.stdout + done.stderr
    assert done.stdout.lstrip().startswith("{")
