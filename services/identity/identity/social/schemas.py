"""What social logins take and answer."""

from typing import Annotated, Literal

from chassis.schemas import InputModel, Instant, OutputModel
from pydantic import Field, model_validator

from identity.email_addresses.schemas import Email
from identity.passwords.schemas import GivenPassword
from identity.social.rules import CHALLENGE, SECRET, SLUG, VERIFIER

Slug = Annotated[str, Field(pattern=SLUG, examples=["google"])]
Next = Annotated[
    str,
    Field(
        min_length=1,
        max_length=2000,
        description="A path here, or an address of one of the platform's sites. The browser comes back there with "
        "`#social_code=…`, which `POST /auth/social/{provider}/token` exchanges, or `#social_error=…`.",
        examples=["/courses"],
    ),
]
Challenge = Annotated[
    str,
    Field(
        pattern=CHALLENGE,
        description="The S256 challenge of a `code_verifier` (RFC 7636) that the page keeps and gives with the code. "
        "Needed for pages of other origins than the platform's own.",
        examples=["E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM"],
    ),
]


class ProviderOut(OutputModel):
    """A provider to log in with."""

    slug: str = Field(examples=["google"])
    name: str = Field(examples=["Google"])
    kind: Literal["oidc", "github"] = Field(examples=["oidc"])


class TokenExchange(InputModel):
    """One of the three: the code of a page, or what a mobile client got from the provider."""

    code: Annotated[str, Field(pattern=SECRET)] | None = Field(
        None,
        description="What came behind `#social_code=`.",
        examples=["q0jwJW0w9zYwV4qKk8VDr0B8RrS9mJd2e2s5sYpS0fE"],
    )
    code_verifier: Annotated[str, Field(pattern=VERIFIER)] | None = Field(
        None, description="With `code`, where the login began with a `code_challenge`.", examples=[None]
    )
    id_token: Annotated[str, Field(min_length=1, max_length=16_384)] | None = Field(None, examples=[None])
    nonce: Annotated[str, Field(min_length=1, max_length=500)] | None = Field(
        None, description="With `id_token`: what the client asked the provider with.", examples=[None]
    )
    access_token: Annotated[str, Field(min_length=1, max_length=8192)] | None = Field(None, examples=[None])

    @model_validator(mode="after")
    def _one(self) -> "TokenExchange":
        if sum(given is not None for given in (self.code, self.id_token, self.access_token)) != 1:
            raise ValueError("give one of code, id_token and access_token")
        if self.code_verifier is not None and self.code is None:
            raise ValueError("a code_verifier goes with a code")
        if self.nonce is not None and self.id_token is None:
            raise ValueError("a nonce goes with an id_token")
        return self


class PartialStep(InputModel):
    """The next step of a paused login: the address to mail a code to, or the code that came."""

    email: Email | None = None
    code: Annotated[str, Field(min_length=1, max_length=100)] | None = Field(
        None, examples=["k3xq-a7mz-rp2d-hq4f-5tbn-w6yc-jvua"]
    )

    @model_validator(mode="after")
    def _one(self) -> "PartialStep":
        if (self.email is None) == (self.code is None):
            raise ValueError("give either email or code")
        return self


class CodeMailedOut(OutputModel):
    """A code is on its way. The same is said whether the address has an account."""

    email: str = Field(examples=["ada@example.com"])
    expires_in: int = Field(description="Seconds until the code expires.", examples=[1800])


class LinkWish(InputModel):
    """The password is asked for unless one has logged in just now: a link is a key to the account."""

    next: Next | None = None
    password: GivenPassword | None = None


class AuthorizeUrl(OutputModel):
    """Where to send the browser, this one and no other."""

    authorize_url: str = Field(examples=["https://accounts.google.com/o/oauth2/v2/auth?client_id=…"])


class SocialAccountOut(OutputModel):
    """An account at a provider that is linked to mine."""

    id: int = Field(examples=[12])
    provider: str = Field(examples=["google"])
    uid: str = Field(description="Its id at the provider.", examples=["110169484474386276334"])
    shown_as: str = Field(description="What it is known by there.", examples=["ada@example.com"])
    date_joined: Instant = Field(description="When it was linked.")
    last_login: Instant
