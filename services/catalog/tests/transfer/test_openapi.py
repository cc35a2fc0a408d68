"""What OpenAPI tells of archives: every status that they are refused with, each in its own words."""

import inspect
from typing import Any

import pytest
from catalog.cartridges import errors as of_cartridges
from catalog.resources.errors import TooManyResources
from catalog.transfer import errors
from chassis.errors import LyceumError
from chassis.storage import StorageAway

EXPORTED = {errors.FilesMissing, errors.CourseTooLarge}
REFUSED = {
    cls
    for module in (errors, of_cartridges)
    for _, cls in inspect.getmembers(module, inspect.isclass)
    if cls.__module__ == module.__name__
}
ROUTES: dict[str, tuple[str, set[type[LyceumError]]]] = {
    "/api/v1/courses/{course_id}/export": ("get", EXPORTED | {StorageAway}),
    "/api/v1/courses/import": ("post", REFUSED - EXPORTED | {StorageAway, TooManyResources}),
}


@pytest.mark.parametrize("path", ROUTES)
def test_every_refusal_is_told(app: Any, path: str) -> None:
    method, refusals = ROUTES[path]
    told = app.openapi()["paths"][path][method]["responses"]
    assert {str(refusal.status) for refusal in refusals} <= told.keys()
    components = app.openapi()["components"]["responses"]
    for status in {"409", "415", "503"} & told.keys():
        assert told[status]["description"] not in ("", components["Refused"]["description"])
        assert set(told[status]["content"]) == {"application/problem+json"}
