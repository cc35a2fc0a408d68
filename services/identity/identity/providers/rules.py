"""What a provider's configuration means, whether it was written here or carried over from the old site."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any, Literal
from urllib.parse import urlsplit

from pydantic import SecretStr

Kind = Literal["oidc", "github"]

OPENID_CONNECT = "openid_connect"
GITHUB = "github"
GOOGLE = "google"
DISCOVERY_PATH = "/.well-known/openid-configuration"

# The old site's library knows Google by name; its account numbers are the subjects of its ID tokens.
KNOWN_ISSUERS = {GOOGLE: "https://accounts.google.com"}

RESERVED_SLUGS = frozenset({"partial", "providers", "tokens"})
"""What stands in the place of a provider's name in paths of ours: /auth/social/partial/..."""

OIDC_SCOPES = ("openid", "email", "profile")
GITHUB_SCOPES = ("read:user", "user:email")
GITHUB_URLS = {
    "authorize_url": "https://github.com/login/oauth/authorize",
    "token_url": "https://github.com/login/oauth/access_token",
    "userinfo_url": "https://api.github.com/user",
    "emails_url": "https://api.github.com/user/emails",
}


@dataclass(frozen=True, slots=True)
class Provider:
    """A configured provider, ready to be asked.

    An "oidc" provider has an issuer, and its addresses are discovered; a "github" one (GitHub, or what has its shape)
    has the addresses themselves. The rest is empty.
    """

    app_id: int
    slug: str
    kind: Kind
    name: str
    client_id: str
    client_secret: SecretStr
    issuer: str = ""
    authorize_url: str = ""
    token_url: str = ""
    userinfo_url: str = ""
    emails_url: str = ""
    scopes: tuple[str, ...] = ()
    mobile_client_ids: tuple[str, ...] = ()
    """Client ids of our mobile apps at the provider: audiences of the ID tokens that may be exchanged, beside
    `client_id` itself."""

    def with_secret(self, secret: SecretStr) -> "Provider":
        return replace(self, client_secret=secret)


def slug_of(provider: str, provider_id: str) -> str:
    """The provider's name in our URLs, and in the rows of the accounts that are linked to it."""
    return provider_id or provider


def issuer_of(provider: str, settings: Mapping[str, Any]) -> str:
    """The issuer of an OpenID Connect provider; empty where none is told."""
    told = settings.get("issuer") or settings.get("server_url") or KNOWN_ISSUERS.get(provider, "")
    return str(told).removesuffix(DISCOVERY_PATH) if told else ""


def read_provider(
    app_id: int, provider: str, provider_id: str, name: str, client_id: str, settings: Mapping[str, Any]
) -> Provider | None:
    """The provider that a row configures, without its secret; None for a kind that we do not speak to.

    The old site has kinds that we have not; they stay in the table, and are offered to nobody.
    """
    slug = slug_of(provider, provider_id)
    common: dict[str, Any] = {
        "app_id": app_id,
        "slug": slug,
        "name": name or slug,
        "client_id": client_id,
        "client_secret": SecretStr(""),
        "mobile_client_ids": _texts(settings.get("mobile_client_ids")),
    }
    if provider == GITHUB:
        urls: dict[str, Any] = {member: settings.get(member) or url for member, url in GITHUB_URLS.items()}
        scopes = _texts(settings.get("scopes")) or GITHUB_SCOPES
        return Provider(kind="github", scopes=scopes, **urls, **common)
    issuer = issuer_of(provider, settings)
    if provider in (OPENID_CONNECT, *KNOWN_ISSUERS) and issuer:
        scopes = _texts(settings.get("scopes")) or OIDC_SCOPES
        return Provider(kind="oidc", issuer=issuer, scopes=scopes, **common)
    return None


def authority_of(provider: Provider) -> str:
    """Whose account numbers this provider's are."""
    if provider.kind == "oidc":
        return f"issuer {provider.issuer}"
    return f"accounts of {provider.userinfo_url}"


def secret_goes_to(provider: Provider) -> tuple[str, str]:
    """Where the client secret is sent, as far as it is configured: who changes that must know the secret."""
    return provider.issuer, provider.token_url


def configured(provider: str, settings: Mapping[str, Any]) -> dict[str, Any]:
    """What is configured of a provider, in the words of today; what has its usual value is not in it."""
    known: dict[str, Any] = {name: settings[name] for name in GITHUB_URLS if settings.get(name)}
    for name in ("scopes", "mobile_client_ids"):
        if found := _texts(settings.get(name)):
            known[name] = list(found)
    if provider != GITHUB and provider not in KNOWN_ISSUERS and (issuer := issuer_of(provider, settings)):
        known["issuer"] = issuer
    return known


def site_domains(site_domain: str | None, public_url: str) -> tuple[str, ...]:
    """The domains under which the site that we are may be in the table: the one told, or the public URL's host,
    with its port and without."""
    if site_domain:
        return (site_domain.lower(),)
    parts = urlsplit(public_url)
    return tuple(dict.fromkeys(name.lower() for name in (parts.netloc, parts.hostname) if name))


def callback_url(public_url: str, slug: str) -> str:
    """The redirect URI to register at a provider: ours as configured, and each provider's own."""
    return f"{public_url.rstrip('/')}/api/v1/auth/social/{slug}/callback"


def _texts(given: object) -> tuple[str, ...]:
    return tuple(str(one) for one in given) if isinstance(given, list | tuple) else ()
