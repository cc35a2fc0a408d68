"""What may stand in the audit log."""

import re
from collections.abc import Mapping, Sequence
from typing import Any

HIDDEN = "(not shown)"

_TELLING = re.compile(
    r"(^|_)(password|secret|secrets|token|tokens|email|emails|address|phone|birth\w*|codes?)(_|$)"
)

Change = Sequence[Any]
"""What was, and what is now."""


def redact(changes: Mapping[str, Change]) -> dict[str, list[Any]]:
    """The changes as they are kept: a secret or an address is on record as changed, and not as itself."""
    return {name: _hide(pair) if _TELLING.search(name) else list(pair) for name, pair in changes.items()}


def _hide(pair: Change) -> list[Any]:
    return [HIDDEN if value else value for value in pair]


def differences(before: Mapping[str, Any], after: Mapping[str, Any]) -> dict[str, list[Any]]:
    """`changes` from two states of one thing: [old, new] of what differs; None where one has no such name."""
    names = [*before, *(name for name in after if name not in before)]
    return {
        name: [before.get(name), after.get(name)] for name in names if before.get(name) != after.get(name)
    }
