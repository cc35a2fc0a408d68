"""A browser that goes to a provider and comes back, and an app on a phone that gets its tokens there itself."""

import base64
import hashlib
import secrets
from dataclasses import dataclass
from typing import Any, Self
from urllib.parse import parse_qsl, urlencode, urlsplit

import httpx
from lyceum.oidc_testing import Browser, OidcProvider, query_of

SOCIAL = "/api/v1/auth/social"


def path_of(url: str) -> str:
    """A URL of ours as the client under test asks for it."""
    parts = urlsplit(url)
    assert f"{parts.scheme}://{parts.netloc}" == "http://lyceum.test", url
    return f"{parts.path}?{parts.query}"


def changed(url: str, **members: str | None) -> str:
    """The URL with these members of its query changed, or taken out."""
    parts = urlsplit(url)
    kept = [(name, value) for name, value in parse_qsl(parts.query) if name not in members]
    added = [(name, value) for name, value in members.items() if value is not None]
    return parts._replace(query=urlencode([*kept, *added])).geturl()


def fragment_of(answer: httpx.Response) -> dict[str, str]:
    """What a redirect to a page carries behind `#`; nothing of it may be anywhere else."""
    assert answer.status_code == 303, answer.text
    target = urlsplit(answer.headers["location"])
    found = dict(parse_qsl(target.fragment))
    assert not any(value in f"{target.path}?{target.query}" for value in found.values())
    return found


@dataclass
class Visitor:
    """Somebody's browser: `client` is its side to us, `browser` its side to the provider."""

    client: httpx.AsyncClient
    provider: OidcProvider

    async def __aenter__(self) -> Self:
        self.browser = Browser(self.provider)
        return self

    async def __aexit__(self, *_: object) -> None:
        await self.browser.__aexit__()

    async def begin(self, slug: str = "campus", **query: str) -> str:
        """Where our side sends the browser."""
        answer = await self.client.get(f"{SOCIAL}/{slug}/login", params=query)
        assert answer.status_code == 302, answer.text
        return str(answer.headers["location"])

    async def come_back(self, login: str, slug: str = "campus", **query: str) -> str:
        """Log in at the provider; the callback's URL, not yet asked for."""
        return await self.browser.log_in(await self.begin(slug, **query), login)

    async def log_in(self, login: str, slug: str = "campus", **query: str) -> httpx.Response:
        """All the way: what our callback answers."""
        return await self.client.get(path_of(await self.come_back(login, slug, **query)))


@dataclass
class MobileClient:
    """The public client `lyceum-mobile`, which gets its tokens from the provider by itself; or another client there."""

    provider: OidcProvider

    async def __aenter__(self) -> Self:
        self.browser = Browser(self.provider)
        return self

    async def __aexit__(self, *_: object) -> None:
        await self.browser.__aexit__()

    async def tokens(
        self,
        login: str,
        *,
        nonce: str | None = None,
        client_id: str = "lyceum-mobile",
        client_secret: str = "",
        redirect_uri: str = "app.lyceum:/callback",
        scope: str = "openid email profile",
    ) -> dict[str, Any]:
        """What the provider's token endpoint answers for this person."""
        verifier = secrets.token_urlsafe(40)
        digest = hashlib.sha256(verifier.encode()).digest()
        asked = {
            "client_id": client_id,
            "response_type": "code",
            "redirect_uri": redirect_uri,
            "scope": scope,
            "code_challenge": base64.urlsafe_b64encode(digest).rstrip(b"=").decode(),
            "code_challenge_method": "S256",
            "state": "s",
            **({"nonce": nonce} if nonce is not None else {}),
        }
        back = await self.browser.log_in(f"{self.provider.issuer}/auth?{urlencode(asked)}", login)
        form = {
            "grant_type": "authorization_code",
            "code": query_of(back)["code"],
            "redirect_uri": redirect_uri,
            "code_verifier": verifier,
        }
        auth = httpx.BasicAuth(client_id, client_secret) if client_secret else None
        if auth is None:
            form["client_id"] = client_id
        async with httpx.AsyncClient(timeout=20, trust_env=False, auth=auth) as http:
            answer = await http.post(f"{self.provider.issuer}/token", data=form)
        assert answer.status_code == 200, answer.text
        found: dict[str, Any] = answer.json()
        return found
