"""What is asked and answered about categories."""

from typing import Annotated, Any

from chassis.schemas import Identifier, InputModel, Instant, OutputModel
from chassis.shapes import Shape
from pydantic import ConfigDict, Field
from sqlalchemy import Row

from catalog.categories.service import Node
from catalog.fields import absent

Name = Annotated[str, Field(min_length=1, max_length=100, examples=["Mathematics"])]
Description = Annotated[str, Field(max_length=5000)]
Icon = Annotated[str, Field(max_length=100, examples=["calculator"])]
SortOrder = Annotated[int, Field(ge=0, le=1_000_000)]


class CategoryIn(InputModel):
    name: Name
    description: Description | None = None
    icon: Icon | None = None
    parent_id: Identifier | None = None
    sort_order: SortOrder = 0
    featured: bool = False
    is_active: bool = True

    model_config = ConfigDict(
        json_schema_extra={"examples": [{"name": "Algebra", "parent_id": 4, "sort_order": 1}]}
    )


class CategoryPatch(InputModel):
    name: Name = Field(default_factory=absent)
    description: Description | None = None
    icon: Icon | None = None
    parent_id: Identifier | None = None
    sort_order: SortOrder = Field(default_factory=absent)
    featured: bool = Field(default_factory=absent)
    is_active: bool = Field(default_factory=absent)

    model_config = ConfigDict(json_schema_extra={"examples": [{"parent_id": None, "featured": True}]})


EXAMPLE: dict[str, Any] = {
    "id": 4,
    "name": "Mathematics",
    "slug": "mathematics",
    "description": "Numbers, proofs and engines.",
    "icon": "calculator",
    "parent_id": None,
    "sort_order": 0,
    "featured": True,
    "is_active": True,
    "created_date": "2026-11-22T19:30:00Z",
    "updated_date": "2026-11-22T19:30:00Z",
}


class CategoryOut(OutputModel):
    id: int
    name: str
    slug: str
    description: str | None
    icon: str | None
    parent_id: int | None
    sort_order: int
    featured: bool
    is_active: bool
    created_date: Instant
    updated_date: Instant

    model_config = ConfigDict(json_schema_extra={"examples": [EXAMPLE]})


class CategoryNode(CategoryOut):
    """A category with everything below it."""

    course_count: int = Field(description="Published courses in it and in all below it.")
    children: list["CategoryNode"]

    model_config = ConfigDict(
        json_schema_extra={"examples": [{**EXAMPLE, "course_count": 12, "children": []}]}
    )


_NODE = Shape(CategoryNode)


def node_as_told(node: Node) -> dict[str, Any]:
    """The members of a CategoryNode."""
    assert isinstance(node.category, Row), "read, and not edited"
    children = [node_as_told(child) for child in node.children]
    return _NODE.one(node.category, course_count=node.courses, children=children)
