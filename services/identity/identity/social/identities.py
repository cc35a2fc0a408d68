"""Who somebody is at a provider, once that is proved: the same whatever way it was proved by."""

from collections.abc import Mapping
from dataclasses import asdict, dataclass, replace
from datetime import UTC, datetime
from typing import Any

from pydantic import TypeAdapter, ValidationError

from identity.email_addresses.schemas import Email
from identity.providers.rules import Provider
from identity.social.errors import ProviderAnswerRefused

NAME_AT_MOST = 150
UID_AT_MOST = 255
SHOWN_AT_MOST = 254

_EMAIL: TypeAdapter[str] = TypeAdapter(Email)


@dataclass(frozen=True, slots=True)
class ProvenIdentity:
    """An account at a provider whose owner stands before us.

    `issuer` is who vouches for it. `email` is there only if the provider says that it was verified.
    """

    app_id: int
    provider: str
    provider_name: str
    issuer: str
    uid: str
    email: str | None
    usernames: tuple[str, ...] = ()
    first_name: str = ""
    last_name: str = ""
    shown_as: str = ""
    """What its owner knows it by: a name or an address at the provider."""
    access_token: str = ""
    refresh_token: str = ""
    expires_at: datetime | None = None
    """When the access token ends."""

    def with_tokens(self, answer: Mapping[str, Any]) -> "ProvenIdentity":
        """The same with what the token endpoint answered, to be kept for its owner."""
        ends = answer.get("expires_at")
        return replace(
            self,
            access_token=text(answer.get("access_token"), 8192),
            refresh_token=text(answer.get("refresh_token"), 8192),
            expires_at=datetime.fromtimestamp(ends, tz=UTC)
            if isinstance(ends, int) and 0 < ends < 1 << 33
            else None,
        )

    def packed(self) -> dict[str, Any]:
        """The same as JSON."""
        ends = self.expires_at
        return {**asdict(self), "expires_at": ends.isoformat() if ends else None}

    @classmethod
    def unpacked(cls, given: Mapping[str, Any]) -> "ProvenIdentity":
        ends = given["expires_at"]
        return cls(
            **{
                **given,
                "usernames": tuple(given["usernames"]),
                "expires_at": datetime.fromisoformat(ends) if ends else None,
            }
        )


def from_claims(provider: Provider, claims: Mapping[str, Any]) -> ProvenIdentity:
    """The identity of an id_token's or a userinfo's claims, verified by now. Raises ProviderAnswerRefused."""
    name = text(claims.get("name"), 2 * NAME_AT_MOST)
    first, last = _names(claims.get("given_name"), claims.get("family_name"), name)
    login = text(claims.get("preferred_username"), NAME_AT_MOST)
    # The string "true" is how some providers write it; anything else is no.
    verified = claims.get("email_verified") is True or claims.get("email_verified") == "true"
    email = _email(claims.get("email"))
    return ProvenIdentity(
        app_id=provider.app_id,
        provider=provider.slug,
        provider_name=provider.name,
        issuer=provider.issuer,
        uid=_uid(claims.get("sub")),
        email=email if verified else None,
        usernames=tuple(w for w in (login, text(claims.get("nickname"), NAME_AT_MOST), name) if w),
        first_name=first,
        last_name=last,
        shown_as=(email or login or name)[:SHOWN_AT_MOST],
    )


def from_github(provider: Provider, user: Any, emails: Any) -> ProvenIdentity:
    """The identity of GitHub's `/user` and `/user/emails`. Raises ProviderAnswerRefused.

    The address in `/user` is what somebody chose to show, verified or not: only the list tells.
    """
    if not isinstance(user, dict) or not isinstance(user.get("id"), int) or isinstance(user["id"], bool):
        raise ProviderAnswerRefused
    name = text(user.get("name"), 2 * NAME_AT_MOST)
    first, last = _names(None, None, name)
    login = text(user.get("login"), NAME_AT_MOST)
    return ProvenIdentity(
        app_id=provider.app_id,
        provider=provider.slug,
        provider_name=provider.name,
        issuer=provider.userinfo_url,
        uid=str(user["id"]),
        email=_primary(emails),
        usernames=tuple(wish for wish in (login, name) if wish),
        first_name=first,
        last_name=last,
        shown_as=(login or name)[:SHOWN_AT_MOST],
    )


def text(given: Any, at_most: int) -> str:
    """What a provider wrote, as text that can be kept; '' for what is none, or is longer."""
    if not isinstance(given, str) or len(given) > at_most:
        return ""
    # U+0000 and halves of surrogate pairs are in JSON, and not in PostgreSQL.
    return given.replace("\x00", "").encode("utf-8", "ignore").decode().strip()


def _primary(emails: Any) -> str | None:
    verified = (
        [entry for entry in emails if isinstance(entry, dict) and entry.get("verified") is True]
        if isinstance(emails, list)
        else []
    )
    verified.sort(key=lambda entry: entry.get("primary") is not True)
    return _email(verified[0].get("email")) if verified else None


def _email(given: Any) -> str | None:
    try:
        return _EMAIL.validate_python(given, strict=True)
    except ValidationError:
        return None


def _uid(given: Any) -> str:
    """A `sub`: case-sensitive, at most 255 ASCII characters (OpenID Connect Core 2)."""
    if (
        not isinstance(given, str)
        or not 1 <= len(given) <= UID_AT_MOST
        or not (given.isascii() and given.isprintable())
    ):
        raise ProviderAnswerRefused
    return given


def _names(given: Any, family: Any, whole: str) -> tuple[str, str]:
    first, last = text(given, NAME_AT_MOST), text(family, NAME_AT_MOST)
    if first or last:
        return first, last
    first, _, last = whole.partition(" ")
    return first[:NAME_AT_MOST], last.strip()[:NAME_AT_MOST]
