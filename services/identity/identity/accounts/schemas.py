"""Accounts as their owner, everybody, and the other services see them."""

from typing import Annotated, Literal

from chassis.schemas import InputModel, Instant, OutputModel
from pydantic import Field

from identity.accounts.rules import USERNAME

Role = Literal["student", "instructor", "admin"]
PersonName = Annotated[str, Field(max_length=150)]


class Me(OutputModel):
    """My account. What changes it beside me (role, confirmation of the address) is in it too."""

    id: int = Field(examples=[7])
    email: str = Field(examples=["ada@example.com"])
    username: str = Field(examples=["ada"])
    first_name: str = Field(examples=["Ada"])
    last_name: str = Field(examples=["Lovelace"])
    role: Role
    is_email_verified: bool
    is_staff: bool
    date_joined: Instant


class MePatch(InputModel):
    """What is to change; what is left out stays."""

    username: Annotated[str, Field(pattern=USERNAME, examples=["ada"])] = ""
    first_name: PersonName = Field("", examples=["Ada"])
    last_name: PersonName = Field("", examples=["Lovelace"])


class PublicUser(OutputModel):
    """What anybody may know of a person."""

    id: int = Field(examples=[7])
    display_name: str = Field(examples=["Ada Lovelace"])
    picture_url: str | None = Field(examples=["/media/profiles/7/f3a1.webp"])


class UserForServices(OutputModel):
    """What another service may need to know, for a mail for example."""

    user_id: int = Field(examples=[7])
    username: str = Field(examples=["ada"])
    display_name: str = Field(examples=["Ada Lovelace"])
    email: str = Field(examples=["ada@example.com"])
    is_active: bool
    role: Role
