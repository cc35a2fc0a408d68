"""The JSON Schemas events were published with: `python -m contracts.goldens` writes those that may be written.

A new event's schema is written, an additive change is taken over, an incompatible one is refused and named.
(An event that was never released may be declared anew: delete its file first.)
"""

import json
import sys
from pathlib import Path
from typing import Any, Final

from contracts.envelope import Event
from contracts.evolution import breaking_changes
from contracts.registry import EVENTS

DIRECTORY: Final = Path(__file__).parents[1] / "tests" / "schemas"


def schema_of(event: type[Event]) -> dict[str, Any]:
    """The JSON Schema of an event's data, with what was declared beside it under `x-lyceum`."""
    return {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "$id": event.schema_uri,
        **event.model_json_schema(),
        "x-lyceum": {
            "topic": event.topic,
            "key": event.key_field,
            "kind": event.kind,
            "subject": event.subject_template,
        },
    }


def golden_path(event_type: str, directory: Path = DIRECTORY) -> Path:
    """Where the golden schema of this event version is kept."""
    return directory / f"{event_type}.json"


def rendered(schema: dict[str, Any]) -> str:
    """The text of a golden file."""
    return json.dumps(schema, indent=2, ensure_ascii=False) + "\n"


def withdrawn(events: tuple[type[Event], ...] = EVENTS, directory: Path = DIRECTORY) -> list[str]:
    """Published types that no event of the registry has any more."""
    known = {event.event_type for event in events}
    return sorted(path.stem for path in directory.glob("*.json") if path.stem not in known)


def update(events: tuple[type[Event], ...] = EVENTS, directory: Path = DIRECTORY) -> list[str]:
    """Write new and extended schemas; return what was refused, naming event, field and outage."""
    directory.mkdir(parents=True, exist_ok=True)
    refused = [
        f"{event_type}: no event of the registry has this published type: messages in the log would be "
        "skipped unread. Keep the class until its topic's retention has passed, then delete the golden."
        for event_type in withdrawn(events, directory)
    ]
    for event in events:
        path, schema = golden_path(event.event_type, directory), schema_of(event)
        breaks = breaking_changes(json.loads(path.read_text()), schema) if path.exists() else []
        refused += breaks
        if not breaks:
            path.write_text(rendered(schema))
    return refused


if __name__ == "__main__":
    problems = update()
    sys.stderr.writelines(f"refused: {problem}\n" for problem in problems)
    sys.stdout.write(f"{len(EVENTS)} events, {len(problems)} changes refused, in {DIRECTORY}\n")
    sys.exit(1 if problems else 0)
