"""Every permission that is asked for is declared, and every one that is declared is asked for."""

import ast
import importlib.util
import re
import sys
from collections.abc import Iterator
from pathlib import Path
from types import ModuleType

import pytest
from chassis.testing import SERVICES
from contracts.permissions import PERMISSIONS, service_of

ROOT = Path(__file__).resolve().parents[2]
SOURCES = ("services/*/*", "chassis/chassis", "gateway/gateway")
CODENAME = re.compile(r"^[a-z]+\.[a-z]+(_[a-z]+)+$")

# Declared, and asked for by nobody yet: who will ask. This list shrinks; a name that is asked for leaves it.
NOT_YET = {
    "analytics.change_schedule": "the schedules' routes",
}


def files() -> list[Path]:
    folders = [folder for pattern in SOURCES for folder in sorted(ROOT.glob(pattern)) if folder.is_dir()]
    return [
        path
        for folder in folders
        if folder.name not in ("tests", "migrations")
        for path in folder.rglob("*.py")
    ]


def strings(tree: ast.AST) -> Iterator[tuple[int, str]]:
    """The strings of a module; an f-string that begins with a service's name as every service would read it."""
    inside = {id(part) for node in ast.walk(tree) if isinstance(node, ast.JoinedStr) for part in node.values}
    for node in ast.walk(tree):
        if isinstance(node, ast.Constant) and isinstance(node.value, str) and id(node) not in inside:
            yield node.lineno, node.value
        elif isinstance(node, ast.JoinedStr) and len(node.values) == 2:
            name, rest = node.values
            if isinstance(name, ast.FormattedValue) and isinstance(rest, ast.Constant):
                yield from ((node.lineno, f"{service}{rest.value}") for service in SERVICES)


def is_module(name: str) -> bool:
    service, _, slice_name = name.partition(".")
    home = ROOT / "services" / service / service / slice_name
    return home.is_dir() or home.with_suffix(".py").is_file()


def asked() -> dict[str, list[str]]:
    """Every codename that the code speaks of, and where."""
    found: dict[str, list[str]] = {}
    for path in files():
        if path.name == "schemas.py":
            continue  # Examples ask for nothing.
        for line, text in strings(ast.parse(path.read_text())):
            if CODENAME.match(text) and text.partition(".")[0] in SERVICES and not is_module(text):
                found.setdefault(text, []).append(f"{path.relative_to(ROOT)}:{line}")
    return found


def test_what_is_asked_for_is_declared() -> None:
    undeclared = {codename: places for codename, places in asked().items() if codename not in PERMISSIONS}
    assert undeclared == {}, "declare them in contracts/contracts/permissions.py"


def test_what_is_declared_is_asked_for() -> None:
    unused = set(PERMISSIONS) - set(asked()) - set(NOT_YET)
    assert unused == set(), "a permission that nobody asks for gives nothing: ask for it, or take it out"


def test_the_list_of_those_to_come_shrinks() -> None:
    assert set(NOT_YET) <= set(PERMISSIONS)
    assert {codename for codename in NOT_YET if codename in asked()} == set(), "take them off the list"


def test_a_service_asks_for_its_own_permissions() -> None:
    strangers = {
        (codename, place)
        for codename, places in asked().items()
        for place in places
        if place.startswith("services/") and f"{service_of(codename)}" != place.split("/")[1]
    }
    assert strangers == set()


def test_every_service_has_its_own_and_each_says_what_it_allows() -> None:
    assert {service_of(codename) for codename in PERMISSIONS} == set(SERVICES)
    for codename, text in PERMISSIONS.items():
        assert CODENAME.match(codename), codename
        assert 10 <= len(text) <= 100, codename
        assert text[0].isupper(), codename
        assert not text.endswith("."), codename


def test_nothing_is_for_admins_alone() -> None:
    """What asks for the role (`principal.is_admin`) and not for a permission (`principal.may`) cannot be handed to one
    of the staff; in identity, what the role means is decided by rules."""
    used = [
        f"{path.relative_to(ROOT)}:{node.lineno}"
        for path in files()
        for node in ast.walk(ast.parse(path.read_text()))
        if isinstance(node, ast.Attribute) and node.attr == "is_admin" and "identity" not in path.parts
    ]
    assert [place for place in used if not place.startswith("chassis/chassis/auth.py")] == []


# --- the page -----------------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def generator() -> ModuleType:
    spec = importlib.util.spec_from_file_location(
        "generate_permissions", ROOT / "docs/generate/permissions.py"
    )
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    sys.modules[spec.name] = module
    spec.loader.exec_module(module)
    return module


def test_the_page_is_current(generator: ModuleType) -> None:
    assert (ROOT / "docs/permissions.md").read_text() == generator.document(), "run `make docs`"


def test_the_page_names_the_endpoints_of_a_permission(generator: ModuleType) -> None:
    found = generator.operations()
    assert "GET /api/v1/users" in found["identity.view_user"]
    assert "POST /api/v1/categories" in found["catalog.change_category"]
    assert "POST /api/v1/ops/learning/dead-letters/{letter_id}/drop" in found["learning.resolve_dead_letter"]
    assert set(found) <= set(PERMISSIONS)
