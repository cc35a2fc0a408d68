"""The deployment's files, read once."""

import importlib.util
from collections.abc import Callable
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest
import yaml

ROOT = Path(__file__).resolve().parents[2]


@pytest.fixture(scope="session")
def root() -> Path:
    return ROOT


@pytest.fixture(scope="session")
def compose() -> dict[str, Any]:
    """docker-compose.yml, anchors and merges resolved, variables not."""
    page: dict[str, Any] = yaml.safe_load((ROOT / "docker-compose.yml").read_text())
    return page


@pytest.fixture(scope="session")
def script() -> Callable[[str], ModuleType]:
    """Import a script of deploy/, which is in no package, by its path below the repository."""

    def load(path: str) -> ModuleType:
        spec = importlib.util.spec_from_file_location(f"deploy_{Path(path).stem}", ROOT / path)
        assert spec is not None
        assert spec.loader is not None
        module = importlib.util.module_from_spec(spec)
        spec.loader.exec_module(module)
        return module

    return load
