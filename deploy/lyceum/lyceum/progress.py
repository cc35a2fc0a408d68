"""What a starting stack tells of itself."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Literal

State = Literal["waiting", "running", "done", "failed", "note"]


@dataclass(frozen=True)
class Step:
    """One line of the checklist, as it stands now; a `note` is a remark that stands for itself."""

    name: str
    state: State
    detail: str = ""


Report = Callable[[Step], None]
