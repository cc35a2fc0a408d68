"""The providers of social login, and the sites they are offered on, for the staff."""

from typing import Annotated

from chassis.auth import Principal
from chassis.pagination import Page, PageParams
from chassis.schemas import Identifier
from chassis.web import IfMatch, Router, Session, Staff, require_match
from fastapi import Path, Query, Response

from identity.dependencies import Config, Transactions
from identity.providers import check as checking
from identity.providers import configuration, service, sites
from identity.providers.configuration import Configured, Means
from identity.providers.dependencies import Discovery, WayOut
from identity.providers.errors import ProviderNotSpoken, ProviderUnavailable, SettingsRefused
from identity.providers.rules import callback_url, configured, slug_of
from identity.providers.schemas import (
    CheckOut,
    Finding,
    SettingsOut,
    SiteIn,
    SiteOut,
    SitePatch,
    SocialAppIn,
    SocialAppOut,
    SocialAppParams,
    SocialAppPatch,
)
from identity.representations import tag_of
from identity.settings import Settings
from identity.tokens.dependencies import Tokens

router = Router(prefix="/api/v1/social-apps", tags=["administration"])
sites_router = Router(prefix="/api/v1/sites", tags=["administration"])

Changer = Annotated[Principal, Staff(configuration.CHANGE)]
SiteChanger = Annotated[Principal, Staff(sites.CHANGE)]
AppId = Annotated[Identifier, Path()]
SiteId = Annotated[Identifier, Path()]


# --- social apps --------------------------------------------------------------------------------------------


@router.get("", response_model=Page[SocialAppOut])
async def list_social_apps(
    session: Session, _staff: Changer, settings: Config, params: Annotated[SocialAppParams, Query()]
) -> Page[SocialAppOut]:
    """Every configured provider, newest first."""
    found, next_cursor = await configuration.list_apps(session, params, is_enabled=params.is_enabled)
    return Page(items=[_told(one, settings) for one in found], next_cursor=next_cursor)


@router.post("", status_code=201)
async def create_social_app(
    given: SocialAppIn,
    session: Session,
    staff: Changer,
    settings: Config,
    issuer: Tokens,
    way_out: WayOut,
    response: Response,
) -> SocialAppOut:
    """Configure a provider. It is not asked yet: `check` does."""
    made = await configuration.create_app(
        session,
        Means(issuer.vault, way_out),
        staff,
        {
            **given.model_dump(include={"provider", "provider_id", "name", "client_id", "is_enabled"}),
            "settings": given.settings.told(),
        },
        secret=given.secret.get_secret_value(),
        site_ids=given.site_ids,
    )
    return _answer(made, settings, response)


@router.get("/{app_id}")
async def read_social_app(
    session: Session, _staff: Changer, settings: Config, app_id: AppId, response: Response
) -> SocialAppOut:
    """One configured provider."""
    return _answer(await configuration.find_app(session, app_id), settings, response)


@router.patch("/{app_id}")
async def change_social_app(
    changes: SocialAppPatch,
    session: Session,
    staff: Changer,
    settings: Config,
    issuer: Tokens,
    way_out: WayOut,
    app_id: AppId,
    response: Response,
    if_match: IfMatch = None,
) -> SocialAppOut:
    """Change a provider's configuration. Its name in URLs, and whose accounts it stands for, stay."""
    given = changes.model_fields_set
    columns = changes.model_dump(include=given & {"name", "client_id", "is_enabled"})
    if "settings" in given:
        columns["settings"] = changes.settings.told()

    def unchanged(found: Configured) -> None:
        require_match(if_match, tag_of(_told(found, settings)))
        try:
            changes.check_for(found.row.provider)
        except ValueError as error:
            raise SettingsRefused(str(error)) from error

    changed = await configuration.change_app(
        session,
        Means(issuer.vault, way_out),
        staff,
        app_id,
        columns,
        secret=changes.secret.get_secret_value() if "secret" in given else None,
        site_ids=changes.site_ids if "site_ids" in given else None,
        unchanged=unchanged,
    )
    return _answer(changed, settings, response)


