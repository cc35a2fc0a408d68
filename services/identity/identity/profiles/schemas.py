"""The person behind an account, as its owner sees and edits it."""

from datetime import UTC, date, datetime
from typing import Annotated

from chassis.schemas import InputModel, Instant, OutputModel
from pydantic import AfterValidator, Field, HttpUrl, TypeAdapter

from identity.profiles.rules import url_of

_URL = TypeAdapter(HttpUrl)
OLDEST_BIRTHDAY = date(1900, 1, 1)


def _web_address(given: str) -> str:
    if given:
        _URL.validate_python(given)
    return given


def _birthday(given: date) -> date:
    if not OLDEST_BIRTHDAY <= given <= datetime.now(UTC).date():
        raise ValueError("must lie between 1900 and today")
    return given


Short = Annotated[str, Field(max_length=255)]
Long = Annotated[str, Field(max_length=5000)]
WebAddress = Annotated[str, Field(max_length=500), AfterValidator(_web_address)]
"""An http(s) URL, or '' for none: it is shown to others as a link."""


def _as_url(stored: str | None) -> str | None:
    return url_of(stored) if stored and not stored.startswith("/") else stored or None


class ProfileOut(OutputModel):
    """The whole profile; only its owner sees it."""

    profile_picture: Annotated[str | None, AfterValidator(_as_url)] = Field(
        description="Where it is found, relative to the gateway.", examples=[None]
    )
    bio: str = Field(examples=["Writes programs for engines that are not built yet."])
    date_of_birth: date | None = Field(examples=["1815-12-10"])
    phone_number: str = Field(examples=["+44 20 7946 0000"])
    address: str
    city: str = Field(examples=["London"])
    state: str
    country: str = Field(examples=["United Kingdom"])
    postal_code: str
    website: str = Field(examples=["https://ada.example"])
    linkedin: str
    twitter: str
    github: str
    expertise: str = Field(examples=["Analysis"])
    teaching_experience: int = Field(description="Years.", examples=[3])
    educational_background: str
    interests: str
    receive_email_notifications: bool
    receive_marketing_emails: bool
    created_at: Instant
    updated_at: Instant


class ProfilePatch(InputModel):
    """What is to change; what is left out stays."""

    bio: Long = Field("", examples=["Writes programs for engines that are not built yet."])
    date_of_birth: Annotated[date, AfterValidator(_birthday)] | None = None
    phone_number: Annotated[str, Field(pattern=r"^(\+?[0-9 ()./-]{3,40})?$")] = ""
    address: Annotated[str, Field(max_length=1000)] = ""
    city: Short = ""
    state: Short = ""
    country: Short = ""
    postal_code: Annotated[str, Field(max_length=32)] = ""
    website: WebAddress = ""
    linkedin: WebAddress = ""
    twitter: WebAddress = ""
    github: WebAddress = ""
    expertise: Short = ""
    teaching_experience: Annotated[int, Field(ge=0, le=80)] = 0
    educational_background: Long = ""
    interests: Long = ""
    receive_email_notifications: bool = True
    receive_marketing_emails: bool = False
