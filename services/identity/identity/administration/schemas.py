"""Accounts as the staff see and change them."""

from typing import Annotated

from chassis.db import now
from chassis.pagination import PageParams
from chassis.schemas import Identifier, InputModel, Instant, OutputModel
from pydantic import AwareDatetime, Field

from identity.accounts.rules import is_ban_in_force
from identity.accounts.schemas import Role
from identity.accounts.service import Account
from identity.administration.service import Administered
from identity.rights.rules import EVERYTHING
from identity.rights.schemas import Codename


class UserListParams(PageParams):
    q: Annotated[str, Field(min_length=1, max_length=100)] | None = Field(
        None,
        description="Part of a name, a username or an address; one or two letters are the beginning of one.",
    )
    role: Role | None = None
    is_active: bool | None = None


class UserForAdmins(OutputModel):
    """An account with what the staff act on."""

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
    temporary_ban_until: Instant | None = Field(description="The end of a ban or of a lockout.")
    is_banned: bool = Field(description="It is a ban that keeps them out just now, and no lockout.")
    date_joined: Instant
    last_login: Instant | None

    @classmethod
    def of(cls, account: Account) -> "UserForAdmins":
        return cls(**_columns(account))


class UserWithRights(UserForAdmins):
    """An account with its rights."""

    groups: list[int] = Field(examples=[[3]], description="Ids; `GET /groups` names them.")
    permissions: list[str] = Field(
        examples=[["identity.view_user"]], description="Given directly, beside those of the groups."
    )
    effective_permissions: list[str] = Field(
        examples=[["identity.view_user", "learning.view_student"]],
        description="What rides in the access tokens; `*` is all there are.",
    )

    @classmethod
    def of_administered(cls, found: Administered) -> "UserWithRights":
        everything = found.account.is_superuser or found.account.role == "admin"
        return cls(
            **_columns(found.account),
            groups=[group.id for group in found.held.groups],
            permissions=list(found.held.permissions),
            effective_permissions=[EVERYTHING] if everything else list(found.held.effective),
        )


def _columns(account: Account) -> dict[str, object]:
    own = {name: getattr(account, name) for name in UserForAdmins.model_fields}
    own["is_banned"] = is_ban_in_force(account.is_banned, account.temporary_ban_until, now())
    return own


class UserPatch(InputModel):
    """What is to change; what is left out stays, and lists replace what there was."""

    role: Role = Field("student", examples=["instructor"])
    is_active: bool = Field(True, examples=[True])
    groups: list[Identifier] = Field(default=[], max_length=100, examples=[[3]])
    permissions: list[Codename] = Field(default=[], max_length=200, examples=[["identity.view_user"]])


class Ban(InputModel):
    until: AwareDatetime | None = Field(
        description="When it ends, in the future; null lifts it.", examples=["2027-01-01T00:00:00Z"]
    )
    reason: str = Field(
        "", max_length=500, description="Kept in the audit log.", examples=["Sold answers to a quiz."]
    )
