"""What the repository's pages and file contents must hold: services' READMEs, decisions, no place of one machine."""

import re
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
SERVICES = ("identity", "catalog", "learning", "assessment", "instructor", "analytics")
NOT_OURS = {".venv", ".git", ".cache", ".lyceum", "node_modules", "__pycache__", "scratch", "swagger-ui"}


def files(*suffixes: str) -> Iterator[Path]:
    """Our files, whatever tool has left its folders here."""
    for path in sorted(ROOT.rglob("*")):
        parts = path.relative_to(ROOT).parts
        ours = not any(
            part in NOT_OURS or part.endswith((".egg-info", "_cache", ".hypothesis")) for part in parts
        )
        if ours and path.suffix in suffixes and path.is_file():
            yield path


def missing_from_readme(text: str) -> list[str]:
    """What a service's page does not say: what it owns, publishes, consumes and asks."""
    return [word for word in ("owns", "publishes", "consumes", "asks") if word not in text.casefold()]


@pytest.mark.parametrize("service", SERVICES)
def test_every_service_has_its_page(service: str) -> None:
    page = ROOT / "services" / service / "README.md"
    assert page.is_file(), f"services/{service}/README.md: whoever is called at night starts reading there"
    assert missing_from_readme(page.read_text()) == []


def wrong_decisions(pages: dict[str, str]) -> list[str]:
    """What is wrong with the records of decisions, {file name: text}: numbers without gaps, and their parts."""
    wrong = []
    for number, (name, text) in enumerate(sorted(pages.items()), start=1):
        if not re.fullmatch(rf"{number:04d}-[a-z0-9-]+\.md", name):
            wrong.append(f"{name}: the next number is {number:04d}, the rest lower case with dashes")
        if not re.match(rf"# (ADR )?0*{number}[.: ]", text):
            wrong.append(f"{name}: the title does not begin with its number, `# {number}. ...`")
        parts = ("context", "decision", "consequences", "alternatives", "held by")
        wrong += [f"{name}: no {part}" for part in parts if part not in text.casefold()]
        if text.count("\n") > 60:
            wrong.append(f"{name}: longer than a page")
    return wrong


def test_decisions_are_numbered_and_whole() -> None:
    pages = {path.name: path.read_text() for path in (ROOT / "docs" / "adr").iterdir()}
    assert pages
    assert wrong_decisions(pages) == []


DECISION = "# 1. A\n**Context.** **Decision.** **Consequences.** **Alternatives.** **Held by** a test.\n"


def test_decisions_are_read_closely() -> None:
    assert wrong_decisions({"0001-a.md": DECISION}) == []
    assert wrong_decisions({"0002-a.md": DECISION})
    assert wrong_decisions({"0001-a.md": DECISION, "0001-b.md": DECISION})
    assert wrong_decisions({"0001-A B.md": DECISION})
    assert wrong_decisions({"0001-a.md": "# A\n" + DECISION})
    assert wrong_decisions({"0001-a.md": DECISION.replace("Alternatives", "Others")}) == [
        "0001-a.md: no alternatives"
    ]


def test_a_decision_that_is_referred_to_is_there() -> None:
    referred = {
        (path.relative_to(ROOT).as_posix(), number)
        for path in files(".py", ".md", ".toml", ".yml")
        for number in re.findall(r"docs/adr/(\d{4})", path.read_text())
    }
    kept = {path.name[:4] for path in (ROOT / "docs" / "adr").iterdir()}
    assert sorted(place for place in referred if place[1] not in kept) == []


# One machine's folders; written apart so that this file does not name them.
_PLACES = re.compile(rf"(?<![\w.~\-/}}])/(?:{'work'}|{'tmp'}/{'brief'}|{'root'}|home/\w+)/[\w.]")


def places_in(text: str) -> list[str]:
    return [match.group() for match in _PLACES.finditer(text)]


def test_nothing_names_a_place_on_one_machine() -> None:
    suffixes = (".py", ".md", ".toml", ".yml", ".yaml", ".json", ".sh", ".ini", ".lock", ".mako", ".xml", "")
    named = {}
    for path in files(*suffixes):
        try:
            found = places_in(path.read_text())
        except UnicodeDecodeError:
            continue
        if found:
            named[path.relative_to(ROOT).as_posix()] = found
    assert named == {}, "paths of the machine it was written on: no clone has them"


@pytest.mark.parametrize("place", ["work/main", "tmp/brief/x", "root/.cache", "home/ada/lyceum"])
def test_a_place_on_one_machine_is_seen(place: str) -> None:
    assert places_in(f"open('/{place}')")
    assert not places_in(f"https://example.org/{place} and ./{place} and ~/{place}")
