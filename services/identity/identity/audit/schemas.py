"""The audit log as it is read."""

from typing import Annotated, Any

from chassis.pagination import PageParams
from chassis.schemas import Identifier, Instant, OutputModel
from pydantic import AwareDatetime, Field

Name = Annotated[str, Field(min_length=1, max_length=100)]


class AuditLogParams(PageParams):
    actor_id: Identifier | None = Field(None, description="Who did it.")
    action: Name | None = Field(None, description="`user.banned`, for example.")
    target_type: Name | None = Field(None, description="`user`, for example.")
    target_id: Name | None = None
    since: AwareDatetime | None = Field(None, description="From this instant on.")
    until: AwareDatetime | None = Field(None, description="Before this instant.")


class AuditEntryOut(OutputModel):
    """One act of one of the staff."""

    id: int = Field(examples=[90])
    at: Instant
    actor_id: int = Field(examples=[1], description="Whose account; a tombstone's once it was erased.")
    actor_role: str = Field(examples=["admin"], description="As their token said at the time.")
    action: str = Field(examples=["user.changed"])
    target_type: str = Field(examples=["user"])
    target_id: str = Field(examples=["7"])
    changes: dict[str, Any] = Field(
        examples=[{"role": ["student", "instructor"]}], description="Of each name what was and what is."
    )
    request_id: str | None = Field(examples=["5f0c1d0a9a7e4ac9b0d3c1f7e2a84b11"])
    ip_address: str | None = Field(examples=["203.0.113.7"])
