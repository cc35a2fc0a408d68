"""Social logins over HTTP: by redirects for browsers, by an exchange of tokens for mobile clients."""

from typing import Annotated

from chassis.pagination import Page, PageParams
from chassis.schemas import Identifier
from chassis.web import CurrentUser, Router, Session
from fastapi import Path, Query, Response
from fastapi.responses import RedirectResponse

from identity.dependencies import Config, Origin, Transactions
from identity.passwords.dependencies import Passwords
from identity.providers import service as providers
from identity.reauthentication import service as reauthentication
from identity.sessions.schemas import TokenPairOut
from identity.sessions.service import TokenPair
from identity.social import links, redirects, service
from identity.social.dependencies import Browser, Prover, remember
from identity.social.redirects import Landed, Returned, Wish
from identity.social.schemas import (
    AuthorizeUrl,
    Challenge,
    CodeMailedOut,
    LinkWish,
    Next,
    PartialStep,
    ProviderOut,
    Slug,
    SocialAccountOut,
    TokenExchange,
)
from identity.throttles import service as throttles
from identity.tokens.dependencies import Tokens

router = Router(prefix="/api/v1/auth/social", tags=["social logins"])
mine_router = Router(prefix="/api/v1/users/me/social-accounts", tags=["social logins"])

SlugInPath = Annotated[Slug, Path()]
PrivateHeaders = {"Cache-Control": "no-store", "Referrer-Policy": "no-referrer"}


@router.get("/providers")
async def list_social_providers(
    session: Session, settings: Config, params: Annotated[PageParams, Query()]
) -> Page[ProviderOut]:
    """The providers to log in with on this site."""
    rows, next_cursor = await service.list_providers(session, settings, params)
    return Page(items=[ProviderOut.model_validate(row) for row in rows], next_cursor=next_cursor)


@router.post("/partial/{token}", response_model=TokenPairOut | CodeMailedOut)
async def resume_social_login(
    token: Annotated[str, Path(min_length=1, max_length=200)],
    given: PartialStep,
    database: Transactions,
    issuer: Tokens,
    origin: Origin,
    response: Response,
) -> TokenPairOut | CodeMailedOut:
    """Go on with a paused login. With `email` (202) a code is mailed there; with `code` the login ends: in the account of
    that address, or in a new one."""
    response.headers.update(PrivateHeaders)
    if given.email is not None:
        response.status_code = 202
        await throttles.allow_mail_request(database, issuer.settings, given.email, origin.address)
        mailed = await service.mail_code(database, issuer, token, given.email)
        return CodeMailedOut.model_validate(mailed)
    pair = await service.confirm(database, issuer, token, given.code or "", origin)
    return TokenPairOut.model_validate(pair)


@router.get("/{provider}/login", status_code=302, response_class=RedirectResponse)
async def begin_social_login(
    provider: SlugInPath,
    database: Transactions,
    issuer: Tokens,
    prover: Prover,
    settings: Config,
    browser: Browser,
    next_: Annotated[Next | None, Query(alias="next")] = None,
    code_challenge: Annotated[Challenge | None, Query()] = None,
) -> RedirectResponse:
    """Send the browser to the provider. It comes back to the callback here, and then to `next`, if that was given."""
    sent = await redirects.begin(database, issuer, prover, provider, Wish(next_, code_challenge, browser))
    response = RedirectResponse(sent.url, 302, headers=PrivateHeaders)
    remember(response, settings, sent.browser)
    return response


