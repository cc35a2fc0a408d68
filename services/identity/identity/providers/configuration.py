"""Configure the providers: by rights read afresh, on the audit record, and so that no secret leaves and no name changes
hands."""

from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from chassis.auth import Principal
from chassis.db import now
from chassis.errors import NotFound
from chassis.pagination import PageParams, page
from sqlalchemy.exc import IntegrityError
from sqlalchemy.ext.asyncio import AsyncSession

from identity.administration.service import begin_act
from identity.audit import service as audit
from identity.outbound import Outbound, Refused
from identity.providers import queries, service
from identity.providers.errors import (
    SecretNeeded,
    SettingsRefused,
    SiteUnknown,
    SlugStandsForAnother,
    SlugTaken,
)
from identity.providers.models import SocialApp
from identity.providers.rules import (
    DISCOVERY_PATH,
    Provider,
    authority_of,
    configured,
    read_provider,
    secret_goes_to,
    slug_of,
)
from identity.providers.service import App
from identity.vault import Vault

CHANGE = "identity.change_social_app"


@dataclass(frozen=True, slots=True)
class Configured:
    """A provider as it is on record, with the ids of the sites it is offered on."""

    row: App
    site_ids: tuple[int, ...]


@dataclass(frozen=True, slots=True)
class Means:
    """What configuring stands on: the vault for the secret, and the way out, which says what is asked from here."""

    vault: Vault
    outbound: Outbound


async def list_apps(
    session: AsyncSession, params: PageParams, *, is_enabled: bool | None = None
) -> tuple[list[Configured], str | None]:
    """A page of the configured providers, newest first, and the cursor of the next."""
    statement = queries.apps()
    if is_enabled is not None:
        statement = statement.where(SocialApp.is_enabled.is_(is_enabled))
    rows, next_cursor = await page(session, statement, params, key=[(SocialApp.id, "desc")])
    return await _with_sites(session, rows), next_cursor


async def find_app(session: AsyncSession, app_id: int) -> Configured:
    """The configured provider; NotFound when there is none."""
    return await _found(session, await queries.app(session, app_id))


async def create_app(
    session: AsyncSession,
    means: Means,
    staff: Principal,
    columns: Mapping[str, Any],
    *,
    secret: str,
    site_ids: Collection[int],
) -> Configured:
    """Configure a provider. Raises SlugTaken, SlugStandsForAnother, SettingsRefused, SiteUnknown."""
    await begin_act(session, staff, CHANGE)
    row = SocialApp(**columns)
    slug = slug_of(row.provider, row.provider_id)
    if await queries.is_slug_taken(session, slug):
        raise SlugTaken(f"Another provider is called {slug}.")
    await _claim(session, slug, _understood(means.outbound, row))
    session.add(row)
    try:
        await session.flush()
    except IntegrityError as error:
        raise SlugTaken(f"Another provider is called {slug}.") from error
    service.seal_secret(means.vault, row, secret)
    await _offer_on(session, row, site_ids)
    await session.flush()
    made = await _found(session, row)
    await _record(session, staff, "social_app.created", row, {}, _state(made, secret_changed=bool(secret)))
    return made


async def change_app(
    session: AsyncSession,
    means: Means,
    staff: Principal,
    app_id: int,
    changes: Mapping[str, Any],
    *,
    secret: str | None,
    site_ids: Collection[int] | None,
    unchanged: Callable[[Configured], None],
) -> Configured:
    """Change a provider's configuration; None leaves as it is. `unchanged` raises if the editor's copy is stale.

    Raises what `create_app` does, and SecretNeeded.
    """
    await begin_act(session, staff, CHANGE)
    found = await _found(session, await queries.app(session, app_id, lock=True))
    unchanged(found)
    row, before, old = found.row, _state(found), service.described(found.row)
    slug = slug_of(row.provider, row.provider_id)
    if old is not None:
        # For what came from the old site, which claims nothing.
        await _claim(session, slug, old)
    for name, value in changes.items():
        setattr(row, name, value)
    new = _understood(means.outbound, row)
    await _claim(session, slug, new)
    if row.secret and secret is None and (old is None or secret_goes_to(old) != secret_goes_to(new)):
        raise SecretNeeded
    if secret is not None:
        service.seal_secret(means.vault, row, secret)
    if site_ids is not None:
        await _offer_on(session, row, site_ids)
    changed = await _found(session, row)
    after = _state(changed, secret_changed=secret is not None)
    if before != after:
        row.updated_at = now()
        await session.flush()
        await _record(session, staff, "social_app.changed", row, before, after)
    return changed


