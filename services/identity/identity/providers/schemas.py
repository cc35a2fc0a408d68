"""Providers and sites as the staff see and change them. A client secret goes in and never comes out."""

from typing import Annotated, Any, Literal, Self

from chassis.pagination import PageParams
from chassis.schemas import Identifier, InputModel, Instant, OutputModel
from pydantic import AfterValidator, ConfigDict, Field, SecretStr, StringConstraints, model_validator

from identity.providers.rules import GITHUB, GITHUB_URLS, GOOGLE, OPENID_CONNECT, RESERVED_SLUGS, slug_of

Kind = Literal["openid_connect", "google", "github"]


def _not_reserved(given: str) -> str:
    if given in RESERVED_SLUGS:
        raise ValueError("is a path of ours")
    return given


Slug = Annotated[
    str,
    StringConstraints(pattern=r"^[a-z0-9](?:[a-z0-9-]{0,48}[a-z0-9])?$"),
    AfterValidator(_not_reserved),
    Field(examples=["campus"]),
]
Name = Annotated[str, Field(min_length=1, max_length=100, examples=["Campus login"])]
ClientId = Annotated[str, Field(min_length=1, max_length=500, pattern=r"^[\x20-\x7e]+$", examples=["lyceum"])]
Secret = Annotated[
    SecretStr,
    Field(max_length=4000, examples=["kEpT-bY-tHe-pRoViDeR"], json_schema_extra={"writeOnly": True}),
]
Url = Annotated[str, Field(min_length=8, max_length=500, pattern=r"^https?://[^\s\x00-\x20]+$")]
Scope = Annotated[str, Field(min_length=1, max_length=100, pattern=r"^[\x21\x23-\x5b\x5d-\x7e]+$")]
Scopes = Annotated[list[Scope], Field(min_length=1, max_length=30, examples=[["openid", "email", "profile"]])]
SiteIds = Annotated[list[Identifier], Field(max_length=100, examples=[[1]])]
Domain = Annotated[
    str,
    StringConstraints(
        max_length=100,
        to_lower=True,
        pattern=r"^[A-Za-z0-9](?:[A-Za-z0-9-]*[A-Za-z0-9])?(?:\.[A-Za-z0-9](?:[A-Za-z0-9-]*[A-Za-z0-9])?)*(?::[0-9]{1,5})?$",
    ),
    Field(examples=["learn.example.org"]),
]
SiteName = Annotated[str, Field(max_length=100, examples=["Learn"])]


# --- social apps --------------------------------------------------------------------------------------------


class ProviderSettings(InputModel):
    """What there is to say of a provider beside its client. What is left out has its usual value."""

    issuer: Url | None = Field(
        None,
        description="Of an OpenID Connect provider, as it writes it itself: its metadata is at `<issuer>/.well-known/"
        "openid-configuration`.",
        examples=["https://login.campus.example"],
    )
    scopes: Scopes | None = Field(None, description="What is asked for.")
    mobile_client_ids: list[ClientId] | None = Field(
        None,
        max_length=20,
        description="Client ids of the mobile apps, whose ID tokens may be exchanged for a login here.",
        examples=[["org.example.learn.ios"]],
    )
    authorize_url: Url | None = Field(None, description="Of what has GitHub's shape.")
    token_url: Url | None = None
    userinfo_url: Url | None = None
    emails_url: Url | None = None

    def told(self) -> dict[str, Any]:
        return self.model_dump(exclude_none=True)


def _check_settings(provider: str, settings: ProviderSettings) -> None:
    """Raise ValueError for settings that do not belong to the kind of provider."""
    given = settings.told()
    wrong: set[str] = set()
    if provider == GITHUB:
        wrong = {"issuer", "mobile_client_ids"} & set(given)
    else:
        wrong = set(GITHUB_URLS) & set(given)
        if provider == GOOGLE:
            wrong |= {"issuer"} & set(given)
        elif "issuer" not in given:
            raise ValueError("an OpenID Connect provider needs settings.issuer")
        if "openid" not in given.get("scopes", ["openid"]):
            raise ValueError("the scopes of an OpenID Connect provider include openid")
    if wrong:
        raise ValueError(f"{', '.join(sorted(wrong))} does not belong to a provider of kind {provider}")


_CAMPUS: dict[str, Any] = {
    "provider": "openid_connect",
    "provider_id": "campus",
    "name": "Campus login",
    "client_id": "lyceum",
    "secret": "kEpT-bY-tHe-pRoViDeR",
    "settings": {"issuer": "https://login.campus.example"},
}


