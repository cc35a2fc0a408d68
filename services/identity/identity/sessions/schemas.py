"""What sessions take and answer."""

from typing import Annotated, Literal

from chassis.schemas import InputModel, Instant, OutputModel
from pydantic import Field

Refresh = Annotated[
    str, Field(min_length=1, max_length=500, examples=["MTIzNDU2Nzg5MDEyMzQ1Njc4OTAxMjM0NTY3ODkwMTI"])
]


class RefreshGiven(InputModel):
    refresh: Refresh


class TokenPairOut(OutputModel):
    """An access token for every request, and a refresh token for the next pair."""

    access: str = Field(examples=["eyJhbGciOiJFUzI1NiIsImtpZCI6Ik56YkwifQ.eyJzdWIiOiI3In0.c2ln"])
    refresh: Refresh
    token_type: Literal["Bearer"] = "Bearer"  # noqa: S105 - a kind of token, no token
    expires_in: int = Field(description="Seconds until the access token expires.", examples=[600])


class SessionsEnded(OutputModel):
    sessions_ended: int = Field(examples=[1])


class SessionOut(OutputModel):
    """A place where one is logged in. `current` marks the one that asks."""

    id: int = Field(examples=[311])
    ip_address: str = Field(examples=["203.0.113.7"])
    user_agent: str = Field(examples=["Mozilla/5.0 (X11; Linux x86_64)"])
    device_type: str = Field(examples=["desktop"])
    location: str = Field(examples=["London, GB"])
    login_method: str | None = Field(examples=["password"])
    created_at: Instant
    last_activity: Instant
    expires_at: Instant
    current: bool
