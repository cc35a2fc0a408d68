"""The document of a course asks of its texts what the API asks: what can be written here can travel, and no more."""

from typing import Any

import pytest
from catalog.courses.schemas import CourseIn
from catalog.lessons.schemas import LessonIn
from catalog.modules.schemas import ModuleIn
from catalog.resources.schemas import ResourceIn
from catalog.transfer.documents import CourseDocument, LessonDocument, ModuleDocument, ResourceDocument
from pydantic import BaseModel

PAIRS: dict[str, tuple[type[BaseModel], type[BaseModel], set[str], set[str]]] = {
    "course": (
        CourseIn,
        CourseDocument,
        {"category_id", "creation_method", "is_featured"},
        {"category", "currency", "thumbnail"},
    ),
    "module": (ModuleIn, ModuleDocument, {"order"}, {"lessons"}),
    "lesson": (LessonIn, LessonDocument, {"order"}, {"resources"}),
    "resource": (ResourceIn, ResourceDocument, {"order"}, {"file"}),
}
"""What the API takes, what a document holds, and what each has alone: a place in a list, what belongs to a platform."""


def bounds(model: type[BaseModel]) -> dict[str, Any]:
    """Each field's own, without its words."""
    fields = model.model_json_schema()["properties"]
    return {name: _without_words(told) for name, told in fields.items()}


def _without_words(told: Any) -> Any:
    if isinstance(told, list):
        return [_without_words(each) for each in told]
    if not isinstance(told, dict):
        return told
    words = ("description", "examples", "title")
    return {key: _without_words(value) for key, value in told.items() if key not in words}


@pytest.mark.parametrize("what", PAIRS)
def test_a_document_takes_what_the_api_takes(what: str) -> None:
    asked, written, of_asked, of_written = PAIRS[what]
    here, there = bounds(asked), bounds(written)
    assert here.keys() - of_asked == there.keys() - of_written
    assert {name: here[name] for name in here.keys() - of_asked} == {
        name: there[name] for name in there.keys() - of_written
    }


@pytest.mark.parametrize("what", PAIRS)
def test_a_document_keeps_its_texts_to_the_letter(what: str) -> None:
    asked, written, _, _ = PAIRS[what]
    given: dict[str, Any] = {"title": "\ta ", **({"category_id": 1} if what == "course" else {})}
    assert asked.model_validate(given).model_dump()["title"] == "a"
    assert written.model_validate({"title": "\ta "}).model_dump()["title"] == "\ta "