class SocialAppIn(InputModel):
    """A provider to configure. Its `provider` and `provider_id` stay what they are from then on: the accounts linked to
    it are known by them."""

    model_config = ConfigDict(json_schema_extra={"examples": [_CAMPUS]})

    provider: Kind = Field(examples=["openid_connect"])
    provider_id: Slug | Literal[""] = Field(
        "",
        description="Its name in URLs; `google` and `github` have their own when none is given.",
        examples=["campus"],
    )
    name: Name
    client_id: ClientId
    secret: Secret = Field(
        default=SecretStr(""), description="The client's secret; empty for a client that has none."
    )
    settings: ProviderSettings = Field(
        default=ProviderSettings(), examples=[{"issuer": "https://login.campus.example"}]
    )
    is_enabled: bool = Field(True, examples=[True])
    site_ids: SiteIds = Field(default=[], description="The sites it is offered on; none means all.")

    @model_validator(mode="after")
    def _fits_together(self) -> Self:
        if self.provider == OPENID_CONNECT and not self.provider_id:
            raise ValueError("an OpenID Connect provider needs a provider_id")
        _check_settings(self.provider, self.settings)
        return self


class SocialAppPatch(InputModel):
    """What is to change; what is left out stays. `settings` and `site_ids` replace what there was."""

    name: Name = "-"
    client_id: ClientId = "-"
    secret: Secret = Field(
        default=SecretStr(""),
        description="A new secret, or '' to have none. Needed when the addresses that it is sent to change.",
    )
    settings: ProviderSettings = Field(
        default=ProviderSettings(), examples=[{"issuer": "https://login.campus.example"}]
    )
    is_enabled: bool = Field(True, examples=[False])
    site_ids: SiteIds = Field(default=[])

    def check_for(self, provider: str) -> None:
        """Raise ValueError where the settings do not belong to the kind of provider that this changes."""
        if "settings" in self.model_fields_set:
            _check_settings(provider, self.settings)


class SettingsOut(OutputModel):
    """What is configured, and no more: what has its usual value is null."""

    issuer: str | None = Field(examples=["https://login.campus.example"])
    scopes: list[str] | None = Field(examples=[["openid", "email"]])
    mobile_client_ids: list[str] | None = Field(examples=[None])
    authorize_url: str | None = Field(examples=[None])
    token_url: str | None = Field(examples=[None])
    userinfo_url: str | None = Field(examples=[None])
    emails_url: str | None = Field(examples=[None])


class SocialAppOut(OutputModel):
    """A configured provider. `has_secret` says that there is a secret, which is told to nobody."""

    id: int = Field(examples=[3])
    provider: str = Field(examples=["openid_connect"])
    provider_id: str = Field(examples=["campus"])
    slug: str = Field(description="Its name in URLs.", examples=["campus"])
    name: str = Field(examples=["Campus login"])
    client_id: str = Field(examples=["lyceum"])
    has_secret: bool = Field(examples=[True])
    settings: SettingsOut
    is_enabled: bool = Field(examples=[True])
    is_supported: bool = Field(
        description="False for a kind of provider that came from the old site and is not spoken to any more.",
        examples=[True],
    )
    site_ids: list[int] = Field(examples=[[1]])
    callback_url: str = Field(
        description="The redirect URI to register at the provider.",
        examples=["https://learn.example.org/api/v1/auth/social/campus/callback"],
    )
    created_at: Instant
    updated_at: Instant


class SocialAppParams(PageParams):
    is_enabled: bool | None = None


class Finding(OutputModel):
    """One thing that was looked at."""

    what: str = Field(examples=["metadata"])
    verdict: Literal["ok", "warning", "problem"] = Field(examples=["ok"])
    detail: str = Field(examples=["https://login.campus.example/.well-known/openid-configuration answers."])


class CheckOut(OutputModel):
    """What came of asking the provider. `ok` is true where nobody is kept from logging in."""

    ok: bool = Field(examples=[True])
    findings: list[Finding]


# --- sites --------------------------------------------------------------------------------------------------


class SiteOut(OutputModel):
    """A site that this platform answers for."""

    id: int = Field(examples=[1])
    domain: str = Field(examples=["learn.example.org"])
    name: str = Field(examples=["Learn"])


class SiteIn(InputModel):
    domain: Domain
    name: SiteName = ""


class SitePatch(InputModel):
    """What is to change; what is left out stays."""

    domain: Domain = "-"
    name: SiteName = ""


def slug_given(given: SocialAppIn) -> str:
    """The name in URLs that a new provider will have."""
    return slug_of(given.provider, given.provider_id)
