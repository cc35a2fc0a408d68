"""Ask a provider who somebody is: by the code a browser brought back, or by the token a mobile client has.

Nothing here holds a transaction while a provider is waited for. What a provider, or whoever pretends to be one, may
answer is in three kinds: it proves who somebody is, it does not (ProviderAnswerRefused), or there is no answer just now
(ProviderUnavailable).
"""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any
from urllib.parse import quote_plus, urlsplit

import httpx
import structlog
from chassis.db import Database, now

from identity.outbound import Outbound, timeout
from identity.providers.discovery import Discovery, Metadata
from identity.providers.errors import ProviderUnavailable
from identity.providers.rules import Provider
from identity.social import id_tokens
from identity.social.errors import AccessTokenNotTaken, ProviderAnswerRefused
from identity.social.id_tokens import AGE_AT_MOST, CLOCKS_OFF, JUST_ISSUED, Expected
from identity.social.identities import ProvenIdentity, from_claims, from_github
from identity.social.provider_keys import ProviderKeys
from identity.social.rules import challenge_of

if TYPE_CHECKING:
    from authlib.integrations.httpx_client import AsyncOAuth2Client

log = structlog.get_logger()

BASIC, POST = "client_secret_basic", "client_secret_post"
MISCONFIGURED = frozenset(
    {"invalid_client", "unauthorized_client", "invalid_scope", "incorrect_client_credentials"}
)
"""What a token endpoint answers to a client that it does not know; the last one is GitHub's."""
REFUSALS = frozenset({400, 401, 403, 404, 422})
"""What a provider answers to a token that is none of its own, or no good any more."""


@dataclass(frozen=True, slots=True)
class Once:
    """What proves somebody's identity one time: `value` of this issuer, remembered `until` (seconds since 1970)."""

    issuer: str
    value: str
    until: int


@dataclass(frozen=True, slots=True)
class Proof:
    """Who somebody is, and what must not prove it again."""

    identity: ProvenIdentity
    once: Once | None = None


@dataclass(frozen=True, slots=True)
class Endpoints:
    """Where a provider is asked, and how we say there who we are."""

    authorize: str
    token: str
    issuer: str
    client_auth: str = BASIC
    announces_issuer: bool = False
    metadata: Metadata | None = None
    """Of an OpenID Connect provider."""


@dataclass(frozen=True, slots=True)
class Begun:
    """What the browser's way to the provider began with."""

    redirect_uri: str
    state: str
    nonce: str
    verifier: str


