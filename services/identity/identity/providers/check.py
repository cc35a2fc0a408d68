"""Ask a provider, before people do, and tell the staff clearly what would keep them from logging in."""

import asyncio
import secrets
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Literal
from urllib.parse import quote_plus

import httpx

from identity.providers.discovery import Discovery, Metadata
from identity.providers.errors import ProviderUnavailable
from identity.providers.rules import Provider

CHECK_SECONDS = 25.0
SIGNED_WITH = frozenset(f"{kind}{bits}" for kind in ("RS", "PS", "ES") for bits in (256, 384, 512))
BASIC, POST = "client_secret_basic", "client_secret_post"

Verdict = Literal["ok", "warning", "problem"]


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing that was looked at."""

    what: str
    verdict: Verdict
    detail: str


async def check(discovery: Discovery, provider: Provider, redirect_uri: str) -> list[Finding]:
    """What comes of asking the provider: its metadata, its keys, and whether it knows the client and its secret."""
    found: list[Finding] = []
    try:
        async with asyncio.timeout(CHECK_SECONDS):
            if provider.kind == "oidc":
                await _check_oidc(discovery, provider, redirect_uri, found)
            else:
                await _check_credentials(discovery, provider, provider.token_url, POST, redirect_uri, found)
    except TimeoutError:
        found.append(Finding("time", "problem", f"The provider took more than {CHECK_SECONDS:g} s."))
    return found


async def _check_oidc(
    discovery: Discovery, provider: Provider, redirect_uri: str, found: list[Finding]
) -> None:
    try:
        metadata = await discovery.fetch(provider.issuer)
    except ProviderUnavailable as error:
        found.append(Finding("metadata", "problem", error.reason))
        return
    found.append(Finding("metadata", "ok", f"{metadata.issuer} says where it is to be asked."))
    _check_metadata(metadata, provider, found)
    await _check_keys(discovery, metadata, found)
    ways = metadata.token_endpoint_auth_methods_supported
    way = POST if BASIC not in ways and POST in ways else BASIC
    await _check_credentials(discovery, provider, metadata.token_endpoint, way, redirect_uri, found)


def _check_metadata(metadata: Metadata, provider: Provider, found: list[Finding]) -> None:
    methods = metadata.code_challenge_methods_supported
    if "S256" not in methods:
        verdict: Verdict = "problem" if methods else "warning"
        found.append(Finding("PKCE", verdict, f"It does not say that it knows S256, but {list(methods)}."))
    algorithms = set(metadata.id_token_signing_alg_values_supported)
    if not SIGNED_WITH & algorithms:
        found.append(Finding("signatures", "problem", f"It signs with {sorted(algorithms)}; none is taken."))
    if metadata.response_types_supported and "code" not in metadata.response_types_supported:
        found.append(Finding("response types", "problem", "It does not give authorization codes."))
    unknown = [one for one in provider.scopes if one not in metadata.scopes_supported]
    if metadata.scopes_supported and unknown:
        found.append(Finding("scopes", "warning", f"It does not name {', '.join(unknown)} among its scopes."))
    if metadata.userinfo_endpoint is None:
        found.append(Finding("userinfo", "warning", "It has none: all it tells has to be in the ID token."))


async def _check_keys(discovery: Discovery, metadata: Metadata, found: list[Finding]) -> None:
    try:
        document = await discovery.outbound.get_json(metadata.jwks_uri)
    except httpx.HTTPError as error:
        found.append(Finding("keys", "problem", f"{metadata.jwks_uri} cannot be asked: {error!s}"))
        return
    keys = document.get("keys") if isinstance(document, Mapping) else None
    usable = [
        key
        for key in (keys if isinstance(keys, list) else [])
        if isinstance(key, Mapping)
        and key.get("kty") in ("RSA", "EC", "OKP")
        and key.get("use") in (None, "sig")
    ]
    if usable:
        found.append(Finding("keys", "ok", f"{len(usable)} keys verify what it signs."))
    else:
        found.append(Finding("keys", "problem", f"{metadata.jwks_uri} has no key that verifies signatures."))


async def _check_credentials(
    discovery: Discovery,
    provider: Provider,
    url: str,
    way: str,
    redirect_uri: str,
    found: list[Finding],
) -> None:
    """Exchange a code that nobody ever got: who refuses the code, and not us, knows us."""
    secret = provider.client_secret.get_secret_value()
    form = {
        "grant_type": "authorization_code",
        "code": f"check-{secrets.token_urlsafe(16)}",
        "redirect_uri": redirect_uri,
        "code_verifier": secrets.token_urlsafe(32),
    }
    auth = httpx.Auth()
    if secret and way == BASIC:
        auth = httpx.BasicAuth(quote_plus(provider.client_id, safe="~"), quote_plus(secret, safe="~"))
    else:
        form |= {"client_id": provider.client_id, **({"client_secret": secret} if secret else {})}
    try:
        async with discovery.outbound.client() as client:
            answer = await client.post(url, data=form, auth=auth, headers={"Accept": "application/json"})
        said = answer.json()
    except (httpx.HTTPError, ValueError) as error:
        found.append(Finding("credentials", "problem", f"{url} cannot be asked: {error!s}"))
        return
    found.append(_judge(said if isinstance(said, Mapping) else {}, answer.status_code, url))


def _judge(said: Mapping[str, Any], status: int, url: str) -> Finding:
    """What the refusal of an invented code says of us. GitHub has words of its own, and says them with a 200."""
    error = str(said.get("error", ""))[:100]
    if error in ("invalid_grant", "bad_verification_code"):
        return Finding("credentials", "ok", "It knows the client and its secret.")
    if error in ("invalid_client", "unauthorized_client", "incorrect_client_credentials", "Not Found"):
        return Finding("credentials", "problem", f"It does not take the client or its secret ({error}).")
    if error == "redirect_uri_mismatch":
        return Finding("credentials", "problem", "The callback_url is not registered there.")
    return Finding("credentials", "warning", f"{url} answers {status} {error or 'without an error'}.")
