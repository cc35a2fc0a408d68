"""Groups as the staff see and change them."""

from typing import Annotated

from chassis.schemas import InputModel, OutputModel
from pydantic import Field

from identity.rights.schemas import Codename

GroupName = Annotated[str, Field(min_length=1, max_length=150, examples=["Support"])]
Codenames = Annotated[
    list[Codename], Field(max_length=200, examples=[["identity.view_user", "learning.view_student"]])
]


class GroupOut(OutputModel):
    """A named set of permissions; its members have them all."""

    id: int = Field(examples=[3])
    name: str = Field(examples=["Support"])
    permissions: list[str] = Field(examples=[["identity.view_user", "learning.view_student"]])


class GroupIn(InputModel):
    name: GroupName
    permissions: Codenames = Field(default=[])


class GroupPatch(InputModel):
    """What is to change; what is left out stays, and the list replaces what there was."""

    name: GroupName = "-"
    permissions: Codenames = Field(default=[])