class Prover:
    """Asks the providers. One a process."""

    def __init__(self, database: Database, outbound: Outbound, discovery: Discovery) -> None:
        self._database = database
        self._outbound = outbound
        self._discovery = discovery
        self._keys = ProviderKeys(outbound)

    async def endpoints(self, provider: Provider) -> Endpoints:
        """Where the provider is asked. Raises ProviderUnavailable."""
        if provider.kind == "github":
            return Endpoints(provider.authorize_url, provider.token_url, provider.userinfo_url, POST)
        metadata = await self._discovery.discover(provider)
        ways = metadata.token_endpoint_auth_methods_supported
        return Endpoints(
            authorize=metadata.authorization_endpoint,
            token=metadata.token_endpoint,
            issuer=provider.issuer,
            client_auth=POST if BASIC not in ways and POST in ways else BASIC,
            announces_issuer=metadata.authorization_response_iss_parameter_supported,
            metadata=metadata,
        )

    async def authorize_url(self, provider: Provider, begun: Begun) -> str:
        """The address at the provider that a browser is sent to: authorization code, PKCE, state and nonce."""
        endpoints = await self.endpoints(provider)
        extra = {"nonce": begun.nonce} if provider.kind == "oidc" else {}
        async with self._client(provider, endpoints) as client:
            url, _ = client.create_authorization_url(
                endpoints.authorize,
                state=begun.state,
                redirect_uri=begun.redirect_uri,
                code_challenge=challenge_of(begun.verifier),
                code_challenge_method="S256",
                **extra,
            )
        return str(url)

    async def by_code(self, provider: Provider, begun: Begun, code: str) -> Proof:
        """Who came back with this authorization code. Raises ProviderAnswerRefused, ProviderUnavailable."""
        with _told_to_the_operator(provider, "code"):
            return await self._by_code(provider, begun, code)

    async def _by_code(self, provider: Provider, begun: Begun, code: str) -> Proof:
        endpoints = await self.endpoints(provider)
        answer = await self._exchange(provider, endpoints, begun, code)
        access_token = answer.get("access_token")
        if not isinstance(access_token, str) or str(answer.get("token_type", "bearer")).lower() != "bearer":
            raise ProviderAnswerRefused
        if endpoints.metadata is None:
            identity = await self._github_user(provider, access_token)
            return Proof(identity.with_tokens(answer))
        expected = Expected(
            issuer=provider.issuer,
            audiences=frozenset({provider.client_id}),
            max_age=JUST_ISSUED,
            nonce=begun.nonce,
            access_token=access_token,
        )
        claims, once = await self._verified(endpoints.metadata, answer.get("id_token"), expected)
        told = await self._completed(endpoints.metadata, claims, access_token)
        identity = from_claims(provider, told)
        return Proof(identity.with_tokens(answer), once)

    async def by_id_token(self, provider: Provider, id_token: str, nonce: str | None) -> Proof:
        """Whose id_token a mobile client of ours brought. Raises ProviderAnswerRefused, ProviderUnavailable."""
        with _told_to_the_operator(provider, "id_token"):
            return await self._by_id_token(provider, id_token, nonce)

    async def _by_id_token(self, provider: Provider, id_token: str, nonce: str | None) -> Proof:
        if provider.kind != "oidc":
            raise ProviderAnswerRefused
        expected = Expected(
            issuer=provider.issuer, audiences=_our_clients(provider), max_age=AGE_AT_MOST, nonce=nonce
        )
        metadata = await self._discovery.discover(provider)
        claims, once = await self._verified(metadata, id_token, expected)
        return Proof(from_claims(provider, claims), once)

    async def by_access_token(self, provider: Provider, access_token: str) -> Proof:
        """Whose access token a mobile client of ours brought: one that the provider says it issued to us.

        Raises AccessTokenNotTaken where the provider cannot say that: any site its owner ever logged in to has such a
        token, and could come with it. Raises ProviderAnswerRefused, ProviderUnavailable.
        """
        with _told_to_the_operator(provider, "access_token"):
            return await self._by_access_token(provider, access_token)

    async def _by_access_token(self, provider: Provider, access_token: str) -> Proof:
        endpoints = await self.endpoints(provider)
        if endpoints.metadata is None:
            await self._require_github_token_is_ours(provider, access_token)
            return Proof(await self._github_user(provider, access_token))
        metadata = endpoints.metadata
        if metadata.introspection_endpoint is None or metadata.userinfo_endpoint is None:
            raise AccessTokenNotTaken("Bring an id_token instead.")
        said = await self._introspected(provider, endpoints, metadata.introspection_endpoint, access_token)
        claims = await self._userinfo(metadata.userinfo_endpoint, access_token)
        if said.get("sub", claims.get("sub")) != claims.get("sub"):
            raise ProviderAnswerRefused
        return Proof(from_claims(provider, claims))

    # --- OAuth 2 --------------------------------------------------------------------------------------------

    def _client(self, provider: Provider, endpoints: Endpoints) -> "AsyncOAuth2Client":
        """Authlib's client on our way out. Imported here: what never logs in by a provider does not carry it."""
        client: AsyncOAuth2Client = _authlib()(
            provider.client_id,
            provider.client_secret.get_secret_value() or None,
            token_endpoint_auth_method=endpoints.client_auth if _has_secret(provider) else "none",
            scope=" ".join(provider.scopes),
            transport=self._outbound.transport(),
            timeout=timeout(),
            trust_env=False,
            follow_redirects=False,
        )
        return client

    async def _exchange(
        self, provider: Provider, endpoints: Endpoints, begun: Begun, code: str
    ) -> Mapping[str, Any]:
        """What the token endpoint answers to the code."""
        from authlib.common.errors import AuthlibBaseError

        basic = _has_secret(provider) and endpoints.client_auth == BASIC
        try:
            async with self._client(provider, endpoints) as client:
                answer: Mapping[str, Any] = await client.fetch_token(
                    endpoints.token,
                    grant_type="authorization_code",
                    code=code,
                    redirect_uri=begun.redirect_uri,
                    code_verifier=begun.verifier,
                    auth=_basic(provider) if basic else None,
                )
        except AuthlibBaseError as error:
            # invalid_grant is the browser's doing; anything else is how the provider is configured.
            log.warning("a provider refused a code", provider=provider.slug, error=error.error)
            if error.error in MISCONFIGURED:
                raise ProviderUnavailable(f"The provider answered {error.error}.") from error
            raise ProviderAnswerRefused from error
        except (httpx.HTTPError, ValueError) as error:
            raise _away(provider.slug, error) from error
        return answer

    async def _introspected(
        self, provider: Provider, endpoints: Endpoints, url: str, access_token: str
    ) -> Mapping[str, Any]:
        """What the provider says of the token (RFC 7662), if it is good and was issued to a client of ours."""
        form = {"token": access_token, "token_type_hint": "access_token"}
        auth = None
        if not _has_secret(provider):
            form["client_id"] = provider.client_id
        elif endpoints.client_auth == BASIC:
            auth = _basic(provider)
        else:
            secret = provider.client_secret.get_secret_value()
            form |= {"client_id": provider.client_id, "client_secret": secret}
        said = await self._asked(provider.slug, "POST", url, data=form, auth=auth)
        if said.get("active") is not True:
            raise ProviderAnswerRefused
        client_id = said.get("client_id")
        if not isinstance(client_id, str):
            raise AccessTokenNotTaken("Bring an id_token instead.")
        if client_id not in _our_clients(provider):
            raise ProviderAnswerRefused
        return said

    # --- OpenID Connect -------------------------------------------------------------------------------------

    async def _verified(
        self, metadata: Metadata, id_token: Any, expected: Expected
    ) -> tuple[dict[str, Any], Once]:
        """The claims of an id_token, and what it is recognized by if it comes again."""
        if not isinstance(id_token, str):
            raise ProviderAnswerRefused
        header = id_tokens.header_of(id_token)
        key, algorithm = await self._keys.find(self._database, metadata.issuer, metadata.jwks_uri, header)
        claims = id_tokens.signed_claims(id_token, header, key, algorithm)
        instant = now()
        id_tokens.check_claims(claims, header.algorithm, expected, instant)
        # Past this, the token is too old to be taken, whatever it says of its end.
        until = int((instant + AGE_AT_MOST + 2 * CLOCKS_OFF).timestamp())
        return claims, Once(expected.issuer, id_tokens.once(claims, id_token), until)

    async def _completed(
        self, metadata: Metadata, claims: dict[str, Any], access_token: str
    ) -> Mapping[str, Any]:
        """The claims with what the userinfo endpoint adds, where the id_token does not carry the address."""
        if "email" in claims or metadata.userinfo_endpoint is None:
            return claims
        told = await self._userinfo(metadata.userinfo_endpoint, access_token)
        # OpenID Connect Core 5.3.2: without this check the access token may be another person's.
        if told.get("sub") != claims.get("sub"):
            raise ProviderAnswerRefused
        return {**claims, **told}

    async def _userinfo(self, url: str, access_token: str) -> Mapping[str, Any]:
        return await self._asked(url, "GET", url, headers={"Authorization": f"Bearer {access_token}"})

    # --- GitHub's shape -------------------------------------------------------------------------------------

    async def _github_user(self, provider: Provider, access_token: str) -> ProvenIdentity:
        headers = {"Authorization": f"Bearer {access_token}", "Accept": "application/vnd.github+json"}
        user = await self._asked(provider.slug, "GET", provider.userinfo_url, headers=headers)
        emails = await self._asked_for_list(provider.slug, provider.emails_url, headers)
        return from_github(provider, user, emails)

    async def _require_github_token_is_ours(self, provider: Provider, access_token: str) -> None:
        """Raise ProviderAnswerRefused unless GitHub says that it issued the token to our client."""
        api = provider.userinfo_url.rpartition("/")[0]
        url = f"{api}/applications/{quote_plus(provider.client_id)}/token"
        auth = httpx.BasicAuth(provider.client_id, provider.client_secret.get_secret_value())
        said = await self._asked(
            provider.slug,
            "POST",
            url,
            json={"access_token": access_token},
            auth=auth,
            headers={"Accept": "application/vnd.github+json"},
        )
        app = said.get("app")
        if not isinstance(app, dict) or app.get("client_id") != provider.client_id:
            raise ProviderAnswerRefused

    # --- asking ---------------------------------------------------------------------------------------------

    async def _asked(self, who: str, method: str, url: str, **given: Any) -> Mapping[str, Any]:
        found = await self._json(who, method, url, **given)
        if not isinstance(found, dict):
            raise ProviderAnswerRefused
        return found

    async def _asked_for_list(self, who: str, url: str, headers: Mapping[str, str]) -> list[Any]:
        """A list that we may not be allowed to see: then it is empty."""
        try:
            found = await self._json(who, "GET", url, headers=headers)
        except ProviderAnswerRefused:
            return []
        return found if isinstance(found, list) else []

    async def _json(self, who: str, method: str, url: str, **given: Any) -> Any:
        try:
            async with self._outbound.client() as client:
                answer = await client.request(method, url, **given)
                if answer.status_code in REFUSALS:
                    raise ProviderAnswerRefused
                answer.raise_for_status()
                return answer.json()
        except (httpx.HTTPError, ValueError) as error:
            raise _away(who, error) from error


