"""What a run of events says about assessments, in whatever order it came."""

from collections.abc import Iterable
from dataclasses import dataclass

from contracts.assessment import AssessmentChanged, AssessmentRemoved


@dataclass(frozen=True, slots=True)
class Assessment:
    assessment_id: int
    version: int
    lesson_id: int
    is_removed: bool


def of_event(event: AssessmentChanged | AssessmentRemoved) -> Assessment:
    removed = isinstance(event, AssessmentRemoved)
    return Assessment(event.assessment_id, event.version, event.lesson_id, removed)


def newest(events: Iterable[AssessmentChanged | AssessmentRemoved]) -> list[Assessment]:
    """One state per assessment, ascending by id: that of the greatest version."""
    found: dict[int, Assessment] = {}
    for told in map(of_event, events):
        known = found.get(told.assessment_id)
        if known is None or told.version > known.version:
            found[told.assessment_id] = told
    return [found[key] for key in sorted(found)]
