"""Permissions as they are listed and named."""

from typing import Annotated, Literal

from chassis.pagination import PageParams
from chassis.schemas import OutputModel
from pydantic import Field

Codename = Annotated[
    str, Field(pattern=r"^[a-z_]+\.[a-z_]+$", max_length=100, examples=["catalog.change_category"])
]


class PermissionListParams(PageParams):
    service: Literal["identity", "catalog", "learning", "assessment", "instructor", "analytics"] | None = None


class PermissionOut(OutputModel):
    """Something that the staff may be allowed."""

    codename: str = Field(examples=["catalog.change_category"])
    name: str = Field(examples=["Make, change and delete categories"])
    service: str = Field(examples=["catalog"])
