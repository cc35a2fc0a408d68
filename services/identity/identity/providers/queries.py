"""Every select on providers and sites."""

from collections.abc import Collection, Sequence
from typing import Any

from sqlalchemy import ColumnElement, Select, delete, func, literal_column, or_, select
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncSession

from identity.providers.models import ProviderSlug, Site, SocialApp, SocialAppSite


def is_called(slug: str) -> ColumnElement[bool]:
    """Whether an app has this name; the expression is the unique index's."""
    own = func.nullif(SocialApp.provider_id, literal_column("''"))
    found: ColumnElement[bool] = func.coalesce(own, SocialApp.provider) == slug
    return found


def _offered(domains: Collection[str]) -> Select[SocialApp]:
    """The enabled apps of the site with one of these domains, and those of no site in particular."""
    of_any_site = select(SocialAppSite.id).where(SocialAppSite.socialapp_id == SocialApp.id)
    of_ours = of_any_site.join(Site, Site.id == SocialAppSite.site_id).where(
        func.lower(Site.domain).in_(domains)
    )
    return select(SocialApp).where(SocialApp.is_enabled, or_(~of_any_site.exists(), of_ours.exists()))


async def offered(session: AsyncSession, domains: Collection[str]) -> Sequence[SocialApp]:
    return (await session.scalars(_offered(domains).order_by(SocialApp.name, SocialApp.id))).all()


async def offered_as(session: AsyncSession, domains: Collection[str], slug: str) -> SocialApp | None:
    return await session.scalar(_offered(domains).where(is_called(slug)))


def apps() -> Select[SocialApp]:
    return select(SocialApp)


async def app(session: AsyncSession, app_id: int, *, lock: bool = False) -> SocialApp | None:
    statement = select(SocialApp).where(SocialApp.id == app_id)
    if lock:
        statement = statement.with_for_update().execution_options(populate_existing=True)
    return await session.scalar(statement)


async def app_called(session: AsyncSession, slug: str) -> SocialApp | None:
    """The app of this name, locked."""
    return await session.scalar(select(SocialApp).where(is_called(slug)).with_for_update())


async def is_slug_taken(session: AsyncSession, slug: str, but: int | None = None) -> bool:
    others = select(SocialApp.id).where(is_called(slug))
    if but is not None:
        others = others.where(SocialApp.id != but)
    return (await session.scalar(others.limit(1))) is not None


async def claim_slug(session: AsyncSession, slug: str, authority: str) -> str:
    """Whose accounts the name stands for: these, if it stood for nobody's before. Waits for a rival's commit."""
    await session.execute(
        insert(ProviderSlug).values(slug=slug, authority=authority).on_conflict_do_nothing()
    )
    found = await session.scalar(select(ProviderSlug.authority).where(ProviderSlug.slug == slug))
    return found or authority


async def reassign_slug(session: AsyncSession, slug: str, authority: str) -> None:
    """Have the name stand for these accounts, whosever it stood for before."""
    given = insert(ProviderSlug).values(slug=slug, authority=authority)
    await session.execute(
        given.on_conflict_do_update(index_elements=[ProviderSlug.slug], set_={"authority": authority})
    )


async def sealed_otherwise(session: AsyncSession, prefix: str, limit: int) -> Sequence[SocialApp]:
    """Apps whose secret does not begin with `prefix`, locked."""
    return (
        await session.scalars(
            select(SocialApp)
            .where(SocialApp.secret != "", ~SocialApp.secret.startswith(prefix, autoescape=True))
            .order_by(SocialApp.id)
            .limit(limit)
            .with_for_update(skip_locked=True)
            .execution_options(populate_existing=True)
        )
    ).all()


async def sites_of(session: AsyncSession, app_ids: Collection[int]) -> dict[int, list[int]]:
    """The ids of the sites of each app, ascending."""
    found: dict[int, list[int]] = {app_id: [] for app_id in app_ids}
    rows = await session.execute(
        select(SocialAppSite.socialapp_id, SocialAppSite.site_id)
        .where(SocialAppSite.socialapp_id.in_(app_ids))
        .order_by(SocialAppSite.site_id)
    )
    for app_id, site_id in rows:
        found[app_id].append(site_id)
    return found


async def set_sites(session: AsyncSession, app_id: int, site_ids: Collection[int]) -> None:
    await session.execute(
        delete(SocialAppSite).where(
            SocialAppSite.socialapp_id == app_id, SocialAppSite.site_id.not_in(site_ids)
        )
    )
    if site_ids:
        values: list[dict[str, Any]] = [{"socialapp_id": app_id, "site_id": one} for one in site_ids]
        await session.execute(insert(SocialAppSite).values(values).on_conflict_do_nothing())


async def known_sites(session: AsyncSession, site_ids: Collection[int]) -> set[int]:
    """Those of the sites that there are, locked against their removal until the transaction ends."""
    statement = select(Site.id).where(Site.id.in_(site_ids)).with_for_update(read=True, key_share=True)
    return set(await session.scalars(statement))


def sites() -> Select[Site]:
    return select(Site)


async def site(session: AsyncSession, site_id: int, *, lock: bool = False) -> Site | None:
    statement = select(Site).where(Site.id == site_id)
    if lock:
        statement = statement.with_for_update().execution_options(populate_existing=True)
    return await session.scalar(statement)


async def domains(session: AsyncSession) -> list[str]:
    return list(await session.scalars(select(Site.domain).order_by(Site.domain)))


async def is_domain_taken(session: AsyncSession, domain: str, but: int | None = None) -> bool:
    others = select(Site.id).where(func.lower(Site.domain) == domain.lower())
    if but is not None:
        others = others.where(Site.id != but)
    return (await session.scalar(others.limit(1))) is not None


async def is_site_used(session: AsyncSession, site_id: int) -> bool:
    statement = select(SocialAppSite.id).where(SocialAppSite.site_id == site_id).limit(1)
    return (await session.scalar(statement)) is not None
