"""Send a browser to a provider, and take it back: the authorization code flow with PKCE, state and nonce.

A login that was begun is known by its state, once, to the browser it was begun in. Where a page began it (`next`), the
page gets a one-time code behind `#`, never a token: it exchanges the code itself (docs/adr/0009). What goes wrong on the
way is told there too, for nobody reads a problem document in a browser's window.
"""

from dataclasses import dataclass
from typing import Any

from chassis.auth import Principal
from chassis.db import Database
from chassis.errors import LyceumError
from sqlalchemy.ext.asyncio import AsyncSession

from identity.origin import Origin
from identity.providers import service as providers
from identity.providers.errors import ProviderUnavailable
from identity.providers.rules import Provider
from identity.sessions import service as sessions
from identity.sessions.service import TokenPair
from identity.settings import Settings
from identity.social import links, service, waiting
from identity.social.errors import DeniedByProvider, LandingRefused, LoginNotBegun, ProviderAnswerRefused
from identity.social.identities import ProvenIdentity
from identity.social.links import Link
from identity.social.provers import Begun, Once, Proof, Prover
from identity.social.rules import (
    Step,
    challenge_of,
    is_issuer_right,
    is_same,
    is_secret,
    known_error,
    landing,
    new_secret,
    origin_of,
    passes_by_itself,
    stored,
    with_fragment,
)
from identity.social.waiting import Waiting
from identity.tokens.issuer import Issuer

BROWSER = "browser"


@dataclass(frozen=True, slots=True)
class Wish:
    """How a login begins. `browser` is the secret of its cookie, if it has one; `challenge` is the page's own (S256),
    for one that the browser does not send our cookie from."""

    next: str | None
    challenge: str | None
    browser: str | None


@dataclass(frozen=True, slots=True)
class SentOff:
    """Where the browser is sent, and the secret that its cookie is to have."""

    url: str
    browser: str


@dataclass(frozen=True, slots=True)
class Returned:
    """What a provider had a browser bring back."""

    state: str | None
    code: str | None
    error: str | None
    iss: str | None


@dataclass(frozen=True, slots=True)
class Landed:
    """The page that the browser is sent back to."""

    url: str


@dataclass(frozen=True, slots=True)
class OneTimeCode:
    """What the page that waits is given, to be exchanged."""

    page: str
    code: str


# --- there ----------------------------------------------------------------------------------------------------


async def begin(
    database: Database,
    issuer: Issuer,
    prover: Prover,
    slug: str,
    wish: Wish,
    linker: Principal | None = None,
) -> SentOff:
    """Begin a login, or, for somebody who is logged in, a link. Raises ProviderUnknown, ProviderUnavailable,
    LandingRefused, SessionEnded."""
    settings = issuer.settings
    async with database.transaction() as session:
        provider = await providers.find_provider(session, issuer.vault, settings, slug)
        if linker is not None:
            await sessions.require_live(session, linker.user_id, linker.sid)
        landing_page = await _landing(session, settings, wish)
    browser = wish.browser if wish.browser is not None and is_secret(wish.browser) else new_secret()
    nonce, verifier = new_secret(), new_secret()
    async with database.transaction() as session:
        content = {
            "nonce": nonce,
            "verifier": verifier,
            "browser": stored(BROWSER, browser),
            "landing": landing_page,
            "challenge": wish.challenge,
            "linker": [linker.user_id, linker.sid] if linker is not None else None,
        }
        state = await waiting.keep(session, issuer.vault, Step.AUTHORIZE, provider.slug, content)
    begun = Begun(_redirect_uri(settings, provider.slug), state, nonce, verifier)
    return SentOff(await prover.authorize_url(provider, begun), browser)


def _redirect_uri(settings: Settings, slug: str) -> str:
    """Where the provider sends the browser back to: ours as configured, whatever a request says of its host. Each
    provider has its own, so that one cannot answer in another's place."""
    return f"{settings.public_url.rstrip('/')}/api/v1/auth/social/{slug}/callback"


async def _landing(session: AsyncSession, settings: Settings, wish: Wish) -> str | None:
    if wish.next is None:
        return None
    secure = settings.public_url.startswith("https:")
    domains = await providers.domains_of_sites(session)
    sites = {origin_of(f"{scheme}://{domain}") for domain in domains for scheme in _schemes(secure)}
    ours = origin_of(settings.public_url)
    page = landing(wish.next, settings.public_url, {one for one in (*sites, ours) if one is not None})
    if page is None:
        raise LandingRefused("`next` is a path here, or an address of one of the platform's sites.")
    if origin_of(page) != ours and wish.challenge is None:
        raise LandingRefused("A page of another origin gives a code_challenge, and later its code_verifier.")
    return page


def _schemes(secure: bool) -> tuple[str, ...]:
    """Over what a site is reached: where we ourselves are not reached safely, this is somebody's own machine."""
    return ("https",) if secure else ("https", "http")


# --- and back -------------------------------------------------------------------------------------------------


