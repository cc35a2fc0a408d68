"""Accounts as admins see and change them."""

from typing import Annotated

from chassis.pagination import PageParams
from chassis.schemas import InputModel, Instant, OutputModel
from pydantic import Field

from identity.accounts.schemas import Role


class UserListParams(PageParams):
    q: Annotated[str, Field(min_length=1, max_length=100)] | None = Field(
        None, description="Part of a name, a username or an address."
    )
    role: Role | None = None
    is_active: bool | None = None


class UserForAdmins(OutputModel):
    """An account with what admins act on."""

    id: int = Field(examples=[7])
    email: str = Field(examples=["ada@example.com"])
    username: str = Field(examples=["ada"])
    first_name: str = Field(examples=["Ada"])
    last_name: str = Field(examples=["Lovelace"])
    role: Role
    is_active: bool
    is_staff: bool
    is_superuser: bool
    is_email_verified: bool
    failed_login_attempts: int = Field(examples=[0])
    temporary_ban_until: Instant | None
    date_joined: Instant
    last_login: Instant | None


class UserPatch(InputModel):
    """What is to change; what is left out stays."""

    role: Role = Field("student", examples=["instructor"])
    is_active: bool = Field(True, examples=[True])
