"""The sites that this platform answers for: providers are offered on them."""

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from chassis.auth import Principal
from chassis.errors import NotFound
from chassis.pagination import PageParams, page
from sqlalchemy.exc import IntegrityError
from sqlalchemy.ext.asyncio import AsyncSession

from identity.administration.service import begin_act
from identity.audit import service as audit
from identity.providers import queries
from identity.providers.errors import DomainTaken, SiteInUse
from identity.providers.models import Site

CHANGE = "identity.change_site"
Row = Site
"""A site as it is on record."""


async def list_sites(session: AsyncSession, params: PageParams) -> tuple[Sequence[Row], str | None]:
    """A page of the sites, by domain, and the cursor of the next."""
    return await page(session, queries.sites(), params, key=[(Site.domain, "asc")])


async def find_site(session: AsyncSession, site_id: int, *, lock: bool = False) -> Row:
    """The site; NotFound when there is none."""
    found = await queries.site(session, site_id, lock=lock)
    if found is None:
        raise NotFound("There is no such site.")
    return found


async def create_site(session: AsyncSession, staff: Principal, domain: str, name: str) -> Row:
    """Make a site. Raises DomainTaken."""
    await begin_act(session, staff, CHANGE)
    row = Site(domain=domain, name=name)
    await _refuse_taken(session, domain)
    session.add(row)
    await _flush(session, domain)
    await _record(session, staff, "site.created", row, {}, _state(row))
    return row


async def change_site(
    session: AsyncSession,
    staff: Principal,
    site_id: int,
    changes: Mapping[str, str],
    unchanged: Callable[[Row], None],
) -> Row:
    """Change a site. `unchanged` raises if the editor's copy is stale. Raises DomainTaken."""
    await begin_act(session, staff, CHANGE)
    row = await find_site(session, site_id, lock=True)
    unchanged(row)
    before = _state(row)
    if "domain" in changes:
        await _refuse_taken(session, changes["domain"], but=row.id)
    for name, value in changes.items():
        setattr(row, name, value)
    await _flush(session, row.domain)
    if before != _state(row):
        await _record(session, staff, "site.changed", row, before, _state(row))
    return row


async def delete_site(
    session: AsyncSession, staff: Principal, site_id: int, unchanged: Callable[[Row], None]
) -> None:
    """Delete a site. Raises SiteInUse while a provider is offered on it: without it, it would be offered on all."""
    await begin_act(session, staff, CHANGE)
    row = await find_site(session, site_id, lock=True)
    unchanged(row)
    if await queries.is_site_used(session, site_id):
        raise SiteInUse("Take the providers off this site first.")
    await session.delete(row)
    await session.flush()
    await _record(session, staff, "site.deleted", row, _state(row), {})


async def _refuse_taken(session: AsyncSession, domain: str, but: int | None = None) -> None:
    if await queries.is_domain_taken(session, domain, but):
        raise DomainTaken(f"There is a site {domain} already.")


async def _flush(session: AsyncSession, domain: str) -> None:
    try:
        await session.flush()
    except IntegrityError as error:
        raise DomainTaken(f"There is a site {domain} already.") from error


def _state(row: Row) -> dict[str, Any]:
    return {"domain": row.domain, "name": row.name}


async def _record(
    session: AsyncSession,
    staff: Principal,
    action: str,
    row: Row,
    before: Mapping[str, Any],
    after: Mapping[str, Any],
) -> None:
    await audit.record(session, staff, action, "site", row.id, audit.differences(before, after))
