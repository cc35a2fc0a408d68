"""What is asked and answered about resources."""

from typing import Annotated, Any, Literal

from chassis.schemas import InputModel, Instant, OutputModel
from chassis.shapes import Shape
from pydantic import ConfigDict, Field
from sqlalchemy import Row

from catalog.fields import Minutes, Order, Title, WebAddress, absent
from catalog.resources.rules import ResourceType
from catalog.resources.service import ResourceView

Description = Annotated[str, Field(max_length=5000, description="Plain text.")]


class ResourceIn(InputModel):
    title: Title
    type: ResourceType = "document"
    description: Description | None = None
    url: WebAddress | None = Field(None, description="Of a link, and of nothing else.")
    order: Order | None = Field(None, description="Last when none is given.")
    duration_minutes: Minutes | None = None
    premium: bool = Field(False, description="For those enrolled and premium subscribers alone.")

    model_config = ConfigDict(
        json_schema_extra={
            "examples": [{"title": "The diagrams", "type": "document"}],
        }
    )


class ResourcePatch(InputModel):
    title: Title = Field(default_factory=absent)
    type: ResourceType = Field(default_factory=absent)
    description: Description | None = None
    url: WebAddress | None = None
    order: Order = Field(default_factory=absent)
    duration_minutes: Minutes | None = None
    premium: bool = Field(default_factory=absent)

    model_config = ConfigDict(json_schema_extra={"examples": [{"premium": True}]})


EXAMPLE: dict[str, Any] = {
    "id": 55,
    "lesson_id": 101,
    "title": "The diagrams",
    "type": "document",
    "description": None,
    "order": 0,
    "duration_minutes": None,
    "premium": True,
    "locked": False,
    "unlock": [],
    "url": None,
    "uploaded": True,
    "file": "Diagram of the engine.pdf",
    "file_size": 482133,
    "mime_type": "application/pdf",
    "sha256": "5f70bf18a086007016e948b04aed3b82103a36bea41755b6cddfaf10ace3c6ef",
    "download_url": "/api/v1/resources/55/download",
    "download_count": 17,
    "created_date": "2026-11-22T19:32:00Z",
    "updated_date": "2026-11-22T19:32:00Z",
}


class ResourceOut(OutputModel):
    """A resource as far as the reader's access goes."""

    id: int
    lesson_id: int
    title: str
    type: ResourceType
    description: str | None
    order: int
    duration_minutes: int | None
    premium: bool
    locked: bool
    unlock: list[Literal["login", "enroll", "subscribe"]] = Field(description="What would unlock it.")
    url: str | None = Field(description="Of a link; null while locked.")
    uploaded: bool = Field(description="Whether there is a file.")
    file: str | None = Field(description="The file's name.")
    file_size: int | None = Field(description="In bytes.")
    mime_type: str | None
    sha256: str | None = Field(description="Of the file's content, in hexadecimal.")
    download_url: str | None = Field(
        description="Relative to the gateway; null while locked or without file."
    )
    download_count: int
    created_date: Instant
    updated_date: Instant

    model_config = ConfigDict(json_schema_extra={"examples": [EXAMPLE]})

    @classmethod
    def of(cls, view: ResourceView) -> "ResourceOut":
        shown = _shown(view)
        stored = {name: getattr(view.resource, name) for name in cls.model_fields if name not in shown}
        return cls.model_validate({**stored, **shown})


def _shown(view: ResourceView) -> dict[str, Any]:
    """What is not the same for every reader."""
    resource = view.resource
    path = f"/api/v1/resources/{resource.id}/download"
    return {
        "locked": view.is_locked,
        "unlock": list(view.unlock),
        "url": None if view.is_locked else resource.url,
        "download_url": path if resource.uploaded and not view.is_locked else None,
    }


_RESOURCE = Shape(ResourceOut)


def resource_as_told(view: ResourceView) -> dict[str, Any]:
    """The members of a ResourceOut."""
    assert isinstance(view.resource, Row), "read, and not edited"
    return _RESOURCE.one(view.resource, **_shown(view))


class ResourcePlaceOut(OutputModel):
    """What other services may know of a resource."""

    id: int
    title: str
    type: ResourceType
    lesson_id: int
    course_id: int
