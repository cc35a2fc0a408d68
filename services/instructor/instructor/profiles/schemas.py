"""What clients send and get about instructor profiles."""

from typing import Literal

from chassis.pagination import PageParams
from chassis.schemas import Identifier, InputModel, Instant, OutputModel, WebLink
from pydantic import ConfigDict, Field, JsonValue

from instructor.profiles.service import Instructor

Tier = Literal["bronze", "silver", "gold", "platinum"]
Status = Literal["pending", "active", "suspended", "rejected"]

EXAMPLE: dict[str, JsonValue] = {
    "display_name": "Charles Babbage",
    "bio": "Builds engines.",
    "title": "Professor of Mathematics",
    "organization": "Cambridge",
    "years_experience": 11,
    "website": "https://babbage.example/",
}


class _Texts(InputModel):
    bio: str = Field("", max_length=10_000)
    title: str = Field("", max_length=200)
    organization: str = Field("", max_length=200)
    years_experience: int = Field(0, ge=0, le=80)
    website: WebLink = ""
    linkedin_profile: WebLink = ""
    twitter_handle: str = Field("", max_length=50, pattern=r"^@?[A-Za-z0-9_]{0,15}$")
    expertise_area_ids: list[Identifier] = Field(default_factory=list, max_length=20)


class Application(_Texts):
    """An application to teach; without `display_name` the account's own name is taken."""

    model_config = ConfigDict(json_schema_extra={"examples": [EXAMPLE]})

    display_name: str | None = Field(None, min_length=1, max_length=100)


class ProfileChange(InputModel):
    """What an instructor may change of their profile; what is not given stays."""

    model_config = ConfigDict(json_schema_extra={"examples": [{"bio": "Builds better engines."}]})

    display_name: str | None = Field(None, min_length=1, max_length=100)
    bio: str | None = Field(None, max_length=10_000)
    title: str | None = Field(None, max_length=200)
    organization: str | None = Field(None, max_length=200)
    years_experience: int | None = Field(None, ge=0, le=80)
    website: WebLink | None = None
    linkedin_profile: WebLink | None = None
    twitter_handle: str | None = Field(None, max_length=50, pattern=r"^@?[A-Za-z0-9_]{0,15}$")
    expertise_area_ids: list[Identifier] | None = Field(None, max_length=20)
    public_profile: bool | None = None
    email_notifications: bool | None = None
    marketing_emails: bool | None = None


class Reason(InputModel):
    model_config = ConfigDict(json_schema_extra={"examples": [{"reason": "Copied course material."}]})

    reason: str = Field(min_length=1, max_length=2000)


class TierChange(InputModel):
    model_config = ConfigDict(json_schema_extra={"examples": [{"tier": "gold"}]})

    tier: Tier


class InstructorParams(PageParams):
    tier: Tier | None = None
    is_verified: bool | None = None
    status: Status | None = Field(None, description="Admins only; others see active instructors.")


class PublicInstructor(OutputModel):
    """An instructor as anybody sees them; texts are empty where they keep their profile to themselves."""

    model_config = ConfigDict(
        json_schema_extra={"examples": [{"id": 2, "user_id": 3, **EXAMPLE, "tier": "bronze"}]}
    )

    id: int
    user_id: int
    display_name: str
    bio: str
    title: str
    organization: str
    years_experience: int
    website: str
    linkedin_profile: str
    twitter_handle: str
    profile_image: str | None
    cover_image: str | None
    expertise_area_ids: list[int]
    is_verified: bool
    tier: Tier
    created_date: Instant

    @classmethod
    def of(cls, instructor: Instructor) -> "PublicInstructor":
        return PublicInstructor(**instructor.seen_by_others())


class OwnInstructor(PublicInstructor):
    """An instructor as they themselves and admins see them."""

    status: Status
    public_profile: bool
    email_notifications: bool
    marketing_emails: bool
    approved_by_id: int | None
    approval_date: Instant | None
    suspension_reason: str
    updated_date: Instant

    @classmethod
    def of(cls, instructor: Instructor) -> "OwnInstructor":
        row = instructor.row
        fields = {name: getattr(row, name) for name in cls.model_fields if name != "expertise_area_ids"}
        return cls(**fields, expertise_area_ids=list(instructor.expertise_area_ids))


class InstructorForServices(OutputModel):
    profile_id: int
    user_id: int
    status: Status
    tier: Tier