async def come_back(
    database: Database,
    issuer: Issuer,
    prover: Prover,
    slug: str,
    returned: Returned,
    browser: str | None,
    origin: Origin,
) -> Landed | TokenPair | Link:
    """End the browser's way. Raises LoginNotBegun, and what `_end` does where no page waits for it."""
    if not is_secret(returned.state):
        raise LoginNotBegun
    async with database.transaction() as session:
        begun = await waiting.take(session, issuer.vault, Step.AUTHORIZE, returned.state or "")
    # Used up by now, whoever came with it.
    if begun.provider != slug or not is_same(begun.content["browser"], BROWSER, browser):
        raise LoginNotBegun
    page: str | None = begun.content["landing"]
    try:
        ended = await _end(database, issuer, prover, begun, returned, origin)
    except LyceumError as error:
        if page is None:
            raise
        return Landed(with_fragment(page, social_provider=slug, social_error=error.slug))
    if isinstance(ended, OneTimeCode):
        return Landed(with_fragment(ended.page, social_provider=slug, social_code=ended.code))
    if page is None or isinstance(ended, TokenPair):
        return ended
    return Landed(with_fragment(page, social_provider=slug, social_linked=str(ended.id)))


async def _end(
    database: Database,
    issuer: Issuer,
    prover: Prover,
    begun: Waiting,
    returned: Returned,
    origin: Origin,
) -> TokenPair | Link | OneTimeCode:
    """A session, a link, or the one-time code for the page that waits. Raises DeniedByProvider, ProviderUnavailable,
    ProviderAnswerRefused, LinkedElsewhere, SessionEnded, and what `service.log_in` does."""
    settings, content = issuer.settings, begun.content
    async with database.transaction() as session:
        provider = await providers.find_provider(session, issuer.vault, settings, begun.provider)
    await _refuse_mixed_up(prover, provider, returned)
    if returned.code is None:
        raise _told(returned.error or "")
    way = Begun(
        redirect_uri=_redirect_uri(settings, provider.slug),
        state=returned.state or "",
        nonce=content["nonce"],
        verifier=content["verifier"],
    )
    proof = await prover.by_code(provider, way, returned.code)
    if content["linker"] is not None:
        return await _link(database, issuer, proof, content["linker"])
    if content["landing"] is None:
        return await service.log_in(database, issuer, proof, "oidc", origin)
    return OneTimeCode(content["landing"], await _hand_over(database, issuer, proof, content))


async def _refuse_mixed_up(prover: Prover, provider: Provider, returned: Returned) -> None:
    """Raise ProviderAnswerRefused if the answer is another issuer's (RFC 9207). GitHub's shape names none."""
    if provider.kind == "oidc":
        endpoints = await prover.endpoints(provider)
        if not is_issuer_right(returned.iss, endpoints.issuer, announced=endpoints.announces_issuer):
            raise ProviderAnswerRefused


def _told(error: str) -> LyceumError:
    """What the provider's error means to whoever wanted to log in. Its description is not repeated: it is a
    stranger's text on our page."""
    known = known_error(error)
    if passes_by_itself(known):
        return ProviderUnavailable(f"The provider answered {known}.")
    return DeniedByProvider("Nothing was changed.", provider_error=known)


async def _link(database: Database, issuer: Issuer, proof: Proof, linker: list[Any]) -> Link:
    async with database.transaction() as session:
        if proof.once is not None and not await service.use_once(session, proof.once):
            raise ProviderAnswerRefused
        user_id, sid = linker
        return await links.link_mine(session, issuer.vault, user_id, sid, proof.identity)


async def _hand_over(database: Database, issuer: Issuer, proof: Proof, content: Any) -> str:
    """Keep who came back for the page that waits for them; the code that it exchanges."""
    once = proof.once
    kept = {
        "identity": proof.identity.packed(),
        "once": [once.issuer, once.value, once.until] if once is not None else None,
        "browser": content["browser"],
        "challenge": content["challenge"],
    }
    async with database.transaction() as session:
        return await waiting.keep(session, issuer.vault, Step.HAND_OVER, proof.identity.provider, kept)


async def exchange(
    database: Database,
    issuer: Issuer,
    slug: str,
    code: str,
    *,
    verifier: str | None,
    browser: str | None,
    origin: Origin,
) -> TokenPair:
    """Log in with the one-time code of a page: the one that began, or another in its browser.

    Without that, whoever sends somebody a link with a code of their own would have them log in to a stranger's
    account. Raises LoginNotBegun, and what `service.log_in` does.
    """
    async with database.transaction() as session:
        kept = await waiting.take(session, issuer.vault, Step.HAND_OVER, code)
    content = kept.content
    if content["challenge"] is not None:
        right = verifier is not None and challenge_of(verifier) == content["challenge"]
    else:
        right = is_same(content["browser"], BROWSER, browser)
    if kept.provider != slug or not right:
        raise LoginNotBegun
    once = Once(*content["once"]) if content["once"] is not None else None
    proof = Proof(ProvenIdentity.unpacked(content["identity"]), once)
    return await service.log_in(database, issuer, proof, "oidc", origin)
