"""What an OpenID Connect provider says of itself (OpenID Connect Discovery 1.0), fetched by the way out that is safe."""

import asyncio
import time
from collections import OrderedDict
from dataclasses import dataclass
from functools import partial
from typing import Annotated, Any

import httpx
import structlog
from pydantic import BaseModel, Field, ValidationError

from identity.outbound import Outbound, Refused
from identity.providers.errors import ProviderUnavailable
from identity.providers.rules import DISCOVERY_PATH, Provider

FRESH_SECONDS = 3600.0
USABLE_SECONDS = 24 * 3600.0
AGAIN_AFTER_SECONDS = 10.0
DOCUMENTS_AT_MOST = 200

Url = Annotated[str, Field(min_length=8, max_length=2000)]
Names = Annotated[tuple[Annotated[str, Field(max_length=200)], ...], Field(max_length=200)]

log = structlog.get_logger()


class Metadata(BaseModel, frozen=True, extra="ignore"):
    """A provider's metadata, as far as we act on it. Every address in it was checked to be one that we may ask."""

    issuer: Url
    authorization_endpoint: Url
    token_endpoint: Url
    jwks_uri: Url
    userinfo_endpoint: Url | None = None
    introspection_endpoint: Url | None = None
    revocation_endpoint: Url | None = None
    end_session_endpoint: Url | None = None
    scopes_supported: Names = ()
    response_types_supported: Names = ()
    grant_types_supported: Names = ("authorization_code", "implicit")
    id_token_signing_alg_values_supported: Names = ()
    token_endpoint_auth_methods_supported: Names = ("client_secret_basic",)
    code_challenge_methods_supported: Names = ()
    authorization_response_iss_parameter_supported: bool = False


@dataclass(slots=True)
class _Kept:
    metadata: Metadata | None
    reason: str
    fetched_at: float
    """When `metadata` came, in seconds of the monotonic clock."""
    asked_at: float
    """When it was last asked for, in vain perhaps."""


class Discovery:
    """The metadata of providers, one document an issuer, kept an hour.

    A provider that does not answer is believed what it said up to a day ago, and not asked again for some seconds.
    """

    def __init__(self, outbound: Outbound) -> None:
        self.outbound = outbound
        self._kept: OrderedDict[str, _Kept] = OrderedDict()
        self._asking: dict[str, asyncio.Task[Metadata]] = {}

    async def discover(self, provider: Provider) -> Metadata:
        """What the provider says of itself. Raises ProviderUnavailable: it does not answer, or says what may not be."""
        instant = time.monotonic()
        kept = self._kept.get(provider.issuer)
        if kept is not None and (found := self._answer(kept, instant)) is not None:
            return found
        try:
            metadata = await self._fetch_once(provider.issuer)
        except ProviderUnavailable as error:
            log.warning("provider_unavailable", provider=provider.slug, reason=error.reason)
            old = kept.metadata if kept is not None else None
            if kept is None or instant - kept.fetched_at > USABLE_SECONDS:
                old = None
            fetched_at = kept.fetched_at if kept is not None else instant
            self._keep(provider.issuer, _Kept(old, error.reason, fetched_at, instant))
            if old is None:
                raise
            return old
        self._keep(provider.issuer, _Kept(metadata, "", instant, instant))
        return metadata

    async def fetch(self, issuer: str) -> Metadata:
        """The metadata as it is now, whatever is kept. Raises ProviderUnavailable with the reason."""
        url = issuer.removesuffix("/") + DISCOVERY_PATH
        try:
            document = await self.outbound.get_json(url)
        except httpx.HTTPStatusError as error:
            raise ProviderUnavailable(f"{url} answers {error.response.status_code}.") from error
        except httpx.TransportError as error:
            raise ProviderUnavailable(f"{url} cannot be asked: {error or type(error).__name__}") from error
        return self._read(issuer, url, document)

    def _read(self, issuer: str, url: str, document: Any) -> Metadata:
        try:
            metadata = Metadata.model_validate(document)
        except ValidationError as error:
            wrong = ", ".join(".".join(map(str, one["loc"])) or "the document" for one in error.errors())
            raise ProviderUnavailable(f"What {url} answers is not a provider's metadata: {wrong}.") from error
        # Character by character, as the specification asks: who may answer for one issuer may not for another.
        if metadata.issuer != issuer:
            raise ProviderUnavailable(
                f"{url} is the metadata of {metadata.issuer!r}, and {issuer!r} is configured."
            )
        for name, value in metadata:
            if (name.endswith("_endpoint") or name == "jwks_uri") and value is not None:
                try:
                    self.outbound.refuse_unless_allowed(value)
                except Refused as error:
                    raise ProviderUnavailable(f"Its {name} cannot be asked: {error}") from error
        return metadata

    def _answer(self, kept: _Kept, instant: float) -> Metadata | None:
        """What is kept, if it will do; None when it is time to ask. Raises ProviderUnavailable when it was asked in
        vain a moment ago."""
        if kept.metadata is not None and instant - kept.fetched_at < FRESH_SECONDS:
            return kept.metadata
        if instant - kept.asked_at >= AGAIN_AFTER_SECONDS:
            return None
        if kept.metadata is not None and instant - kept.fetched_at <= USABLE_SECONDS:
            return kept.metadata
        raise ProviderUnavailable(kept.reason)

    async def _fetch_once(self, issuer: str) -> Metadata:
        """One question for all who wait for the answer; it goes on when one of them goes away."""
        task = self._asking.get(issuer)
        if task is None:
            task = self._asking[issuer] = asyncio.create_task(self.fetch(issuer))
            task.add_done_callback(partial(self._asked, issuer))
        return await asyncio.shield(task)

    def _asked(self, issuer: str, task: asyncio.Task[Metadata]) -> None:
        self._asking.pop(issuer, None)
        if not task.cancelled():
            # Looked at, whether or not anybody waited for the answer to the end.
            task.exception()

    def _keep(self, issuer: str, kept: _Kept) -> None:
        self._kept[issuer] = kept
        self._kept.move_to_end(issuer)
        while len(self._kept) > DOCUMENTS_AT_MOST:
            self._kept.popitem(last=False)
