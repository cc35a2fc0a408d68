"""Attempts as their account's owner sees them."""

from chassis.schemas import Instant, OutputModel
from pydantic import Field


class AttemptOut(OutputModel):
    """One attempt to log in to my account. The old site's say no more than whether they succeeded."""

    id: int = Field(examples=[4711])
    timestamp: Instant
    ip_address: str = Field(examples=["203.0.113.7"])
    user_agent: str = Field(examples=["Mozilla/5.0 (X11; Linux x86_64)"])
    successful: bool
    outcome: str = Field(
        description="logged_in, second_factor_required, unverified, wrong_password, wrong_second_factor, "
        "suspected_passkey, locked, deactivated or throttled; empty for one on the old site.",
        examples=["wrong_password"],
    )
    login_method: str | None = Field(examples=["password"])
