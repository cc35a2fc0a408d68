"""Rebuilds and freshness as an admin sees them."""

from typing import Literal

from chassis.schemas import Identifier, Instant, OutputModel
from pydantic import ConfigDict, JsonValue

from analytics.freshness.schemas import FreshOut

_REBUILD: dict[str, JsonValue] = {
    "id": 1,
    "status": "waiting",
    "requested_at": "2026-11-22T20:00:00Z",
    "started_at": None,
    "finished_at": None,
    "facts": None,
    "error": "",
}


class RebuildOut(OutputModel):
    """A rebuild: `facts` is how many were folded, `error` why it was given up."""

    model_config = ConfigDict(json_schema_extra={"examples": [_REBUILD]})

    id: Identifier
    status: Literal["waiting", "running", "done", "failed"]
    requested_at: Instant
    started_at: Instant | None
    finished_at: Instant | None
    facts: int | None
    error: str


class FreshnessOut(FreshOut):
    """How fresh the statistics are: when the last batch was folded, how many facts there have been, and the rebuild
    asked for last."""

    model_config = ConfigDict(
        json_schema_extra={
            "examples": [
                {
                    "as_of": "2026-11-22T20:12:00.250000Z",
                    "lag_seconds": 0.041,
                    "folded_at": "2026-11-22T20:12:00.291000Z",
                    "facts": 20418,
                    "rebuild": _REBUILD,
                }
            ]
        }
    )

    folded_at: Instant | None
    facts: int
    rebuild: RebuildOut | None
