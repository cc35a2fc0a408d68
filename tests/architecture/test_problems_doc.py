"""docs/problems.md lists every kind of error, each under one slug with one meaning."""

import importlib.util
from collections import defaultdict
from pathlib import Path
from types import ModuleType

import pytest

ROOT = Path(__file__).resolve().parents[2]


@pytest.fixture(scope="module")
def generator() -> ModuleType:
    spec = importlib.util.spec_from_file_location("generate_problems", ROOT / "docs/generate/problems.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    import sys

    sys.modules[spec.name] = module
    spec.loader.exec_module(module)
    return module


def test_the_page_is_current(generator: ModuleType) -> None:
    assert (ROOT / "docs/problems.md").read_text() == generator.document(), "run `make docs`"


def test_a_slug_has_one_status(generator: ModuleType) -> None:
    everything = generator.kinds()
    statuses = defaultdict(set)
    for kind in everything:
        if kind.slug:
            statuses[kind.slug].add(generator._status(kind, everything))
    assert len(statuses) > 20
    assert {slug: found for slug, found in statuses.items() if len(found) > 1} == {}


def test_every_kind_says_what_it_is(generator: ModuleType) -> None:
    assert [kind.name for kind in generator.kinds() if kind.slug and not kind.title] == []
