"""Results as one JSON file and a table. The machine is shared: quote the ratios, not the absolute figures."""

import json
import os
import platform
import subprocess
from dataclasses import asdict, dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from rich.console import Console
from rich.table import Table

RESULTS = Path(__file__).parent / "results"
console = Console()


@dataclass
class Figure:
    """One thing measured. `against` names the peer or limit, `ratio` is ours to theirs."""

    name: str
    value: float
    unit: str
    against: str = ""
    theirs: float | None = None
    ratio: float | None = None
    detail: dict[str, Any] = field(default_factory=dict)


def versus(name: str, ours: float, unit: str, against: str, theirs: float, **detail: Any) -> Figure:
    """A figure beside its peer's."""
    return Figure(name, ours, unit, against, theirs, round(ours / theirs, 4) if theirs else None, detail)


def percentile(values: list[float], share: float) -> float:
    """The value below which `share` of them lie (nearest rank)."""
    ordered = sorted(values)
    return ordered[min(len(ordered) - 1, round(share * (len(ordered) - 1)))]


def write(figures: list[Figure]) -> Path:
    """Keep the figures under bench/results and show them."""
    RESULTS.mkdir(exist_ok=True)
    commit = subprocess.run(
        ["git", "rev-parse", "--short", "HEAD"], capture_output=True, text=True, check=False
    )
    instant = datetime.now(UTC)
    document = {
        "at": instant.isoformat(timespec="seconds"),
        "commit": commit.stdout.strip(),
        "machine": {
            "cores": os.cpu_count(),
            "python": platform.python_version(),
            "system": platform.system(),
        },
        "figures": [asdict(figure) for figure in figures],
    }
    path = RESULTS / f"{instant:%Y-%m-%dT%H%M%S}.json"
    path.write_text(json.dumps(document, indent=1) + "\n")
    table = Table(title=f"{document['at']}  {document['commit']}  {os.cpu_count()} cores")
    for heading in ("what", "measured", "against", "theirs", "ratio"):
        table.add_column(heading, justify="right" if heading in ("measured", "theirs", "ratio") else "left")
    for one in figures:
        theirs = "" if one.theirs is None else f"{one.theirs:,.2f}"
        ratio = "" if one.ratio is None else f"{one.ratio:.3f}"
        table.add_row(one.name, f"{one.value:,.2f} {one.unit}", one.against, theirs, ratio)
    console.print(table)
    console.print(f"Written to {path.relative_to(Path.cwd()) if path.is_relative_to(Path.cwd()) else path}")
    return path