async def delete_app(
    session: AsyncSession, staff: Principal, app_id: int, unchanged: Callable[[Configured], None]
) -> None:
    """Delete a provider's configuration. The accounts linked to it stay, and log in again once there is one of this
    name, which will be of the same provider."""
    await begin_act(session, staff, CHANGE)
    found = await _found(session, await queries.app(session, app_id, lock=True))
    unchanged(found)
    provider = service.described(found.row)
    if provider is not None:
        await _claim(session, provider.slug, provider)
    await session.delete(found.row)
    await session.flush()
    await _record(session, staff, "social_app.deleted", found.row, _state(found), {})


def _understood(outbound: Outbound, row: App) -> Provider:
    """The provider that a row configures. Raises SettingsRefused where none is, or it could not be asked."""
    provider = read_provider(
        row.id or 0, row.provider, row.provider_id, row.name, row.client_id, row.settings
    )
    if provider is None:
        raise SettingsRefused("This kind of provider is not spoken to.")
    asked = {
        "issuer": provider.issuer.removesuffix("/") + DISCOVERY_PATH if provider.issuer else "",
        "authorize_url": provider.authorize_url,
        "token_url": provider.token_url,
        "userinfo_url": provider.userinfo_url,
        "emails_url": provider.emails_url,
    }
    for name, url in asked.items():
        try:
            if url:
                outbound.refuse_unless_allowed(url)
        except Refused as error:
            raise SettingsRefused(f"settings.{name}: {error}") from error
    return provider


async def _claim(session: AsyncSession, slug: str, provider: Provider) -> None:
    authority = authority_of(provider)
    if await queries.claim_slug(session, slug, authority) != authority:
        raise SlugStandsForAnother(
            f"Accounts are linked under the name {slug} that belong to another provider: choose another name."
        )


async def _offer_on(session: AsyncSession, row: App, site_ids: Collection[int]) -> None:
    missing = set(site_ids) - await queries.known_sites(session, site_ids)
    if missing:
        raise SiteUnknown(f"There is no site {min(missing)}.")
    await queries.set_sites(session, row.id, set(site_ids))


async def _found(session: AsyncSession, row: App | None) -> Configured:
    if row is None:
        raise NotFound("There is no such social app.")
    return (await _with_sites(session, [row]))[0]


async def _with_sites(session: AsyncSession, rows: Sequence[App]) -> list[Configured]:
    sites = await service.sites_of(session, rows)
    return [Configured(row, tuple(sites[row.id])) for row in rows]


def _state(found: Configured, *, secret_changed: bool = False) -> dict[str, Any]:
    """What is written into the audit log: of the secret, that it changed."""
    row = found.row
    return {
        "provider": row.provider,
        "provider_id": row.provider_id,
        "name": row.name,
        "client_id": row.client_id,
        "is_enabled": row.is_enabled,
        "site_ids": list(found.site_ids),
        **configured(row.provider, row.settings),
        **({"client_secret": "changed"} if secret_changed else {}),
    }


async def _record(
    session: AsyncSession,
    staff: Principal,
    action: str,
    row: App,
    before: Mapping[str, Any],
    after: Mapping[str, Any],
) -> None:
    await audit.record(session, staff, action, "social_app", row.id, audit.differences(before, after))