@router.delete("/{app_id}", status_code=204)
async def delete_social_app(
    session: Session, staff: Changer, settings: Config, app_id: AppId, if_match: IfMatch = None
) -> None:
    """Take a provider away. The accounts linked to it stay, for the day it comes back under its name."""
    await configuration.delete_app(
        session, staff, app_id, lambda found: require_match(if_match, tag_of(_told(found, settings)))
    )


@router.post("/{app_id}/check")
async def check_social_app(
    database: Transactions,
    _staff: Changer,
    settings: Config,
    issuer: Tokens,
    discovery: Discovery,
    app_id: AppId,
) -> CheckOut:
    """Ask the provider now, and tell what would keep people from logging in: its metadata, its keys, and whether it
    knows the client and its secret. Changes nothing here or there."""
    async with database.transaction() as session:
        found = await configuration.find_app(session, app_id)
        provider = service.described(found.row)
    if provider is None:
        raise ProviderNotSpoken("Delete it, or ask for what is needed.")
    try:
        provider = provider.with_secret(service.open_secret(issuer.vault, found.row))
    except ProviderUnavailable as error:
        return CheckOut(ok=False, findings=[Finding(what="secret", verdict="problem", detail=error.reason)])
    findings = await checking.check(discovery, provider, callback_url(settings.public_url, provider.slug))
    return CheckOut(
        ok=all(one.verdict != "problem" for one in findings),
        findings=[Finding.model_validate(one) for one in findings],
    )


# --- sites --------------------------------------------------------------------------------------------------


@sites_router.get("", response_model=Page[SiteOut])
async def list_sites(
    session: Session, _staff: SiteChanger, params: Annotated[PageParams, Query()]
) -> Page[SiteOut]:
    """Every site, by domain."""
    rows, next_cursor = await sites.list_sites(session, params)
    return Page(items=[SiteOut.model_validate(row) for row in rows], next_cursor=next_cursor)


@sites_router.post("", status_code=201)
async def create_site(given: SiteIn, session: Session, staff: SiteChanger, response: Response) -> SiteOut:
    """Make a site."""
    return _site(await sites.create_site(session, staff, given.domain, given.name), response)


@sites_router.get("/{site_id}")
async def read_site(session: Session, _staff: SiteChanger, site_id: SiteId, response: Response) -> SiteOut:
    """One site."""
    return _site(await sites.find_site(session, site_id), response)


@sites_router.patch("/{site_id}")
async def change_site(
    changes: SitePatch,
    session: Session,
    staff: SiteChanger,
    site_id: SiteId,
    response: Response,
    if_match: IfMatch = None,
) -> SiteOut:
    """Change a site's domain or name."""
    changed = await sites.change_site(
        session,
        staff,
        site_id,
        changes.model_dump(exclude_unset=True),
        lambda row: require_match(if_match, tag_of(SiteOut.model_validate(row))),
    )
    return _site(changed, response)


@sites_router.delete("/{site_id}", status_code=204)
async def delete_site(
    session: Session, staff: SiteChanger, site_id: SiteId, if_match: IfMatch = None
) -> None:
    """Delete a site that no provider is offered on."""
    await sites.delete_site(
        session, staff, site_id, lambda row: require_match(if_match, tag_of(SiteOut.model_validate(row)))
    )


def _told(found: Configured, settings: Settings) -> SocialAppOut:
    row = found.row
    slug = slug_of(row.provider, row.provider_id)
    return SocialAppOut(
        id=row.id,
        provider=row.provider,
        provider_id=row.provider_id,
        slug=slug,
        name=row.name,
        client_id=row.client_id,
        has_secret=bool(row.secret),
        settings=SettingsOut(
            **dict.fromkeys(SettingsOut.model_fields) | configured(row.provider, row.settings)
        ),
        is_enabled=row.is_enabled,
        is_supported=service.described(row) is not None,
        site_ids=list(found.site_ids),
        callback_url=callback_url(settings.public_url, slug),
        created_at=row.created_at,
        updated_at=row.updated_at,
    )


def _answer(found: Configured, settings: Settings, response: Response) -> SocialAppOut:
    told = _told(found, settings)
    response.headers["ETag"] = tag_of(told)
    return told


def _site(row: sites.Row, response: Response) -> SiteOut:
    told = SiteOut.model_validate(row)
    response.headers["ETag"] = tag_of(told)
    return told