@router.get("/{provider}/callback", response_model=TokenPairOut | SocialAccountOut)
async def finish_social_login(
    provider: SlugInPath,
    database: Transactions,
    issuer: Tokens,
    prover: Prover,
    origin: Origin,
    browser: Browser,
    response: Response,
    state: Annotated[str | None, Query(max_length=500)] = None,
    code: Annotated[str | None, Query(max_length=4096)] = None,
    error: Annotated[str | None, Query(max_length=500)] = None,
    iss: Annotated[str | None, Query(max_length=2000)] = None,
) -> TokenPairOut | SocialAccountOut | Response:
    """Where the provider sends the browser back to. Where the login began with `next`, the answer is a redirect there;
    else the pair of tokens, or the account that was linked."""
    returned = Returned(state, code, error, iss)
    ended = await redirects.come_back(database, issuer, prover, provider, returned, browser, origin)
    if isinstance(ended, Landed):
        return RedirectResponse(ended.url, 303, headers=PrivateHeaders)
    response.headers.update(PrivateHeaders)
    if isinstance(ended, TokenPair):
        return TokenPairOut.model_validate(ended)
    return _shown(ended)


@router.post("/{provider}/token")
async def exchange_social_token(
    provider: SlugInPath,
    given: TokenExchange,
    database: Transactions,
    issuer: Tokens,
    prover: Prover,
    settings: Config,
    origin: Origin,
    browser: Browser,
    response: Response,
) -> TokenPairOut:
    """Log in with the code that a page got, or with what a mobile client got from the provider: an id_token, or, where
    the provider says for whom it issued one, an access_token."""
    response.headers.update(PrivateHeaders)
    if given.code is not None:
        pair = await redirects.exchange(
            database,
            issuer,
            provider,
            given.code,
            verifier=given.code_verifier,
            browser=browser,
            origin=origin,
        )
        return TokenPairOut.model_validate(pair)
    async with database.transaction() as session:
        found = await providers.find_provider(session, issuer.vault, settings, provider)
    if given.id_token is not None:
        proof = await prover.by_id_token(found, given.id_token, given.nonce)
    else:
        proof = await prover.by_access_token(found, given.access_token or "")
    return TokenPairOut.model_validate(await service.log_in(database, issuer, proof, "token", origin))


# --- my linked accounts ---------------------------------------------------------------------------------------


@mine_router.get("")
async def list_social_accounts(
    session: Session, user: CurrentUser, params: Annotated[PageParams, Query()]
) -> Page[SocialAccountOut]:
    """The accounts at providers that are linked to mine, newest first."""
    rows, next_cursor = await links.list_of(session, user.user_id, params)
    return Page(items=[_shown(row) for row in rows], next_cursor=next_cursor)


@mine_router.post("/{provider}/link")
async def link_social_account(
    provider: SlugInPath,
    wish: LinkWish,
    user: CurrentUser,
    database: Transactions,
    issuer: Tokens,
    prover: Prover,
    passwords: Passwords,
    settings: Config,
    browser: Browser,
    response: Response,
) -> AuthorizeUrl:
    """Begin to link an account at a provider: send the browser that gets this answer, and its cookie, to
    `authorize_url`. Back from there the account is linked, and the browser at `next#social_linked=…`."""
    password = wish.password.get_secret_value() if wish.password is not None else None
    await reauthentication.require_password_or_fresh_login(database, passwords, settings, user, password)
    sent = await redirects.begin(database, issuer, prover, provider, Wish(wish.next, None, browser), user)
    response.headers.update(PrivateHeaders)
    remember(response, settings, sent.browser)
    return AuthorizeUrl(authorize_url=sent.url)


@mine_router.delete("/{account_id}", status_code=204)
async def unlink_social_account(
    session: Session, settings: Config, user: CurrentUser, account_id: Annotated[Identifier, Path()]
) -> None:
    """Take a link away. Refused where it is the only way to log in."""
    names = {one.slug: one.name for one in await providers.list_providers(session, settings)}
    await links.unlink(session, user.user_id, user.sid, account_id, names)


def _shown(row: links.Link) -> SocialAccountOut:
    return SocialAccountOut(
        id=row.id,
        provider=row.provider,
        uid=row.uid,
        shown_as=str(row.extra_data.get("shown_as", "")),
        date_joined=row.date_joined,
        last_login=row.last_login,
    )