@contextmanager
def _told_to_the_operator(provider: Provider, by: str) -> Iterator[None]:
    """Log that something was brought which proves nothing: a mistake of a client's, or somebody who tries."""
    try:
        yield
    except ProviderAnswerRefused:
        log.warning("a social login proved nothing", provider=provider.slug, by=by)
        raise


def _authlib() -> Any:
    import warnings

    with warnings.catch_warnings():
        # It would rather be installed with the successor of httpx, which nothing else here uses; and it has its
        # warnings always shown from the moment on that this is imported.
        from authlib.deprecate import AuthlibDeprecationWarning

        warnings.simplefilter("ignore", AuthlibDeprecationWarning)
        from authlib.integrations.httpx_client import AsyncOAuth2Client
    return AsyncOAuth2Client


def _has_secret(provider: Provider) -> bool:
    return bool(provider.client_secret.get_secret_value())


def _basic(provider: Provider) -> httpx.BasicAuth:
    """Who we are, each half encoded as a form's value is (RFC 6749, 2.3.1), which Authlib leaves out."""
    secret = provider.client_secret.get_secret_value()
    return httpx.BasicAuth(quote_plus(provider.client_id, safe="~"), quote_plus(secret, safe="~"))


def _our_clients(provider: Provider) -> frozenset[str]:
    return frozenset({provider.client_id, *provider.mobile_client_ids})


def _away(who: str, error: Exception) -> ProviderUnavailable:
    log.warning("a provider does not answer", provider=urlsplit(who).netloc or who, error=repr(error))
    return ProviderUnavailable(f"The provider does not answer as it should: {type(error).__name__}.")
